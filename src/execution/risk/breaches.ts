/** Which limit one more order would break. Pure. */
import { type Decimal, multiply } from '../../domain/decimal.ts';
import type { DenialReason } from '../../domain/order.ts';
import type { TrackedOrder } from '../orders/orderState.ts';
import type { Bounds } from './bounds.ts';
import { type Added, type Book, exposureOf, grossNotional } from './exposure.ts';
import type { Prices } from './prices.ts';

/** Orders that went out in the last minute: of all, in the order's symbol, and of its strategy. */
export interface OrdersLastMinute {
  readonly ordersLastMinute: number;
  readonly symbolOrdersLastMinute: number;
  readonly strategyOrdersLastMinute: number;
}

interface BreachView extends Book, OrdersLastMinute {
  readonly prices: Prices;
}

/** An order as its limits see it; `quantity` is the worst of it and of an order whose place it takes. */
export interface Bounded extends Added {
  readonly symbol: string;
  /** What a share counts with. */
  readonly price: Decimal;
  /** The same of what is held with it. */
  readonly positionPrice: Decimal;
  /** Of the order itself. */
  readonly orderQuantity: Decimal;
  readonly orderNotional: Decimal;
}

export function findBreach(
  order: Bounded,
  all: readonly Bounds[],
  view: BreachView,
): DenialReason | undefined {
  for (const bounds of all) {
    const breach =
      breachOfOrder(order, bounds) ??
      breachOfHolding(order, bounds, view) ??
      breachOfCount(order, bounds, view);
    if (breach !== undefined) return breach;
  }
  return undefined;
}

function breachOfOrder(order: Bounded, bounds: Bounds): DenialReason | undefined {
  const { orderQuantity: quantity, orderNotional: notional } = order;
  const { orderQuantityMax, orderNotionalMax, of } = bounds;
  if (orderQuantityMax !== null && quantity > orderQuantityMax) {
    return { code: 'order_quantity', quantity, limit: orderQuantityMax, ...of };
  }
  if (orderNotionalMax !== null && notional > orderNotionalMax) {
    return { code: 'order_notional', notional, limit: orderNotionalMax, ...of };
  }
  return undefined;
}

function breachOfHolding(order: Bounded, bounds: Bounds, view: BreachView): DenialReason | undefined {
  const { positionNotionalMax, positionQuantityMax, grossNotionalMax, of } = bounds;
  if (positionNotionalMax !== null || positionQuantityMax !== null) {
    const { long, short } = exposureOf(order.symbol, view, order, of.instanceId);
    const quantity = order.side === 'buy' ? long : short;
    const notional = multiply(quantity, order.positionPrice, 'up');
    if (positionNotionalMax !== null && notional > positionNotionalMax) {
      return { code: 'position_notional', notional, limit: positionNotionalMax, ...of };
    }
    if (positionQuantityMax !== null && quantity > positionQuantityMax) {
      return { code: 'position_quantity', quantity, limit: positionQuantityMax, ...of };
    }
  }
  if (grossNotionalMax === null) return undefined;
  const notional = grossNotional(view, order, of.instanceId);
  return notional > grossNotionalMax
    ? { code: 'gross_notional', notional, limit: grossNotionalMax, ...of }
    : undefined;
}

function breachOfCount(order: Bounded, bounds: Bounds, view: BreachView): DenialReason | undefined {
  const { openOrdersMax, ordersPerMinuteMax, of } = bounds;
  // One that takes another's place leaves as many open as there were.
  if (openOrdersMax !== null && order.without === undefined) {
    const open = openOrdersOf(bounds, view);
    if (open >= openOrdersMax) return { code: 'open_orders', open, limit: openOrdersMax, ...of };
  }
  if (ordersPerMinuteMax === null) return undefined;
  const count = ordersLastMinuteOf(bounds, view);
  return count >= ordersPerMinuteMax
    ? { code: 'orders_per_minute', count, limit: ordersPerMinuteMax, ...of }
    : undefined;
}

/** Exits are not counted: of them one at most is filled after the order that they came with. */
function openOrdersOf({ of: { instanceId, ofSymbol } }: Bounds, { orders }: Book): number {
  if (instanceId === undefined && ofSymbol === undefined) return orders.openCountWithoutExits;
  const among: Iterable<TrackedOrder> = ofSymbol === undefined ? orders.open() : orders.live(ofSymbol);
  let count = 0;
  for (const { order, parent, isEnded } of among) {
    const isOfStrategy = instanceId === undefined || order.instanceId === instanceId;
    if (isOfStrategy && parent === null && !isEnded) count += 1;
  }
  return count;
}

function ordersLastMinuteOf({ of: { instanceId, ofSymbol } }: Bounds, view: OrdersLastMinute): number {
  if (ofSymbol !== undefined) return view.symbolOrdersLastMinute;
  return instanceId === undefined ? view.ordersLastMinute : view.strategyOrdersLastMinute;
}
