/**
 * Orders of the account that a new order could trade with. The broker refuses such an order, whichever strategies the
 * two belong to: an opposite market or stop order always, two limits when the buy's price reaches the sell's. Trailing
 * stops are exempt. Source: Alpaca's rule against wash trades (reference, C.1).
 */
import type { Order } from '../domain/order.ts';
import type { TrackedOrder } from './orderState.ts';
import type { Orders } from './orders.ts';

type Terms = Pick<Order, 'clientOrderId' | 'symbol' | 'side' | 'type' | 'limitPrice'>;

/** Those that are open at the broker, or may be; orders that wait to be sent are not in anybody's way yet. */
export function inTheWayOf(order: Terms, orders: Orders): readonly TrackedOrder[] {
  if (order.type === 'trailing_stop') return NONE;
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
  if (other.type === 'trailing_stop') return false;
  // A market or stop order has no price to keep it apart.
  if (order.limitPrice === null || other.limitPrice === null) return true;
  return order.side === 'buy' ? order.limitPrice >= other.limitPrice : other.limitPrice >= order.limitPrice;
}

const NONE: readonly TrackedOrder[] = [];
