/**
 * What a scanner is and what it is given. A scanner looks over the market and names the symbols worth trading now.
 * It only asks: its context has queries and no way to an order, a key or a clock of its own, and tables only to read.
 */
import type { ZodType } from 'zod';
import type { Bar, Instrument, Quote, Session } from '../domain/market.ts';
import type { JsonObject } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';

/** A symbol on one day: what it did today, against the day before. */
export interface DaySnapshot {
  readonly symbol: string;
  /** Of the last trade; null when it is not known. */
  readonly lastPrice: number | null;
  readonly quote: Quote | null;
  /** The session's day so far; null before its first trade, even where the feed still shows an older day. */
  readonly today: Bar | null;
  /** The trading day before the session's. */
  readonly previous: Bar | null;
}

/** Shares of a symbol from the session's open to the newest closed minute, and of earlier sessions up to there. */
export interface SessionVolumes {
  readonly today: number;
  /** Oldest first; 0 where a session had no trade by then. */
  readonly earlier: readonly number[];
}

/** What a query of our tables answers, all of it as text. */
export interface SelectedRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A symbol that a scan found. */
export interface Candidate {
  readonly symbol: string;
  /** The higher, the better; only compared within one scan. */
  readonly score: number;
  /** Why, in words and figures; recorded with the pick. */
  readonly reason: string;
}

/** A candidate that was taken, and its place among those of the scan, from 1. */
export interface Pick extends Candidate {
  readonly rank: number;
}

export interface ScannerContext<Parameters> {
  readonly parameters: Parameters;
  readonly nowMicros: EpochMicros;
  /** The session under way, or the next one. */
  readonly session: Session;
  /** Minutes since the session's regular open; negative before it. */
  readonly minutesSinceOpen: number;
  /** What can be traded, sorted by symbol. */
  readonly instruments: readonly Instrument[];
  /** Aborted when the scan's time is over: nothing that it answers later is used. */
  readonly signal: AbortSignal;
  /** Of the named symbols, or of all {@link instruments}. Symbols that the provider does not know are left out. */
  snapshots(symbols?: readonly string[]): Promise<ReadonlyMap<string, DaySnapshot>>;
  /** The newest `count` days before the session's day, oldest first. */
  dailyBars(symbols: readonly string[], count: number): Promise<ReadonlyMap<string, readonly Bar[]>>;
  /** The closed minutes of the last `count` minutes, oldest first. */
  minuteBars(symbols: readonly string[], count: number): Promise<ReadonlyMap<string, readonly Bar[]>>;
  /**
   * Volumes from the open to the minute of the session that it is now, today and in the newest `sessions` sessions
   * that lasted as long. Nothing before the session's first minute has closed. Symbols without a trade are left out.
   */
  sessionVolumes(symbols: readonly string[], sessions: number): Promise<ReadonlyMap<string, SessionVolumes>>;
  /**
   * Asks our own tables, read-only: a single SELECT, its first rows. Rejects with one line when it is no such query or
   * takes longer than `timeoutMs`. On the embedded database it works on a copy, which takes a second or two to make.
   */
  select(
    query: string,
    limits: { readonly rowsMax: number; readonly timeoutMs: number },
  ): Promise<SelectedRows>;
  log(level: 'debug' | 'info' | 'warn', message: string, fields?: JsonObject): void;
}

export interface ScannerDefinition<Parameters> {
  /** Lower-case words joined by hyphens. */
  readonly name: string;
  /** One sentence for lists and help. */
  readonly description: string;
  /** Checks the plan's `parameters:`; unknown keys should be refused (`z.strictObject`). */
  readonly parameters: ZodType<Parameters>;
  /**
   * Looks once. A query that fails rejects, and the scan with it: it is logged and runs again at its next time.
   * The order of the answer does not matter; candidates are ranked by score, equal ones by symbol.
   */
  scan(context: ScannerContext<Parameters>): Promise<readonly Candidate[]> | readonly Candidate[];
}

/** Declares a scanner; the default export of a scanner's file. Only types: it answers what it was given. */
export function defineScanner<Parameters>(
  definition: ScannerDefinition<Parameters>,
): ScannerDefinition<Parameters> {
  return definition;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of scanners mixes parameters of any type.
export type AnyScanner = ScannerDefinition<any>;
