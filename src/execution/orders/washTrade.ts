/**
 * Orders of the account that a new order could trade with. The broker refuses such an order, whichever strategies the
 * two belong to: an opposite market or stop order always, two limits when the buy's price reaches the sell's. Trailing
 * stops and orders that come with others are exempt. Source: Alpaca's rule against wash trades (reference, C.1).
 */
import type { Order } from '../../domain/order.ts';
import type { TrackedOrder } from './orderState.ts';
import type { Orders } from './orders.ts';

type Terms = Pick<Order, 'clientOrderId' | 'symbol' | 'side' | 'type' | 'limitPrice' | 'exits' | 'parent'>;

/** Those that are open at the broker, or may be; orders that wait to be sent are not in anybody's way yet. */
export function inTheWayOf(order: Terms, orders: Orders): readonly TrackedOrder[] {
  if (isExempt(order)) return NONE;
  const found: TrackedOrder[] = [];
  for (const tracked of orders.live(order.symbol)) {
    const isOpposite =
      tracked.order.side !== order.side && tracked.order.clientOrderId !== order.clientOrderId;
    if (isOpposite && !tracked.isEnded && !tracked.isWaiting && couldTrade(order, tracked.order)) {
      found.push(tracked);
    }
  }
  return found;
}

function couldTrade(order: Terms, other: Terms): boolean {
  if (isExempt(other)) return false;
  // A market or stop order has no price to keep it apart.
  if (order.limitPrice === null || other.limitPrice === null) return true;
  return order.side === 'buy' ? order.limitPrice >= other.limitPrice : other.limitPrice >= order.limitPrice;
}

/** Trailing stops, and orders that belong together. */
function isExempt({ type, exits, parent }: Terms): boolean {
  return type === 'trailing_stop' || exits !== undefined || parent !== undefined;
}

const NONE: readonly TrackedOrder[] = [];
