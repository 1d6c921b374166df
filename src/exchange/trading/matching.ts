/**
 * Matching one order against the displayed market.
 *
 * Orders take the opposite side of the latest quote, never more than it shows (what we took is gone until the next
 * quote). A resting limit order stands behind the size shown at its price when the market came there; trades at its
 * price and cancels in front of it move it up, and a trade through its price fills it.
 */
import {
  add,
  type Decimal,
  decimal,
  decimalFromNumber,
  divide,
  minimum,
  multiply,
  numberFromDecimal,
  subtract,
} from '../../domain/decimal.ts';
import { effectOf } from '../market/conditions.ts';
import type { QuoteEvent, TradeEvent } from '../market/events.ts';
import { type ExchangeOrder, remainingNotional, remainingQuantity } from './orders.ts';

/** The displayed market of a symbol, less what we have taken of it. A side with price 0 is not active. */
export interface Book {
  bidPrice: number;
  bidSize: number;
  askPrice: number;
  askSize: number;
}

export interface Match {
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** The order has all it asked for. */
  readonly isComplete: boolean;
}

export function bookOf(quote: QuoteEvent): Book {
  return {
    bidPrice: quote.bidPrice,
    bidSize: quote.bidSize,
    askPrice: quote.askPrice,
    askSize: quote.askSize,
  };
}

/** Alpaca turns a triggered buy stop into a limit this far above its stop price. */
const BUY_STOP_CAP_CHEAP = decimal('1.04');
const BUY_STOP_CAP = decimal('1.025');
const BUY_STOP_CHEAP_BELOW = decimal('50');

/** The worst price an order takes; null = any. */
export function worstPrice(order: ExchangeOrder): Decimal | null {
  if (order.type === 'limit' || order.type === 'stop_limit') return order.limitPrice;
  if (order.type !== 'stop' || order.side === 'sell' || order.stopPrice === null) return null;
  const cap = order.stopPrice < BUY_STOP_CHEAP_BELOW ? BUY_STOP_CAP_CHEAP : BUY_STOP_CAP;
  return multiply(order.stopPrice, cap);
}

/** Whether an order can be matched: stops wait for their trigger. */
export function isActive(order: ExchangeOrder): boolean {
  return order.isTriggered || order.type === 'market' || order.type === 'limit';
}

/** What the order takes of the displayed opposite side, or null. The book is not changed. */
export function matchDisplayed(order: ExchangeOrder, book: Book): Match | null {
  const price = order.side === 'buy' ? book.askPrice : book.bidPrice;
  const size = order.side === 'buy' ? book.askSize : book.bidSize;
  if (price <= 0 || size <= 0) return null;
  const exact = decimalFromNumber(price);
  const worst = worstPrice(order);
  if (worst !== null && (order.side === 'buy' ? exact > worst : exact < worst)) return null;
  return matchAt(order, exact, decimalFromNumber(size));
}

/** Takes a match out of the displayed size. */
export function takeFrom(book: Book, order: ExchangeOrder, match: Match): void {
  const taken = numberFromDecimal(match.quantity);
  if (order.side === 'buy') book.askSize = Math.max(0, book.askSize - taken);
  else book.bidSize = Math.max(0, book.bidSize - taken);
}

/** What a resting limit order gets of a trade on the market. Moves the order up its queue. */
export function matchTrade(order: ExchangeOrder, trade: TradeEvent): Match | null {
  const limit = worstPrice(order);
  if (limit === null) return null;
  const effect = effectOf(trade.conditions);
  // Averages and the like were not made on a book. Odd lots were, though they set no price.
  if (!effect.movesLast && !trade.conditions.includes('I')) return null;
  const price = decimalFromNumber(trade.price);
  const isThrough = order.side === 'buy' ? price < limit : price > limit;
  if (isThrough) return matchAt(order, limit, decimalFromNumber(trade.size));
  const isOurSide = trade.taker === (order.side === 'buy' ? 'S' : 'B');
  if (price !== limit || !isOurSide || order.queueAhead === null) return null;
  const ahead = order.queueAhead;
  order.queueAhead = Math.max(0, ahead - trade.size);
  const left = trade.size - ahead;
  return left > 0 ? matchAt(order, limit, decimalFromNumber(left)) : null;
}

/** Where a resting limit order stands after a quote: behind what is shown at its price. */
export function updateQueue(order: ExchangeOrder, book: Book): void {
  const limit = worstPrice(order);
  if (limit === null) return;
  const price = order.side === 'buy' ? book.bidPrice : book.askPrice;
  const size = order.side === 'buy' ? book.bidSize : book.askSize;
  if (price <= 0) return;
  const best = decimalFromNumber(price);
  if (best === limit) order.queueAhead = order.queueAhead === null ? size : Math.min(order.queueAhead, size);
  else if (order.side === 'buy' ? best < limit : best > limit) order.queueAhead = 0;
}

/**
 * Moves a trailing stop's high-water mark and says whether a stop's price is touched by the trade.
 * Sources: order types in section C.3; stops are triggered by trades that set the last price.
 */
export function touchesStop(order: ExchangeOrder, trade: TradeEvent): boolean {
  if (order.isTriggered || !effectOf(trade.conditions).movesLast) return false;
  const price = decimalFromNumber(trade.price);
  if (order.type === 'trailing_stop') {
    const best = order.highWaterMark;
    const isBetter = best === null || (order.side === 'sell' ? price > best : price < best);
    if (isBetter) {
      order.highWaterMark = price;
      order.stopPrice = trailingStop(order, price);
    }
  }
  if (order.stopPrice === null) return false;
  return order.side === 'buy' ? price >= order.stopPrice : price <= order.stopPrice;
}

function trailingStop(order: ExchangeOrder, best: Decimal): Decimal {
  const distance =
    order.trailPrice ?? divide(multiply(best, order.trailPercent ?? decimal('0')), decimal('100'));
  return order.side === 'sell' ? subtract(best, distance) : add(best, distance);
}

function matchAt(order: ExchangeOrder, price: Decimal, available: Decimal): Match | null {
  const wanted = remainingQuantity(order) ?? divide(remainingNotional(order), price, 'down');
  const quantity = minimum(wanted, available);
  return quantity > 0n ? { price, quantity, isComplete: quantity === wanted } : null;
}
