/** What an intent asks for: as an order, and at what price it counts. */
import {
  absolute,
  add,
  type Decimal,
  decimal,
  divide,
  maximum,
  multiply,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { EveryFieldOf, Order, OrderIntent, OrderStatus, OrderTerms, Side } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { Reference } from '../risk/prices.ts';

const HUNDRED = decimal('100');
const AS_ASKED = {};

/** The price to count with: the highest that the order can come to, for selling short risks more when it is high. */
export function worstPrice(intent: OrderTerms, reference: Reference): Decimal {
  const { limitPrice, stopPrice } = intent;
  const trail =
    intent.trailPrice ?? divide(multiply(reference.opposite, intent.trailPercent ?? ZERO), HUNDRED);
  if (intent.side === 'buy') {
    return limitPrice ?? maximum(add(reference.opposite, trail), stopPrice ?? ZERO);
  }
  return maximum(maximum(limitPrice ?? ZERO, stopPrice ?? ZERO), reference.opposite);
}

/**
 * What an amount comes to in shares. A sale raises it with more shares when the market falls: it counts with the
 * price that is worse by the collar (percent).
 */
export function sharesFor(
  notional: Decimal,
  side: Side,
  { price, collar }: { price: Decimal; collar: Decimal },
): Decimal {
  if (side === 'buy') return divide(notional, price, 'down');
  const worst = subtract(price, divide(multiply(price, collar), HUNDRED));
  return divide(notional, worst, 'up');
}

/** The order that an intent becomes when risk approves it, with what risk has changed of it. */
export function orderOf(
  intent: OrderIntent,
  nowMicros: EpochMicros,
  as: {
    readonly status?: OrderStatus;
    readonly statusReason?: string;
    readonly quantity?: Decimal | undefined;
    readonly reduceOnly?: boolean;
  } = AS_ASKED,
): Order {
  const order: EveryFieldOf<Order> = {
    clientOrderId: intent.clientOrderId,
    brokerOrderId: null,
    instanceId: intent.instanceId,
    algoRunId: intent.algoRunId,
    consumer: intent.consumer,
    symbol: intent.symbol,
    side: intent.side,
    type: intent.type,
    timeInForce: intent.timeInForce,
    extendedHours: intent.extendedHours,
    quantity: as.quantity ?? absolute(intent.quantity),
    notional: intent.notional,
    limitPrice: intent.limitPrice,
    stopPrice: intent.stopPrice,
    trailPrice: intent.trailPrice,
    trailPercent: intent.trailPercent,
    reduceOnly: as.reduceOnly ?? intent.reduceOnly,
    targetPrice: intent.targetPrice,
    stopLossPrice: intent.stopLossPrice,
    replaces: intent.replaces,
    exits: intent.exits,
    parent: intent.parent,
    reason: intent.reason,
    indicators: intent.indicators,
    status: as.status ?? 'approved',
    filledQuantity: ZERO,
    averagePrice: null,
    statusReason: as.statusReason ?? null,
    createdAtMicros: nowMicros,
    updatedAtMicros: nowMicros,
  };
  return order;
}
