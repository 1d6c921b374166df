/**
 * The most that could be held if every open order were filled.
 *
 * Counted for each instance and direction apart and then summed, so that one instance's long never hides another's
 * short: when the first closes, the second stands alone.
 */
import {
  add,
  type Decimal,
  decimalFromNumber,
  maximum,
  multiply,
  negate,
  ZERO,
} from '../../domain/decimal.ts';
import type { Side } from '../../domain/order.ts';
import type { Positions } from '../books/positions.ts';
import type { TrackedOrder } from '../orders/orderState.ts';
import { type Orders, pendingOf } from '../orders/orders.ts';
import type { Prices } from './prices.ts';

export interface Book {
  readonly orders: Orders;
  readonly positions: Positions;
}

/** Shares, both sides as positive amounts. */
export interface Exposure {
  readonly long: Decimal;
  readonly short: Decimal;
}

/** An order as if it were open, and the open one, if any, whose place it takes. */
export interface Added {
  readonly instanceId: string;
  readonly side: Side;
  readonly quantity: Decimal;
  readonly without?: TrackedOrder | undefined;
}

/** With `added`, as if one more order of that instance were open. With `only`, of that instance alone. */
export function exposureOf(symbol: string, book: Book, added?: Added, only?: string): Exposure {
  let long = ZERO;
  let short = ZERO;
  for (const instanceId of only === undefined ? instancesIn(symbol, book, added) : [only]) {
    const held = book.positions.quantity(instanceId, symbol);
    const pending = pendingOf(book.orders, instanceId, symbol, added?.without);
    const isAdded = added?.instanceId === instanceId;
    const buys = isAdded && added.side === 'buy' ? add(pending.buys, added.quantity) : pending.buys;
    const sells = isAdded && added.side === 'sell' ? add(pending.sells, added.quantity) : pending.sells;
    long = add(long, maximum(ZERO, add(held, buys)));
    short = add(short, maximum(ZERO, add(negate(held), sells)));
  }
  return { long, short };
}

/** Those that hold something of the symbol or have orders in it, each once: seldom more than one or two. */
function instancesIn(symbol: string, { orders, positions }: Book, added?: Added): readonly string[] {
  const instanceIds: string[] = added === undefined ? [] : [added.instanceId];
  const note = (instanceId: string) => {
    if (!instanceIds.includes(instanceId)) instanceIds.push(instanceId);
  };
  for (const { instanceId } of positions.eachIn(symbol)) note(instanceId);
  for (const { order } of orders.live(symbol)) note(order.instanceId);
  return instanceIds;
}

/**
 * What all of it would be worth, long and short, with one more order: at the market's price, else at what was paid.
 * @param only the instance whose positions and orders count; missing = all.
 */
export function grossNotional(
  view: Book & { readonly prices: Prices },
  added: Added & { readonly symbol: string; readonly price: Decimal },
  only?: string,
): Decimal {
  const symbols = new Set([...view.positions.symbols(), added.symbol]);
  for (const tracked of view.orders.open()) symbols.add(tracked.order.symbol);
  let sum = ZERO;
  for (const symbol of symbols) {
    const isAdded = symbol === added.symbol;
    const { long, short } = exposureOf(symbol, view, isAdded ? added : undefined, only);
    const shares = add(long, short);
    if (shares === ZERO) continue;
    const price = priceOf(symbol, view);
    sum = add(sum, multiply(shares, isAdded ? maximum(price, added.price) : price, 'up'));
  }
  return sum;
}

/** The dearest that anything tells where the market says nothing. */
function priceOf(symbol: string, view: Book & { readonly prices: Prices }): Decimal {
  const mark = view.prices.mark(symbol);
  if (mark !== null) return decimalFromNumber(mark);
  let price = ZERO;
  for (const { averagePrice } of view.positions.inSymbol(symbol)) price = maximum(price, averagePrice);
  for (const { order } of view.orders.live(symbol)) {
    price = maximum(price, order.limitPrice ?? order.stopPrice ?? ZERO);
  }
  return price;
}
