import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusters, Extrema, SupportResistance, supportResistance } from '../../src/fincalcs/levels.ts';
import { resample, type SourceCandle } from '../../src/fincalcs/resample.ts';
import { madeCandles } from './candles.ts';

const MINUTE = 60_000_000;
const OPEN = 1_790_000_040_000_000;

/** A candle per price, each moving by a tenth around it. */
function path(prices: readonly number[]): SourceCandle[] {
  return prices.map((price, index) => ({
    timeMicros: OPEN + index * MINUTE,
    open: price,
    high: price + 0.1,
    low: price - 0.1,
    close: price,
    volume: 100,
  }));
}

const EVERY_MINUTE = { intervalMicros: MINUTE, anchorMicros: OPEN };

describe('clusters', () => {
  it('join prices that lie within a share of the one below', () => {
    expect(clusters([103, 100, 101.5, 110, 50], 0.02)).toEqual([
      { low: 50, high: 50, price: 50, count: 1 },
      { low: 100, high: 103, price: 101.5, count: 3 },
      { low: 110, high: 110, price: 110, count: 1 },
    ]);
  });

  it('are the same in every unit', () => {
    const prices = fc.array(fc.integer({ min: 1, max: 10_000 }), { maxLength: 50 });
    fc.assert(
      fc.property(prices, fc.constantFrom(1 / 64, 128), (list, factor) => {
        const scaled = clusters(list.map((price) => price * factor));
        expect(scaled.map(({ count }) => count)).toEqual(clusters(list).map(({ count }) => count));
      }),
    );
  });

  it('hold every price once, apart from each other by more than the margin', () => {
    const prices = fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { maxLength: 100 });
    fc.assert(
      fc.property(prices, fc.double({ min: 0, max: 0.5, noNaN: true }), (list, margin) => {
        const groups = clusters(list, margin);
        expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(list.length);
        for (const [index, { low }] of groups.entries()) {
          const below = groups[index - 1];
          if (below !== undefined) expect((low - below.high) / below.high).toBeGreaterThan(margin);
        }
      }),
    );
  });
});

describe('extrema', () => {
  it('are told when the candle after the turn has closed', () => {
    const extrema = new Extrema(EVERY_MINUTE);
    const told = path([10, 12, 11, 9, 10]).map((candle) =>
      extrema
        .update(candle)
        .map(({ kind, price, timeMicros }) => [kind, price, (timeMicros - OPEN) / MINUTE]),
    );
    expect(told).toEqual([[], [], [['high', 12.1, 1]], [], [['low', 8.9, 3]]]);
  });

  it('of a flat top are its last candle', () => {
    const extrema = new Extrema(EVERY_MINUTE);
    const found = path([10, 12, 12, 11]).flatMap((candle) => extrema.update(candle));
    expect(found).toEqual([{ kind: 'high', price: 12.1, timeMicros: OPEN + 2 * MINUTE }]);
  });

  it('equal their definition over the whole column, for any interval', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 15 }), (seed, length) => {
        const candles = madeCandles(length * 20, seed);
        const options = { intervalMicros: length * MINUTE, anchorMicros: OPEN };
        const long = resample(candles, options);
        const expected = long.slice(1, -1).flatMap((turned, index) => {
          const [before, after] = [long[index]!, long[index + 2]!];
          const { high, low, timeMicros } = turned;
          return [
            ...(high >= before.high && high > after.high ? [{ kind: 'high', price: high, timeMicros }] : []),
            ...(low <= before.low && low < after.low ? [{ kind: 'low', price: low, timeMicros }] : []),
          ];
        });
        const extrema = new Extrema(options);
        expect(candles.flatMap((candle) => extrema.update(candle))).toEqual(expected);
      }),
    );
  });
});

describe('support and resistance', () => {
  // Highs at 12.1 and 12.13, one level; at 15.1 another. Lows at 8.9 and 9.9.
  const CANDLES = path([10, 12, 9, 12.03, 10, 15, 11]);

  it('lie around the price, nearest first', () => {
    const { supports, resistances } = supportResistance(CANDLES, 11, EVERY_MINUTE);
    expect(supports.map(({ price }) => price)).toEqual([9.9, 8.9]);
    expect(resistances).toMatchObject([
      { low: 12.1, count: 2 },
      { low: 15.1, count: 1 },
    ]);
    expect(supportResistance(CANDLES, 8, EVERY_MINUTE).supports).toEqual([]);
  });

  it('forget what lies further back than the time that counts, by the time of the candles', () => {
    const options = { ...EVERY_MINUTE, lookbackMicros: 4 * MINUTE };
    expect(supportResistance(CANDLES, 11, options).supports.map(({ price }) => price)).toEqual([9.9]);
  });

  it('keep no more turns than they may, and know the latest', () => {
    const levels = new SupportResistance({ ...EVERY_MINUTE, turnsMax: 2 });
    for (const candle of CANDLES) levels.update(candle);
    expect(levels.value).toHaveLength(2);
    expect(levels.lastLow?.price).toBe(9.9);
    expect(levels.lastHigh?.price).toBe(15.1);
    expect(new SupportResistance().lastLow).toBeUndefined();
  });
});
