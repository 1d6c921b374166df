import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gapPercent, OpeningRange, RelativeVolume } from '../../src/fincalcs/session.ts';

const MINUTE = 60_000_000;
const OPEN = 1_790_000_040_000_000;
const DAY = 1_440 * MINUTE;

const candle = (minute: number, high: number, low: number) => ({
  timeMicros: OPEN + minute * MINUTE,
  high,
  low,
  volume: 1,
});

describe('a gap', () => {
  it('is the way from close to open, in percent of the close', () => {
    expect(gapPercent(50, 52)).toBe(4);
    expect(gapPercent(50, 48)).toBe(-4);
    expect(gapPercent(0, 48)).toBeNaN();
  });
});

describe('an opening range', () => {
  it('is the highest and lowest price of the first minutes, complete when the last of them has closed', () => {
    const range = new OpeningRange(OPEN, 3 * MINUTE);
    range.update(candle(-1, 99, 1));
    expect(range.high).toBeNaN();
    range.update(candle(0, 12, 10));
    range.update(candle(1, 13, 11));
    expect(range.isReady).toBe(false);
    range.update(candle(2, 12, 9));
    expect([range.high, range.low, range.isReady]).toEqual([13, 9, true]);
    range.update(candle(3, 50, 5));
    expect([range.high, range.low]).toEqual([13, 9]);
  });

  it('is never complete when nothing traded in it', () => {
    const range = new OpeningRange(OPEN, 3 * MINUTE);
    range.update(candle(7, 12, 10));
    expect(range.isReady).toBe(false);
  });
});

describe('relative volume', () => {
  const session = (volume: RelativeVolume, day: number, minutes: readonly number[]) => {
    volume.startSession(OPEN + day * DAY);
    return minutes.map((shares, minute) =>
      volume.update({ timeMicros: OPEN + day * DAY + minute * MINUTE, volume: shares }),
    );
  };

  it('compares the volume so far with the usual one at the same time', () => {
    const volume = new RelativeVolume({ sessionMicros: 3 * MINUTE });
    expect(session(volume, 0, [100, 100, 200])).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(session(volume, 1, [300, 100, 0])).toEqual([3, 2, 1]);
    // Usual until now: 200, 300, 400 to the end of each minute.
    expect(session(volume, 2, [100, 200, 500])).toEqual([0.5, 1, 2]);
  });

  it('takes a minute without a candle as one without volume', () => {
    const volume = new RelativeVolume({ sessionMicros: 3 * MINUTE });
    volume.startSession(OPEN);
    volume.update({ timeMicros: OPEN, volume: 100 });
    volume.startSession(OPEN + DAY);
    expect(volume.update({ timeMicros: OPEN + DAY + 2 * MINUTE, volume: 300 })).toBe(3);
  });

  it('is the same in every unit of volume, and lets old sessions fade', () => {
    const days = fc.array(fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 5, maxLength: 5 }), {
      minLength: 2,
      maxLength: 10,
    });
    fc.assert(
      fc.property(days, (list) => {
        const options = { sessions: 3, sessionMicros: 5 * MINUTE };
        const [one, other] = [new RelativeVolume(options), new RelativeVolume(options)];
        for (const [day, minutes] of list.entries()) {
          const scaled = session(
            other,
            day,
            minutes.map((shares) => shares * 64),
          );
          for (const [index, value] of session(one, day, minutes).entries()) {
            if (Number.isNaN(value)) expect(scaled[index]).toBeNaN();
            else expect(scaled[index]).toBeCloseTo(value, 10);
          }
        }
      }),
    );
  });
});
