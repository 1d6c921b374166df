/** Cash accounts, the portfolios that draw on them, and the strategies that trade for a portfolio. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  date,
  index,
  pgEnum,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { amount, document, moment, written } from './columns.ts';

export const assetType = pgEnum('asset_type', ['US_EQUITIES', 'CRYPTO']);

/**
 * A cash account. The balance follows its transactions by trigger. A trigger refuses withdrawals beyond the credit; what
 * was traded is always booked, for risk has judged it before the order was sent.
 */
export const accounts = pgTable(
  'accounts',
  {
    accountId: bigint('account_id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    balance: amount('balance').notNull().default('0'),
    allowNegative: boolean('allow_negative').notNull().default(false),
    creditLine: amount('credit_line').notNull().default('0'),
    details: document('details'),
    createTstamp: written('create_tstamp'),
    modifyTstamp: written('modify_tstamp'),
  },
  (table) => [
    check(
      'accounts_credit_line',
      sql`${table.creditLine} >= 0 and (${table.creditLine} > 0 or not ${table.allowNegative})`,
    ),
  ],
);

/** What belongs to one strategy or several that share their cash. */
export const portfolio = pgTable(
  'portfolio',
  {
    portfolioId: text('portfolio_id').primaryKey(),
    /** What it is meant to manage, in the account's currency. */
    size: amount('size').notNull(),
    parameters: document('parameters').notNull().default({}),
    expireTstamp: moment('expire_tstamp'),
    tstamp: written('tstamp'),
    accountId: bigint('account_id', { mode: 'number' }).references(() => accounts.accountId),
    assets: assetType('assets').notNull().default('US_EQUITIES'),
    externalAccountId: text('external_account_id'),
    broker: text('broker'),
    /** Whose trades it books: set by the first batch that trades for it, and no other environment may. */
    algoEnv: text('algo_env'),
  },
  (table) => [
    index('portfolio_account').on(table.accountId),
    check(
      'portfolio_algo_env',
      sql`${table.algoEnv} is null or ${table.algoEnv} in ('SIMULATED', 'PAPER', 'PROD')`,
    ),
  ],
);

/** Which batches traded for a portfolio. */
export const portfolioBatchIds = pgTable(
  'portfolio_batch_ids',
  {
    assocId: bigint('assoc_id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    portfolioId: text('portfolio_id')
      .notNull()
      .references(() => portfolio.portfolioId),
    batchId: text('batch_id').notNull(),
  },
  (table) => [
    uniqueIndex('portfolio_batch_ids_pair').on(table.portfolioId, table.batchId),
    index('portfolio_batch_ids_batch').on(table.batchId),
  ],
);

/** A strategy that is defined in the database instead of in a file. */
export const tradePlan = pgTable(
  'trade_plan',
  {
    tradePlanId: uuid('trade_plan_id').primaryKey().defaultRandom(),
    portfolioId: text('portfolio_id')
      .notNull()
      .references(() => portfolio.portfolioId),
    startDate: date('start_date', { mode: 'string' }).notNull(),
    strategyName: text('strategy_name').notNull(),
    parameters: document('parameters').notNull(),
    createTstamp: written('create_tstamp'),
    modifyTstamp: written('modify_tstamp'),
    expireTstamp: moment('expire_tstamp'),
  },
  (table) => [
    index('trade_plan_portfolio').on(table.portfolioId),
    index('trade_plan_active').on(table.startDate).where(sql`${table.expireTstamp} is null`),
  ],
);

/** When such a strategy was run. */
export const tradePlanExecutionAudit = pgTable(
  'trade_plan_execution_audit',
  {
    executionId: bigint('execution_id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    tradePlanId: uuid('trade_plan_id')
      .notNull()
      .references(() => tradePlan.tradePlanId),
    details: document('details'),
    startedOn: moment('started_on').notNull(),
    endedOn: moment('ended_on'),
  },
  (table) => [index('trade_plan_execution_audit_plan').on(table.tradePlanId, table.startedOn)],
);
