/** Executions become bookings of the account of the portfolio that they were traded for. */
import { and, asc, desc, eq, inArray, isNotNull } from 'drizzle-orm';
import { cashOf } from '../../domain/cash.ts';
import { type Decimal, decimal, formatDecimal } from '../../domain/decimal.ts';
import type { Queries } from '../backend.ts';
import type { NewTrade } from '../contract.ts';
import { accountTransactions } from '../schema/bookings.ts';
import { portfolio, portfolioBatchIds } from '../schema/portfolios.ts';
import { algoRun } from '../schema/runs.ts';
import { newTrades } from '../schema/trades.ts';
import { ROWS_PER_INSERT, sideOf } from './rows.ts';

/** Whose accounts begin anew with every batch. */
export const RESET_WITH_EACH_BATCH = 'SIMULATED';

export function cashOfRow(row: {
  readonly operation: NewTrade['operation'];
  readonly qty: string;
  readonly price: string;
  readonly tradeFee: string;
}): Decimal {
  return cashOf({
    side: sideOf(row.operation),
    quantity: decimal(row.qty),
    price: decimal(row.price),
    fee: decimal(row.tradeFee),
  });
}

/**
 * Books executions whose strategies trade for a portfolio, in the transaction that has written them: so each is booked
 * with its row or not at all, and a row that was there already books nothing.
 */
export async function bookTrades(queries: Queries, tradeIds: readonly number[]): Promise<number> {
  let booked = 0;
  for (let start = 0; start < tradeIds.length; start += ROWS_PER_INSERT) {
    booked += await bookPart(queries, tradeIds.slice(start, start + ROWS_PER_INSERT));
  }
  return booked;
}

async function bookPart(queries: Queries, tradeIds: readonly number[]): Promise<number> {
  const rows = await queries
    .select({
      tradeId: newTrades.tradeId,
      symbol: newTrades.symbol,
      operation: newTrades.operation,
      qty: newTrades.qty,
      price: newTrades.price,
      tradeFee: newTrades.tradeFee,
      tstamp: newTrades.tstamp,
      batchId: algoRun.batchId,
      environment: algoRun.algoEnv,
      accountId: portfolio.accountId,
      portfolioId: portfolio.portfolioId,
    })
    .from(newTrades)
    .innerJoin(algoRun, eq(algoRun.algoRunId, newTrades.algoRunId))
    .innerJoin(portfolio, eq(portfolio.portfolioId, algoRun.portfolioId))
    .where(and(inArray(newTrades.tradeId, [...tradeIds]), isNotNull(portfolio.accountId)))
    // Always in the same order: two that book for the same accounts wait for each other, and never both.
    .orderBy(asc(portfolio.accountId), asc(newTrades.tradeId));
  const newest = new Map<string, string | undefined>();
  const bookings: (typeof accountTransactions.$inferInsert)[] = [];
  for (const row of rows) {
    if (row.accountId === null) continue;
    if (row.environment === RESET_WITH_EACH_BATCH) {
      if (!newest.has(row.portfolioId))
        newest.set(row.portfolioId, await newestBatch(queries, row.portfolioId));
      // A row that comes late, of a simulated account that is no more.
      if (newest.get(row.portfolioId) !== row.batchId) continue;
    }
    bookings.push({
      accountId: row.accountId,
      amount: formatDecimal(cashOfRow(row)),
      kind: 'trade',
      tradeId: row.tradeId,
      tstamp: row.tstamp,
      details: { portfolioId: row.portfolioId, batchId: row.batchId, symbol: row.symbol },
    });
  }
  if (bookings.length === 0) return 0;
  const written = await queries
    .insert(accountTransactions)
    .values(bookings)
    .onConflictDoNothing()
    .returning({ transactionId: accountTransactions.transactionId });
  return written.length;
}

/** The batch that traded last for a portfolio. */
export async function newestBatch(queries: Queries, portfolioId: string): Promise<string | undefined> {
  const [row] = await queries
    .select({ batchId: portfolioBatchIds.batchId })
    .from(portfolioBatchIds)
    .where(eq(portfolioBatchIds.portfolioId, portfolioId))
    .orderBy(desc(portfolioBatchIds.assocId))
    .limit(1);
  return row?.batchId;
}
