/** Rebuilds an account: each execution against what was booked of it, and the balance against the bookings. */
import { and, asc, eq, gt, sql } from 'drizzle-orm';
import { add, type Decimal, decimal, formatDecimal, subtract, ZERO } from '../../domain/decimal.ts';
import type { Queries } from '../backend.ts';
import type { BookingDifference, PortfolioStores } from '../portfolios.ts';
import { accountTransactions } from '../schema/bookings.ts';
import { accounts } from '../schema/portfolios.ts';
import { algoRun } from '../schema/runs.ts';
import { newTrades } from '../schema/trades.ts';
import { cashOfRow, newestBatch, RESET_WITH_EACH_BATCH } from './bookings.ts';
import { lockAccount } from './portfolios.ts';

const ROWS_PER_PAGE = 5_000;

interface Difference {
  readonly shown: BookingDifference;
  readonly missing: Decimal;
  readonly isRevoked: boolean;
}

export function createRecalculationStores(queries: Queries): Pick<PortfolioStores, 'recalculatePortfolio'> {
  return {
    async recalculatePortfolio(portfolioId, isDryRun) {
      return await queries.transaction(async (transaction) => {
        const account = await lockAccount(transaction, portfolioId);
        if (account === undefined) return null;
        const { accountId } = account;
        const { checked, differences } = await compare(transaction, portfolioId);
        const before = await sumOf(transaction, accountId);
        const after = differences.reduce((sum, { missing }) => add(sum, missing), before);
        if (!isDryRun) {
          for (const difference of differences) await correct(transaction, accountId, difference);
          await transaction
            .update(accounts)
            .set({ balance: formatDecimal(after) })
            .where(eq(accounts.accountId, accountId));
        }
        return {
          portfolioId,
          tradesChecked: checked,
          differences: differences.map(({ shown }) => shown),
          cashBefore: account.balance,
          cashAfter: formatDecimal(after),
        };
      });
    },
  };
}

async function compare(
  queries: Queries,
  portfolioId: string,
): Promise<{ readonly checked: number; readonly differences: readonly Difference[] }> {
  const newest = await newestBatch(queries, portfolioId);
  const differences: Difference[] = [];
  let checked = 0;
  for (let after = 0; ; ) {
    const rows = await readPage(queries, portfolioId, after);
    for (const row of rows) {
      // The simulated accounts of earlier batches are no more.
      if (row.environment === RESET_WITH_EACH_BATCH && row.batchId !== newest) continue;
      checked += 1;
      const isRevoked = row.expireTstamp !== null;
      const right = isRevoked ? ZERO : cashOfRow(row);
      const booked = row.booked === null ? null : decimal(row.booked);
      const missing = subtract(right, booked ?? ZERO);
      if (missing === ZERO) continue;
      differences.push({
        shown: {
          tradeId: String(row.tradeId),
          symbol: row.symbol,
          executedAt: row.tstamp,
          booked: booked === null ? null : formatDecimal(booked),
          right: formatDecimal(right),
        },
        missing,
        isRevoked,
      });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_PER_PAGE) return { checked, differences };
    after = last.tradeId;
  }
}

function readPage(queries: Queries, portfolioId: string, after: number) {
  const { tradeId, symbol, operation, qty, price, tradeFee, tstamp, expireTstamp } = newTrades;
  return queries
    .select({
      ...{ tradeId, symbol, operation, qty, price, tradeFee, tstamp, expireTstamp },
      ...{ batchId: algoRun.batchId, environment: algoRun.algoEnv },
      booked: sql<string | null>`(select sum(t.amount)::text from account_transactions t
        where t.trade_id = ${tradeId})`,
    })
    .from(newTrades)
    .innerJoin(algoRun, eq(algoRun.algoRunId, newTrades.algoRunId))
    .where(and(eq(algoRun.portfolioId, portfolioId), gt(tradeId, after)))
    .orderBy(asc(tradeId))
    .limit(ROWS_PER_PAGE);
}

async function correct(queries: Queries, accountId: number, difference: Difference): Promise<void> {
  const { missing, isRevoked } = difference;
  const { tradeId, symbol, executedAt, booked } = difference.shown;
  await queries.insert(accountTransactions).values({
    ...{ accountId, tradeId: Number(tradeId), amount: formatDecimal(missing) },
    ...(booked === null
      ? { kind: 'trade', tstamp: executedAt, details: { symbol, note: 'booked by recalculate' } }
      : { kind: 'correction', details: { symbol, revoked: isRevoked, note: 'corrected by recalculate' } }),
  });
}

async function sumOf(queries: Queries, accountId: number): Promise<Decimal> {
  const [row] = await queries
    .select({ sum: sql<string>`coalesce(sum(${accountTransactions.amount}), 0)::text` })
    .from(accountTransactions)
    .where(eq(accountTransactions.accountId, accountId));
  return decimal(row?.sum ?? '0');
}
