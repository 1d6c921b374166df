import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { Cron, isCronExpression } from '../../src/clock/cron.ts';

const NEW_YORK = 'America/New_York';

function runs(expression: string, from: string, count: number, timeZone = NEW_YORK): string[] {
  const cron = new Cron(expression, timeZone);
  const found: string[] = [];
  let moment = Temporal.ZonedDateTime.from(`${from}[${timeZone}]`).epochMilliseconds * 1_000;
  for (let index = 0; index < count; index += 1) {
    const next = cron.nextAfter(moment);
    if (next === undefined) break;
    moment = next;
    const time = Temporal.Instant.fromEpochMilliseconds(next / 1_000).toZonedDateTimeISO(timeZone);
    found.push(time.toString({ smallestUnit: 'second', timeZoneName: 'never' }));
  }
  return found;
}

describe('a cron expression', () => {
  it.each([
    ['*/15 9-15 * * 1-5', '2024-07-05T15:40:00', ['2024-07-05T15:45:00-04:00', '2024-07-08T09:00:00-04:00']],
    ['30 9 * * mon-fri', '2024-07-05T09:30:00', ['2024-07-08T09:30:00-04:00', '2024-07-09T09:30:00-04:00']],
    ['*/20 * * * * *', '2024-07-05T10:00:05', ['2024-07-05T10:00:20-04:00', '2024-07-05T10:00:40-04:00']],
    ['0 16 L * *', '2024-02-01T00:00:00', ['2024-02-29T16:00:00-05:00', '2024-03-31T16:00:00-04:00']],
    ['0 12 * * 5#3', '2024-06-01T00:00:00', ['2024-06-21T12:00:00-04:00', '2024-07-19T12:00:00-04:00']],
    ['0 0 13 * 5', '2024-01-01T00:00:00', ['2024-09-13T00:00:00-04:00', '2024-12-13T00:00:00-05:00']],
    ['0 0 29 2 *', '2024-03-01T00:00:00', ['2028-02-29T00:00:00-05:00', '2032-02-29T00:00:00-05:00']],
    ['@daily', '2024-12-31T12:00:00', ['2025-01-01T00:00:00-05:00', '2025-01-02T00:00:00-05:00']],
  ])('%s after %s runs at %j', (expression, from, expected) => {
    expect(runs(expression, from, 2)).toEqual(expected);
  });

  it('runs strictly after the moment, even within its second', () => {
    const cron = new Cron('0 12 * * *', 'UTC');
    const noon = Date.UTC(2024, 6, 5, 12) * 1_000;
    expect(cron.nextAfter(noon - 1)).toBe(noon);
    expect(cron.nextAfter(noon)).toBe(noon + 86_400_000_000);
    expect(cron.nextAfter(noon + 1)).toBe(noon + 86_400_000_000);
  });

  it('runs a time that the change to summer time skips an hour later', () => {
    expect(runs('30 2 * * *', '2024-03-09T12:00:00', 2)).toEqual([
      '2024-03-10T03:30:00-04:00',
      '2024-03-11T02:30:00-04:00',
    ]);
  });

  it('goes on by the clock on the wall across the change to summer time', () => {
    expect(runs('*/30 1-3 * * *', '2024-03-10T01:00:00', 3)).toEqual([
      '2024-03-10T01:30:00-05:00',
      '2024-03-10T03:00:00-04:00',
      '2024-03-10T03:30:00-04:00',
    ]);
  });

  it('runs a time that the change back repeats once, the first time', () => {
    expect(runs('30 1 * * *', '2024-11-02T12:00:00', 2)).toEqual([
      '2024-11-03T01:30:00-04:00',
      '2024-11-04T01:30:00-05:00',
    ]);
  });

  it.each(['', '* * * *', '61 * * * *', '* 25 * * *', 'every day', '0 0 30 2 *'])('%j is refused', (text) => {
    expect(isCronExpression(text)).toBe(false);
    expect(() => new Cron(text, NEW_YORK)).toThrow(RangeError);
  });
});
