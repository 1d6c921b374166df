/** What an order must be like to be replaced, and the order that a replacement asks for. */
import { subtract } from '../../domain/decimal.ts';
import type {
  Order,
  OrderChanges,
  OrderIntent,
  OrderStatus,
  OrderTerms,
  ReplaceIntent,
} from '../../domain/order.ts';
import type { TrackedOrder } from './orderState.ts';

/** Alpaca refuses it in all others (reference, C.3). */
const REPLACEABLE: ReadonlySet<OrderStatus> = new Set(['new', 'partially_filled']);
/** A stop-loss is held, and its price watched, from the entry's last share on. */
const REPLACEABLE_EXITS: ReadonlySet<OrderStatus> = new Set([...REPLACEABLE, 'held']);

/** The status that stands against replacing an order; null when nothing does. */
export function barredStatus(old: TrackedOrder): OrderStatus | null {
  const { status } = old.order;
  if (old.isEnded || old.isWaiting || !old.isKnownToBroker) return status;
  if (old.cancelReason !== null) return 'pending_cancel';
  if (old.successor !== null) return 'pending_replace';
  const isExit = old.parent?.isEnded === true;
  return (isExit ? REPLACEABLE_EXITS : REPLACEABLE).has(status) ? null : status;
}

/** What cannot be changed of an order by amount, or of one that belongs to others, in words; undefined when nothing stands against it. */
export function changeFault(
  { exits, parent, notional }: Order,
  { quantity }: OrderChanges,
): string | undefined {
  if (notional !== undefined) return 'an order by amount is not replaced: cancel it';
  if (exits !== undefined)
    return 'an order that comes with exits is not replaced: replace an exit, or cancel it';
  if (parent === undefined || quantity === undefined) return undefined;
  return 'the quantity of an exit is that of the order it came with';
}

/** The old order's terms with what is to be different; its quantity is what is left to fill. */
export function replacementOf(old: Order, intent: ReplaceIntent): OrderIntent {
  const { changes } = intent;
  const { trailPrice, trailPercent, ...rest } = old;
  const trail = {
    trailPrice: changes.trailPrice ?? trailPrice,
    trailPercent: changes.trailPercent ?? trailPercent,
  };
  return {
    kind: 'order',
    clientOrderId: intent.clientOrderId,
    instanceId: rest.instanceId,
    algoRunId: rest.algoRunId,
    consumer: rest.consumer,
    symbol: rest.symbol,
    side: rest.side,
    type: rest.type,
    timeInForce: rest.timeInForce,
    extendedHours: rest.extendedHours,
    quantity: subtract(changes.quantity ?? rest.quantity, rest.filledQuantity),
    limitPrice: changes.limitPrice ?? rest.limitPrice,
    stopPrice: changes.stopPrice ?? rest.stopPrice,
    ...(trail.trailPrice === undefined ? {} : { trailPrice: trail.trailPrice }),
    ...(trail.trailPercent === undefined ? {} : { trailPercent: trail.trailPercent }),
    reduceOnly: rest.reduceOnly,
    targetPrice: rest.targetPrice,
    stopLossPrice: rest.stopLossPrice,
    replaces: rest.clientOrderId,
    ...(rest.parent === undefined ? {} : { parent: rest.parent }),
    reason: intent.reason,
    indicators: rest.indicators,
    causedBy: intent.causedBy,
    decidedAtMicros: intent.decidedAtMicros,
  };
}

/** Whether a replacement asks for no more than the order in whose place it goes, at no worse a limit. */
export function isNoMoreRisk(intent: OrderTerms, { order, outstanding }: TrackedOrder): boolean {
  if (intent.quantity > outstanding || intent.stopPrice !== order.stopPrice) return false;
  if (intent.trailPrice !== order.trailPrice || intent.trailPercent !== order.trailPercent) return false;
  if (intent.limitPrice === null || order.limitPrice === null) return intent.limitPrice === order.limitPrice;
  return intent.side === 'buy'
    ? intent.limitPrice <= order.limitPrice
    : intent.limitPrice >= order.limitPrice;
}
