/** Orders between our words and Alpaca's (protocol C.3). */
import { add, type Decimal, formatDecimal, ZERO } from '../../domain/decimal.ts';
import type { Order, OrderStatus, OrderType } from '../../domain/order.ts';
import type { BrokerOrder } from '../contract.ts';
import { amountOf, type Fields, isFields, momentOf, sideOf, textOf } from './fields.ts';
import { normalSymbol } from './symbols.ts';

const STATUSES: ReadonlyMap<string, OrderStatus> = new Map([
  ['accepted', 'accepted'],
  // Waits for the opening or closing auction.
  ['accepted_for_bidding', 'accepted'],
  ['pending_new', 'pending_new'],
  ['new', 'new'],
  ['held', 'held'],
  ['partially_filled', 'partially_filled'],
  ['pending_cancel', 'pending_cancel'],
  ['pending_replace', 'pending_replace'],
  ['done_for_day', 'done_for_day'],
  ['stopped', 'stopped'],
  ['suspended', 'suspended'],
  ['calculated', 'calculated'],
  ['filled', 'filled'],
  ['canceled', 'canceled'],
  ['expired', 'expired'],
  ['replaced', 'replaced'],
  ['rejected', 'rejected'],
]);

const TYPES: readonly OrderType[] = ['market', 'limit', 'stop', 'stop_limit', 'trailing_stop'];
const COMPLEX_CLASSES: readonly string[] = ['bracket', 'oco', 'oto'];

/** Undefined when it is not an order. Unknown statuses and fields are no reason. */
export function readOrder(fields: Fields): BrokerOrder | undefined {
  const brokerOrderId = textOf(fields.id);
  const clientOrderId = textOf(fields.client_order_id);
  const symbol = textOf(fields.symbol);
  const side = sideOf(fields.side);
  const rawStatus = textOf(fields.status);
  if (!brokerOrderId || !clientOrderId || !symbol || !side || !rawStatus) return undefined;
  const exits = readExits(fields.legs);
  const type = TYPES.find((known) => known === fields.type);
  const createdAtMicros = momentOf(fields.created_at) ?? momentOf(fields.submitted_at) ?? 0;
  return {
    brokerOrderId,
    clientOrderId,
    symbol: normalSymbol(symbol, fields.asset_class),
    side,
    quantity: amountOf(fields.qty) ?? null,
    filledQuantity: amountOf(fields.filled_qty) ?? ZERO,
    averagePrice: amountOf(fields.filled_avg_price) ?? null,
    status: STATUSES.get(rawStatus) ?? 'unknown',
    rawStatus,
    replacedBy: textOf(fields.replaced_by) ?? null,
    ...(type === undefined ? {} : { type }),
    ...(exits.length === 0 ? {} : { exits }),
    createdAtMicros,
    updatedAtMicros: momentOf(fields.updated_at) ?? createdAtMicros,
  };
}

function readExits(legs: unknown): readonly BrokerOrder[] {
  if (!Array.isArray(legs)) return [];
  return legs.flatMap((leg: unknown) => (isFields(leg) ? (readOrder(leg) ?? []) : []));
}

/** Whether an answer's order comes with exits that the answer does not tell. */
export function lacksExits(fields: Fields): boolean {
  const isComplex = COMPLEX_CLASSES.includes(textOf(fields.order_class) ?? '');
  return isComplex && readExits(fields.legs).length === 0;
}

/** The body that places an order. Amounts are text: as numbers some would change on the way. */
export function orderBody(order: Order): string {
  return JSON.stringify({
    symbol: order.symbol,
    ...(order.notional === undefined
      ? { qty: formatDecimal(order.quantity) }
      : { notional: formatDecimal(order.notional) }),
    side: order.side,
    type: order.type,
    time_in_force: order.timeInForce,
    ...(order.limitPrice === null ? {} : { limit_price: formatDecimal(order.limitPrice) }),
    ...(order.stopPrice === null ? {} : { stop_price: formatDecimal(order.stopPrice) }),
    ...(order.trailPrice === undefined ? {} : { trail_price: formatDecimal(order.trailPrice) }),
    ...(order.trailPercent === undefined ? {} : { trail_percent: formatDecimal(order.trailPercent) }),
    ...(order.extendedHours ? { extended_hours: true } : {}),
    ...exitFields(order),
    client_order_id: order.clientOrderId,
  });
}

/** Alpaca takes the limit of one-cancels-other as its take-profit. */
function exitFields({ exits, limitPrice }: Order): Record<string, unknown> {
  if (exits === undefined) return {};
  const { orderClass, stopLoss } = exits;
  const takeProfit = orderClass === 'oco' ? limitPrice : (exits.takeProfit?.limitPrice ?? null);
  return {
    order_class: orderClass,
    ...(takeProfit === null ? {} : { take_profit: { limit_price: formatDecimal(takeProfit) } }),
    ...(stopLoss === null
      ? {}
      : {
          stop_loss: {
            stop_price: formatDecimal(stopLoss.stopPrice),
            ...(stopLoss.limitPrice === null ? {} : { limit_price: formatDecimal(stopLoss.limitPrice) }),
          },
        }),
  };
}

/**
 * The body that replaces an order: what is different, and under which id. Alpaca counts the quantity as a whole, what
 * has been filled included.
 */
export function replaceBody(order: Order, replacement: Order): string {
  const quantity = add(order.filledQuantity, replacement.quantity);
  const trail = replacement.trailPrice ?? replacement.trailPercent;
  const oldTrail = order.trailPrice ?? order.trailPercent;
  return JSON.stringify({
    ...(quantity === order.quantity ? {} : { qty: formatDecimal(quantity) }),
    ...changed('limit_price', order.limitPrice, replacement.limitPrice),
    ...changed('stop_price', order.stopPrice, replacement.stopPrice),
    ...changed('trail', oldTrail ?? null, trail ?? null),
    client_order_id: replacement.clientOrderId,
  });
}

function changed(name: string, before: Decimal | null, after: Decimal | null): Record<string, string> {
  return after === null || after === before ? {} : { [name]: formatDecimal(after) };
}
