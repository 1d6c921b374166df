/** Orders and fills as the rows of the tables. */
import { type Decimal, formatDecimal, ZERO } from '../../domain/decimal.ts';
import type { Fill, JsonObject, JsonValue, Order } from '../../domain/order.ts';
import { formatMicros } from '../../domain/time.ts';
import type { NewTrade, OrderRow } from '../../models/contract.ts';

export function orderRow(order: Order, batchId: string): OrderRow {
  return {
    clientOrderId: order.clientOrderId,
    brokerOrderId: order.brokerOrderId,
    algoRunId: order.algoRunId,
    batchId,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    timeInForce: order.timeInForce,
    qty: formatDecimal(order.quantity),
    limitPrice: textOrNull(order.limitPrice),
    stopPrice: textOrNull(order.stopPrice),
    filledQty: formatDecimal(order.filledQuantity),
    avgPrice: textOrNull(order.averagePrice),
    status: order.status,
    reason: order.statusReason ?? order.reason,
    createdAt: formatMicros(order.createdAtMicros),
    updatedAt: formatMicros(order.updatedAtMicros),
  };
}

/**
 * @param context.heldBefore the instance's signed position before the fill: it tells opening from closing.
 * @param context.reason in place of the order's; null = the order's.
 */
export function tradeRow(
  fill: Fill,
  order: Order,
  context: { readonly batchId: string; readonly heldBefore: Decimal; readonly reason: string | null },
): NewTrade {
  const { batchId, heldBefore, reason } = context;
  return {
    executionId: fill.executionId,
    algoRunId: order.algoRunId,
    batchId,
    clientOrderId: fill.clientOrderId,
    symbol: fill.symbol,
    side: fill.side,
    operation: operationOf(fill, heldBefore),
    qty: formatDecimal(fill.quantity),
    price: formatDecimal(fill.price),
    fee: formatDecimal(fill.fee),
    executedAt: formatMicros(fill.executedAtMicros),
    targetPrice: textOrNull(order.targetPrice),
    stopPrice: textOrNull(order.stopLossPrice),
    indicators: indicatorsOf(reason === null ? order : { ...order, reason }, fill.side),
  };
}

/** A sale without shares to sell opens a short; a purchase while short closes it. */
function operationOf(fill: Fill, heldBefore: Decimal): NewTrade['operation'] {
  if (fill.side === 'buy') return heldBefore < ZERO ? 'buy_short' : 'buy';
  return heldBefore > ZERO ? 'sell' : 'sell_short';
}

/** `{buy: {reason, ...indicators}}` or `{sell: {...}}`. */
function indicatorsOf(order: Order, side: Fill['side']): JsonObject {
  const figures: { [key: string]: JsonValue } = { reason: order.reason };
  for (const [name, value] of Object.entries(order.indicators)) figures[name] = finite(value);
  return side === 'buy' ? { buy: figures } : { sell: figures };
}

/** JSON has no NaN: a figure that is none is null, and the others are kept. */
function finite(value: JsonValue): JsonValue {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

function textOrNull(value: Decimal | null): string | null {
  return value === null ? null : formatDecimal(value);
}
