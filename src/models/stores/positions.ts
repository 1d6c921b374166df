/** Positions, folded out of the rows of `new_trades` in the order of their execution. */
import { and, asc, eq, gt, inArray, isNull, lte, or, type SQL } from 'drizzle-orm';
import { decimal, formatDecimal, ZERO } from '../../domain/decimal.ts';
import type { Queries } from '../backend.ts';
import type { Environment, HoldingRow, PositionRow, RowFilter, Stores } from '../contract.ts';
import { applyExecution, averagePrice, FLAT, type Holding, realizedPnl } from '../holdings.ts';
import { algoRun } from '../schema/runs.ts';
import { newTrades } from '../schema/trades.ts';
import { conditionOf, rowLimit, sideOf } from './rows.ts';

type PositionStores = Pick<Stores, 'holdings' | 'listPositions'>;

/** Rows read at a time: a long history is folded, never held. */
const ROWS_PER_PAGE = 5_000;

const CARRIED: readonly Environment[] = ['PAPER', 'PROD'];

interface Account {
  readonly environment: string;
  readonly instanceId: string;
  readonly symbol: string;
  algoRunId: number;
  lastTradedAt: string;
  holding: Holding;
}

export function createPositionStores(queries: Queries): PositionStores {
  return {
    async holdings(instanceIds, environment) {
      if (instanceIds.length === 0) return [];
      const accounts = await fold(queries, [
        inArray(algoRun.instanceId, [...instanceIds]),
        eq(algoRun.algoEnv, environment),
      ]);
      return accounts.filter((account) => account.holding.quantity !== ZERO).map(toHolding);
    },

    async listPositions(filter) {
      const accounts =
        filter.batchId === undefined
          ? await fold(queries, [inArray(algoRun.algoEnv, [...CARRIED]), ...ofFilter(filter)])
          : await foldBatch(queries, filter.batchId, ofFilter(filter));
      return accounts
        .sort((a, b) => (a.lastTradedAt < b.lastTradedAt ? 1 : a.lastTradedAt > b.lastTradedAt ? -1 : 0))
        .slice(0, rowLimit(filter))
        .map(toPosition);
    },
  };
}

/** Positions of a strategy or in a symbol: all of their trades, whatever else the filter says. */
function ofFilter({ strategy, symbol }: RowFilter): readonly SQL[] {
  const condition = conditionOf(
    { ...(strategy === undefined ? {} : { strategy }), ...(symbol === undefined ? {} : { symbol }) },
    { symbol: newTrades.symbol },
  );
  return condition === undefined ? [] : [condition];
}

/** The positions that a batch touched, as it left them. */
async function foldBatch(queries: Queries, batchId: string, conditions: readonly SQL[]): Promise<Account[]> {
  const own = await fold(queries, [eq(algoRun.batchId, batchId), ...conditions]);
  const carried = own.filter((account) => CARRIED.some((environment) => environment === account.environment));
  if (carried.length === 0) return own;
  // RFC 3339 of one length and zone: the order of the text is the order of time.
  const end =
    carried
      .map((account) => account.lastTradedAt)
      .sort()
      .at(-1) ?? '';
  const history = await fold(queries, [
    inArray(algoRun.instanceId, [...new Set(carried.map((account) => account.instanceId))]),
    inArray(algoRun.algoEnv, [...new Set(carried.map((account) => account.environment))]),
    inArray(newTrades.symbol, [...new Set(carried.map((account) => account.symbol))]),
    lte(newTrades.tstamp, end),
  ]);
  const touched = new Set(own.map(keyOf));
  return history.filter((account) => touched.has(keyOf(account)));
}

async function fold(queries: Queries, conditions: readonly SQL[]): Promise<Account[]> {
  const accounts = new Map<string, Account>();
  let after: { tstamp: string; tradeId: number } | null = null;
  for (;;) {
    const page = await readPage(queries, conditions, after);
    for (const row of page) {
      const key = keyOf(row);
      const holding = applyExecution(accounts.get(key)?.holding ?? FLAT, {
        side: sideOf(row.operation),
        quantity: decimal(row.qty),
        price: decimal(row.price),
        targetPrice: row.targetPrice,
        stopPrice: row.stopPrice,
      });
      const { environment, instanceId, symbol, algoRunId } = row;
      accounts.set(key, { environment, instanceId, symbol, algoRunId, lastTradedAt: row.tstamp, holding });
    }
    const last = page.at(-1);
    if (last === undefined || page.length < ROWS_PER_PAGE) return [...accounts.values()];
    after = last;
  }
}

function readPage(
  queries: Queries,
  conditions: readonly SQL[],
  after: { tstamp: string; tradeId: number } | null,
) {
  const isAfter =
    after === null
      ? undefined
      : or(
          gt(newTrades.tstamp, after.tstamp),
          and(eq(newTrades.tstamp, after.tstamp), gt(newTrades.tradeId, after.tradeId)),
        );
  return queries
    .select({
      environment: algoRun.algoEnv,
      instanceId: algoRun.instanceId,
      algoRunId: newTrades.algoRunId,
      tradeId: newTrades.tradeId,
      tstamp: newTrades.tstamp,
      symbol: newTrades.symbol,
      operation: newTrades.operation,
      qty: newTrades.qty,
      price: newTrades.price,
      targetPrice: newTrades.targetPrice,
      stopPrice: newTrades.stopPrice,
    })
    .from(newTrades)
    .innerJoin(algoRun, eq(algoRun.algoRunId, newTrades.algoRunId))
    .where(and(isNull(newTrades.expireTstamp), isAfter, ...conditions))
    .orderBy(asc(newTrades.tstamp), asc(newTrades.tradeId))
    .limit(ROWS_PER_PAGE);
}

function keyOf(row: { environment: string; instanceId: string; symbol: string }): string {
  return JSON.stringify([row.environment, row.instanceId, row.symbol]);
}

function toHolding(account: Account): HoldingRow {
  return {
    instanceId: account.instanceId,
    symbol: account.symbol,
    qty: formatDecimal(account.holding.quantity),
    avgPrice: formatDecimal(averagePrice(account.holding)),
    realizedPnl: formatDecimal(realizedPnl(account.holding)),
    targetPrice: account.holding.targetPrice,
    stopPrice: account.holding.stopPrice,
  };
}

function toPosition(account: Account): PositionRow {
  return {
    symbol: account.symbol,
    algoRunId: String(account.algoRunId),
    qty: formatDecimal(account.holding.quantity),
    avgPrice: formatDecimal(averagePrice(account.holding)),
    marketPrice: null,
    unrealizedPnl: null,
    realizedPnl: formatDecimal(realizedPnl(account.holding)),
  };
}
