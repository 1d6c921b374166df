/** Who ran, with what, and how it ended. */
import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { document, moment, words, written } from './columns.ts';
import { portfolio } from './portfolios.ts';

/** One row per strategy instance and consumer of a batch. */
export const algoRun = pgTable(
  'algo_run',
  {
    algoRunId: bigint('algo_run_id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    algoName: text('algo_name').notNull(),
    /** `SIMULATED`, `PAPER`, `PROD`, `BACKTEST` or `REPLAY`. */
    algoEnv: text('algo_env').notNull(),
    /** Which code ran: the hash of the strategy's bundle. */
    buildNumber: text('build_number').notNull(),
    parameters: document('parameters').notNull(),
    startTime: moment('start_time').notNull(),
    endTime: moment('end_time'),
    endReason: words('end_reason'),
    batchId: text('batch_id').notNull(),
    /** The run of which this one is a repetition. */
    refAlgoRun: bigint('ref_algo_run', { mode: 'number' }).references((): AnyPgColumn => algoRun.algoRunId),
    instanceId: text('instance_id').notNull(),
    consumer: text('consumer').notNull(),
    /** Whose cash its trades move; null = nobody's. */
    portfolioId: text('portfolio_id').references(() => portfolio.portfolioId),
  },
  (table) => [
    uniqueIndex('algo_run_batch_instance_consumer').on(table.batchId, table.instanceId, table.consumer),
    index('algo_run_start_time').on(table.startTime),
    index('algo_run_instance_env').on(table.instanceId, table.algoEnv),
    index('algo_run_portfolio').on(table.portfolioId).where(sql`${table.portfolioId} is not null`),
    index('algo_run_open').on(table.batchId).where(sql`${table.endTime} is null`),
    check('algo_run_algo_env', sql`${table.algoEnv} in ('SIMULATED', 'PAPER', 'PROD', 'BACKTEST', 'REPLAY')`),
    check('algo_run_ended', sql`(${table.endTime} is null) = (${table.endReason} is null)`),
  ],
);

/** With which code and parameters a run ran, and since when: a plan that is read again adds a row. */
export const algoRunSettings = pgTable(
  'algo_run_settings',
  {
    algoRunId: bigint('algo_run_id', { mode: 'number' })
      .notNull()
      .references(() => algoRun.algoRunId),
    since: moment('since').notNull(),
    buildNumber: text('build_number').notNull(),
    parameters: document('parameters').notNull(),
  },
  (table) => [primaryKey({ columns: [table.algoRunId, table.since] })],
);

/** One row per backtest of a parameter search, written when it has ended: what is there need not be run again. */
export const optimizerRun = pgTable(
  'optimizer_run',
  {
    optimizerRunId: bigint('optimizer_run_id', { mode: 'number' })
      .primaryKey()
      .generatedByDefaultAsIdentity(),
    optimizerSessionId: text('optimizer_session_id').notNull(),
    batchId: text('batch_id').notNull(),
    tstamp: written('tstamp'),
    parameters: document('parameters').notNull(),
    /** What the backtest was for, and what came of it. */
    outcome: document('outcome'),
  },
  (table) => [uniqueIndex('optimizer_run_session_batch').on(table.optimizerSessionId, table.batchId)],
);

/** One row per run of a miner. Of a miner of the plan at most one is open whose process is alive. */
export const minerRun = pgTable(
  'miner_run',
  {
    minerRunId: bigint('miner_run_id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    batchId: text('batch_id').notNull(),
    /** Its name in the plan. */
    minerId: text('miner_id').notNull(),
    minerName: text('miner_name').notNull(),
    parameters: document('parameters').notNull(),
    startTime: moment('start_time').notNull(),
    endTime: moment('end_time'),
    /** `done`, `failed`, `stopped` or `abandoned`. */
    endReason: words('end_reason'),
    error: words('error'),
    /** How far it is, in words. */
    progress: words('progress'),
    rowsWritten: integer('rows_written').notNull().default(0),
  },
  (table) => [
    index('miner_run_name_start').on(table.minerName, table.startTime),
    index('miner_run_id_start').on(table.minerId, table.startTime),
  ],
);
