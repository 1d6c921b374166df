/** The simulated trading days: the running one opened a while before the start, the others lie around it. */
import { assert } from '../../domain/assert.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { MICROS_PER_MINUTE } from '../../domain/time.ts';
import type { SessionShape } from '../options.ts';
import { localParts, midnightOf, momentOf, shiftDate, type Zone } from './zones.ts';

export const NEW_YORK: Zone = 'America/New_York';

export interface TradingSession {
  /** New York date of its open. */
  readonly date: string;
  readonly openMicros: EpochMicros;
  readonly closeMicros: EpochMicros;
}

/** One row of `/v2/calendar`. */
export interface CalendarRow {
  readonly date: string;
  readonly open: string;
  readonly close: string;
  readonly session_open: string;
  readonly session_close: string;
  readonly settlement_date: string;
}

/**
 * Sessions follow one another after a short break, at whatever hour of the day the exchange was started; the days
 * before the start have one session each, at the same local time.
 *
 * The calendar speaks Alpaca's form, with two rules where that form has no word for such days:
 * - times are New York's; a close that is not later than its open is on the next day;
 * - a date stands there once. Where several sessions open on one date, its row is the first that has not closed
 *   yet (the last, when all have): so ask again after a close.
 */
export class SessionSchedule {
  readonly shape: SessionShape;
  readonly #firstOpen: EpochMicros;
  #day = { fromMicros: 0, toMicros: 0, dayMicros: 0 };

  constructor(startMicros: EpochMicros, shape: SessionShape) {
    assert(shape.lengthMinutes > 0 && shape.breakMinutes >= 0, 'a session lasts at least a minute');
    this.shape = shape;
    const minute = Math.floor(startMicros / MICROS_PER_MINUTE);
    this.#firstOpen = (minute - shape.openedBeforeStartMinutes) * MICROS_PER_MINUTE;
  }

  /** Session 0 is the one that runs at the start; negative numbers are the days before it. */
  session(index: number): TradingSession {
    const length = this.shape.lengthMinutes * MICROS_PER_MINUTE;
    if (index >= 0) {
      const openMicros =
        this.#firstOpen + index * (this.shape.lengthMinutes + this.shape.breakMinutes) * MICROS_PER_MINUTE;
      return { date: localParts(NEW_YORK, openMicros).date, openMicros, closeMicros: openMicros + length };
    }
    const first = localParts(NEW_YORK, this.#firstOpen);
    const date = shiftDate(first.date, index);
    const openMicros = momentOf(NEW_YORK, date, first.time);
    return { date, openMicros, closeMicros: openMicros + length };
  }

  /** The session under way at the moment (its close excluded), or undefined in a break. */
  running(moment: EpochMicros): TradingSession | undefined {
    const index = this.#indexAtOrAfter(moment);
    const session = this.session(index);
    return session.openMicros <= moment ? session : undefined;
  }

  /** The first session that opens after the moment. */
  nextOpen(moment: EpochMicros): TradingSession {
    const index = this.#indexAtOrAfter(moment);
    const session = this.session(index);
    return session.openMicros > moment ? session : this.session(index + 1);
  }

  /** The first session that closes after the moment: the running one, or the next. */
  nextClose(moment: EpochMicros): TradingSession {
    return this.session(this.#indexAtOrAfter(moment));
  }

  /**
   * Start of the daily bar that the moment counts in: New York midnight of the date on which its session (or the last
   * before it) opened. A session that runs over midnight is one day; sessions that open on one date share it.
   */
  tradingDay(moment: EpochMicros): EpochMicros {
    const known = this.#day;
    if (moment >= known.fromMicros && moment < known.toMicros) return known.dayMicros;
    const next = this.#indexAtOrAfter(moment);
    const index = this.session(next).openMicros <= moment ? next : next - 1;
    const { openMicros } = this.session(index);
    const dayMicros = midnightOf(NEW_YORK, openMicros);
    this.#day = { fromMicros: openMicros, toMicros: this.session(index + 1).openMicros, dayMicros };
    return dayMicros;
  }

  /** Rows of the calendar for the dates from `from` to `to`, both inclusive. */
  calendar(from: string, to: string, now: EpochMicros): CalendarRow[] {
    const byDate = new Map<string, TradingSession>();
    const firstDate = this.session(0).date;
    for (let index = -1, date = shiftDate(firstDate, -1); date >= from; index -= 1) {
      const session = this.session(index);
      if (date <= to) byDate.set(date, session);
      date = shiftDate(date, -1);
    }
    for (let index = 0; ; index += 1) {
      const session = this.session(index);
      if (session.date > to) break;
      if (session.date < from) continue;
      const known = byDate.get(session.date);
      if (known === undefined || known.closeMicros <= now) byDate.set(session.date, session);
    }
    return [...byDate.values()].sort((a, b) => a.openMicros - b.openMicros).map(calendarRow);
  }

  /** Index of the session that contains the moment, or of the next one. */
  #indexAtOrAfter(moment: EpochMicros): number {
    if (moment >= this.#firstOpen) {
      const period = (this.shape.lengthMinutes + this.shape.breakMinutes) * MICROS_PER_MINUTE;
      const index = Math.floor((moment - this.#firstOpen) / period);
      return moment < this.session(index).closeMicros ? index : index + 1;
    }
    let index = -1;
    while (this.session(index).openMicros > moment) index -= 1;
    return moment < this.session(index).closeMicros ? index : index + 1;
  }
}

function calendarRow(session: TradingSession): CalendarRow {
  const open = localParts(NEW_YORK, session.openMicros).time;
  const close = localParts(NEW_YORK, session.closeMicros).time;
  return {
    date: session.date,
    open,
    close,
    session_open: open.replace(':', ''),
    session_close: close.replace(':', ''),
    settlement_date: shiftDate(session.date, 1),
  };
}
