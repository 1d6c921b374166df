/** What a strategy's own limits say to one more order of it. Pure. */
import { type Decimal, decimal } from '../../domain/decimal.ts';
import type { StrategyLimits } from '../../domain/limits.ts';
import type { DenialReason } from '../../domain/order.ts';
import type { TrackedOrder } from '../orders/orderState.ts';
import { type Added, type Book, grossNotional } from './exposure.ts';
import type { Prices } from './prices.ts';

export interface StrategyView extends Book {
  readonly prices: Prices;
  readonly strategyLimits: StrategyLimits | null;
  readonly strategyOrdersLastMinute: number;
}

/**
 * @param order its quantity the worst of it and of an order whose place it takes; `price`: what it counts with.
 * @param orderNotional of the order itself.
 */
export function findStrategyLimit(
  order: Added & { readonly symbol: string; readonly price: Decimal },
  orderNotional: Decimal,
  view: StrategyView,
): DenialReason | undefined {
  const limits = view.strategyLimits;
  if (limits === null) return undefined;
  const { instanceId } = order;
  const { orderNotionalMax, notionalMax, openOrdersMax, ordersPerMinuteMax } = limits;
  if (orderNotionalMax !== null && orderNotional > decimal(orderNotionalMax)) {
    return { code: 'order_notional', notional: orderNotional, limit: decimal(orderNotionalMax) };
  }
  if (notionalMax !== null) {
    const notional = grossNotional(view, order, instanceId);
    const limit = decimal(notionalMax);
    if (notional > limit) return { code: 'gross_notional', notional, limit, instanceId };
  }
  const isCounted = ({ order: other, parent }: TrackedOrder) =>
    other.instanceId === instanceId && parent === null;
  const open = view.orders.open().filter(isCounted).length;
  if (order.without === undefined && openOrdersMax !== null && open >= openOrdersMax) {
    return { code: 'open_orders', open, limit: openOrdersMax, instanceId };
  }
  const count = view.strategyOrdersLastMinute;
  if (ordersPerMinuteMax !== null && count >= ordersPerMinuteMax) {
    return { code: 'orders_per_minute', count, limit: ordersPerMinuteMax, instanceId };
  }
  return undefined;
}
