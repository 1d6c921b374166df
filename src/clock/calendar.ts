/** When a market trades: by its rules, without a network, until its broker says something better. */
import { Temporal } from 'temporal-polyfill';
import { AssertionError } from '../domain/assert.ts';
import type { AssetClass, MarketHours, Session } from '../domain/market.ts';
import type { EpochMicros } from '../domain/time.ts';
import { nyseHours } from './holidays.ts';

/** The rules of one market. */
export interface MarketRules {
  /** In which a session's date counts and cron expressions are read. */
  readonly timeZone: string;
  /** The session of a date, or undefined when the market is closed that day. */
  session(date: Temporal.PlainDate): Session | undefined;
}

/** The longest time between two sessions that any market has had is six days; twice that finds the next one. */
const SEARCH_DAYS = 14;
const DAY_MINUTES = 1_440;
/** Days whose session is remembered: finding it takes a tenth of a millisecond, and schedulers ask often. */
const CACHED_DAYS_MAX = 4_000;
const EXTENDED_OPEN_MINUTE = 4 * 60;
/** After-hours trading ends four hours after the regular close: at 20:00, on half days at 17:00. */
const EXTENDED_CLOSE_MINUTES = 4 * 60;

/** Stocks in the United States: the hours of the NYSE, which all its exchanges keep. */
export const usEquityRules: MarketRules = {
  timeZone: 'America/New_York',
  session(date) {
    const hours = nyseHours(date);
    if (hours === undefined) return undefined;
    const at = (minute: number) => momentOf(date, minute, 'America/New_York');
    return {
      date: date.toString(),
      openMicros: at(hours.openMinute),
      closeMicros: at(hours.closeMinute),
      extendedOpenMicros: at(EXTENDED_OPEN_MINUTE),
      extendedCloseMicros: at(hours.closeMinute + EXTENDED_CLOSE_MINUTES),
    };
  },
};

/** Crypto never closes: a session is a day in UTC, from midnight to midnight. */
export const cryptoRules: MarketRules = {
  timeZone: 'UTC',
  session(date) {
    const openMicros = momentOf(date, 0, 'UTC');
    const closeMicros = momentOf(date, DAY_MINUTES, 'UTC');
    return {
      date: date.toString(),
      openMicros,
      closeMicros,
      extendedOpenMicros: openMicros,
      extendedCloseMicros: closeMicros,
    };
  },
};

export function rulesOf(assetClass: AssetClass): MarketRules {
  return assetClass === 'crypto' ? cryptoRules : usEquityRules;
}

/** Sessions by rule, and in the ranges that a broker has answered for, the broker's own. */
export class SessionCalendar {
  readonly timeZone: string;
  readonly #rules: MarketRules;
  /** The broker's sessions by date; an empty list is a day without one. */
  readonly #told = new Map<string, readonly Session[]>();
  readonly #ruled = new Map<string, readonly Session[]>();
  #toldUntil: Temporal.PlainDate | undefined;
  #revision = 0;

  constructor(rules: MarketRules) {
    this.#rules = rules;
    this.timeZone = rules.timeZone;
  }

  /**
   * Takes the broker's answer for a range of dates (`YYYY-MM-DD`, both inclusive) in place of the rules: a date in
   * it without a session is a closed day, one with several has several.
   */
  replace(fromDate: string, toDate: string, sessions: readonly Session[]): void {
    const to = Temporal.PlainDate.from(toDate);
    this.#revision += 1;
    if (this.#toldUntil === undefined || compare(to, this.#toldUntil) > 0) this.#toldUntil = to;
    for (let date = Temporal.PlainDate.from(fromDate); compare(date, to) <= 0; date = date.add({ days: 1 })) {
      const text = date.toString();
      this.#told.set(text, byOpen(sessions.filter((session) => session.date === text)));
    }
  }

  /** Grows whenever the broker told something: what was computed before may be wrong. */
  get revision(): number {
    return this.#revision;
  }

  /** Sessions whose date lies in the range, both inclusive, in order of their opening. */
  sessions(fromDate: string, toDate: string): readonly Session[] {
    return byOpen([...this.#each(Temporal.PlainDate.from(fromDate), Temporal.PlainDate.from(toDate))]);
  }

  /** The session that is under way at a moment within the given hours; its close belongs to it no more. */
  sessionAt(moment: EpochMicros, hours: MarketHours = 'regular'): Session | undefined {
    const date = this.dateAt(moment);
    for (const session of this.#each(date.subtract({ days: 1 }), date.add({ days: 1 }))) {
      const { fromMicros, toMicros } = bounds(session, hours);
      if (fromMicros <= moment && moment < toMicros) return session;
    }
    return undefined;
  }

  /** Whether the plan's hours let it trade at the moment: `always` does even where the market is closed. */
  isOpen(moment: EpochMicros, hours: MarketHours): boolean {
    return hours === 'always' || this.sessionAt(moment, hours) !== undefined;
  }

  /** The first session that opens, by the given hours, after the moment. */
  nextSession(moment: EpochMicros, hours: MarketHours = 'regular'): Session {
    return this.firstAfter(moment, (session) => bounds(session, hours).fromMicros);
  }

  /** The first session of which `momentOf` (within a day of its opening) lies after the moment. */
  firstAfter(moment: EpochMicros, momentOf: (session: Session) => EpochMicros): Session {
    const date = this.dateAt(moment);
    // A broker may have told of closed days only; after the last day it told of the rules count again.
    const known =
      this.#toldUntil !== undefined && compare(this.#toldUntil, date) > 0 ? this.#toldUntil : date;
    for (const session of this.#each(date.subtract({ days: 2 }), known.add({ days: SEARCH_DAYS }))) {
      if (momentOf(session) > moment) return session;
    }
    throw new AssertionError(`no session within ${SEARCH_DAYS} days after ${known.toString()}`);
  }

  /** The session under way, or else the next one. */
  currentOrNext(moment: EpochMicros, hours: MarketHours = 'regular'): Session {
    return this.sessionAt(moment, hours) ?? this.nextSession(moment, hours);
  }

  /** The date on the exchange's calendar. */
  dateAt(moment: EpochMicros): Temporal.PlainDate {
    if (this.timeZone === 'UTC') {
      const date = new Date(Math.floor(moment / 1_000));
      return new Temporal.PlainDate(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate());
    }
    return Temporal.Instant.fromEpochMilliseconds(Math.floor(moment / 1_000))
      .toZonedDateTimeISO(this.timeZone)
      .toPlainDate();
  }

  /** The midnight with which a date (`YYYY-MM-DD`) begins there. */
  startOf(date: string): EpochMicros {
    return momentOf(Temporal.PlainDate.from(date), 0, this.timeZone);
  }

  /** The newest date all of whose sessions have closed by a moment. */
  lastClosedDate(moment: EpochMicros): string {
    const date = this.dateAt(moment);
    const sessions = [...this.#each(date.subtract({ days: SEARCH_DAYS }), date)];
    const unfinished = new Set(
      sessions.filter((session) => session.closeMicros > moment).map((session) => session.date),
    );
    const closed = sessions.filter((session) => !unfinished.has(session.date)).at(-1);
    if (closed === undefined)
      throw new AssertionError(`no session within ${SEARCH_DAYS} days before ${date.toString()}`);
    return closed.date;
  }

  /** Date by date, those of one date in order of their opening. */
  *#each(from: Temporal.PlainDate, to: Temporal.PlainDate): Generator<Session> {
    for (let date = from; compare(date, to) <= 0; date = date.add({ days: 1 })) {
      const text = date.toString();
      yield* this.#told.get(text) ?? this.#byRule(date, text);
    }
  }

  #byRule(date: Temporal.PlainDate, text: string): readonly Session[] {
    let sessions = this.#ruled.get(text);
    if (sessions === undefined) {
      const session = this.#rules.session(date);
      sessions = session === undefined ? [] : [session];
      if (this.#ruled.size >= CACHED_DAYS_MAX) this.#ruled.clear();
      this.#ruled.set(text, sessions);
    }
    return sessions;
  }
}

/** From when to when a session is open by a plan's hours. With `always` that is as with `extended`. */
export function bounds(
  session: Session,
  hours: MarketHours,
): { readonly fromMicros: EpochMicros; readonly toMicros: EpochMicros } {
  return hours === 'regular'
    ? { fromMicros: session.openMicros, toMicros: session.closeMicros }
    : { fromMicros: session.extendedOpenMicros, toMicros: session.extendedCloseMicros };
}

/** @param minute after midnight on the clock of the zone; 1440 is the midnight after. */
function momentOf(date: Temporal.PlainDate, minute: number, timeZone: string): EpochMicros {
  // A market that never closes has a session for every day of a backtest, and zones cost microseconds each.
  if (timeZone === 'UTC') return Date.UTC(date.year, date.month - 1, date.day, 0, minute) * 1_000;
  const day = date.add({ days: Math.floor(minute / DAY_MINUTES) });
  const plainTime = new Temporal.PlainTime(Math.floor((minute % DAY_MINUTES) / 60), minute % 60);
  return day.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds * 1_000;
}

function compare(a: Temporal.PlainDate, b: Temporal.PlainDate): number {
  return Temporal.PlainDate.compare(a, b);
}

function byOpen(sessions: readonly Session[]): readonly Session[] {
  return [...sessions].sort((a, b) => a.openMicros - b.openMicros);
}
