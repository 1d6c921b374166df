/**
 * What the desk thread is told when it starts: plain data, handed over as its `workerData`. The market and the
 * database port come along in the transfer list; consumers' ports come later by `attach`. The control port is the
 * worker's own (`parentPort`): `DeskCommand` in, `DeskReport` out.
 */
import type { MessagePort } from 'node:worker_threads';
import type { BrokerConfig } from '../brokers/config.ts';
import type { Session } from '../domain/market.ts';
import type { Environment } from '../models/contract.ts';
import type { LogTarget } from '../observability/log.ts';
import type { JournalMode, Tradeplan } from '../tradeplan/plan.ts';
import type { InstanceRules } from '../transport/messages.ts';

/** Periods and limits of the desk. */
export interface DeskLimits {
  /** How often the machine is told the time: end of day, loss limit and overdue answers are looked at then. */
  readonly tickPeriodMs: number;
  readonly accountPeriodMs: number;
  /** How often the tables are asked what people have paid in and out of portfolios. */
  readonly fundsPeriodMs: number;
  /** After a fill the account is asked for again, at most this often. */
  readonly accountAfterFillMs: number;
  readonly reconcilePeriodMs: number;
  /** The least from one reconciliation to the next, unless the connection is new. */
  readonly reconcileSpacingMs: number;
  /** Waits between tries of a reconciliation that could not be finished. */
  readonly reconcileRetryMs: number;
  readonly reconcileRetryMaxMs: number;
  /** At the start the broker has this long to answer for the account, and reconciliation to come through. */
  readonly startTimeoutMs: number;
  /** Executions are asked for from this long before the last known one, so that none falls between. */
  readonly executionsMarginMs: number;
  /** A clock that is further off the broker's is alerted. */
  readonly clockSkewMaxMs: number;
  /** Rows that wait in memory for the database; beyond it they wait in the journal alone, until the next start. */
  readonly rowsWaitingMax: number;
  readonly rowsPerCall: number;
  /** From one call of the database to the next. An order's rows of so long are one. */
  readonly rowsSpacingMs: number;
  readonly databaseRetryMs: number;
  readonly databaseRetryMaxMs: number;
  /** At a stop: how long open orders may take to be canceled, and rows to reach the database. */
  readonly stopCancelTimeoutMs: number;
  readonly stopFlushTimeoutMs: number;
  /** A journal that has grown beyond it is begun anew with what still matters. */
  readonly journalSegmentBytesMax: number;
  /** Orders that ended and executions stay known over restarts for this long. */
  readonly journalMemoryMs: number;
}

export const DEFAULT_DESK_LIMITS: DeskLimits = {
  tickPeriodMs: 250,
  accountPeriodMs: 15_000,
  fundsPeriodMs: 2_000,
  accountAfterFillMs: 500,
  reconcilePeriodMs: 60_000,
  reconcileSpacingMs: 5_000,
  reconcileRetryMs: 500,
  reconcileRetryMaxMs: 15_000,
  startTimeoutMs: 20_000,
  executionsMarginMs: 300_000,
  clockSkewMaxMs: 5_000,
  rowsWaitingMax: 200_000,
  rowsPerCall: 500,
  rowsSpacingMs: 50,
  databaseRetryMs: 250,
  databaseRetryMaxMs: 10_000,
  stopCancelTimeoutMs: 2_000,
  stopFlushTimeoutMs: 2_000,
  journalSegmentBytesMax: 64 * 1_024 * 1_024,
  journalMemoryMs: 2 * 24 * 3_600_000,
};

export interface DeskConfig {
  readonly batchId: string;
  readonly environment: Environment;
  readonly plan: Tradeplan;
  readonly broker: BrokerConfig;
  readonly instances: readonly InstanceRules[];
  /** The session under way or the next one; null while nobody knows, then by the `session` command. */
  readonly session: Session | null;
  /** The daemon's data directory: the journal lies in `journal/` there. */
  readonly dataDirectory: string;
  readonly journalMode: JournalMode;
  readonly log: LogTarget;
  readonly limits: DeskLimits;
}

/** The worker's `workerData`; the ports must stand in the transfer list too. */
export interface DeskWorkerData {
  readonly config: DeskConfig;
  /** From the producer, where the desk is the receiver `desk`. */
  readonly market: MessagePort | null;
  /** From the database thread. */
  readonly database: MessagePort;
  /** To the recorder; null where the inbox is not recorded. */
  readonly recording: MessagePort | null;
}

/**
 * When an order that was not answered for is of unknown fate, whatever the adapter is doing: it may wait for the rate
 * limit as long as for the answer, and as long as it waits it has certainly not been sent.
 */
export function answerTimeoutMs({ limits }: Pick<Tradeplan, 'limits'>): number {
  return 2 * limits.submitTimeoutMs;
}
