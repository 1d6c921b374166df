/** The rows of `new_trades`. */
import { desc, eq, getTableColumns } from 'drizzle-orm';
import type { JsonObject } from '../../domain/order.ts';
import type { Queries } from '../backend.ts';
import type { NewTrade, Stores, TradeRow } from '../contract.ts';
import { algoRun } from '../schema/runs.ts';
import { newTrades, orders } from '../schema/trades.ts';
import { bookTrades } from './bookings.ts';
import { conditionOf, insertInParts, rowId, rowLimit, sideOf } from './rows.ts';

type TradeStores = Pick<Stores, 'recordTrades' | 'listTrades'>;

export function createTradeStores(queries: Queries): TradeStores {
  return {
    async recordTrades(trades) {
      if (trades.length === 0) return 0;
      return await queries.transaction((transaction) =>
        insertInParts(transaction, trades.map(fromTrade), async (target, part) => {
          const inserted = await target
            .insert(newTrades)
            .values(part)
            .onConflictDoNothing({ target: [newTrades.executionId, newTrades.clientOrderId] })
            .returning({ tradeId: newTrades.tradeId });
          if (inserted.length > 0) {
            await bookTrades(
              target,
              inserted.map((row) => row.tradeId),
            );
          }
          return inserted.length;
        }),
      );
    },

    async listTrades(filter) {
      const rows = await queries
        .select({ ...getTableColumns(newTrades), batchId: algoRun.batchId, orderedAt: orders.createTstamp })
        .from(newTrades)
        .innerJoin(algoRun, eq(algoRun.algoRunId, newTrades.algoRunId))
        .leftJoin(orders, eq(orders.clientOrderId, newTrades.clientOrderId))
        .where(conditionOf(filter, { symbol: newTrades.symbol, moment: newTrades.tstamp }))
        .orderBy(desc(newTrades.tstamp), desc(newTrades.tradeId))
        .limit(rowLimit(filter));
      return rows.map(tradeRowOf);
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

export function tradeRowOf(
  row: typeof newTrades.$inferSelect & { batchId: string; orderedAt: string | null },
): TradeRow {
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
    orderedAt: row.orderedAt,
    targetPrice: row.targetPrice,
    stopPrice: row.stopPrice,
    indicators: row.indicators as JsonObject,
  };
}
