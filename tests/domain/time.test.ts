import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMicros, parseMicros } from '../../src/domain/time.ts';

describe('a moment', () => {
  it.each([
    ['2022-04-19T14:45:37.482178Z', '2022-04-19T14:45:37.482178Z', 'microseconds'],
    ['2023-04-06T13:15:42.83540958Z', '2023-04-06T13:15:42.835409Z', 'nanoseconds are cut'],
    ['2022-01-03T09:00:00Z', '2022-01-03T09:00:00.000000Z', 'no fraction'],
    ['2025-06-24T14:15:22.123456789-04:00', '2025-06-24T18:15:22.123456Z', 'an offset'],
    ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z', 'before the epoch'],
  ])('reads %s as %s (%s)', (text, expected) => {
    const moment = parseMicros(text);
    expect(moment).toBeDefined();
    expect(formatMicros(moment ?? Number.NaN)).toBe(expected);
  });

  it.each(['', '2022-01-03', '2022-01-03T09:00:00', '2022-13-03T09:00:00Z', 'yesterday'])(
    'refuses %j',
    (text) => {
      expect(parseMicros(text)).toBeUndefined();
    },
  );

  it('survives the way to text and back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e15, max: 4e15 }),
        (moment) => parseMicros(formatMicros(moment)) === moment,
      ),
    );
  });
});
