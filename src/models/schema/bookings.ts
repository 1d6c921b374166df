/** What moved the cash of accounts. */
import { sql } from 'drizzle-orm';
import { bigint, check, index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { amount, document, written } from './columns.ts';
import { accounts } from './portfolios.ts';
import { newTrades } from './trades.ts';

/** A booking: written once; amount and account never change, and nothing is deleted (a trigger refuses both). */
export const accountTransactions = pgTable(
  'account_transactions',
  {
    transactionId: bigint('transaction_id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    accountId: bigint('account_id', { mode: 'number' })
      .notNull()
      .references(() => accounts.accountId),
    amount: amount('amount').notNull(),
    details: document('details'),
    tstamp: written('tstamp'),
    createTstamp: written('create_tstamp'),
    /**
     * - `funding`: a person paid in or out.
     * - `trade`: what an execution cost or brought, with its fee.
     * - `correction`: sets right what was booked of an execution that was taken back or changed later.
     * - `reset`: a simulated account begins anew; sets off what earlier batches traded.
     */
    kind: text('kind', { enum: ['funding', 'trade', 'correction', 'reset'] })
      .notNull()
      .default('funding'),
    /** The execution that a `trade` or a `correction` is about: each is booked once, and corrected as often as need be. */
    tradeId: bigint('trade_id', { mode: 'number' }).references(() => newTrades.tradeId),
    /** What a funding is asked for under: asked for twice it is booked once. */
    reference: text('reference').unique(),
  },
  (table) => [
    index('account_transactions_account').on(table.accountId, table.tstamp),
    uniqueIndex('account_transactions_trade').on(table.tradeId).where(sql`${table.kind} = 'trade'`),
    index('account_transactions_trade_id').on(table.tradeId),
    check('account_transactions_kind', sql`${table.kind} in ('funding', 'trade', 'correction', 'reset')`),
    check(
      'account_transactions_of_trade',
      sql`(${table.tradeId} is not null) = (${table.kind} in ('trade', 'correction'))`,
    ),
  ],
);
