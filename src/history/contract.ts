/** What is fetched of the past, and what came of it. */
import type { BarAdjustment } from '../providers/contract.ts';

export const HISTORY_KINDS = ['bars', 'trades', 'quotes'] as const;
/** Minute bars, trades, quotes. */
export type HistoryKind = (typeof HISTORY_KINDS)[number];

export interface HistoryRequest {
  readonly symbols: readonly string[];
  readonly kinds: readonly HistoryKind[];
  /** Dates of the exchange (`YYYY-MM-DD`), both inclusive. */
  readonly fromDate: string;
  readonly toDate: string;
  /** Of bars. */
  readonly adjustment: BarAdjustment;
}

/** What there is now of one symbol and kind. */
export interface HistorySummary {
  readonly symbol: string;
  readonly kind: HistoryKind;
  /** Days asked for. */
  readonly days: number;
  /** Those of them that were there whole already, and were not asked for again. */
  readonly known: number;
  /** Rows that were fetched. */
  readonly rows: number;
  /** Fetched days without any row. */
  readonly emptyDays: readonly string[];
  /** Of the regular sessions of fetched days with bars, how many minutes have none. */
  readonly missingMinutes: number;
  /** Fetched days that were not over: they are fetched again. */
  readonly unfinishedDays: readonly string[];
}

export interface HistoryResult {
  readonly directory: string;
  /** False when it was stopped: the next run goes on. */
  readonly isComplete: boolean;
  readonly tapes: readonly HistorySummary[];
}
