import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columns } from '../../src/fincalcs/indicator.ts';
import { Pair } from '../../src/fincalcs/pair.ts';

const prices = fc.array(
  fc.tuple(fc.double({ min: 1, max: 500, noNaN: true }), fc.double({ min: 1, max: 500, noNaN: true })),
  { minLength: 10, maxLength: 40 },
);

describe('a pair', () => {
  it('has the ratio, spread and correlation of the least-squares line of the last prices', () => {
    fc.assert(
      fc.property(prices, (list) => {
        const pair = new Pair(10);
        const whole = columns(
          new Pair(10),
          list.map(([first, second]) => ({ first, second })),
        );
        for (const [index, [first, second]] of list.entries()) {
          const { zScore } = pair.update({ first, second });
          expect(whole.zScore[index]).toEqual(zScore);
        }
        const last = list.slice(-10).map(([first, second]) => [Math.log(first), Math.log(second)] as const);
        const mean = (of: (row: readonly [number, number]) => number) =>
          last.reduce((sum, row) => sum + of(row), 0) / last.length;
        const [meanFirst, meanSecond] = [mean(([first]) => first), mean(([, second]) => second)];
        const covariance = mean(([first, second]) => (first - meanFirst) * (second - meanSecond));
        const variance = mean(([, second]) => (second - meanSecond) ** 2);
        fc.pre(variance > 1e-6);
        const ratio = covariance / variance;
        const spread = ([first, second]: readonly [number, number]) =>
          first - meanFirst - ratio * (second - meanSecond);
        const deviation = Math.sqrt(mean((row) => spread(row) ** 2));
        fc.pre(deviation > 1e-6);
        const { value } = pair;
        expect(value.ratio).toBeCloseTo(ratio, 6);
        expect(value.spread).toBeCloseTo(spread(last.at(-1)!), 6);
        expect(value.zScore).toBeCloseTo(spread(last.at(-1)!) / deviation, 4);
        expect(Math.abs(value.correlation)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('is the same whatever the unit of either price', () => {
    fc.assert(
      fc.property(prices, (list) => {
        const [one, other] = [new Pair(10), new Pair(10)];
        for (const [first, second] of list) {
          one.update({ first, second });
          other.update({ first: first * 64, second: second / 1_024 });
        }
        fc.pre(Math.abs(one.value.zScore) > 1e-3);
        expect(other.value.ratio).toBeCloseTo(one.value.ratio, 6);
        expect(other.value.zScore).toBeCloseTo(one.value.zScore, 4);
      }),
    );
  });

  it('finds the ratio that made two prices, and no score where nothing lies off the line', () => {
    const pair = new Pair(5);
    for (const second of [10, 11, 12, 14, 13]) pair.update({ first: 3 * second ** 2, second });
    expect(pair.value.ratio).toBeCloseTo(2, 9);
    expect(pair.value.correlation).toBeCloseTo(1, 9);
    expect(pair.value.zScore).toBeNaN();
  });

  it('counts no price that is none', () => {
    const pair = new Pair(3);
    pair.update({ first: 1, second: 1 });
    pair.update({ first: 0, second: 2 });
    pair.update({ first: Number.NaN, second: 2 });
    pair.update({ first: 2, second: 3 });
    expect(pair.isReady).toBe(false);
    expect(pair.value.ratio).toBeNaN();
  });
});
