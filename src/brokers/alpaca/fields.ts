/** Reads the fields of Alpaca's answers, where amounts are text and much is optional or null. */
import { type Decimal, tryDecimal } from '../../domain/decimal.ts';
import type { Side } from '../../domain/order.ts';
import { type EpochMicros, parseMicros } from '../../domain/time.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An amount; undefined where there is none. A number is taken by its shortest text. */
export function amountOf(value: unknown): Decimal | undefined {
  return typeof value === 'string' || typeof value === 'number' ? tryDecimal(String(value)) : undefined;
}

/** The first of several fields that holds an amount. */
export function firstAmount(fields: Fields, names: readonly string[]): Decimal | undefined {
  for (const name of names) {
    const amount = amountOf(fields[name]);
    if (amount !== undefined) return amount;
  }
  return undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** RFC 3339, with any offset and up to nanoseconds. */
export function momentOf(value: unknown): EpochMicros | undefined {
  return typeof value === 'string' ? parseMicros(value) : undefined;
}

/** Activities say `sell_short` where an order says `sell`. */
export function sideOf(value: unknown): Side | undefined {
  if (value === 'buy') return 'buy';
  return value === 'sell' || value === 'sell_short' ? 'sell' : undefined;
}
