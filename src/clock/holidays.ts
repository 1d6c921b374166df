/**
 * The trading days of the New York Stock Exchange since 1990, by rule and by the exceptions that were made.
 *
 * Rules: NYSE Rule 7.2 and the exchange's published holidays; a holiday on Sunday is kept on Monday, one on Saturday
 * on Friday, but never on the last trading day of a year (so January 1 on a Saturday is not kept at all).
 * Exceptions: the exchange's own list of closings (NYSE-Closings.pdf) and its later notices.
 */
import { Temporal } from 'temporal-polyfill';

/** First year that the rules below are right for. */
export const NYSE_YEAR_MIN = 1990;

/** Minutes after midnight in New York. */
export interface TradingHours {
  readonly openMinute: number;
  readonly closeMinute: number;
}

const OPEN = 9 * 60 + 30;
const CLOSE = 16 * 60;
const EARLY_CLOSE = 13 * 60;
/** Before 1993 the exchange closed early at two. */
const EARLY_CLOSE_UNTIL_1992 = 14 * 60;

const MONDAY = 1;
const TUESDAY = 2;
const WEDNESDAY = 3;
const THURSDAY = 4;
const FRIDAY = 5;
const SATURDAY = 6;
const SUNDAY = 7;

const SPECIAL_CLOSINGS = new Set([
  '1994-04-27', // funeral of Richard Nixon
  ...['2001-09-11', '2001-09-12', '2001-09-13', '2001-09-14'], // attacks on New York
  '2004-06-11', // mourning for Ronald Reagan
  '2007-01-02', // mourning for Gerald Ford
  ...['2012-10-29', '2012-10-30'], // hurricane Sandy
  '2018-12-05', // mourning for George H. W. Bush
  '2025-01-09', // mourning for Jimmy Carter
]);

const SPECIAL_HOURS: ReadonlyMap<string, TradingHours> = new Map([
  ['1990-12-27', { openMinute: 11 * 60, closeMinute: CLOSE }], // power failure
  ['1991-01-17', { openMinute: OPEN + 1, closeMinute: CLOSE }], // silence for the troops in the Gulf
  ['1991-02-25', { openMinute: OPEN + 1, closeMinute: CLOSE }],
  ['1994-02-11', { openMinute: OPEN, closeMinute: 14 * 60 + 30 }], // snow
  ['1995-12-18', { openMinute: 10 * 60 + 30, closeMinute: CLOSE }], // computers
  ['1996-01-08', { openMinute: 11 * 60, closeMinute: 14 * 60 }], // snow
  ['1997-10-27', { openMinute: OPEN, closeMinute: 15 * 60 + 30 }], // circuit breaker
  ['1997-12-26', { openMinute: OPEN, closeMinute: EARLY_CLOSE }],
  ['1999-12-31', { openMinute: OPEN, closeMinute: EARLY_CLOSE }], // the year 2000
  ['2001-09-17', { openMinute: OPEN + 3, closeMinute: CLOSE }], // silence for September 11
  ['2001-10-08', { openMinute: OPEN + 1, closeMinute: CLOSE }], // silence for the troops
  ['2002-09-11', { openMinute: 12 * 60, closeMinute: CLOSE }], // first anniversary
  ['2003-03-20', { openMinute: OPEN + 2, closeMinute: CLOSE }], // silence for the troops
  ['2003-12-26', { openMinute: OPEN, closeMinute: EARLY_CLOSE }],
  ['2004-06-07', { openMinute: OPEN + 2, closeMinute: CLOSE }], // silence for Ronald Reagan
  ['2005-06-01', { openMinute: OPEN, closeMinute: 15 * 60 + 56 }], // systems
  ['2006-12-27', { openMinute: OPEN + 2, closeMinute: CLOSE }], // silence for Gerald Ford
]);

/** The regular hours of a day, or undefined when the exchange is closed. */
export function nyseHours(date: Temporal.PlainDate): TradingHours | undefined {
  if (date.year < NYSE_YEAR_MIN) throw new RangeError(`no calendar of the NYSE before ${NYSE_YEAR_MIN}`);
  if (date.dayOfWeek >= SATURDAY) return undefined;
  const text = date.toString();
  if (SPECIAL_CLOSINGS.has(text) || holidaysOf(date.year).has(text)) return undefined;
  const special = SPECIAL_HOURS.get(text);
  if (special !== undefined) return special;
  if (!closesEarly(date)) return { openMinute: OPEN, closeMinute: CLOSE };
  return { openMinute: OPEN, closeMinute: date.year < 1993 ? EARLY_CLOSE_UNTIL_1992 : EARLY_CLOSE };
}

/** Half days by rule. Such a day that is a holiday itself was answered before. */
function closesEarly(date: Temporal.PlainDate): boolean {
  const { year, month, day, dayOfWeek } = date;
  switch (month) {
    case 7:
      if (day === 3 && year >= 1995) {
        return [MONDAY, TUESDAY, THURSDAY].includes(dayOfWeek) || (dayOfWeek === WEDNESDAY && year >= 2013);
      }
      // Until 2012 the day after a Thursday's Independence Day was the short one.
      return day === 5 && dayOfWeek === FRIDAY && year >= 1995 && year <= 2012;
    case 11:
      return year >= 1992 && date.equals(thanksgiving(year).add({ days: 1 }));
    case 12:
      return day === 24 && dayOfWeek <= THURSDAY;
    default:
      return false;
  }
}

const holidays = new Map<number, ReadonlySet<string>>();

function holidaysOf(year: number): ReadonlySet<string> {
  let known = holidays.get(year);
  if (known === undefined) {
    known = new Set(computeHolidays(year).map((date) => date.toString()));
    holidays.set(year, known);
  }
  return known;
}

function computeHolidays(year: number): readonly Temporal.PlainDate[] {
  const dates = [
    nthWeekday({ year, month: 2, weekday: MONDAY, nth: 3 }), // Washington's Birthday
    easter(year).subtract({ days: 2 }), // Good Friday
    lastMondayOfMay(year), // Memorial Day
    observed(new Temporal.PlainDate(year, 7, 4)), // Independence Day
    nthWeekday({ year, month: 9, weekday: MONDAY, nth: 1 }), // Labor Day
    thanksgiving(year),
    observed(new Temporal.PlainDate(year, 12, 25)), // Christmas
  ];
  const newYear = new Temporal.PlainDate(year, 1, 1);
  if (newYear.dayOfWeek !== SATURDAY) dates.push(observed(newYear));
  // Martin Luther King Jr. Day
  if (year >= 1998) dates.push(nthWeekday({ year, month: 1, weekday: MONDAY, nth: 3 }));
  // Juneteenth
  if (year >= 2022) dates.push(observed(new Temporal.PlainDate(year, 6, 19)));
  return dates;
}

function thanksgiving(year: number): Temporal.PlainDate {
  return nthWeekday({ year, month: 11, weekday: THURSDAY, nth: 4 });
}

function observed(date: Temporal.PlainDate): Temporal.PlainDate {
  if (date.dayOfWeek === SATURDAY) return date.subtract({ days: 1 });
  return date.dayOfWeek === SUNDAY ? date.add({ days: 1 }) : date;
}

function nthWeekday(rule: { year: number; month: number; weekday: number; nth: number }): Temporal.PlainDate {
  const first = new Temporal.PlainDate(rule.year, rule.month, 1);
  const ahead = (rule.weekday - first.dayOfWeek + 7) % 7;
  return first.add({ days: ahead + 7 * (rule.nth - 1) });
}

function lastMondayOfMay(year: number): Temporal.PlainDate {
  const last = new Temporal.PlainDate(year, 5, 31);
  return last.subtract({ days: last.dayOfWeek - MONDAY });
}

/** Easter Sunday of the Gregorian calendar, by the computus of Meeus, Jones and Butcher. */
export function easter(year: number): Temporal.PlainDate {
  const goldenNumber = year % 19;
  const century = Math.floor(year / 100);
  const inCentury = year % 100;
  const moonShift = Math.floor((8 * century + 13) / 25);
  const epact = (19 * goldenNumber + century - Math.floor(century / 4) - moonShift + 15) % 30;
  const toSunday = (32 + 2 * (century % 4) + 2 * Math.floor(inCentury / 4) - epact - (inCentury % 4)) % 7;
  const correction = Math.floor((goldenNumber + 11 * epact + 22 * toSunday) / 451);
  const number = epact + toSunday - 7 * correction + 114;
  return new Temporal.PlainDate(year, Math.floor(number / 31), (number % 31) + 1);
}
