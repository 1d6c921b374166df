/**
 * The session under way or the next one, and the moments it changes. The broker's calendar wins over the exchange's
 * rules, which stand in where the broker cannot be asked.
 */
import type { Broker } from '../brokers/contract.ts';
import { bounds, type SessionCalendar } from '../clock/calendar.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import type { AssetClass, MarketHours, Session } from '../domain/market.ts';
import type { Outcome } from '../domain/outcome.ts';
import { formatMicros, MICROS_PER_DAY } from '../domain/time.ts';
import type { Log } from '../observability/log.ts';

/** A change of phase is seen at most this late. */
const CHECK_PERIOD_MS = 250;
/** After a close the next session is asked for; while nobody knows it, again after this long. */
const RETRY_MS = 5_000;
const DAYS_BACK = 14;
const DAYS_AHEAD = 14;

export type Phase = 'open' | 'closed';

/** Sessions whose date lies in the range, both dates inclusive. */
export type SessionQuery = (fromDate: string, toDate: string) => Promise<Outcome<readonly Session[]>>;

export interface SessionsOptions {
  /** Takes over what the broker says; others read it too. */
  readonly calendar: SessionCalendar;
  /** The broker's calendar; null where it has none for this market (crypto never closes). */
  readonly query: SessionQuery | null;
  readonly marketHours: MarketHours;
  readonly clock: Clock;
  readonly log: Log;
  onSession(session: Session): void;
  onPhase(phase: Phase, session: Session): void;
}

export class Sessions {
  readonly #options: SessionsOptions;
  #session: Session | null = null;
  #phase: Phase | null = null;
  #timer: Timer | null = null;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asking = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Finds the session that runs now, or the next; then watches the clock. */
  async start(): Promise<Session> {
    const session = await this.#find();
    this.#enter(session);
    this.#timer = this.#options.clock.every(CHECK_PERIOD_MS, () => this.#check());
    return session;
  }

  get current(): Session | null {
    return this.#session;
  }

  get phase(): Phase {
    return this.#phase ?? 'closed';
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #check(): void {
    const session = this.#session;
    if (session === null) return;
    const now = this.#options.clock.nowMicros();
    this.#setPhase(session);
    const ended = now >= bounds(session, this.#options.marketHours).toMicros;
    const nowMs = this.#options.clock.monotonicMs();
    if (!ended || this.#asking || nowMs - this.#askedAtMs < RETRY_MS) return;
    this.#asking = true;
    this.#askedAtMs = nowMs;
    void this.#find()
      .then((next) => {
        if (next.openMicros !== session.openMicros) this.#enter(next);
      })
      .finally(() => {
        this.#asking = false;
      });
  }

  #enter(session: Session): void {
    this.#session = session;
    this.#options.log.info(
      {
        date: session.date,
        open: formatMicros(session.openMicros),
        close: formatMicros(session.closeMicros),
      },
      'session',
    );
    this.#options.onSession(session);
    this.#setPhase(session);
  }

  #setPhase(session: Session): void {
    const now = this.#options.clock.nowMicros();
    const { fromMicros, toMicros } = bounds(session, this.#options.marketHours);
    const phase: Phase = now >= fromMicros && now < toMicros ? 'open' : 'closed';
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#options.onPhase(phase, session);
  }

  async #find(): Promise<Session> {
    const { calendar, clock, marketHours } = this.#options;
    await learnSessions(this.#options);
    return calendar.currentOrNext(clock.nowMicros(), marketHours);
  }
}

/** Takes the broker's sessions of the weeks around now into the calendar. Never rejects. */
export async function learnSessions(
  options: Pick<SessionsOptions, 'calendar' | 'query' | 'clock' | 'log'>,
): Promise<void> {
  const { calendar, query, clock, log } = options;
  if (query === null) return;
  const day = (offset: number) => calendar.dateAt(clock.nowMicros() + offset * MICROS_PER_DAY).toString();
  const [from, to] = [day(-DAYS_BACK), day(DAYS_AHEAD)];
  const answer = await query(from, to);
  if (answer.ok) calendar.replace(from, to, answer.value);
  else
    log.warn(
      { reason: answer.failure.message },
      "the broker's calendar cannot be asked; the exchange's rules stand in",
    );
}

/** Where the sessions of a plan's market come from: crypto never closes, so no broker need be asked. */
export function sessionQuery(assetClass: AssetClass, broker: Pick<Broker, 'sessions'>): SessionQuery | null {
  return assetClass === 'crypto' ? null : (from, to) => broker.sessions(from, to);
}
