/**
 * What a bar gives an order. A bar tells four prices and not their order, so the order that is worse for us is taken:
 * what can deal at the open does; then stops are set off; then limits that were traded through are filled, but none on
 * the side of a stop that this bar has set off, for nobody knows which came first.
 */
import type { Decimal } from '../../domain/decimal.ts';
import type { FillModel } from './model.ts';
import type { SimulatedOrder } from './order.ts';

export interface BarPrices {
  open: number;
  high: number;
  low: number;
  close: number;
}

/** The price at which the order deals with the bar's first trade; null = it does not. Sets stops off. */
export function priceAtOpen(order: SimulatedOrder, bar: BarPrices, model: FillModel): Decimal | null {
  if (!order.isTriggered) {
    if (!order.reaches(bar.open)) {
      order.follow(bar.open);
      return null;
    }
    order.isTriggered = true;
  }
  const slips = order.order.limitPrice === null;
  const price = model.takerPrice(bar.open, order.order.side, { isQuoted: false, slips });
  return order.accepts(price) ? price : null;
}

/**
 * Whether the bar sets a stop off after its open. The worst price is compared with the stop as it stood at the open; a
 * trailing stop then follows the best price, and the close, which came after that, may set it off.
 */
export function isSetOff(order: SimulatedOrder, bar: BarPrices): boolean {
  if (order.isTriggered) return false;
  const isBuy = order.order.side === 'buy';
  if (order.reaches(isBuy ? bar.high : bar.low)) return true;
  order.follow(isBuy ? bar.low : bar.high);
  return order.reaches(bar.close);
}

/** What a stop deals at that was set off inside a bar: its own price, and what the market costs on top. */
export function priceOfStop(order: SimulatedOrder, model: FillModel): Decimal {
  return model.takerPrice(order.stop, order.order.side, { isQuoted: false, slips: true });
}

/** Whether the bar traded through a resting limit. At the limit itself others may have stood before us. */
export function isThrough(order: SimulatedOrder, bar: BarPrices): boolean {
  if (!order.isTriggered || order.order.limitPrice === null) return false;
  return order.order.side === 'buy' ? bar.low < order.limit : bar.high > order.limit;
}
