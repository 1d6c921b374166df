/** What became of a portfolio: its equity from day to day, what it holds, its executions. */
import { and, asc, desc, eq, getTableColumns, gt, isNull, ne, or, sql } from 'drizzle-orm';
import { type Decimal, decimal } from '../../domain/decimal.ts';
import type { Queries } from '../backend.ts';
import { type Booked, EquityFold } from '../equity.ts';
import type { PortfolioStores } from '../portfolios.ts';
import { accountTransactions } from '../schema/bookings.ts';
import { stockOhlc } from '../schema/markets.ts';
import { portfolio } from '../schema/portfolios.ts';
import { algoRun } from '../schema/runs.ts';
import { newTrades, orders } from '../schema/trades.ts';
import { newestBatch } from './bookings.ts';
import { rowLimit, sideOf } from './rows.ts';
import { tradeRowOf } from './trades.ts';

type HistoryStores = Pick<PortfolioStores, 'portfolioHistory' | 'portfolioTrades'>;

/** Bookings read at a time: a long history is folded, never held. */
const ROWS_PER_PAGE = 5_000;

export function createPortfolioHistoryStores(queries: Queries): HistoryStores {
  return {
    async portfolioHistory(portfolioId) {
      const [found] = await queries
        .select({ accountId: portfolio.accountId, assets: portfolio.assets })
        .from(portfolio)
        .where(and(eq(portfolio.portfolioId, portfolioId), isNull(portfolio.expireTstamp)));
      if (found?.accountId == null) return null;
      const { accountId, assets } = found;
      const zone = assets === 'CRYPTO' ? 'UTC' : 'America/New_York';
      const closes = await closesOf(queries, accountId);
      const fold = new EquityFold((symbol, date) => closes.get(`${symbol} ${date}`));
      for await (const booked of bookingsOf(queries, accountId, zone)) fold.take(booked);
      const batchId = await newestBatch(queries, portfolioId);
      const runs =
        batchId === undefined
          ? []
          : await queries
              .selectDistinct({ instanceId: algoRun.instanceId })
              .from(algoRun)
              .where(and(eq(algoRun.batchId, batchId), eq(algoRun.portfolioId, portfolioId)))
              .orderBy(asc(algoRun.instanceId));
      return {
        equity: fold.points(),
        holdings: fold.holdings(),
        strategies: runs.map((row) => row.instanceId),
      };
    },

    async portfolioTrades(portfolioId, limit) {
      const rows = await queries
        .select({ ...getTableColumns(newTrades), batchId: algoRun.batchId, orderedAt: orders.createTstamp })
        .from(newTrades)
        .innerJoin(algoRun, eq(algoRun.algoRunId, newTrades.algoRunId))
        .leftJoin(orders, eq(orders.clientOrderId, newTrades.clientOrderId))
        .where(eq(algoRun.portfolioId, portfolioId))
        .orderBy(desc(newTrades.tstamp), desc(newTrades.tradeId))
        .limit(rowLimit({ limit }));
      return rows.map(tradeRowOf);
    },
  };
}

async function* bookingsOf(queries: Queries, accountId: number, zone: string): AsyncGenerator<Booked> {
  let after: { tstamp: string; transactionId: number } | null = null;
  for (;;) {
    const rows: readonly BookingRow[] = await readPage(queries, { accountId, zone, after });
    for (const row of rows) yield bookedOf(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_PER_PAGE) return;
    after = last;
  }
}

type BookingRow = Awaited<ReturnType<typeof readPage>>[number];

function readPage(
  queries: Queries,
  at: {
    readonly accountId: number;
    readonly zone: string;
    readonly after: { readonly tstamp: string; readonly transactionId: number } | null;
  },
) {
  const { transactionId, tstamp, kind, amount, details } = accountTransactions;
  const isAfter =
    at.after === null
      ? undefined
      : or(
          gt(tstamp, at.after.tstamp),
          and(eq(tstamp, at.after.tstamp), gt(transactionId, at.after.transactionId)),
        );
  // What a simulated account had before it began anew is neither held nor gained.
  const isOfNow = sql`(${kind} = 'funding' or ${transactionId} > coalesce((select max(r.transaction_id)
    from account_transactions r where r.account_id = ${at.accountId} and r.kind = 'reset'), 0))`;
  return queries
    .select({
      ...{ transactionId, tstamp, kind, amount, details },
      date: sql<string>`(${tstamp} at time zone ${at.zone}::text)::date::text`,
      ...{ symbol: newTrades.symbol, operation: newTrades.operation },
      ...{ qty: newTrades.qty, price: newTrades.price },
    })
    .from(accountTransactions)
    .leftJoin(newTrades, eq(newTrades.tradeId, accountTransactions.tradeId))
    .where(and(eq(accountTransactions.accountId, at.accountId), ne(kind, 'reset'), isOfNow, isAfter))
    .orderBy(asc(tstamp), asc(transactionId))
    .limit(ROWS_PER_PAGE);
}

function bookedOf(row: BookingRow): Booked {
  const { date, symbol, operation, qty, price } = row;
  return {
    // The query leaves resets out.
    kind: row.kind as Booked['kind'],
    ...{ date, amount: decimal(row.amount) },
    execution:
      symbol === null || operation === null || qty === null || price === null
        ? null
        : { symbol, side: sideOf(operation), quantity: decimal(qty), price: decimal(price) },
    isRevoked: (row.details as { readonly revoked?: boolean } | null)?.revoked === true,
  };
}

/** By symbol and date, of the days that the account has booked something on, in what it has traded. */
async function closesOf(queries: Queries, accountId: number): Promise<ReadonlyMap<string, Decimal>> {
  const rows = await queries
    .select({ symbol: stockOhlc.symbol, date: stockOhlc.symbolDate, close: stockOhlc.close })
    .from(stockOhlc)
    .where(
      sql`${stockOhlc.symbol} in (select distinct n.symbol from account_transactions t
            join new_trades n on n.trade_id = t.trade_id where t.account_id = ${accountId})
          and ${stockOhlc.symbolDate} in (select distinct (t.tstamp at time zone 'America/New_York')::date
            from account_transactions t where t.account_id = ${accountId})`,
    );
  return new Map(rows.map((row) => [`${row.symbol} ${row.date}`, decimal(row.close)]));
}
