/** The session of a run's moment, and when it must be looked at again. */
import { bounds, rulesOf, SessionCalendar } from '../clock/calendar.ts';
import type { Session } from '../domain/market.ts';
import { type EpochMicros, MICROS_PER_DAY, MICROS_PER_MILLISECOND } from '../domain/time.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';

/** No market is closed for longer. */
const DAYS_AHEAD = 60;

export class RunSessions {
  readonly calendar: SessionCalendar;
  current: Session;
  /** When the session ends, or positions begin to be closed before it does: whichever comes first. */
  nextMicros: EpochMicros = 0;
  readonly #plan: Tradeplan;
  #endMicros: EpochMicros = 0;
  #closingMicros: EpochMicros = 0;
  #isClosingTold = false;
  #ahead: Session[] = [];

  /** @param told sessions that stand in for those of the rules, on their dates. */
  constructor(plan: Tradeplan, startMicros: EpochMicros, told: readonly Session[] = []) {
    this.#plan = plan;
    this.calendar = new SessionCalendar(rulesOf(plan.assetClass));
    for (const date of new Set(told.map((session) => session.date))) {
      this.calendar.replace(date, date, told);
    }
    this.current = this.calendar.currentOrNext(startMicros, plan.marketHours);
    this.#enter(this.current);
  }

  /** Whether intraday positions are being closed at this moment. */
  isClosing(atMicros: EpochMicros): boolean {
    return atMicros >= this.#closingMicros;
  }

  /** Whether the current session is under way, and not the next one that is waited for. */
  hasBegun(atMicros: EpochMicros): boolean {
    return atMicros > bounds(this.current, this.#plan.marketHours).fromMicros;
  }

  /** Something is due: closing begins, or the next session does; then the days from one opening to the other. */
  advance(): { readonly type: 'closing' } | { readonly type: 'session'; readonly days: number } {
    if (!this.#isClosingTold && this.#closingMicros < this.#endMicros) {
      this.#isClosingTold = true;
      this.nextMicros = this.#endMicros;
      return { type: 'closing' };
    }
    const { openMicros } = this.current;
    this.#enter(this.#after(this.#endMicros));
    return { type: 'session', days: Math.round((this.current.openMicros - openMicros) / MICROS_PER_DAY) };
  }

  /** The session under way at a moment, or else the next one. Asked of the calendar for weeks at a time. */
  #after(moment: EpochMicros): Session {
    const { marketHours } = this.#plan;
    for (;;) {
      const next = this.#ahead.shift();
      if (next === undefined) {
        const date = this.calendar.dateAt(moment);
        const to = date.add({ days: DAYS_AHEAD });
        this.#ahead = [...this.calendar.sessions(date.toString(), to.toString())];
      } else if (bounds(next, marketHours).toMicros > moment) return next;
    }
  }

  #enter(session: Session): void {
    const { marketHours, liquidateBeforeCloseMs } = this.#plan;
    this.current = session;
    this.#endMicros = bounds(session, marketHours).toMicros;
    this.#closingMicros =
      liquidateBeforeCloseMs === null
        ? Number.POSITIVE_INFINITY
        : session.closeMicros - liquidateBeforeCloseMs * MICROS_PER_MILLISECOND;
    this.#isClosingTold = false;
    this.nextMicros = Math.min(this.#endMicros, this.#closingMicros);
  }
}
