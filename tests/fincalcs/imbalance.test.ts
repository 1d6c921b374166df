import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BestPrices, VolumeOrderImbalance } from '../../src/fincalcs/imbalance.ts';
import { columns } from '../../src/fincalcs/indicator.ts';

const quote = (bidPrice: number, bidSize: number, askPrice: number, askSize: number): BestPrices => ({
  bidPrice,
  bidSize,
  askPrice,
  askSize,
});

/** By hand: the bid part less the ask part, against 10.00 x 5 / 10.02 x 7. */
const TABLE: readonly (readonly [why: string, quote: BestPrices, imbalance: number])[] = [
  ['nothing changed', quote(10, 5, 10.02, 7), 0],
  ['more is bid at the same price', quote(10, 9, 10.02, 7), 4],
  ['less is asked at the same price', quote(10, 5, 10.02, 4), 3],
  ['the bid rose: its whole size is new', quote(10.01, 3, 10.02, 7), 3],
  ['the bid fell: none of it counts', quote(9.99, 30, 10.02, 7), 0],
  ['the ask fell: its whole size is new', quote(10, 5, 10.01, 6), -6],
  ['the ask rose: none of it counts', quote(10, 5, 10.03, 60), 0],
  ['both fell', quote(9.99, 30, 10.01, 6), -6],
];

describe('volume order imbalance', () => {
  it.each(TABLE)('when %s', (_why, next, imbalance) => {
    const indicator = new VolumeOrderImbalance();
    expect(indicator.update(quote(10, 5, 10.02, 7)).imbalance).toBeNaN();
    expect(indicator.update(next)).toEqual({ imbalance, average: imbalance });
    expect(indicator.isReady).toBe(true);
  });

  it('averages with 2 / (period + 1)', () => {
    const indicator = new VolumeOrderImbalance(3);
    indicator.update(quote(10, 5, 10.02, 7));
    indicator.update(quote(10, 9, 10.02, 7));
    expect(indicator.update(quote(10, 9, 10.02, 7)).average).toBe(2);
  });

  it('counts no quote with one side only, nor a crossed one', () => {
    const indicator = new VolumeOrderImbalance();
    indicator.update(quote(10, 5, 10.02, 7));
    for (const bad of [
      quote(0, 0, 10.02, 7),
      quote(10, 5, 0, 0),
      quote(11, 5, 10, 7),
      quote(10, Number.NaN, 11, 1),
    ]) {
      expect(indicator.update(bad).imbalance).toBeNaN();
    }
    expect(indicator.update(quote(10, 6, 10.02, 7)).imbalance).toBe(1);
  });

  it('does not depend on the unit of prices, and scales with that of sizes', () => {
    const quotes = fc.array(
      fc
        .tuple(fc.integer({ min: 1, max: 50 }), fc.nat({ max: 5 }), fc.nat({ max: 99 }), fc.nat({ max: 99 }))
        .map(([bid, spread, bidSize, askSize]) => quote(bid / 8, bidSize, (bid + spread) / 8, askSize)),
    );
    fc.assert(
      fc.property(quotes, (list) => {
        const [one, other] = [new VolumeOrderImbalance(), new VolumeOrderImbalance()];
        const whole = columns(new VolumeOrderImbalance(), list);
        for (const [index, { bidPrice, bidSize, askPrice, askSize }] of list.entries()) {
          const { imbalance, average } = one.update(quote(bidPrice, bidSize, askPrice, askSize));
          expect([whole.imbalance[index], whole.average[index]]).toEqual([imbalance, average]);
          const scaled = other.update(quote(bidPrice * 16, bidSize * 4, askPrice * 16, askSize * 4));
          expect(scaled).toEqual({ imbalance: imbalance * 4, average: average * 4 });
        }
      }),
    );
  });
});
