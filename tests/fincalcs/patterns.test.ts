import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candle } from '../../src/fincalcs/indicator.ts';
import { isDoji, type PatternName, Patterns } from '../../src/fincalcs/patterns.ts';
import { madeCandles } from './candles.ts';

type Prices = readonly [open: number, high: number, low: number, close: number];

const candle = ([open, high, low, close]: Prices): Candle => ({ open, high, low, close, volume: 100 });

/** Each candle by hand, in cents of range: what it is and why. */
const TABLE: readonly (readonly [why: string, prices: Prices, names: readonly PatternName[]])[] = [
  ['one price', [100, 100, 100, 100], ['four-price-doji']],
  // body 2, wicks 48 and 50 of 100
  ['no body, wicks of one length', [100.5, 101, 100, 100.52], ['doji', 'spinning-top']],
  // body 5, upper 85, lower 10: at the low, with just a lower wick
  ['a long upper wick', [100.15, 101, 100, 100.1], ['doji', 'gravestone-doji']],
  // body 5, upper 0, lower 95
  ['a long lower wick and no upper one', [101, 101, 100, 100.95], ['dragonfly']],
  // body 30, upper 36, lower 34: wicks 70 >= 60
  ['a small body in the middle', [100.34, 101, 100, 100.64], ['spinning-top']],
  // body 80 > 1.2 x 20
  ['a large rise', [100.1, 101, 100, 100.9], ['bullish']],
  // body 54: 54 <= 1.2 x 46 = 55.2
  ['a rise with too much wick', [100.4, 101, 100, 100.94], []],
  // body 60 down
  ['a fall', [100.9, 101, 100, 100.3], ['bearish']],
];

const PAIRS: readonly (readonly [why: string, before: Prices, after: Prices, name: PatternName])[] = [
  [
    'a spinning top that is followed by a fall',
    [100.34, 101, 100, 100.64],
    [100.6, 100.7, 100, 100.1],
    'spinning-top-bearish-followup',
  ],
  [
    'a rise that is followed by a dragonfly above it',
    [100.1, 101, 100, 100.9],
    [101, 101, 100, 101],
    'bullish-then-dragonfly',
  ],
];

describe('candle patterns', () => {
  it.each(TABLE)('of %s', (_why, prices, names) => {
    expect(new Patterns().update(candle(prices))).toEqual(names);
  });

  it.each(PAIRS)('of %s', (_why, before, after, name) => {
    const patterns = new Patterns();
    expect(patterns.update(candle(before))).not.toContain(name);
    expect(patterns.update(candle(after))).toContain(name);
    expect(new Patterns().update(candle(after))).not.toContain(name);
  });

  it('are the same for a share of two dollars and one of two thousand', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.constantFrom(1 / 64, 16), (seed, factor) => {
        const [here, there] = [new Patterns(), new Patterns()];
        for (const { open, high, low, close, volume } of madeCandles(40, seed)) {
          const prices = {
            open: open * factor,
            high: high * factor,
            low: low * factor,
            close: close * factor,
          };
          expect(there.update({ ...prices, volume })).toEqual(
            here.update({ open, high, low, close, volume }),
          );
        }
      }),
    );
  });

  it('of candles smaller than the market usually moves can be left out', () => {
    const doji = candle([100.5, 101, 100, 100.52]);
    expect(new Patterns({ rangeMin: 2 }).update(doji)).toEqual([]);
    expect(isDoji(doji)).toBe(true);
  });
});
