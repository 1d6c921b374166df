/** When something runs, and when that is next. */
import type { MarketHours, Session } from '../domain/market.ts';
import type { EpochMicros } from '../domain/time.ts';
import { bounds, type SessionCalendar } from './calendar.ts';
import { Cron } from './cron.ts';

export type Schedule =
  /** At the start, or at the next opening when the market is closed. */
  | { readonly type: 'once' }
  /** First at the start, then again and again while the market is open. */
  | { readonly type: 'interval'; readonly everyMs: number }
  /** Five or six cron fields, in the exchange's time zone; on every matching moment, open or closed. */
  | { readonly type: 'cron'; readonly expression: string }
  /** Relative to each session: after its open or close when `offsetMs` is positive, before it when negative. */
  | { readonly type: 'market'; readonly anchor: 'open' | 'close'; readonly offsetMs: number };

export interface ScheduleMarket {
  readonly calendar: SessionCalendar;
  /** What counts as open for `once` and `interval`. */
  readonly hours: MarketHours;
}

/** The runs of one schedule. The calendar may be told other sessions between two questions. */
export class ScheduleRuns {
  readonly #schedule: Schedule;
  readonly #market: ScheduleMarket;
  readonly #cron: Cron | undefined;
  readonly #startMicros: EpochMicros;
  #lastMicros: EpochMicros | undefined;
  /** The answer of {@link next}, as long as neither a run nor the calendar has changed it. */
  #answer: { readonly dueMicros: EpochMicros | undefined; readonly revision: number } | undefined;

  constructor(schedule: Schedule, market: ScheduleMarket, startMicros: EpochMicros) {
    this.#schedule = schedule;
    this.#market = market;
    this.#startMicros = startMicros;
    this.#cron =
      schedule.type === 'cron' ? new Cron(schedule.expression, market.calendar.timeZone) : undefined;
  }

  /** Tells that the run due at a moment has been seen to. What fell due until `nowMicros` is not made up for. */
  ran(dueMicros: EpochMicros, nowMicros: EpochMicros): void {
    const { type } = this.#schedule;
    this.#answer = undefined;
    if (type !== 'interval') {
      this.#lastMicros = Math.max(dueMicros, nowMicros);
      return;
    }
    const everyMicros = this.#schedule.everyMs * 1_000;
    const missed = Math.max(0, Math.floor((nowMicros - dueMicros) / everyMicros));
    this.#lastMicros = dueMicros + missed * everyMicros;
  }

  /** When it is due next; a moment in the past is due at once. Undefined when it never runs again. */
  next(): EpochMicros | undefined {
    const { revision } = this.#market.calendar;
    if (this.#answer?.revision !== revision) this.#answer = { dueMicros: this.#compute(), revision };
    return this.#answer.dueMicros;
  }

  #compute(): EpochMicros | undefined {
    const last = this.#lastMicros;
    switch (this.#schedule.type) {
      case 'once':
        return last === undefined ? this.#openFrom(this.#startMicros) : undefined;
      case 'interval':
        return this.#openFrom(last === undefined ? this.#startMicros : last + this.#schedule.everyMs * 1_000);
      case 'cron':
        return this.#cron?.nextAfter(last ?? this.#startMicros);
      case 'market':
        return this.#nextRelative(this.#schedule, last);
    }
  }

  /** The moment itself when the market is open, else its next opening. */
  #openFrom(moment: EpochMicros): EpochMicros {
    const { calendar, hours } = this.#market;
    if (calendar.isOpen(moment, hours)) return moment;
    return bounds(calendar.nextSession(moment, hours), hours).fromMicros;
  }

  #nextRelative(schedule: Extract<Schedule, { type: 'market' }>, last: EpochMicros | undefined): EpochMicros {
    const { calendar } = this.#market;
    const dueOf = (session: Session) =>
      (schedule.anchor === 'open' ? session.openMicros : session.closeMicros) + schedule.offsetMs * 1_000;
    // Who starts in the middle of a session wants what this session has missed.
    if (last === undefined) {
      const session = calendar.sessionAt(this.#startMicros);
      if (session !== undefined && dueOf(session) <= this.#startMicros) return this.#startMicros;
    }
    return dueOf(calendar.firstAfter(last ?? this.#startMicros, dueOf));
  }
}
