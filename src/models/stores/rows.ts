/** How rows go in and out in bounded numbers. */
import {
  type AnyColumn,
  and,
  eq,
  getTableColumns,
  getTableName,
  gte,
  type InferSelectModel,
  lt,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Queries } from '../backend.ts';
import { type NewTrade, ROWS_PER_LIST_DEFAULT, ROWS_PER_LIST_MAX, type RowFilter } from '../contract.ts';
import { algoRun } from '../schema/runs.ts';

/** Rows of one insert: seventeen columns times this stays far below the protocol's 65,535 parameters. */
export const ROWS_PER_INSERT = 500;

export function rowLimit(filter: RowFilter): number {
  const limit = filter.limit ?? ROWS_PER_LIST_DEFAULT;
  // Drizzle reads a negative limit as none at all.
  if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`not a number of rows: ${limit}`);
  return Math.min(limit, ROWS_PER_LIST_MAX);
}

/** What rows that are joined with their run must meet; `columns` says where a filter's words stand in them. */
export function conditionOf(
  filter: RowFilter,
  columns: { readonly symbol?: AnyColumn; readonly moment?: AnyColumn },
): SQL | undefined {
  const { batchId, strategy, symbol, since, until } = filter;
  const { symbol: symbolColumn, moment } = columns;
  return and(
    batchId === undefined ? undefined : eq(algoRun.batchId, batchId),
    strategy === undefined ? undefined : or(eq(algoRun.instanceId, strategy), eq(algoRun.algoName, strategy)),
    symbol === undefined || symbolColumn === undefined ? undefined : eq(symbolColumn, symbol),
    since === undefined || moment === undefined ? undefined : gte(moment, since),
    until === undefined || moment === undefined ? undefined : lt(moment, until),
  );
}

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

/** Runs `insert` over parts of `rows`, all of them or none. */
export async function insertInParts<Row>(
  queries: Queries,
  rows: readonly Row[],
  insert: (queries: Queries, part: Row[]) => Promise<number>,
): Promise<number> {
  if (rows.length === 0) return 0;
  if (rows.length <= ROWS_PER_INSERT) return await insert(queries, [...rows]);
  return await queries.transaction(async (transaction) => {
    let inserted = 0;
    for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
      inserted += await insert(transaction, rows.slice(start, start + ROWS_PER_INSERT));
    }
    return inserted;
  });
}

/**
 * For an insert that meets rows which are there: they take over the new figures, with the moment of it, where any of
 * them differs; a row that would stay as it is is not touched.
 */
export function overwriting<Table extends PgTable>(
  table: Table,
  figures: readonly Key<Table>[],
  moment: Key<Table>,
): { readonly set: Record<string, SQL>; readonly setWhere: SQL } {
  const columns: Record<string, AnyColumn> = getTableColumns(table);
  const columnOf = (key: Key<Table>) => sql.identifier(columns[key]!.name);
  const all = (row: SQL) =>
    sql.join(
      figures.map((key) => sql`${row}.${columnOf(key)}`),
      sql`, `,
    );
  const [old, given] = [sql`${sql.identifier(getTableName(table))}`, sql`excluded`];
  return {
    set: Object.fromEntries([...figures, moment].map((key) => [key, sql`${given}.${columnOf(key)}`])),
    setWhere: sql`(${all(old)}) is distinct from (${all(given)})`,
  };
}

type Key<Table extends PgTable> = Extract<keyof InferSelectModel<Table>, string>;

/** A row id from another thread, checked: it is text there and a number here. */
export function rowId(text: string): number {
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id <= 0) throw new RangeError(`not a row id: ${JSON.stringify(text)}`);
  return id;
}

/** The newest of the rows with the same key, for an insert may touch no row twice. */
export function newestOfEach<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  momentOf: (row: Row) => number,
): Row[] {
  const newest = new Map<string, Row>();
  for (const row of rows) {
    const key = keyOf(row);
    const other = newest.get(key);
    if (other === undefined || momentOf(row) >= momentOf(other)) newest.set(key, row);
  }
  return [...newest.values()];
}
