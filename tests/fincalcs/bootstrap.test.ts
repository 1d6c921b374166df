import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/clock/chance.ts';
import { resample } from '../../src/fincalcs/bootstrap.ts';

const of = (count: number, seed = 1) => ({ count, startEquity: 1_000, random: seededRandom(seed) });

describe('trades drawn again', () => {
  it('that are all the same come to the same, with the same fall', () => {
    const losses = resample(
      Array.from({ length: 20 }, () => -10),
      of(20),
    );
    expect(losses).toEqual({
      runs: 1_000,
      finalEquity: { p5: 800, p50: 800, p95: 800 },
      maxDrawdownPercent: { p50: 20, p95: 20 },
      lossPercent: 100,
    });
    expect(
      resample(
        Array.from({ length: 20 }, () => 10),
        of(20),
      ),
    ).toMatchObject({
      finalEquity: { p5: 1_200, p95: 1_200 },
      maxDrawdownPercent: { p95: 0 },
      lossPercent: 0,
    });
  });

  it('spread as the sum of draws does', () => {
    // 400 tosses of a coin: the sum has a deviation of 20, so 5 % of the sums lie beyond 1.645 * 20 = 33.
    const tosses = resample(
      Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 1 : -1)),
      of(400, 7),
    )!;
    expect(tosses.finalEquity.p50).toBeCloseTo(1_000, -1);
    expect(Math.abs(tosses.finalEquity.p5 - 967)).toBeLessThan(6);
    expect(Math.abs(tosses.finalEquity.p95 - 1_033)).toBeLessThan(6);
    expect(Math.abs(tosses.lossPercent - 48)).toBeLessThan(5);
  });

  it('are ordered, repeatable, and scale with the money', () => {
    const gains = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 10, maxLength: 60 });
    fc.assert(
      fc.property(gains, fc.nat(1_000_000), (values, seed) => {
        const found = resample(values, of(values.length, seed))!;
        expect(resample(values, of(values.length, seed))).toEqual(found);
        const { p5, p50, p95 } = found.finalEquity;
        expect(p5 <= p50 && p50 <= p95).toBe(true);
        expect(found.maxDrawdownPercent.p50).toBeLessThanOrEqual(found.maxDrawdownPercent.p95);
        const tenfold = { ...of(values.length, seed), startEquity: 10_000 };
        const scaled = resample(
          values.map((value) => value * 10),
          tenfold,
        )!;
        expect(scaled.finalEquity.p50).toBeCloseTo(p50 * 10, 6);
        expect(scaled.maxDrawdownPercent).toEqual(found.maxDrawdownPercent);
      }),
      { numRuns: 30 },
    );
  });

  it('are not drawn from fewer than ten, and less often where they are many', () => {
    expect(resample([1, 2, 3], of(3))).toBeNull();
    expect(
      resample(
        Array.from({ length: 100 }, () => 1),
        of(1_000_000),
      )?.runs,
    ).toBe(100);
  });
});
