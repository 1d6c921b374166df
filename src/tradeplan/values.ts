/** The kinds of values in a plan. Each schema's error message says what is allowed, as a violation prints it. */
import { z } from 'zod';
import { isCronExpression } from '../clock/cron.ts';
import type { Schedule } from '../clock/schedule.ts';
import { DECIMAL_PLACES, decimal, formatDecimal, tryDecimal } from '../domain/decimal.ts';
import type { JsonObject } from '../domain/order.ts';
import { formatDuration, parseDuration } from './duration.ts';

/** Larger than any account, small enough that products of two amounts stay readable. */
const AMOUNT_MAX = decimal('1e12');
const TEXT_LENGTH_MAX = 1_000;
const ITEMS_MAX = 10_000;

/** A mapping whose unknown keys are refused; the message of that issue is the list of those that are known. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? keys : `a mapping with keys of: ${keys}`),
  });
}

export function whole(minimum: number, maximum: number, unit = '') {
  const range = `${grouped(minimum)} to ${grouped(maximum)}`;
  const error = `a whole number from ${range}${unit === '' ? '' : ` ${unit}`}`;
  return z.number(error).int(error).min(minimum, error).max(maximum, error);
}

/** As `toLocaleString` does, which makes a formatter for each call: fifty milliseconds of each start. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function ratio(minimum: number, maximum: number, unit: string) {
  const error = `a number from ${minimum} to ${maximum} ${unit}`;
  return z.number(error).min(minimum, error).max(maximum, error);
}

export function flag() {
  return z.boolean('true or false');
}

export function choice<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z.enum(names, { error: `one of: ${names.join(', ')}` });
}

/** Milliseconds out of text such as `5s`. */
export function duration(minimumMs: number, maximumMs: number) {
  const error = `a duration from ${formatDuration(minimumMs)} to ${formatDuration(maximumMs)}, such as 5s, 15m, 1h30m`;
  return z.union([z.string(), z.literal(0)], { error }).transform((text, context) => {
    const durationMs = parseDuration(String(text));
    if (durationMs !== undefined && durationMs >= minimumMs && durationMs <= maximumMs) return durationMs;
    context.issues.push({ code: 'custom', input: text, message: error });
    return z.NEVER;
  });
}

/** A positive amount as exact decimal text. */
export function amount() {
  const error = `an amount above 0, at most ${DECIMAL_PLACES} decimals, such as 10000 or 2500.50`;
  return z.union([z.number(), z.string()], { error }).transform((text, context) => {
    const value = tryDecimal(String(text));
    const isExact = (/\.(\d*)/.exec(String(text))?.[1] ?? '').length <= DECIMAL_PLACES;
    if (value !== undefined && isExact && value > 0n && value <= AMOUNT_MAX) return formatDecimal(value);
    context.issues.push({ code: 'custom', input: text, message: error });
    return z.NEVER;
  });
}

export const SYMBOL_ALLOWED = 'a symbol in capitals, such as AAPL, BRK.B or BTC/USD';

export const SYMBOL = z
  .string(SYMBOL_ALLOWED)
  .regex(/^[A-Z][A-Z0-9]{0,11}([./][A-Z0-9]{1,8})*$/, SYMBOL_ALLOWED);

export function symbols() {
  return list(SYMBOL, 'a list of symbols, such as [AAPL, MSFT]');
}

export function list<Item extends z.ZodType>(item: Item, error: string) {
  return z.array(item, error).max(ITEMS_MAX, `at most ${ITEMS_MAX} of them`);
}

/** An id that stands in client order ids, rows and log lines. */
export function identifier() {
  const error = 'lower-case letters, digits and hyphens, beginning with a letter, at most 40 characters';
  return z.string(error).regex(/^[a-z][a-z0-9-]{0,39}$/, error);
}

export function text(error: string) {
  return z.string(error).min(1, error).max(TEXT_LENGTH_MAX, error);
}

/** Parameters of a decider: checked later, by its own schema. */
export function parameters() {
  const error = 'a mapping of parameter names to values';
  return z.record(z.string(), z.json(), error).transform((values) => values as JsonObject);
}

const RANGE_VALUES_MAX = 10_000;
const RANGE = 'a list of values such as [5, 10], or { from: 5, to: 50, step: 5 }';

/** The values that a search tries for one parameter: always a list afterwards. */
export function range() {
  const number = z.number('a number');
  const scalar = z.union([number, z.string(), z.boolean()], { error: 'a number, a text, true or false' });
  const steps = section({ from: number, to: number, step: number });
  return z.union([list(scalar, RANGE).min(1, RANGE), steps], { error: RANGE }).transform((given, context) => {
    if (Array.isArray(given)) return [...new Set(given)];
    const { from, to, step } = given;
    const count = Math.floor((to - from) / step + 1e-9) + 1;
    if (step > 0 && to >= from && count <= RANGE_VALUES_MAX) {
      // Steps such as 0.1 add up to 0.30000000000000004: nobody means that.
      return Array.from({ length: count }, (_, index) => Number((from + index * step).toPrecision(12)));
    }
    const message = `a range that goes up by a step above 0 and has at most ${RANGE_VALUES_MAX} values`;
    context.issues.push({ code: 'custom', input: given, message });
    return z.NEVER;
  });
}

export function cron() {
  const error = 'five or six cron fields, such as "*/5 9-15 * * 1-5"';
  return z.string(error).transform((expression, context): Schedule => {
    if (isCronExpression(expression)) return { type: 'cron', expression };
    context.issues.push({ code: 'custom', input: expression, message: error });
    return z.NEVER;
  });
}

const RELATIVE = /^(?:(\S+) (after|before) |at )?(?:the )?(open|close)$/;

/** A moment of each session, such as `15m after open`. */
export function relative() {
  const error = '`open`, `close`, or a time of at most 12h before or after one, such as "15m after open"';
  return z.string(error).transform((written, context): Schedule => {
    const match = RELATIVE.exec(written.trim());
    const offsetMs = match?.[1] === undefined ? 0 : parseDuration(match[1]);
    if (match !== null && offsetMs !== undefined && offsetMs >= 0 && offsetMs <= 12 * 3_600_000) {
      const anchor = match[3] === 'close' ? 'close' : 'open';
      return { type: 'market', anchor, offsetMs: match[2] === 'before' ? -offsetMs : offsetMs };
    }
    context.issues.push({ code: 'custom', input: written, message: error });
    return z.NEVER;
  });
}

/** One of a kind, or a list of them; always a list afterwards. */
export function oneOrMore<Item extends z.ZodType>(item: Item, error: string) {
  return z.union([item, list(item, error).min(1, error)], { error }).transform((value) => {
    return (Array.isArray(value) ? value : [value]) as z.output<Item>[];
  });
}
