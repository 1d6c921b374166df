/** The rows of `orders`. */
import { desc, eq, getTableColumns, sql } from 'drizzle-orm';
import { parseMicros } from '../../domain/time.ts';
import type { Queries } from '../backend.ts';
import type { OrderRow, Stores } from '../contract.ts';
import { algoRun } from '../schema/runs.ts';
import { orders } from '../schema/trades.ts';
import { conditionOf, insertInParts, newestOfEach, rowId, rowLimit } from './rows.ts';

type OrderStores = Pick<Stores, 'recordOrders' | 'listOrders'>;

export function createOrderStores(queries: Queries): OrderStores {
  return {
    async recordOrders(rows) {
      const newest = newestOfEach(
        rows,
        (row) => row.clientOrderId,
        (row) => momentOf(row.updatedAt),
      );
      await insertInParts(queries, newest.map(fromRow), upsertOrders);
    },

    async listOrders(filter) {
      const rows = await queries
        .select({ ...getTableColumns(orders), batchId: algoRun.batchId })
        .from(orders)
        .innerJoin(algoRun, eq(algoRun.algoRunId, orders.algoRunId))
        .where(conditionOf(filter, { symbol: orders.symbol, moment: orders.createTstamp }))
        .orderBy(desc(orders.createTstamp), desc(orders.clientOrderId))
        .limit(rowLimit(filter));
      return rows.map(toRow);
    },
  };
}

async function upsertOrders(queries: Queries, part: (typeof orders.$inferInsert)[]): Promise<number> {
  const written = await queries
    .insert(orders)
    .values(part)
    .onConflictDoUpdate({
      target: orders.clientOrderId,
      set: {
        // The broker's id is learnt once and never forgotten.
        brokerOrderId: sql`coalesce(excluded.broker_order_id, ${orders.brokerOrderId})`,
        qty: sql`excluded.qty`,
        limitPrice: sql`excluded.limit_price`,
        stopPrice: sql`excluded.stop_price`,
        filledQty: sql`excluded.filled_qty`,
        avgPrice: sql`excluded.avg_price`,
        status: sql`excluded.status`,
        reason: sql`excluded.reason`,
        modifyTstamp: sql`excluded.modify_tstamp`,
      },
      setWhere: sql`excluded.modify_tstamp >= ${orders.modifyTstamp}`,
    })
    .returning({ clientOrderId: orders.clientOrderId });
  return written.length;
}

function fromRow(row: OrderRow): typeof orders.$inferInsert {
  return {
    clientOrderId: row.clientOrderId,
    brokerOrderId: row.brokerOrderId,
    algoRunId: rowId(row.algoRunId),
    symbol: row.symbol,
    side: row.side,
    type: row.type,
    timeInForce: row.timeInForce,
    qty: row.qty,
    limitPrice: row.limitPrice,
    stopPrice: row.stopPrice,
    filledQty: row.filledQty,
    avgPrice: row.avgPrice,
    status: row.status,
    reason: row.reason,
    createTstamp: row.createdAt,
    modifyTstamp: row.updatedAt,
  };
}

function toRow(row: typeof orders.$inferSelect & { batchId: string }): OrderRow {
  return {
    clientOrderId: row.clientOrderId,
    brokerOrderId: row.brokerOrderId,
    algoRunId: String(row.algoRunId),
    batchId: row.batchId,
    symbol: row.symbol,
    side: row.side,
    type: row.type,
    timeInForce: row.timeInForce,
    qty: row.qty,
    limitPrice: row.limitPrice,
    stopPrice: row.stopPrice,
    filledQty: row.filledQty,
    avgPrice: row.avgPrice,
    status: row.status,
    reason: row.reason,
    createdAt: row.createTstamp,
    updatedAt: row.modifyTstamp,
  };
}

function momentOf(text: string): number {
  const micros = parseMicros(text);
  if (micros === undefined) throw new RangeError(`not a moment in RFC 3339: ${JSON.stringify(text)}`);
  return micros;
}
