/** Figures that several scanners compare, and how reasons print them. */
import { z } from 'zod';
import type { DaySnapshot } from './contract.ts';

/** A day with all that a comparison with the day before needs. */
export interface DayFigures {
  readonly symbol: string;
  readonly lastPrice: number;
  readonly previousClose: number;
  /** Shares of the day so far. */
  readonly volume: number;
  /** Shares of the day before. */
  readonly lastVolume: number;
  /** Last price against the previous close, in percent. */
  readonly changePercent: number;
  /** Volume times close of the day before, in dollars. */
  readonly lastDollarVolume: number;
}

/** Undefined where the symbol has not traded today, or there is no day before to compare with. */
export function dayFigures(snapshot: DaySnapshot): DayFigures | undefined {
  const { symbol, today, previous } = snapshot;
  const lastPrice = snapshot.lastPrice ?? today?.close ?? 0;
  if (today === null || previous === null || previous.close <= 0 || lastPrice <= 0) return undefined;
  return {
    symbol,
    lastPrice,
    previousClose: previous.close,
    volume: today.volume,
    lastVolume: previous.volume,
    changePercent: percentFrom(previous.close, lastPrice),
    lastDollarVolume: previous.volume * previous.close,
  };
}

const PRICE_MAX = 1_000_000;
const SYMBOLS_MAX = 1_000;

/** Parameters that narrow a market down to what can be traded well; each is effective where a scanner has it. */
export const priceBand = {
  min_share_price: z
    .number('a price')
    .min(0)
    .max(PRICE_MAX)
    .default(2)
    .describe('The price in dollars: at least this.'),
  max_share_price: z
    .number('a price')
    .min(0)
    .max(PRICE_MAX)
    .default(PRICE_MAX)
    .describe('The price in dollars: at most this.'),
};

export const minimumLastDollarVolume = z
  .number('dollars')
  .min(0)
  .default(500_000)
  .describe("Yesterday's volume times its close, in dollars: more than this.");
export const symbolsMax = z
  .number('a whole number of symbols')
  .int()
  .min(1)
  .max(SYMBOLS_MAX)
  .default(100)
  .describe('The best of those found, before `max_picks` of the plan.');

/** Most of a market that a scanner asks the history of; the others are never looked at. */
export const candidatesMax = z.number('a whole number of symbols').int().min(1).max(5_000);

export function isInBand(
  price: number,
  band: { readonly min_share_price: number; readonly max_share_price: number },
): boolean {
  return price >= band.min_share_price && price <= band.max_share_price;
}

/** How far `to` lies from `from`, in percent of `from`. */
export function percentFrom(from: number, to: number): number {
  return ((to - from) / from) * 100;
}

export function percent(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(2)} %`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** The highest ranked, for scanners with a limit of their own. */
export function highest<Item extends { readonly score: number; readonly symbol: string }>(
  items: readonly Item[],
  limit: number,
): readonly Item[] {
  return [...items].sort((a, b) => b.score - a.score || (a.symbol < b.symbol ? -1 : 1)).slice(0, limit);
}
