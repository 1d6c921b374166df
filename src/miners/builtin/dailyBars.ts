/**
 * A day's open, high, low and close of every symbol. Each symbol is continued from its newest stored day, so a run
 * that was interrupted goes on where it ended, and a second one on the same evening finds nothing to do.
 */
import { z } from 'zod';
import type { Instrument } from '../../domain/market.ts';
import { type DayBar, defineMiner, type MinerContext, type StoredDay } from '../contract.ts';

const DAY_MS = 86_400_000;
const DAYS_MAX = 10_000;
const SYMBOLS_MAX = 20_000;
/** Of one request: with two years of days its answer has some 25,000 rows. */
const SYMBOLS_PER_REQUEST = 50;
/** With few days to ask for, answers stay small, and symbols fit into an address of a few kilobytes. */
const SYMBOLS_PER_SHORT_REQUEST = 200;
const SHORT_RANGE_DAYS = 30;
/** A stored close that is off by more was adjusted for a split since; late corrections are smaller. */
const RESTATED_RATIO = 0.005;

const parameters = z.strictObject({
  days: z
    .int('a whole number of days')
    .min(1)
    .max(DAYS_MAX)
    .default(730)
    .describe('How far back, in calendar days, for a symbol of which nothing is stored.'),
  symbols: z
    .array(z.string('a symbol').min(1))
    .min(1)
    .max(SYMBOLS_MAX)
    .optional()
    .describe('Only these. Left out: everything tradable.'),
  exchanges: z
    .array(z.string('an exchange, such as NASDAQ').min(1))
    .min(1)
    .optional()
    .describe('Only of these. Left out: of all.'),
  min_share_price: z
    .number('a price')
    .min(0)
    .optional()
    .describe('The last price in dollars: at least this.'),
  max_share_price: z.number('a price').min(0).optional().describe('The last price in dollars: at most this.'),
});

type Context = MinerContext<z.output<typeof parameters>>;

/** Symbols that miss the same days. */
interface Portion {
  readonly symbols: readonly string[];
  readonly fromDate: string;
}

export const dailyBars = defineMiner({
  name: 'daily-bars',
  description: 'Keeps the daily bars of all tradable symbols in stock_ohlc, adjusted for splits.',
  parameters,
  async *mine(context) {
    const symbols = await wantedSymbols(context);
    const stored = await context.storedDays(symbols);
    const portions = portionsOf(symbols, stored, context);
    const total = portions.reduce((sum, portion) => sum + portion.symbols.length, 0);
    context.log('info', 'symbols to ask for', { symbols: symbols.length, behind: total });
    let done = 0;
    for (const portion of portions) {
      const bars = await context.dayBars(portion.symbols, portion.fromDate, context.lastSessionDate);
      const restated = portion.symbols.filter((symbol) => isRestated(stored.get(symbol), bars.get(symbol)));
      yield { table: 'stock_ohlc', rows: rowsOf(bars, new Set(restated)) };
      if (restated.length > 0) yield* replaceDays(restated, context);
      done += portion.symbols.length;
      context.progress(done / total, `${done} of ${total} symbols, to ${context.lastSessionDate}`);
    }
  },
});

async function wantedSymbols(context: Context): Promise<readonly string[]> {
  const { symbols, exchanges, min_share_price, max_share_price } = context.parameters;
  const listed = symbols === undefined ? null : new Set(symbols);
  const isWanted = (instrument: Instrument) =>
    instrument.tradable &&
    (listed?.has(instrument.symbol) ?? true) &&
    (exchanges?.includes(instrument.exchange) ?? true);
  const found = (await context.instruments()).filter(isWanted).map((instrument) => instrument.symbol);
  const unknown = [...(listed ?? [])].filter((symbol) => !found.includes(symbol));
  if (unknown.length > 0) context.log('warn', 'not tradable, or on another exchange', { symbols: unknown });
  if (min_share_price === undefined && max_share_price === undefined) return found;
  const prices = await context.lastPrices(found);
  return found.filter((symbol) => {
    const price = prices.get(symbol);
    return price !== undefined && price >= (min_share_price ?? 0) && price <= (max_share_price ?? price);
  });
}

/** The symbols that are behind, together with those that miss the same days; the longest gaps last. */
function portionsOf(
  symbols: readonly string[],
  stored: ReadonlyMap<string, StoredDay>,
  context: Context,
): readonly Portion[] {
  const { lastSessionDate } = context;
  const first = firstDate(context);
  const behind = new Map<string, string[]>();
  for (const symbol of symbols) {
    const newest = stored.get(symbol)?.date;
    if (newest === lastSessionDate) continue;
    // The newest stored day is asked for again: whether it still has its price tells whether the others have.
    const date = newest ?? first;
    const isAhead = date > lastSessionDate;
    const fromDate = isAhead ? lastSessionDate : date;
    const together = behind.get(fromDate) ?? [];
    together.push(symbol);
    behind.set(fromDate, together);
  }
  return [...behind]
    .sort(([a], [b]) => (a > b ? -1 : 1))
    .flatMap(([fromDate, together]) => portionsFrom(together, fromDate, lastSessionDate));
}

function portionsFrom(symbols: readonly string[], fromDate: string, toDate: string): readonly Portion[] {
  const isShort = daysBetween(fromDate, toDate) <= SHORT_RANGE_DAYS;
  const size = isShort ? SYMBOLS_PER_SHORT_REQUEST : SYMBOLS_PER_REQUEST;
  return Array.from({ length: Math.ceil(symbols.length / size) }, (_, index) => ({
    symbols: symbols.slice(index * size, (index + 1) * size),
    fromDate,
  }));
}

/** Whether what is stored was adjusted since, or comes from another market. */
function isRestated(stored: StoredDay | undefined, bars: readonly DayBar[] | undefined): boolean {
  if (stored === undefined) return false;
  const same = bars?.find((bar) => bar.date === stored.date);
  if (same === undefined) return bars !== undefined && bars.length > 0;
  return Math.abs(same.close - stored.close) > stored.close * RESTATED_RATIO;
}

async function* replaceDays(symbols: readonly string[], context: Context) {
  context.log('info', 'prices were adjusted since they were stored; all their days are asked for again', {
    symbols: [...symbols],
  });
  const first = firstDate(context);
  for (const portion of portionsFrom(symbols, first, context.lastSessionDate)) {
    const bars = await context.dayBars(portion.symbols, first, context.lastSessionDate);
    yield { table: 'stock_ohlc' as const, rows: rowsOf(bars, new Set()), replaces: portion.symbols };
  }
}

/** Symbol by symbol and day by day: an interrupted write leaves no gap behind a newest day. */
function rowsOf(
  bars: ReadonlyMap<string, readonly DayBar[]>,
  excluded: ReadonlySet<string>,
): readonly DayBar[] {
  return [...bars].flatMap(([symbol, days]) => (excluded.has(symbol) ? [] : days));
}

function firstDate({ lastSessionDate, parameters: { days } }: Context): string {
  return new Date(Date.parse(lastSessionDate) - days * DAY_MS).toISOString().slice(0, 10);
}

function daysBetween(fromDate: string, toDate: string): number {
  return (Date.parse(toDate) - Date.parse(fromDate)) / DAY_MS;
}
