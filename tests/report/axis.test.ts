import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closedTimes, placesOf, TimeAxis, ticksAround } from '../../src/report/axis.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Thursday. */
const OPEN = Date.UTC(2024, 2, 7, 14, 30);

/** Minutes of sessions that open on these days after the first. */
function minutesOf(days: readonly number[]): readonly number[] {
  return days.flatMap((day) =>
    Array.from({ length: 391 }, (_, minute) => OPEN + day * 24 * HOUR + minute * MINUTE),
  );
}

describe('ticks', () => {
  it.each([
    [99_546.59, 100_073.2, [99_400, 99_600, 99_800, 100_000, 100_200]],
    [-0.526, 0, [-0.6, -0.4, -0.2, 0]],
    [169.28, 172.47, [169, 170, 171, 172, 173]],
    [0, 1, [0, 0.25, 0.5, 0.75, 1]],
    [100, 104, [100, 101, 102, 103, 104]],
  ])('around %d and %d are round', (low, high, values) => {
    expect(ticksAround(low, high).values).toEqual(values);
  });

  it('take in the whole range, few and equally far apart, at every size', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
        (low, size) => {
          const { values, step } = ticksAround(low, low + size);
          const room = step * 1e-3;
          expect(values[0]!).toBeLessThanOrEqual(low + room);
          expect(values.at(-1)!).toBeGreaterThanOrEqual(low + size - room);
          expect(values.length).toBeGreaterThanOrEqual(3);
          expect(values.length).toBeLessThanOrEqual(7);
          for (const [index, value] of values.entries()) {
            expect(Math.abs(value - (values[0]! + index * step))).toBeLessThan(room);
          }
        },
      ),
    );
  });

  it('have as many decimals as their step', () => {
    expect([1, 0.5, 0.25, 0.002, 2.5, 100].map(placesOf)).toEqual([0, 1, 2, 3, 1, 0]);
  });
});

describe('the time of charts', () => {
  const prices = minutesOf([0, 1, 4]);
  const ends = { fromMs: prices[0]!, toMs: prices.at(-1)! };

  it('knows when no market had a price, where prices come in minutes', () => {
    const night = 24 * HOUR - 390 * MINUTE;
    const closed = closedTimes(prices);
    expect(closed.map(({ fromMs, toMs }) => toMs - fromMs)).toEqual([night, night + 48 * HOUR]);
    expect(closedTimes([0, 1, 2, 5].map((day) => OPEN + day * 24 * HOUR))).toEqual([]);
    expect(closedTimes([])).toEqual([]);
  });

  it('gives each session the same room, and what lies between almost none', () => {
    const axis = new TimeAxis(ends, closedTimes(prices));
    const widths = [0, 1, 4].map((day) => {
      const [from, to] = [OPEN + day * 24 * HOUR, OPEN + day * 24 * HOUR + 390 * MINUTE];
      return axis.shareOf(to) - axis.shareOf(from);
    });
    for (const width of widths) expect(width).toBeCloseTo(1 / 3.06, 5);
    expect([axis.shareOf(ends.fromMs), axis.shareOf(ends.toMs)]).toEqual([0, 1]);
    expect(axis.labels()).toEqual(['2024-03-07', '2024-03-07', '2024-03-08', '2024-03-11', '2024-03-11']);
  });

  it('never goes back', () => {
    const moment = fc.integer({ min: ends.fromMs, max: ends.toMs });
    const axis = new TimeAxis(ends, closedTimes(prices));
    fc.assert(
      fc.property(moment, moment, (one, other) => {
        const [early, late] = one < other ? [one, other] : [other, one];
        expect(axis.shareOf(early)).toBeLessThanOrEqual(axis.shareOf(late));
      }),
    );
  });

  it('is the usual one where nothing is closed', () => {
    const axis = new TimeAxis({ fromMs: OPEN, toMs: OPEN + 4 * HOUR }, []);
    expect(axis.shareOf(OPEN + HOUR)).toBeCloseTo(0.25, 10);
    expect(axis.labels()).toEqual([
      '03-07 14:30',
      '03-07 15:30',
      '03-07 16:30',
      '03-07 17:30',
      '03-07 18:30',
    ]);
  });
});
