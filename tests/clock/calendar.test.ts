import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { cryptoRules, rulesOf, SessionCalendar, usEquityRules } from '../../src/clock/calendar.ts';
import { easter } from '../../src/clock/holidays.ts';
import type { Session } from '../../src/domain/market.ts';
import { formatMicros, parseMicros } from '../../src/domain/time.ts';

const calendar = () => new SessionCalendar(usEquityRules);
const at = (text: string) => {
  const moment = parseMicros(text);
  if (moment === undefined) throw new RangeError(text);
  return moment;
};

/** Weekdays of a year without a session. */
function closedWeekdays(year: number): string[] {
  const open = new Set(
    calendar()
      .sessions(`${year}-01-01`, `${year}-12-31`)
      .map((session) => session.date),
  );
  const closed: string[] = [];
  const end = new Temporal.PlainDate(year, 12, 31);
  for (let date = new Temporal.PlainDate(year, 1, 1); Temporal.PlainDate.compare(date, end) <= 0; ) {
    if (date.dayOfWeek <= 5 && !open.has(date.toString())) closed.push(date.toString().slice(5));
    date = date.add({ days: 1 });
  }
  return closed;
}

/** Days of a year that do not close at 16:00, with their closing time in New York. */
function earlyCloses(year: number): string[] {
  return calendar()
    .sessions(`${year}-01-01`, `${year}-12-31`)
    .map((session) => ({ date: session.date.slice(5), time: newYorkTime(session.closeMicros) }))
    .filter(({ time }) => time !== '16:00')
    .map(({ date, time }) => `${date} ${time}`);
}

function newYorkTime(moment: number): string {
  return Temporal.Instant.fromEpochMilliseconds(moment / 1_000)
    .toZonedDateTimeISO('America/New_York')
    .toPlainTime()
    .toString()
    .slice(0, 5);
}

describe('the calendar of the NYSE', () => {
  // The exchange's published holidays and notices.
  it.each([
    [1990, '01-01 02-19 04-13 05-28 07-04 09-03 11-22 12-25', 'no King holiday yet'],
    [1994, '02-21 04-01 04-27 05-30 07-04 09-05 11-24 12-26', 'Nixon; New Year on Saturday is not kept'],
    [1998, '01-01 01-19 02-16 04-10 05-25 07-03 09-07 11-26 12-25', 'the first King holiday'],
    [2001, '01-01 01-15 02-19 04-13 05-28 07-04 09-03 09-11 09-12 09-13 09-14 11-22 12-25', 'the attacks'],
    [2004, '01-01 01-19 02-16 04-09 05-31 06-11 07-05 09-06 11-25 12-24', 'Reagan; Christmas on Saturday'],
    [2007, '01-01 01-02 01-15 02-19 04-06 05-28 07-04 09-03 11-22 12-25', 'Ford'],
    [2010, '01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24', 'December 31 stays open'],
    [2011, '01-17 02-21 04-22 05-30 07-04 09-05 11-24 12-26', 'January 1 on Saturday is not kept'],
    [2012, '01-02 01-16 02-20 04-06 05-28 07-04 09-03 10-29 10-30 11-22 12-25', 'Sandy'],
    [2018, '01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25', 'Bush'],
    [2021, '01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24', 'Juneteenth not yet kept'],
    [2022, '01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26', 'the first Juneteenth, on Monday'],
    [2024, '01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25', 'an ordinary year'],
    [2025, '01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25', 'Carter'],
    [2026, '01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25', 'Independence Day on Friday'],
    [2027, '01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24', 'Juneteenth on Friday'],
  ])('is closed in %i on %s (%s)', (year, dates) => {
    expect(closedWeekdays(year).join(' ')).toBe(dates);
  });

  it.each([
    [1992, '11-27 14:00, 12-24 14:00'],
    [1994, '02-11 14:30, 11-25 13:00'],
    [1996, '01-08 14:00, 07-05 13:00, 11-29 13:00, 12-24 13:00'],
    [1997, '07-03 13:00, 10-27 15:30, 11-28 13:00, 12-24 13:00, 12-26 13:00'],
    [1999, '11-26 13:00, 12-31 13:00'],
    [2002, '07-05 13:00, 11-29 13:00, 12-24 13:00'],
    [2003, '07-03 13:00, 11-28 13:00, 12-24 13:00, 12-26 13:00'],
    [2012, '07-03 13:00, 11-23 13:00, 12-24 13:00'],
    [2013, '07-03 13:00, 11-29 13:00, 12-24 13:00'],
    [2019, '07-03 13:00, 11-29 13:00, 12-24 13:00'],
    [2020, '11-27 13:00, 12-24 13:00'],
    [2021, '11-26 13:00'],
    [2023, '07-03 13:00, 11-24 13:00'],
    [2024, '07-03 13:00, 11-29 13:00, 12-24 13:00'],
    [2025, '07-03 13:00, 11-28 13:00, 12-24 13:00'],
    [2026, '11-27 13:00, 12-24 13:00'],
    [2027, '11-26 13:00'],
  ])('closes early in %i on %s', (year, dates) => {
    expect(earlyCloses(year).join(', ')).toBe(dates);
  });

  it('has as many trading days a year as were counted', () => {
    const days = (year: number) => calendar().sessions(`${year}-01-01`, `${year}-12-31`).length;
    expect([2000, 2001, 2012, 2018, 2020, 2021, 2022, 2023, 2024, 2025].map(days)).toEqual([
      252, 248, 250, 251, 253, 252, 251, 250, 252, 250,
    ]);
  });

  it('finds Easter by the computus', () => {
    const dates = [1961, 2000, 2008, 2011, 2024, 2025, 2026, 2038, 2100].map((year) =>
      easter(year).toString(),
    );
    expect(dates).toEqual([
      ...['1961-04-02', '2000-04-23', '2008-03-23', '2011-04-24', '2024-03-31'],
      ...['2025-04-20', '2026-04-05', '2038-04-25', '2100-03-28'],
    ]);
  });

  it('counts hours in New York, summer and winter', () => {
    const [winter] = calendar().sessions('2024-03-08', '2024-03-08');
    const [summer] = calendar().sessions('2024-03-11', '2024-03-11');
    expect(formatMicros(winter?.openMicros ?? 0)).toBe('2024-03-08T14:30:00.000000Z');
    expect(formatMicros(winter?.extendedOpenMicros ?? 0)).toBe('2024-03-08T09:00:00.000000Z');
    expect(formatMicros(summer?.openMicros ?? 0)).toBe('2024-03-11T13:30:00.000000Z');
    expect(formatMicros(summer?.closeMicros ?? 0)).toBe('2024-03-11T20:00:00.000000Z');
    expect(formatMicros(summer?.extendedCloseMicros ?? 0)).toBe('2024-03-12T00:00:00.000000Z');
  });

  it('ends after-hours trading at five on a half day', () => {
    const [session] = calendar().sessions('2024-11-29', '2024-11-29');
    expect(newYorkTime(session?.closeMicros ?? 0)).toBe('13:00');
    expect(newYorkTime(session?.extendedCloseMicros ?? 0)).toBe('17:00');
  });

  it('refuses years that its rules are not right for', () => {
    expect(() => calendar().sessions('1989-06-01', '1989-06-02')).toThrow(/before 1990/);
  });
});

describe('the session at a moment', () => {
  it.each<[string, string | undefined, string, string]>([
    ['2024-07-02T13:29:59.999999Z', undefined, '2024-07-02', 'before the open'],
    ['2024-07-02T13:30:00Z', '2024-07-02', '2024-07-03', 'at the open'],
    ['2024-07-02T19:59:59.999999Z', '2024-07-02', '2024-07-03', 'at the last microsecond'],
    ['2024-07-02T20:00:00Z', undefined, '2024-07-03', 'at the close'],
    ['2024-07-03T17:30:00Z', undefined, '2024-07-05', 'after a half day, over a holiday'],
    ['2024-07-06T16:00:00Z', undefined, '2024-07-08', 'on a weekend'],
    ['2001-09-10T21:00:00Z', undefined, '2001-09-17', 'before the longest closing'],
  ])('is at %s %s, and the next is %s (%s)', (moment, current, next) => {
    expect(calendar().sessionAt(at(moment))?.date).toBe(current);
    expect(calendar().nextSession(at(moment)).date).toBe(next);
    expect(calendar().currentOrNext(at(moment)).date).toBe(current ?? next);
  });

  it('counts pre-market and after-hours with extended hours', () => {
    const preMarket = at('2024-07-02T08:00:00Z');
    expect(calendar().sessionAt(preMarket, 'extended')?.date).toBe('2024-07-02');
    expect(calendar().sessionAt(preMarket - 1, 'extended')).toBeUndefined();
    expect(calendar().sessionAt(at('2024-07-02T23:59:59Z'), 'extended')?.date).toBe('2024-07-02');
  });

  it('is always open for plans that ask for it', () => {
    expect(calendar().isOpen(at('2024-07-06T16:00:00Z'), 'always')).toBe(true);
    expect(calendar().isOpen(at('2024-07-06T16:00:00Z'), 'extended')).toBe(false);
  });

  it('is for crypto a day in UTC, one after the other', () => {
    const crypto = new SessionCalendar(rulesOf('crypto'));
    expect(rulesOf('crypto')).toBe(cryptoRules);
    const saturday = crypto.sessionAt(at('2024-07-06T23:59:59Z'));
    expect(saturday?.date).toBe('2024-07-06');
    expect(formatMicros(saturday?.closeMicros ?? 0)).toBe('2024-07-07T00:00:00.000000Z');
    expect(crypto.sessionAt(saturday?.closeMicros ?? 0)?.date).toBe('2024-07-07');
  });
});

describe("the broker's own sessions", () => {
  const session = (date: string, open: string, close: string): Session => ({
    date,
    openMicros: at(open),
    closeMicros: at(close),
    extendedOpenMicros: at(open),
    extendedCloseMicros: at(close),
  });

  it('win over the rules in the range that was asked for', () => {
    const told = calendar();
    told.replace('2024-07-01', '2024-07-03', [
      session('2024-07-02', '2024-07-02T14:00:00Z', '2024-07-02T15:00:00Z'),
    ]);
    expect(told.sessions('2024-06-28', '2024-07-05').map((one) => one.date)).toEqual([
      '2024-06-28',
      '2024-07-02',
      '2024-07-05',
    ]);
    expect(told.sessionAt(at('2024-07-02T13:45:00Z'))).toBeUndefined();
    expect(told.nextSession(at('2024-06-28T21:00:00Z')).openMicros).toBe(at('2024-07-02T14:00:00Z'));
  });

  it('may be several in a day and cross midnight, as those of the local exchange', () => {
    const told = calendar();
    told.replace('2024-07-06', '2024-07-07', [
      session('2024-07-06', '2024-07-07T01:00:00Z', '2024-07-07T07:30:00Z'),
      session('2024-07-06', '2024-07-06T18:00:00Z', '2024-07-07T00:30:00Z'),
    ]);
    expect(told.sessionAt(at('2024-07-07T00:15:00Z'))?.openMicros).toBe(at('2024-07-06T18:00:00Z'));
    expect(told.nextSession(at('2024-07-07T00:15:00Z')).openMicros).toBe(at('2024-07-07T01:00:00Z'));
    expect(told.sessionAt(at('2024-07-07T05:00:00Z'))?.openMicros).toBe(at('2024-07-07T01:00:00Z'));
  });

  it('leave the rules in force after the last day they speak of, however long they tell of no session', () => {
    const told = calendar();
    told.replace('2024-07-01', '2024-08-30', []);
    expect(told.nextSession(at('2024-07-02T15:00:00Z')).date).toBe('2024-09-03');
  });
});
