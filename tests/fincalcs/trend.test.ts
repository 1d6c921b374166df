import { describe, expect, it } from 'vitest';
import { column, columns } from '../../src/fincalcs/indicator.ts';
import { Trend, trendDirection } from '../../src/fincalcs/trend.ts';
import { annualized, Volatility } from '../../src/fincalcs/volatility.ts';

const line = (from: number, step: number) => Array.from({ length: 10 }, (_, index) => from + step * index);

describe('a trend', () => {
  it.each([
    ['sharp-up', line(100, 0.5)],
    ['up', line(100, 0.05)],
    ['flat', line(100, 0)],
    ['flat', line(100, -0.005)],
    ['down', line(100, -0.05)],
    ['sharp-down', line(100, -0.5)],
    // The same shape in another unit is the same trend.
    ['up', line(2, 0.001)],
    ['up', line(2_000, 1)],
  ])('is %s by percent of the price', (direction, prices) => {
    const trend = new Trend(10);
    for (const price of prices) trend.update(price);
    expect(trendDirection(trend.value)).toBe(direction);
  });

  it('is unknown before there are prices enough', () => {
    const trend = new Trend(4);
    for (const price of [1, 2, 3]) trend.update(price);
    expect(trendDirection(trend.value)).toBe('unknown');
  });

  it('of a straight line is explained whole, of a flat one not at all', () => {
    expect(columns(new Trend(10), line(100, 2)).rSquared[9]).toBeCloseTo(1, 12);
    expect(columns(new Trend(10), line(0.1, 0)).rSquared[9]).toBe(0);
  });
});

describe('volatility', () => {
  it("is the sample's standard deviation of changes, in percent", () => {
    // Changes of +1 % and -1 %, in turn: mean 0, so the root of 4 / 3.
    const prices = [100, 101, 99.99, 100.9899, 99.980001];
    expect(column(new Volatility(4), prices)[4]).toBeCloseTo(Math.sqrt(4 / 3), 9);
    expect(column(new Volatility(4), prices)[3]).toBeNaN();
  });

  it('grows with the root of time', () => {
    expect(annualized(1, 252)).toBeCloseTo(15.8745, 4);
  });
});
