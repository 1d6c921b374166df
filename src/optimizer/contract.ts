/** The words of a parameter search. */
import type { BacktestInstance } from '../backtester/config.ts';
import type { DataReport } from '../backtester/data/inspect.ts';
import type { BacktestMetrics } from '../backtester/result.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { ParameterRange, Tradeplan } from '../tradeplan/plan.ts';

/** One value for each range of the plan, in their order. */
export type Values = readonly ParameterRange['values'][number][];

/** Both ends included. */
export interface Span {
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
}

/** What a backtest is for: the search itself, choosing and testing in a fold, or the hold-out. */
export type Stage = 'search' | 'train' | 'test' | 'holdout';

/** A backtest that is asked for. */
export interface Evaluation {
  readonly stage: Stage;
  /** Of a walk-forward, counted from 1; 0 elsewhere. */
  readonly fold: number;
  readonly values: Values;
  readonly span: Span;
}

/** What a worker is given with each task. */
export interface TrialTask {
  readonly batchId: string;
  readonly values: Values;
  readonly span: Span;
}

export interface Figures {
  readonly finalEquity: string;
  readonly fills: number;
  /** Strategies that failed: such a trial is never the best. */
  readonly faults: number;
  readonly metrics: BacktestMetrics;
  /** Of the sessions' returns, not annualised; null where there are too few. */
  readonly shape: { readonly sharpe: number; readonly skewness: number; readonly kurtosis: number } | null;
}

export type TrialOutcome =
  | { readonly type: 'done'; readonly figures: Figures }
  /** The strategy does not take these parameters together, or cannot be run with them. */
  | { readonly type: 'refused'; readonly reason: string };

/** All rows of a search, decoded once, in memory that all workers read. */
export interface SharedData {
  /** Batches in the order of time. */
  readonly buffers: readonly SharedArrayBuffer[];
  /** By id, from 1. */
  readonly symbols: readonly string[];
  /** Symbols of the plan that the data lacks. */
  readonly missing: readonly string[];
  readonly hasBars: boolean;
  readonly span: Span;
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 of all columns: the same rows have the same. */
  readonly digest: string;
  readonly report: DataReport;
}

/** What every worker is given once. */
export interface WorkerJob {
  readonly plan: Tradeplan;
  readonly instances: readonly BacktestInstance[];
  readonly data: SharedData;
}
