/** What the same money would have become without a strategy: bought at the first price and held, without fees. */
import { Drawdown } from '../fincalcs/performance.ts';
import { type Growth, growthOf, yearsOf } from './figures.ts';
import type { ReportMarket } from './market.ts';
import type { BatchWalk } from './walk.ts';

export interface Comparison extends Growth {
  readonly name: string;
  readonly symbols: readonly string[];
  /** At the ends of days: of falls within a day nothing is known here. */
  readonly maxDrawdownPercent: number;
  /** Value at the end of each day of one unit of money. */
  readonly growth: readonly number[];
}

/** Null when none of the symbols had prices. Each gets the same share of the money; before its first price it is cash. */
export function compare(
  walk: BatchWalk,
  of: { readonly name: string; readonly markets: readonly ReportMarket[]; readonly daysPerYear: number },
): Comparison | null {
  const markets = of.markets.filter((market) => market.hasPrices);
  if (markets.length === 0) return null;
  const growth = walk.days.map((_, day) => {
    const worths = markets.map(({ closes, first }) => {
      const close = closes[day] ?? Number.NaN;
      return Number.isNaN(close) ? 1 : close / first;
    });
    return worths.reduce((sum, worth) => sum + worth, 0) / worths.length;
  });
  const drawdown = new Drawdown();
  for (const [day, value] of [1, ...growth].entries()) drawdown.note(day, value);
  return {
    name: of.name,
    symbols: markets.map(({ symbol }) => symbol),
    ...growthOf([1, ...growth], yearsOf(walk), of.daysPerYear),
    maxDrawdownPercent: Number((drawdown.share * 100).toFixed(6)),
    growth: growth.map((value) => Number(value.toFixed(6))),
  };
}
