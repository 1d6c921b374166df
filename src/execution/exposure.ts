/**
 * The most that could be held if every open order were filled.
 *
 * Counted for each instance and direction apart and then summed, so that one instance's long never hides another's
 * short: when the first closes, the second stands alone.
 */
import { add, type Decimal, maximum, negate, ZERO } from '../domain/decimal.ts';
import type { Side } from '../domain/order.ts';
import { type Orders, pendingOf } from './orders.ts';
import type { Positions } from './positions.ts';

/** Shares, both sides as positive amounts. */
export interface Exposure {
  readonly long: Decimal;
  readonly short: Decimal;
}

/** With `added`, as if one more order of that instance were open. */
export function exposureOf(
  symbol: string,
  book: { readonly orders: Orders; readonly positions: Positions },
  added?: { readonly instanceId: string; readonly side: Side; readonly quantity: Decimal },
): Exposure {
  const instanceIds = new Set(book.positions.inSymbol(symbol).map((position) => position.instanceId));
  for (const tracked of book.orders.live(symbol)) instanceIds.add(tracked.order.instanceId);
  if (added !== undefined) instanceIds.add(added.instanceId);
  let long = ZERO;
  let short = ZERO;
  for (const instanceId of instanceIds) {
    const held = book.positions.quantity(instanceId, symbol);
    const pending = pendingOf(book.orders, instanceId, symbol);
    const isAdded = added?.instanceId === instanceId;
    const buys = isAdded && added.side === 'buy' ? add(pending.buys, added.quantity) : pending.buys;
    const sells = isAdded && added.side === 'sell' ? add(pending.sells, added.quantity) : pending.sells;
    long = add(long, maximum(ZERO, add(held, buys)));
    short = add(short, maximum(ZERO, add(negate(held), sells)));
  }
  return { long, short };
}
