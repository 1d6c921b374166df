import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ResampledCandle, Resampler, resample, type SourceCandle } from '../../src/fincalcs/resample.ts';
import { madeCandles } from './candles.ts';

const MINUTE = 60_000_000;
const OPEN = 1_790_000_040_000_000;

/** Minutes of the session, some of them missing, as in a quiet symbol. */
const minutes = fc
  .tuple(fc.integer({ min: 1, max: 1_000 }), fc.array(fc.boolean(), { minLength: 1, maxLength: 120 }))
  .map(([seed, there]) => madeCandles(there.length, seed).filter((_, index) => there[index]));

/** The definition: all candles of each interval in hand. */
function naive(candles: readonly SourceCandle[], interval: number, anchor: number): ResampledCandle[] {
  const groups = new Map<number, SourceCandle[]>();
  for (const candle of candles) {
    const start = anchor + Math.floor((candle.timeMicros - anchor) / interval) * interval;
    groups.set(start, [...(groups.get(start) ?? []), candle]);
  }
  return [...groups].map(([timeMicros, group]) => {
    const volume = group.reduce((sum, candle) => sum + candle.volume, 0);
    const typical = ({ high, low, close }: SourceCandle) => (high + low + close) / 3;
    const notional = group.reduce((sum, candle) => sum + candle.volume * typical(candle), 0);
    return {
      timeMicros,
      open: group[0]!.open,
      high: Math.max(...group.map(({ high }) => high)),
      low: Math.min(...group.map(({ low }) => low)),
      close: group.at(-1)!.close,
      volume,
      vwap: volume > 0 ? notional / volume : typical(group.at(-1)!),
      tradeCount: 0,
      incomplete: false,
    };
  });
}

describe('resampling', () => {
  it('gives what the definition gives, for any interval, anchor and missing minutes', () => {
    fc.assert(
      fc.property(
        minutes,
        fc.integer({ min: 1, max: 60 }),
        fc.nat({ max: 59 }),
        (candles, length, offset) => {
          const options = { intervalMicros: length * MINUTE, anchorMicros: OPEN + offset * MINUTE };
          const expected = naive(candles, options.intervalMicros, options.anchorMicros);
          const found = resample(candles, options);
          expect(found).toHaveLength(expected.length);
          for (const [index, candle] of found.entries()) {
            const { vwap, ...rest } = expected[index]!;
            expect(candle).toMatchObject(rest);
            expect(candle.vwap).toBeCloseTo(vwap, 8);
          }
        },
      ),
    );
  });

  it('closes a candle with the last of its minutes, not with the next interval', () => {
    const resampler = new Resampler({ intervalMicros: 5 * MINUTE, anchorMicros: OPEN });
    const closed = madeCandles(10).map((candle) => resampler.update(candle).length);
    expect(closed).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    expect(resampler.forming).toBeUndefined();
  });

  it('closes two at once after a pause that ends in the last minute of an interval', () => {
    const resampler = new Resampler({ intervalMicros: 5 * MINUTE, anchorMicros: OPEN });
    const candles = madeCandles(10);
    resampler.update(candles[0]!);
    const times = resampler.update(candles[9]!).map(({ timeMicros }) => timeMicros - OPEN);
    expect(times).toEqual([0, 5 * MINUTE]);
  });

  it('weighs the VWAP by volume, sums trades, and is incomplete when a part is', () => {
    const at = (minute: number, vwap: number, volume: number, incomplete: boolean): SourceCandle => ({
      timeMicros: OPEN + minute * MINUTE,
      open: 10,
      high: 11,
      low: 9,
      close: 10,
      volume,
      vwap,
      tradeCount: 3,
      incomplete,
    });
    const options = { intervalMicros: 2 * MINUTE, anchorMicros: OPEN };
    const [candle] = resample([at(0, 10, 100, false), at(1, 11, 300, true)], options);
    expect(candle).toMatchObject({ vwap: 10.75, volume: 400, tradeCount: 6, incomplete: true });
  });

  it('refuses an interval that is none', () => {
    expect(() => new Resampler({ intervalMicros: 0 })).toThrow('found 0');
    expect(() => new Resampler({ intervalMicros: Number.POSITIVE_INFINITY })).toThrow(RangeError);
  });
});
