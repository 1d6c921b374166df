/** What quotes and trades give an order, and where a resting limit stands in the queue. */
import { type Decimal, decimalFromNumber } from '../../domain/decimal.ts';
import type { SymbolState } from './market.ts';
import type { FillModel } from './model.ts';
import type { SimulatedOrder } from './order.ts';

/** A price, and how many shares there are at it. */
export interface Offer {
  readonly price: Decimal;
  readonly size: number;
}

/** What an order that is set off, or needs not be, takes of the displayed quote. */
export function offerOfQuote(order: SimulatedOrder, market: SymbolState, model: FillModel): Offer | null {
  const { side, limitPrice } = order.order;
  const shown = market.opposite(side);
  const size = market.displayed(side);
  if (!order.isTriggered || !(shown > 0) || !(size > 0)) return null;
  const price = model.takerPrice(shown, side, { isQuoted: true, slips: limitPrice === null });
  return order.accepts(price) ? { price, size } : null;
}

/** What an order gets of a trade where there are no quotes: as if it had dealt right behind it. */
export function offerOfTrade(
  order: SimulatedOrder,
  trade: { readonly price: number; readonly size: number },
  model: FillModel,
): Offer | null {
  const { side, limitPrice } = order.order;
  if (!order.isTriggered) return null;
  const price = model.takerPrice(trade.price, side, { isQuoted: false, slips: limitPrice === null });
  if (order.accepts(price)) return { price, size: model.shareOf(trade.size) };
  return restingOffer(order, trade);
}

/**
 * What a resting limit gets of a trade. One that went through the limit fills it at its limit, up to the trade's size;
 * one at the limit first serves those who stood there before, as far as a quote has shown how many.
 */
export function restingOffer(
  order: SimulatedOrder,
  trade: { readonly price: number; readonly size: number },
): Offer | null {
  const { side, limitPrice } = order.order;
  if (limitPrice === null || !order.isTriggered || order.isImmediate) return null;
  const isThrough = side === 'buy' ? trade.price < order.limit : trade.price > order.limit;
  if (isThrough) return { price: limitPrice, size: trade.size };
  if (trade.price !== order.limit || Number.isNaN(order.queueAhead)) return null;
  const served = trade.size - order.queueAhead;
  order.queueAhead = Math.max(0, order.queueAhead - trade.size);
  return served > 0 ? { price: decimalFromNumber(trade.price), size: served } : null;
}

/** Notes how many stand before a resting limit, once its price is the best of its side: those shown then. */
export function notePlaceInQueue(order: SimulatedOrder, market: SymbolState): void {
  if (!order.isTriggered || Number.isNaN(order.limit)) return;
  const isBuy = order.order.side === 'buy';
  const best = isBuy ? market.bid : market.ask;
  if (!(best > 0)) return;
  const shown = isBuy ? market.bidSize : market.askSize;
  if (best === order.limit) {
    // Who leaves before us shortens the queue; who comes stands behind us.
    order.queueAhead = Number.isNaN(order.queueAhead) ? shown : Math.min(order.queueAhead, shown);
  } else if (isBuy ? order.limit > best : order.limit < best) {
    // Better than what is shown: nobody is before it.
    order.queueAhead = 0;
  }
}
