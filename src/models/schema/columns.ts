/** The kinds of column that the tables are made of, each with its one way from and to plain data. */
import { sql } from 'drizzle-orm';
import { customType } from 'drizzle-orm/pg-core';
import { assert } from '../../domain/assert.ts';
import { decimal, formatDecimal } from '../../domain/decimal.ts';
import { formatMicros, parseMicros } from '../../domain/time.ts';

const AMOUNT_TYPE = 'numeric(28, 9)';
const MOMENT_TYPE = 'timestamp(6) with time zone';

/** A price, a quantity or money: exact, nine places, nineteen digits before them; text outside. */
export const amount = customType<{ data: string; driverData: string }>({
  dataType: () => AMOUNT_TYPE,
  toDriver: (value) => formatDecimal(decimal(value)),
  fromDriver: (value) => formatDecimal(decimal(value)),
});

/** A moment to the microsecond, with its zone; RFC 3339 in UTC outside. */
export const moment = customType<{ data: string; driverData: string }>({
  dataType: () => MOMENT_TYPE,
  toDriver: (value) => formatMoment(value),
  fromDriver: (value) => formatMoment(value),
});

/** Text that people or strategies wrote: what Postgres cannot keep in it is replaced, never refused. */
export const words = customType<{ data: string; driverData: string }>({
  dataType: () => 'text',
  toDriver: (value) => value.replaceAll('\0', '\uFFFD').replace(/\p{Surrogate}/gu, '\uFFFD'),
});

/** A JSON document, with the same care as {@link words}. */
export const document = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => storableJson(value),
  fromDriver: (value) => (typeof value === 'string' ? JSON.parse(value) : value),
});

/** Now, to the microsecond, by the database's clock and not the transaction's start. */
export const momentOfWriting = sql`clock_timestamp()`;

/** `now` for `create_tstamp` and the like. */
export function written(name: string) {
  return moment(name).notNull().default(momentOfWriting);
}

function formatMoment(text: string): string {
  // Postgres writes `+00` where RFC 3339 has `+00:00`.
  const micros = parseMicros(text.replace(/([+-]\d{2})$/, '$1:00'));
  if (micros === undefined) throw new RangeError(`not a moment in RFC 3339: ${JSON.stringify(text)}`);
  return formatMicros(micros);
}

// jsonb has no NUL and no half of a surrogate pair. JSON.stringify writes both as escapes, so that the text can be
// searched for them, past backslashes that are themselves escaped.
function storableJson(value: unknown): string {
  const text = JSON.stringify(value);
  assert(text !== undefined, 'a document without JSON');
  return text.replace(/\\\\|\\u0000|\\ud[89a-f][0-9a-f]{2}/g, (found) =>
    found === '\\\\' ? found : '\\ufffd',
  );
}
