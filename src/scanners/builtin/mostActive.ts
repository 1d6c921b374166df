/** What is traded most today. */
import { z } from 'zod';
import { count, isInBand, priceBand, symbolsMax } from '../figures.ts';
import { defineSiftingScanner } from '../sifting.ts';

const UNITS = { volume: 'shares', dollar_volume: 'dollars', trades: 'trades' } as const;

export const mostActive = defineSiftingScanner({
  name: 'most-active',
  description: 'Picks what is traded most today, by shares, dollars or number of trades.',
  parameters: z.strictObject({
    ...priceBand,
    by: z
      .enum(['volume', 'dollar_volume', 'trades'], { error: 'one of: volume, dollar_volume, trades' })
      .default('dollar_volume')
      .describe('What of today is counted.'),
    max_symbols: symbolsMax,
  }),
  itemsMax: (parameters) => parameters.max_symbols,
  sift({ symbol, today, lastPrice }, { parameters }) {
    const price = lastPrice ?? today?.close ?? 0;
    if (today === null || today.volume <= 0 || !isInBand(price, parameters)) return undefined;
    const score = {
      volume: today.volume,
      dollar_volume: today.volume * today.vwap,
      trades: today.tradeCount,
    }[parameters.by];
    return { symbol, score, reason: `${count(score)} ${UNITS[parameters.by]} today` };
  },
  choose: (items) => items,
});
