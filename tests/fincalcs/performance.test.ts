import { describe, expect, it } from 'vitest';
import {
  annualReturn,
  calmarRatio,
  Drawdown,
  profitFactor,
  returnsOf,
  sharpeRatio,
  sortinoRatio,
} from '../../src/fincalcs/performance.ts';

/** Returns of +10 %, -10 %, +20 %, 0 %: their mean is 5 %, worked out by hand below. */
const EQUITIES = [100, 110, 99, 118.8, 118.8];

describe('how well an account did', () => {
  it('takes the change from each step to the next, and none from an account that has nothing', () => {
    const returns = returnsOf(EQUITIES);
    expect(returns.map((value) => value.toFixed(10))).toEqual([
      '0.1000000000',
      '-0.1000000000',
      '0.2000000000',
      '0.0000000000',
    ]);
    expect(returnsOf([100, 0, 50])).toEqual([-1]);
    expect(returnsOf([100])).toEqual([]);
  });

  it('has the Sharpe ratio of a calculation by hand', () => {
    // Distances from 0.05: 0.05, -0.15, 0.15, -0.05; squares 0.0025 + 0.0225 + 0.0225 + 0.0025 = 0.05; by 3 = 1/60.
    expect(sharpeRatio(returnsOf(EQUITIES), 252)).toBeCloseTo(0.05 * Math.sqrt(60) * Math.sqrt(252), 9);
  });

  it('has the Sortino ratio of a calculation by hand', () => {
    // One loss of 0.1 in four steps: its square by four is 0.0025, the root of which is 0.05.
    expect(sortinoRatio(returnsOf(EQUITIES), 252)).toBeCloseTo(Math.sqrt(252), 9);
  });

  it('agrees with the variance written as the mean of squares less the square of the mean', () => {
    const returns = [0.012, -0.004, 0.0071, 0.0003, -0.0198, 0.0111, 0.0045];
    const count = returns.length;
    const sum = returns.reduce((total, value) => total + value, 0);
    const squares = returns.reduce((total, value) => total + value * value, 0);
    const variance = (squares - (sum * sum) / count) / (count - 1);
    expect(sharpeRatio(returns, 365)).toBeCloseTo((sum / count / variance ** 0.5) * 365 ** 0.5, 9);
  });

  it('says nothing where there is nothing to say', () => {
    expect(sharpeRatio([0.1], 252)).toBeNull();
    expect(sharpeRatio([0.1, 0.1, 0.1], 252)).toBeNull();
    expect(sortinoRatio([0.1, 0.2], 252)).toBeNull();
    expect(profitFactor(10, 0)).toBeNull();
    expect(annualReturn(100, 110, 0)).toBeNull();
    expect(annualReturn(100, -1, 1)).toBeNull();
    expect(calmarRatio(0.2, 0)).toBeNull();
    expect(calmarRatio(null, 0.1)).toBeNull();
  });

  it('scales growth to a year, and divides it by the largest fall', () => {
    expect(annualReturn(100, 121, 2)).toBeCloseTo(0.1, 12);
    expect(annualReturn(100, 110, 0.5)).toBeCloseTo(0.21, 12);
    expect(calmarRatio(0.21, 0.07)).toBeCloseTo(3, 12);
    expect(profitFactor(30, -20)).toBe(1.5);
  });

  it('finds the deepest fall in money, the deepest as a share, and the longest', () => {
    const drawdown = new Drawdown();
    const falls = [100, 90, 100, 200, 185, 190, 195, 210, 200].map((equity, at) => drawdown.note(at, equity));
    expect(falls.map((share) => Number(share.toFixed(4)))).toEqual([
      0, 0.1, 0, 0, 0.075, 0.05, 0.025, 0, 0.0476,
    ]);
    // 200 to 185 is more money, 100 to 90 the larger share; 200 was reached again four steps later.
    expect(drawdown).toMatchObject({ amount: 15, share: 0.1, longest: 4 });
  });
});
