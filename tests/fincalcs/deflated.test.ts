import { describe, expect, it } from 'vitest';
import { EquityCurve } from '../../src/backtester/curve.ts';
import { deflatedSharpe, expectedMaximumSharpe, probabilisticSharpe } from '../../src/fincalcs/deflated.ts';
import { normalProbability, normalQuantile } from '../../src/fincalcs/normal.ts';

describe('the normal distribution', () => {
  // Abramowitz and Stegun, Handbook of Mathematical Functions, table 26.1.
  it.each([
    [0, 0.5],
    [1, 0.841344746068543],
    [-1, 0.158655253931457],
    [1.96, 0.975002104851779],
    [3, 0.99865010196837],
    [-8, 6.22096057427178e-16],
  ])('is known at %d', (z, probability) => {
    expect(normalProbability(z)).toBeCloseTo(probability, 13);
    if (Math.abs(z) < 8) expect(normalQuantile(probability)).toBeCloseTo(z, 10);
  });
});

describe('the deflated Sharpe ratio', () => {
  // The paper's numerical example: a yearly ratio of 2.5 over 1250 days, 250 a year, with skewness -3, kurtosis 10.
  const sample = { sharpe: 2.5 / Math.sqrt(250), skewness: -3, kurtosis: 10, count: 1_250 };
  const sharpeVariance = 0.5 / 250;

  it('comes to what the paper says of 100 trials, and of 46', () => {
    expect(expectedMaximumSharpe(100, sharpeVariance)).toBeCloseTo(0.1132, 4);
    expect(deflatedSharpe(sample, { trials: 100, sharpeVariance })).toBeCloseTo(0.9004, 4);
    expect(deflatedSharpe(sample, { trials: 46, sharpeVariance })).toBeCloseTo(0.9505, 4);
  });

  it('is that of a single trial where nothing was chosen', () => {
    expect(deflatedSharpe(sample, { trials: 1, sharpeVariance: 0 })).toBe(probabilisticSharpe(sample, 0));
  });

  it('by hand: a ratio of 0.1 over 101 returns is one standard error above zero', () => {
    // sqrt(100) * 0.1 / sqrt(1 + 0.5 * 0.01) = 0.997509...
    const plain = { sharpe: 0.1, skewness: 0, kurtosis: 3, count: 101 };
    expect(probabilisticSharpe(plain, 0)).toBeCloseTo(normalProbability(1 / Math.sqrt(1.005)), 12);
  });

  it('is null where there is nothing to say', () => {
    expect(deflatedSharpe({ ...sample, count: 1 }, { trials: 5, sharpeVariance })).toBeNull();
  });
});

describe("the shape of an equity curve's returns", () => {
  it('by hand: +10, -10, +20, 0 and -10 percent', () => {
    const curve = new EquityCurve({ atMicros: 0, equity: 100 });
    let equity = 100;
    for (const change of [0.1, -0.1, 0.2, 0, -0.1]) {
      equity *= 1 + change;
      curve.endSession(equity);
    }
    // Mean 0.02; distances 0.08, -0.12, 0.18, -0.02, -0.12; squares sum to 0.068, cubes to 0.00288, fourths to 0.00150560.
    const shape = curve.shape();
    expect(shape?.sharpe).toBeCloseTo(0.02 / Math.sqrt(0.068 / 4), 10);
    expect(shape?.skewness).toBeCloseTo((Math.sqrt(5) * 0.00288) / 0.068 ** 1.5, 10);
    expect(shape?.kurtosis).toBeCloseTo((5 * 0.0015056) / 0.068 ** 2, 10);
  });
});
