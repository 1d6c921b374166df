/** The rows of `new_trades`. */
import { desc, eq, getTableColumns } from 'drizzle-orm';
import type { JsonObject } from '../../domain/order.ts';
import type { Queries } from '../backend.ts';
import type { NewTrade, Stores, TradeRow } from '../contract.ts';
import { algoRun } from '../schema/runs.ts';
import { newTrades } from '../schema/trades.ts';
import { conditionOf, insertInParts, rowId, rowLimit } from './rows.ts';

type TradeStores = Pick<Stores, 'recordTrades' | 'listTrades'>;

/** On which side of the market an operation stands. */
export function sideOf(operation: NewTrade['operation']): 'buy' | 'sell' {
  switch (operation) {
    case 'buy':
    case 'buy_short':
      return 'buy';
    case 'sell':
    case 'sell_short':
      return 'sell';
  }
}

export function createTradeStores(queries: Queries): TradeStores {
  return {
    async recordTrades(trades) {
      return await insertInParts(queries, trades.map(fromTrade), async (target, part) => {
        const inserted = await target
          .insert(newTrades)
          .values(part)
          .onConflictDoNothing({ target: [newTrades.executionId, newTrades.clientOrderId] })
          .returning({ tradeId: newTrades.tradeId });
        return inserted.length;
      });
    },

    async listTrades(filter) {
      const rows = await queries
        .select({ ...getTableColumns(newTrades), batchId: algoRun.batchId })
        .from(newTrades)
        .innerJoin(algoRun, eq(algoRun.algoRunId, newTrades.algoRunId))
        .where(conditionOf(filter, { symbol: newTrades.symbol, moment: newTrades.tstamp }))
        .orderBy(desc(newTrades.tstamp), desc(newTrades.tradeId))
        .limit(rowLimit(filter));
      return rows.map(toRow);
    },
  };
}

function fromTrade(trade: NewTrade): typeof newTrades.$inferInsert {
  return {
    algoRunId: rowId(trade.algoRunId),
    symbol: trade.symbol,
    operation: trade.operation,
    qty: trade.qty,
    price: trade.price,
    indicators: trade.indicators,
    tstamp: trade.executedAt,
    stopPrice: trade.stopPrice,
    targetPrice: trade.targetPrice,
    tradeFee: trade.fee,
    clientOrderId: trade.clientOrderId,
    executionId: trade.executionId,
  };
}

function toRow(row: typeof newTrades.$inferSelect & { batchId: string }): TradeRow {
  return {
    tradeId: String(row.tradeId),
    algoRunId: String(row.algoRunId),
    batchId: row.batchId,
    clientOrderId: row.clientOrderId,
    symbol: row.symbol,
    side: sideOf(row.operation),
    qty: row.qty,
    price: row.price,
    fee: row.tradeFee,
    executedAt: row.tstamp,
    recordedAt: row.clientTime,
    targetPrice: row.targetPrice,
    stopPrice: row.stopPrice,
    indicators: row.indicators as JsonObject,
  };
}
