import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionVwap } from '../../src/fincalcs/vwap.ts';

const trades = fc.array(
  fc.record({
    price: fc.double({ min: 0.01, max: 100_000, noNaN: true }),
    volume: fc.integer({ min: 1, max: 1_000_000 }),
  }),
  { minLength: 1, maxLength: 100 },
);

describe('the session VWAP', () => {
  it('equals the two sums that define it, and its deviation the weighted one', () => {
    fc.assert(
      fc.property(trades, (list) => {
        const vwap = new SessionVwap();
        for (const { price, volume } of list) vwap.add(price, volume);
        const total = list.reduce((sum, { volume }) => sum + volume, 0);
        const mean = list.reduce((sum, { price, volume }) => sum + price * volume, 0) / total;
        const variance =
          list.reduce((sum, { price, volume }) => sum + volume * (price - mean) ** 2, 0) / total;
        expect(Math.abs(vwap.value - mean)).toBeLessThan(1e-9 * mean + 1e-12);
        expect(Math.abs(vwap.deviation - Math.sqrt(variance))).toBeLessThan(1e-6 * mean);
      }),
    );
  });

  it('keeps a small deviation at a large price, where the sum of squares would lose it', () => {
    const vwap = new SessionVwap();
    for (let index = 0; index < 100_000; index += 1) vwap.add(1e8 + (index % 2) * 0.02, 10);
    expect(vwap.deviation).toBeCloseTo(0.01, 4);
  });

  it('has no value before the first volume, and none again after a reset', () => {
    const vwap = new SessionVwap();
    vwap.add(100, 0);
    vwap.add(Number.NaN, 5);
    expect(vwap.value).toBeNaN();
    expect(vwap.zScore(100)).toBeNaN();
    vwap.add(100, 1);
    vwap.add(102, 1);
    expect([vwap.value, vwap.deviation, vwap.zScore(103)]).toEqual([101, 1, 2]);
    vwap.reset();
    expect(vwap.value).toBeNaN();
  });
});
