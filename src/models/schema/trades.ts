/** Our orders, their executions, and what they earned. */
import { sql } from 'drizzle-orm';
import { bigint, check, index, pgEnum, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { amount, document, moment, words, written } from './columns.ts';
import { portfolio } from './portfolios.ts';
import { algoRun } from './runs.ts';

/** `sell_short` opens a short position and `buy_short` closes one. */
export const tradeOperation = pgEnum('trade_operation', ['buy', 'sell', 'sell_short', 'buy_short']);

const runColumn = () =>
  bigint('algo_run_id', { mode: 'number' })
    .notNull()
    .references(() => algoRun.algoRunId);

/** One row per order, as it last stood. */
export const orders = pgTable(
  'orders',
  {
    clientOrderId: text('client_order_id').primaryKey(),
    brokerOrderId: text('broker_order_id'),
    algoRunId: runColumn(),
    symbol: text('symbol').notNull(),
    side: text('side', { enum: ['buy', 'sell'] }).notNull(),
    type: text('type').notNull(),
    timeInForce: text('time_in_force').notNull(),
    qty: amount('qty').notNull(),
    limitPrice: amount('limit_price'),
    stopPrice: amount('stop_price'),
    filledQty: amount('filled_qty').notNull(),
    avgPrice: amount('avg_price'),
    status: text('status').notNull(),
    reason: words('reason'),
    /** When the desk approved it. */
    createTstamp: moment('create_tstamp').notNull(),
    /** When what stands here was so: a row is never overwritten by an older one. */
    modifyTstamp: moment('modify_tstamp').notNull(),
  },
  (table) => [
    index('orders_algo_run').on(table.algoRunId),
    index('orders_symbol').on(table.symbol),
    index('orders_create_tstamp').on(table.createTstamp),
    index('orders_broker_order_id').on(table.brokerOrderId),
    check('orders_side', sql`${table.side} in ('buy', 'sell')`),
    check('orders_qty', sql`${table.qty} > 0 and ${table.filledQty} >= 0`),
  ],
);

/** One row per execution (fill or partial fill) of an order. */
export const newTrades = pgTable(
  'new_trades',
  {
    tradeId: bigint('trade_id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    algoRunId: runColumn(),
    symbol: text('symbol').notNull(),
    operation: tradeOperation('operation').notNull(),
    qty: amount('qty').notNull(),
    price: amount('price').notNull(),
    indicators: document('indicators').notNull(),
    /** When this row was written. */
    clientTime: written('client_time'),
    /** When it was executed, by the broker's clock (in a backtest, by the simulated one). */
    tstamp: moment('tstamp').notNull(),
    stopPrice: amount('stop_price'),
    targetPrice: amount('target_price'),
    /** Set = the execution was taken back: the row counts no more. */
    expireTstamp: moment('expire_tstamp'),
    tradeFee: amount('trade_fee').notNull().default('0'),
    clientOrderId: text('client_order_id').notNull(),
    executionId: text('execution_id').notNull(),
  },
  (table) => [
    // With the order, because a simulated broker may count its executions anew in every batch.
    uniqueIndex('new_trades_execution').on(table.executionId, table.clientOrderId),
    index('new_trades_algo_run').on(table.algoRunId),
    index('new_trades_symbol').on(table.symbol),
    index('new_trades_tstamp').on(table.tstamp),
    check('new_trades_qty', sql`${table.qty} > 0`),
  ],
);

/** P&L per symbol and run. */
export const gainLoss = pgTable(
  'gain_loss',
  {
    gainLossId: bigint('gain_loss_id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    symbol: text('symbol').notNull(),
    algoRunId: runColumn(),
    gainPercentage: amount('gain_percentage').notNull(),
    gainValue: amount('gain_value').notNull(),
    tstamp: written('tstamp'),
  },
  (table) => [uniqueIndex('gain_loss_symbol_run').on(table.symbol, table.algoRunId)],
);

/** P&L per symbol and portfolio, over all its runs; a simulated one begins anew with every batch. */
export const portfolioGainLoss = pgTable(
  'portfolio_gain_loss',
  {
    portfolioId: text('portfolio_id')
      .notNull()
      .references(() => portfolio.portfolioId),
    symbol: text('symbol').notNull(),
    gainPercentage: amount('gain_percentage').notNull(),
    /** Before fees. */
    gainValue: amount('gain_value').notNull(),
    /** Of all executions in the symbol, those of what is still held too. */
    fees: amount('fees').notNull(),
    tstamp: written('tstamp'),
  },
  (table) => [primaryKey({ columns: [table.portfolioId, table.symbol] })],
);

/** P&L per round trip; `r_units` = (exit - entry) / (entry - stop). */
export const tradeAnalysis = pgTable(
  'trade_analysis',
  {
    tradeAnalysisId: bigint('trade_analysis_id', { mode: 'number' })
      .primaryKey()
      .generatedByDefaultAsIdentity(),
    symbol: text('symbol').notNull(),
    algoRunId: runColumn(),
    startTstamp: moment('start_tstamp').notNull(),
    endTstamp: moment('end_tstamp').notNull(),
    gainPercentage: amount('gain_percentage').notNull(),
    gainValue: amount('gain_value').notNull(),
    rUnits: amount('r_units'),
    tstamp: written('tstamp'),
  },
  (table) => [
    uniqueIndex('trade_analysis_symbol_run_start').on(table.symbol, table.algoRunId, table.startTstamp),
  ],
);

/** What a strategy instance remembers of a symbol (`*` = of all) from one start to the next. */
export const strategyState = pgTable(
  'strategy_state',
  {
    instanceId: text('instance_id').notNull(),
    algoEnv: text('algo_env').notNull(),
    symbol: text('symbol').notNull(),
    state: words('state').notNull(),
    tstamp: moment('tstamp').notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.algoEnv, table.symbol] })],
);
