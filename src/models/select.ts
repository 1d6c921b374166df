/** A query of a user's own, on either database: in a transaction that can change nothing, up to a number of rows. */
import type { SelectedRows } from './contract.ts';
import { DatabaseFailure, failureFrom } from './failure.ts';

/** Sends one statement by the extended protocol, which takes no second one behind a semicolon. */
export type Send = (
  statement: string,
) => Promise<{ readonly fields: readonly { readonly name: string }[]; readonly rows: readonly unknown[][] }>;

/** SQLSTATE class of values that do not fit; PostgreSQL's messages then show the value. */
const DATA_EXCEPTION = /\((22\w{3})\)$/;

/**
 * A cursor takes nothing but a query, without `into` and without changes in a `with`; the server refuses the rest. The
 * transaction is always taken back, and what it has set with it.
 * @throws {DatabaseFailure} with one line that holds no value of a row.
 */
export async function selectRows(send: Send, query: string, rowsMax: number): Promise<SelectedRows> {
  try {
    await send('begin transaction read only');
    try {
      await send(`declare scanned no scroll cursor for ${query}`);
      const { fields, rows } = await send(`fetch forward ${rowsMax} from scanned`);
      return { columns: fields.map(({ name }) => name), rows: rows.map((row) => row.map(textOf)) };
    } finally {
      await send('rollback');
    }
  } catch (error) {
    throw discreet(failureFrom(error));
  }
}

function discreet(failure: DatabaseFailure): DatabaseFailure {
  const code = DATA_EXCEPTION.exec(failure.message)?.[1];
  const message = code === undefined ? failure.message : `a value of the query does not fit (${code})`;
  return new DatabaseFailure(failure.kind, (message.split('\n')[0] ?? '').trim());
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? null);
}
