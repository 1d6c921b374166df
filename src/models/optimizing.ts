/** What parameter searches keep, as rows: the stores' contract for them. */
import type { JsonObject } from '../domain/order.ts';

/** A backtest of a search that has ended. */
export interface OptimizerRunRow {
  readonly sessionId: string;
  /** Derived from all that the backtest depends on: the same one again has the same. */
  readonly batchId: string;
  readonly parameters: JsonObject;
  /** What it was for, and what came of it. */
  readonly outcome: JsonObject;
}

export interface OptimizerStores {
  /** Inserts; a backtest that is there already is left alone. */
  recordOptimizerRun(row: OptimizerRunRow): Promise<void>;
  /** A session's rows by batch id, beginning after one, at most {@link OPTIMIZER_RUNS_PER_PAGE}. */
  optimizerRunsAfter(sessionId: string, batchId: string | null): Promise<readonly OptimizerRunRow[]>;
  /** Of all sessions, those whose outcome has this `stage`: the newest, at most {@link OPTIMIZER_RUNS_PER_PAGE}. */
  optimizerRunsOfStage(stage: string): Promise<readonly OptimizerRunRow[]>;
}

export const OPTIMIZER_RUNS_PER_PAGE = 5_000;
