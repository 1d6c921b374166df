/**
 * What a note of an inbox tape holds: JSON that keeps what JSON loses. An amount (a bigint) stands there as text behind
 * U+0001 and `d`, a number that is minus zero or not finite behind U+0001 and `n`; text that begins with U+0001 has
 * U+0001 and `s` before it. A field that is undefined is left out.
 */
import { type Decimal, decimal, formatDecimal } from '../domain/decimal.ts';

const MARK = '\u0001';

export function encodeNote(value: unknown): string {
  return JSON.stringify(value, marked);
}

/** Throws a SyntaxError or a RangeError when the text is no note. */
export function decodeNote(text: string): unknown {
  return JSON.parse(text, unmarked) as unknown;
}

function marked(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${MARK}d${formatDecimal(value as Decimal)}`;
  if (Object.is(value, -0)) return `${MARK}n-0`;
  if (typeof value === 'number' && !Number.isFinite(value)) return `${MARK}n${value}`;
  return typeof value === 'string' && value.startsWith(MARK) ? `${MARK}s${value}` : value;
}

function unmarked(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith(MARK)) return value;
  const text = value.slice(2);
  if (value[1] === 'd') return decimal(text);
  return value[1] === 'n' ? Number(text) : text;
}
