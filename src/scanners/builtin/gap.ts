/** Stocks that opened away from yesterday's close; before the open, those that trade away from it. */
import { z } from 'zod';
import type { DaySnapshot } from '../contract.ts';
import {
  isInBand,
  minimumLastDollarVolume,
  percent,
  percentFrom,
  priceBand,
  symbolsMax,
} from '../figures.ts';
import { defineSiftingScanner } from '../sifting.ts';

export const gap = defineSiftingScanner({
  name: 'gap',
  description: "Picks stocks that opened far from yesterday's close, the widest gap first.",
  parameters: z.strictObject({
    ...priceBand,
    min_gap_percent: z
      .number('percent')
      .min(0)
      .max(10_000)
      .default(3)
      .describe(
        "How far from yesterday's close it opened, in percent: at least this. Before the open the last trade or the middle of the quote counts.",
      ),
    direction: z
      .enum(['up', 'down', 'both'], { error: 'one of: up, down, both' })
      .default('both')
      .describe('The gaps that are wanted.'),
    min_last_dv: minimumLastDollarVolume,
    max_symbols: symbolsMax,
  }),
  itemsMax: (parameters) => parameters.max_symbols,
  sift(snapshot, { parameters, minutesSinceOpen }) {
    const { previous, symbol } = snapshot;
    const price = minutesSinceOpen < 0 ? preMarketPrice(snapshot) : (snapshot.today?.open ?? null);
    if (previous === null || previous.close <= 0 || price === null || price <= 0) return undefined;
    const gapPercent = percentFrom(previous.close, price);
    const isWanted =
      parameters.direction === 'both' || (gapPercent > 0 ? 'up' : 'down') === parameters.direction;
    const isFound =
      isWanted &&
      Math.abs(gapPercent) >= parameters.min_gap_percent &&
      previous.volume * previous.close > parameters.min_last_dv &&
      isInBand(price, parameters);
    if (!isFound) return undefined;
    const verb = minutesSinceOpen < 0 ? 'trades' : 'opened';
    return { symbol, score: Math.abs(gapPercent), reason: `${verb} ${percent(gapPercent)} from the close` };
  },
  choose: (items) => items,
});

/** The last trade only when it is of today; else the middle of a sound quote. */
function preMarketPrice(snapshot: DaySnapshot): number | null {
  if (snapshot.today !== null && snapshot.lastPrice !== null) return snapshot.lastPrice;
  const { quote } = snapshot;
  if (quote === null || quote.bidPrice <= 0 || quote.askPrice <= quote.bidPrice) return null;
  return (quote.bidPrice + quote.askPrice) / 2;
}
