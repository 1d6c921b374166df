/** What trades earned: the fills to reckon with, and the rows of `gain_loss` and `trade_analysis`. */
import { and, asc, eq, gt, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { Queries } from '../backend.ts';
import type { Environment } from '../contract.ts';
import {
  FILLS_PER_PAGE,
  type FillRow,
  type GainLossRow,
  type MiningStores,
  type TradeAnalysisRow,
  type TradedRow,
} from '../mining.ts';
import { algoRun } from '../schema/runs.ts';
import { gainLoss, newTrades, portfolioGainLoss, tradeAnalysis } from '../schema/trades.ts';
import { insertInParts, overwriting, rowId, sideOf } from './rows.ts';

type GainStores = Pick<
  MiningStores,
  'recordGains' | 'recordPortfolioGains' | 'recordRoundTrips' | 'takenBack' | 'fillsAfter'
>;

export function createGainStores(queries: Queries): GainStores {
  return {
    async recordGains(gains, whole = []) {
      if (whole.length === 0) return await writeGains(queries, gains);
      return await queries.transaction(async (transaction) => {
        const gone = await transaction
          .delete(gainLoss)
          .where(
            sql`${isAmong('gain_loss', whole)} and not exists (
              select from jsonb_to_recordset(${JSON.stringify(gains)}::jsonb) as kept(symbol text, "algoRunId" bigint)
              where kept.symbol = gain_loss.symbol and kept."algoRunId" = gain_loss.algo_run_id)`,
          )
          .returning({ symbol: gainLoss.symbol });
        return gone.length + (await writeGains(transaction, gains));
      });
    },

    async recordPortfolioGains(gains) {
      return await queries.transaction(async (transaction) => {
        const kept = JSON.stringify(gains.map(({ portfolioId, symbol }) => ({ portfolioId, symbol })));
        const gone = await transaction
          .delete(portfolioGainLoss)
          .where(
            sql`not exists (select from jsonb_to_recordset(${kept}::jsonb) as kept("portfolioId" text, symbol text)
              where kept."portfolioId" = portfolio_gain_loss.portfolio_id and kept.symbol = portfolio_gain_loss.symbol)`,
          )
          .returning({ symbol: portfolioGainLoss.symbol });
        const come = await insertInParts(transaction, gains, async (target, part) => {
          const written = await target
            .insert(portfolioGainLoss)
            .values(part)
            .onConflictDoUpdate({
              target: [portfolioGainLoss.portfolioId, portfolioGainLoss.symbol],
              ...overwriting(portfolioGainLoss, ['gainPercentage', 'gainValue', 'fees'], 'tstamp'),
            })
            .returning({ symbol: portfolioGainLoss.symbol });
          return written.length;
        });
        return gone.length + come;
      });
    },

    async recordRoundTrips(trips, whole = []) {
      if (whole.length === 0) return await writeRoundTrips(queries, trips);
      return await queries.transaction(async (transaction) => {
        const gone = await transaction
          .delete(tradeAnalysis)
          .where(
            sql`${isAmong('trade_analysis', whole)} and not exists (
              select from jsonb_to_recordset(${JSON.stringify(trips)}::jsonb)
                as kept(symbol text, "algoRunId" bigint, "startedAt" timestamptz)
              where kept.symbol = trade_analysis.symbol and kept."algoRunId" = trade_analysis.algo_run_id
                and kept."startedAt" = trade_analysis.start_tstamp)`,
          )
          .returning({ symbol: tradeAnalysis.symbol });
        return gone.length + (await writeRoundTrips(transaction, trips));
      });
    },

    async takenBack() {
      const answer = (await queries.execute(sql`
        with back as (
          select distinct r.instance_id, t.symbol from new_trades t join algo_run r using (algo_run_id)
          where t.expire_tstamp is not null
        )
        select distinct t.symbol, t.algo_run_id::text as "algoRunId"
        from back b join algo_run r using (instance_id)
          join new_trades t on t.algo_run_id = r.algo_run_id and t.symbol = b.symbol
        order by 1, 2`)) as unknown as { readonly rows: readonly TradedRow[] };
      return answer.rows.map(({ symbol, algoRunId }) => ({ symbol, algoRunId }));
    },

    async fillsAfter(after) {
      const isAfter =
        after === null
          ? undefined
          : or(
              gt(newTrades.tstamp, after.executedAt),
              and(eq(newTrades.tstamp, after.executedAt), gt(newTrades.tradeId, rowId(after.tradeId))),
            );
      const rows = await queries
        .select({
          tradeId: newTrades.tradeId,
          algoRunId: newTrades.algoRunId,
          batchId: algoRun.batchId,
          instanceId: algoRun.instanceId,
          environment: algoRun.algoEnv,
          symbol: newTrades.symbol,
          operation: newTrades.operation,
          qty: newTrades.qty,
          price: newTrades.price,
          fee: newTrades.tradeFee,
          stopPrice: newTrades.stopPrice,
          executedAt: newTrades.tstamp,
          portfolioId: algoRun.portfolioId,
        })
        .from(newTrades)
        .innerJoin(algoRun, eq(algoRun.algoRunId, newTrades.algoRunId))
        .where(and(isNull(newTrades.expireTstamp), isAfter))
        .orderBy(asc(newTrades.tstamp), asc(newTrades.tradeId))
        .limit(FILLS_PER_PAGE);
      return rows.map(
        ({ operation, ...row }): FillRow => ({
          ...row,
          tradeId: String(row.tradeId),
          algoRunId: String(row.algoRunId),
          environment: row.environment as Environment,
          side: sideOf(operation),
        }),
      );
    },
  };
}

/** Of a table with `symbol` and `algo_run_id`. */
function isAmong(table: 'gain_loss' | 'trade_analysis', rows: readonly TradedRow[]): SQL {
  const name = sql.identifier(table);
  return sql`(${name}.symbol, ${name}.algo_run_id) in (
    select symbol, "algoRunId" from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as given(symbol text, "algoRunId" bigint))`;
}

async function writeGains(queries: Queries, gains: readonly GainLossRow[]): Promise<number> {
  const rows = gains.map((gain) => ({ ...gain, algoRunId: rowId(gain.algoRunId) }));
  return await insertInParts(queries, rows, async (target, part) => {
    const written = await target
      .insert(gainLoss)
      .values(part)
      .onConflictDoUpdate({
        target: [gainLoss.symbol, gainLoss.algoRunId],
        ...overwriting(gainLoss, ['gainPercentage', 'gainValue'], 'tstamp'),
      })
      .returning({ gainLossId: gainLoss.gainLossId });
    return written.length;
  });
}

async function writeRoundTrips(queries: Queries, trips: readonly TradeAnalysisRow[]): Promise<number> {
  const rows = trips.map(({ startedAt, endedAt, ...trip }) => ({
    ...trip,
    algoRunId: rowId(trip.algoRunId),
    startTstamp: startedAt,
    endTstamp: endedAt,
  }));
  return await insertInParts(queries, rows, async (target, part) => {
    const written = await target
      .insert(tradeAnalysis)
      .values(part)
      .onConflictDoUpdate({
        target: [tradeAnalysis.symbol, tradeAnalysis.algoRunId, tradeAnalysis.startTstamp],
        ...overwriting(tradeAnalysis, ['endTstamp', 'gainPercentage', 'gainValue', 'rUnits'], 'tstamp'),
      })
      .returning({ tradeAnalysisId: tradeAnalysis.tradeAnalysisId });
    return written.length;
  });
}
