/**
 * Fetches what is missing of the past into tapes. What is there is not asked for again, so that an interrupted run goes
 * on where it ended, and a second one over days that are over asks for nothing.
 */
import type { SessionCalendar } from '../clock/calendar.ts';
import type { Clock } from '../clock/clock.ts';
import { EXIT_UNREACHABLE, UserError } from '../domain/exit.ts';
import type { Bar, Session } from '../domain/market.ts';
import { type EpochMicros, formatMicros, MICROS_PER_HOUR, MICROS_PER_MINUTE } from '../domain/time.ts';
import type { HistoryProvider } from '../providers/contract.ts';
import type { HistoryKind, HistoryRequest, HistoryResult, HistorySummary } from './contract.ts';
import { rowsOf } from './ranges.ts';
import type { HistoryRows, HistoryTapes } from './tapes.ts';

/** Minute bars of so many days fit into two pages of an answer. */
const BAR_DAYS_PER_REQUEST = 20;
/** So long after its end a day has all its late reports. */
const OVER_AFTER_MICROS = MICROS_PER_HOUR;
const DAY_MS = 86_400_000;

export interface FetchOptions {
  readonly request: HistoryRequest;
  readonly tapes: HistoryTapes;
  readonly calendar: SessionCalendar;
  readonly clock: Clock;
  /** Only called when something is missing. */
  readonly open: () => Promise<HistoryProvider>;
  /** Requests that may be under way at once. */
  readonly concurrentMax: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (share: number, text: string) => void;
}

interface Job {
  readonly symbol: string;
  readonly kind: HistoryKind;
  readonly dates: readonly string[];
}

interface Tally {
  days: number;
  known: number;
  rows: number;
  emptyDays: string[];
  unfinishedDays: string[];
  missingMinutes: number;
}

/** @throws {UserError} exit code 3 when the provider does not answer or refuses; what was fetched stays. */
export async function fetchHistory(options: FetchOptions): Promise<HistoryResult> {
  const { tapes, signal, onProgress } = options;
  const nowMicros = options.clock.nowMicros();
  const tallies = new Map<string, Tally>();
  const jobs = await missingJobs(options, tallies);
  if (jobs.length > 0) {
    const history = await options.open();
    let done = 0;
    const waiting = [...jobs];
    const work = async () => {
      for (let job = waiting.shift(); job !== undefined && !signal.aborted; job = waiting.shift()) {
        await fetchJob(job, { ...options, history, nowMicros, tally: tallies.get(keyOf(job))! });
        done += 1;
        onProgress?.(done / jobs.length, `${job.symbol} ${job.kind} ${job.dates.at(-1)}`);
      }
    };
    const lines = Math.min(options.concurrentMax, jobs.length);
    await Promise.all(Array.from({ length: lines }, work)).catch((error: unknown) => {
      // A request that was given up is no failure.
      if (!signal.aborted) throw error;
    });
  }
  return {
    directory: tapes.directory,
    isComplete: !signal.aborted,
    tapes: [...tallies].map(([key, tally]): HistorySummary => {
      const [symbol = '', kind] = key.split(' ');
      return { symbol, kind: kind as HistoryKind, ...tally, emptyDays: tally.emptyDays.toSorted() };
    }),
  };
}

async function missingJobs(options: FetchOptions, tallies: Map<string, Tally>): Promise<readonly Job[]> {
  const { request, calendar, tapes } = options;
  const nowMicros = options.clock.nowMicros();
  const sessions = calendar.sessions(request.fromDate, request.toDate);
  const dates = [...new Set(sessions.map(({ date }) => date))].filter(
    (date) => calendar.startOf(date) < nowMicros,
  );
  const jobs: Job[] = [];
  for (const symbol of request.symbols) {
    for (const kind of request.kinds) {
      const missing: string[] = [];
      for (const date of dates) if (!(await tapes.isKept({ symbol, kind, date }))) missing.push(date);
      const known = dates.length - missing.length;
      const tally = {
        days: dates.length,
        known,
        rows: 0,
        emptyDays: [],
        unfinishedDays: [],
        missingMinutes: 0,
      };
      tallies.set(keyOf({ symbol, kind }), tally);
      const size = kind === 'bars' ? BAR_DAYS_PER_REQUEST : 1;
      for (let start = 0; start < missing.length; start += size) {
        jobs.push({ symbol, kind, dates: missing.slice(start, start + size) });
      }
    }
  }
  return jobs;
}

async function fetchJob(
  job: Job,
  of: FetchOptions & {
    readonly history: HistoryProvider;
    readonly nowMicros: EpochMicros;
    readonly tally: Tally;
  },
): Promise<void> {
  const { calendar, history, nowMicros, request, signal, tally, tapes } = of;
  const { symbol, kind, dates } = job;
  const endOf = (date: string) => calendar.startOf(otherDate(date, 1));
  const answer = await rowsOf(history, {
    symbol,
    kind,
    fromMicros: calendar.startOf(dates[0]!),
    toMicros: Math.min(endOf(dates.at(-1)!), nowMicros),
    adjustment: request.adjustment,
    signal,
  });
  signal.throwIfAborted();
  if (!answer.ok) throw unanswered(job, answer.failure.message);
  const rows = answer.value;
  let from = 0;
  for (const date of dates) {
    const [startMicros, endMicros] = [calendar.startOf(date), endOf(date)];
    while (from < rows.length && rows[from]!.timeMicros < startMicros) from += 1;
    let to = from;
    while (to < rows.length && rows[to]!.timeMicros < endMicros) to += 1;
    const ofDay = rows.slice(from, to);
    from = to;
    const isOver = endMicros + OVER_AFTER_MICROS <= nowMicros;
    const createdAt = formatMicros(nowMicros);
    await tapes.keep({ symbol, kind, date }, { kind, rows: ofDay } as HistoryRows, { isOver, createdAt });
    tally.rows += ofDay.length;
    if (!isOver) tally.unfinishedDays.push(date);
    if (ofDay.length === 0) tally.emptyDays.push(date);
    else if (kind === 'bars') {
      // That of the day before may go on after midnight.
      const sessions = calendar.sessions(otherDate(date, -1), date);
      const toMicros = Math.min(endMicros, nowMicros - MICROS_PER_MINUTE);
      const day = { fromMicros: startMicros, toMicros };
      tally.missingMinutes += missingMinutes(ofDay as readonly Bar[], sessions, day);
    }
  }
}

/** Minutes of a day's regular sessions without a bar: nothing was traded, or it is missing. */
function missingMinutes(
  bars: readonly Bar[],
  sessions: readonly Session[],
  { fromMicros, toMicros }: { readonly fromMicros: EpochMicros; readonly toMicros: EpochMicros },
): number {
  const starts = new Set(bars.map(({ timeMicros }) => timeMicros));
  let missing = 0;
  for (const { openMicros, closeMicros } of sessions) {
    const endMicros = Math.min(closeMicros, toMicros);
    for (let at = openMicros; at < endMicros; at += MICROS_PER_MINUTE) {
      if (at >= fromMicros && !starts.has(at)) missing += 1;
    }
  }
  return missing;
}

function otherDate(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

function keyOf({ symbol, kind }: Pick<Job, 'symbol' | 'kind'>): string {
  return `${symbol} ${kind}`;
}

function unanswered({ symbol, kind, dates }: Job, message: string): UserError {
  return new UserError({
    exitCode: EXIT_UNREACHABLE,
    cause: `no ${kind} of ${symbol} for ${dates[0]}: ${message}`,
    remedy: 'What was fetched is kept; the same command goes on from there.',
  });
}
