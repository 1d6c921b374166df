/**
 * Shares that were split, or put together, over night: the account holds another number of them at a price as many
 * times lower or higher, and nothing was gained or lost. The books follow, and old prices are forgotten, so that neither
 * loss limits nor strategies take the new price for a crash.
 */
import type { BrokerPosition } from '../../brokers/contract.ts';
import {
  absolute,
  add,
  type Decimal,
  decimal,
  divide,
  formatDecimal,
  multiply,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { Position } from '../../domain/order.ts';
import type { DeskState } from '../state.ts';
import { bookOutside } from './outside.ts';

/** So many shares now for so many before. */
export interface Split {
  readonly after: bigint;
  readonly before: bigint;
}

/** Larger ones do not happen; 20:1 is rare, and reverse splits of 1:100 are. */
const TERM_MAX = 1_000n;
/** Less than a fifth more or less is somebody's trade, or a dividend in shares that changes the price as little. */
const LEAST = decimal('1.2');
/** Averages of the broker and ours may be reckoned differently. */
const TOLERANCE = decimal('0.02');

/** Undefined where the difference has another cause: then the average price has not changed with the quantity. */
export function splitOf(
  ours: { readonly quantity: Decimal; readonly averagePrice: Decimal },
  theirs: Pick<BrokerPosition, 'quantity' | 'averagePrice'>,
): Split | undefined {
  const isSameSide = ours.quantity > ZERO === theirs.quantity > ZERO;
  if (ours.quantity === ZERO || theirs.quantity === ZERO || !isSameSide) return undefined;
  if (ours.averagePrice <= ZERO || theirs.averagePrice <= ZERO) return undefined;
  const [more, less] = [absolute(theirs.quantity), absolute(ours.quantity)];
  const common = greatestCommonDivisor(more, less);
  const split = { after: more / common, before: less / common };
  if (split.after > TERM_MAX || split.before > TERM_MAX) return undefined;
  const ratio = divide(more, less);
  if (ratio < LEAST && ratio > divide(decimal('1'), LEAST)) return undefined;
  const expected = divide(ours.averagePrice, ratio);
  const isPriced = absolute(subtract(expected, theirs.averagePrice)) <= multiply(expected, TOLERANCE);
  return isPriced ? split : undefined;
}

/** What all instances hold of a symbol together, at its weighted price. */
export function heldTogether(positions: readonly Position[]): {
  readonly quantity: Decimal;
  readonly averagePrice: Decimal;
} {
  let quantity = ZERO;
  let cost = ZERO;
  for (const position of positions) {
    quantity = add(quantity, position.quantity);
    cost = add(cost, multiply(position.quantity, position.averagePrice));
  }
  return { quantity, averagePrice: quantity === ZERO ? ZERO : divide(cost, quantity) };
}

/**
 * Books it for every instance that holds the symbol: what it held is closed at its own average price, and opened anew at
 * the price that the split makes of it. False when one of them would hold a part of a billionth.
 */
export function applySplit(state: DeskState, symbol: string, split: Split): boolean {
  const held = state.positions.inSymbol(symbol).filter(({ quantity }) => quantity !== ZERO);
  if (held.some(({ quantity }) => (quantity * split.after) % split.before !== 0n)) return false;
  const words = `${split.after}:${split.before}`;
  for (const { instanceId, quantity, averagePrice } of held) {
    const after = ((quantity * split.after) / split.before) as Decimal;
    const price = divide(multiply(averagePrice, quantity), after);
    const deal = { instanceId, symbol, reason: `split ${words}` };
    const isLong = quantity > ZERO;
    bookOutside(state, 'split', {
      ...{ ...deal, side: isLong ? 'sell' : 'buy' },
      ...{ quantity: absolute(quantity), price: averagePrice },
    });
    bookOutside(state, 'split', {
      ...{ ...deal, side: isLong ? 'buy' : 'sell' },
      ...{ quantity: absolute(after), price },
    });
  }
  state.prices.forget(symbol);
  const message = `${symbol} was split ${words}: positions and average prices follow`;
  state.alert('warning', 'split', message, {
    symbol,
    split: words,
    held: formatDecimal(state.positions.net(symbol)),
  });
  return true;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}
