import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnchoredVwap, SessionVwap } from '../../src/fincalcs/vwap.ts';

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

describe('the anchored VWAP', () => {
  const candle = (timeMicros: number, price: number, volume: number) => ({
    timeMicros,
    open: price,
    high: price,
    low: price,
    close: price,
    volume,
  });

  it('counts from its anchor on and has bands of as many deviations as asked', () => {
    const vwap = new AnchoredVwap({ anchorMicros: 10, deviations: 2 });
    vwap.update(candle(9, 1, 1_000));
    expect(vwap.isReady).toBe(false);
    vwap.update(candle(10, 100, 1));
    // Mean 103, deviation sqrt((9 + 3) / 4) of the four shares.
    expect(vwap.update(candle(11, 104, 3)).middle).toBe(103);
    expect(vwap.value.upper).toBeCloseTo(103 + 2 * Math.sqrt(3), 9);
    expect(vwap.value.lower).toBeCloseTo(103 - 2 * Math.sqrt(3), 9);
  });

  it('begins anew when its anchor moves, as from session to session', () => {
    const vwap = new AnchoredVwap({ anchorMicros: 0 });
    vwap.update(candle(1, 100, 1));
    vwap.moveAnchor(20);
    expect(vwap.update(candle(19, 50, 1)).middle).toBeNaN();
    expect(vwap.update(candle(20, 70, 1)).middle).toBe(70);
  });

  it('counts a bar by its own VWAP where it has one', () => {
    const vwap = new AnchoredVwap({ anchorMicros: 0 });
    expect(vwap.update({ ...candle(1, 100, 5), vwap: 101 }).middle).toBe(101);
    // Where its source told none: the typical price.
    expect(vwap.update({ ...candle(2, 103, 5), vwap: Number.NaN }).middle).toBe(102);
  });
});
