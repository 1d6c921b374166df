/** Crypto order books: levels behind the best quote, and what changes between two quotes. */

import { type WireObject, WireTime } from '../streams/wire.ts';
import { roundTo } from './bars.ts';
import type { QuoteEvent } from './events.ts';

const LEVELS = 10;
/** Distance between levels, relative to the price. */
const LEVEL_STEP = 2e-4;

interface Level {
  readonly p: number;
  readonly s: number;
}

/** `r: true`: a full book, forget what you had. */
export function bookSnapshot(quote: QuoteEvent): WireObject {
  const { bids, asks } = levelsOf(quote);
  return { ...head(quote), b: bids.map(wire), a: asks.map(wire), r: true };
}

/** What changed; size 0 deletes a level. */
export function bookDelta(before: QuoteEvent, after: QuoteEvent): WireObject {
  const old = levelsOf(before);
  const now = levelsOf(after);
  return { ...head(after), b: changes(old.bids, now.bids), a: changes(old.asks, now.asks) };
}

function head(quote: QuoteEvent): WireObject {
  return { T: 'o', S: quote.symbol, t: new WireTime(quote.timeMicros, quote.nanos) };
}

/** Sizes grow away from the best price. Prices stand on a grid, so that deeper levels outlive a quote. */
function levelsOf(quote: QuoteEvent): { bids: Level[]; asks: Level[] } {
  const grid = 10 ** Math.floor(Math.log10(quote.askPrice * LEVEL_STEP));
  const side = (best: number, size: number, direction: 1 | -1): Level[] => {
    const levels: Level[] = [{ p: best, s: size }];
    const first = direction === 1 ? Math.ceil(best / grid) : Math.floor(best / grid);
    for (let index = 1; index < LEVELS; index += 1) {
      const price = roundTo((first + direction * index) * grid, 8);
      if (price > 0) levels.push({ p: price, s: roundTo((index * 9_000) / price, 4) });
    }
    return levels;
  };
  return { bids: side(quote.bidPrice, quote.bidSize, -1), asks: side(quote.askPrice, quote.askSize, 1) };
}

function changes(before: readonly Level[], after: readonly Level[]): WireObject[] {
  const old = new Map(before.map((level) => [level.p, level.s]));
  const changed: WireObject[] = [];
  for (const level of after) {
    if (old.get(level.p) !== level.s) changed.push(wire(level));
    old.delete(level.p);
  }
  for (const price of old.keys()) changed.push({ p: price, s: 0 });
  return changed;
}

function wire(level: Level): WireObject {
  return { p: level.p, s: level.s };
}
