/** What is traded most today. */
import { z } from 'zod';
import { defineScanner } from '../contract.ts';
import { count, highest, isInBand, priceBand, symbolsMax } from '../figures.ts';

const UNITS = { volume: 'shares', dollar_volume: 'dollars', trades: 'trades' } as const;

export const mostActive = defineScanner({
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
  async scan(context) {
    const { parameters } = context;
    const found = [...(await context.snapshots()).values()].flatMap(({ symbol, today, lastPrice }) => {
      const price = lastPrice ?? today?.close ?? 0;
      if (today === null || today.volume <= 0 || !isInBand(price, parameters)) return [];
      const score = {
        volume: today.volume,
        dollar_volume: today.volume * today.vwap,
        trades: today.tradeCount,
      }[parameters.by];
      return [{ symbol, score, reason: `${count(score)} ${UNITS[parameters.by]} today` }];
    });
    return highest(found, parameters.max_symbols);
  },
});
