/** Which stocks move together: from the daily bars that are stored, so `daily-bars` has to run before. */
import { z } from 'zod';
import { defineMiner, type StoredCloses } from '../contract.ts';

const SYMBOLS_PER_QUESTION = 250;
/** Calendar days in which so many sessions lie, with holidays. */
const CALENDAR_DAYS_PER_SESSION = 1.6;
const EXTRA_DAYS = 10;

export const clusters = defineMiner({
  name: 'clusters',
  description:
    'Finds the most similar stocks of each, and groups of them, by the correlation of daily returns.',
  parameters: z.strictObject({
    days: z.int('a whole number of days').min(5).max(500).default(60).describe('Returns that are compared.'),
    min_correlation: z
      .number('a number from 0 to 1')
      .min(0)
      .max(1)
      .default(0.6)
      .describe('Less is no likeness.'),
    max_similar: z.int('a whole number').min(1).max(50).default(10).describe('Kept for each stock.'),
    max_symbols: z
      .int('a whole number')
      .min(2)
      .max(10_000)
      .default(2_000)
      .describe('The most traded, by dollars; those without a bar on every day are left out.'),
  }),
  async *mine(context) {
    const { days, min_correlation, max_similar, max_symbols } = context.parameters;
    const span = Math.ceil(days * CALENDAR_DAYS_PER_SESSION) + EXTRA_DAYS;
    const symbols = (await context.storedTickers()).map(({ symbol }) => symbol);
    const stored: StoredCloses[] = [];
    for (let start = 0; start < symbols.length; start += SYMBOLS_PER_QUESTION) {
      stored.push(...(await context.storedCloses(symbols.slice(start, start + SYMBOLS_PER_QUESTION), span)));
      context.progress((0.5 * start) / symbols.length, `${stored.length} symbols read`);
    }
    const dates = commonDates(stored, days + 1);
    const eligible = stored
      .flatMap((closes) => returnsOf(closes, dates) ?? [])
      .sort((a, b) => b.dollars - a.dollars || (a.symbol < b.symbol ? -1 : 1))
      .slice(0, max_symbols);
    if (dates.length < days + 1 || eligible.length < 2) {
      context.log('warn', 'too few daily bars are stored; the miner daily-bars collects them', {
        symbols: eligible.length,
        days: Math.max(0, dates.length - 1),
      });
      return;
    }
    context.progress(0.5, `${eligible.length} symbols compared`);
    const { neighbours, groups } = await context.similarColumns(
      eligible.map(({ returns }) => returns),
      { correlationMin: min_correlation, neighboursMax: max_similar },
    );
    const sizes = new Map<number, number>();
    for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    yield {
      table: 'similar_tickers',
      rows: eligible.map(({ symbol }, index) => ({
        symbol,
        similar: neighbours[index]!.map((neighbour) => eligible[neighbour.index]!.symbol),
        // Named after the most traded of them.
        cluster: sizes.get(groups[index]!)! > 1 ? eligible[groups[index]!]!.symbol : null,
      })),
    };
    context.progress(1, `${eligible.length} symbols`);
  },
});

/** The newest dates on which at least half of the symbols were traded, oldest first. */
function commonDates(stored: readonly StoredCloses[], count: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const { dates } of stored) for (const date of dates) counts.set(date, (counts.get(date) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  const common = [...counts].filter(([, times]) => 2 * times >= most).map(([date]) => date);
  return common.sort().slice(-count);
}

interface Returns {
  readonly symbol: string;
  readonly returns: Float64Array;
  readonly dollars: number;
}

/** Logarithms of the closes' ratios; undefined where a date is missing. */
function returnsOf(closes: StoredCloses, dates: readonly string[]): Returns | undefined {
  const places = new Map(closes.dates.map((date, index) => [date, index]));
  const found = dates.map((date) => places.get(date));
  if (dates.length < 2 || !found.every((place) => place !== undefined)) return undefined;
  const prices = found.map((place) => closes.closes[place]!);
  const dollars = found.reduce((sum, place) => sum + closes.closes[place]! * closes.volumes[place]!, 0);
  const returns = Float64Array.from(prices.slice(1), (price, index) => Math.log(price / prices[index]!));
  return { symbol: closes.symbol, returns, dollars };
}
