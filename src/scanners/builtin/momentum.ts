/** Stocks that are up today on volume: the scanner that users of LiuAlgoTrader have, with all its parameters. */
import { z } from 'zod';
import {
  count,
  dayFigures,
  isInBand,
  minimumLastDollarVolume,
  percent,
  priceBand,
  symbolsMax,
} from '../figures.ts';
import { defineSiftingScanner } from '../sifting.ts';

export const momentum = defineSiftingScanner({
  name: 'momentum',
  description: 'Picks stocks that rose today on high volume, the most traded first.',
  parameters: z.strictObject({
    ...priceBand,
    min_volume: z
      .number('a number of shares')
      .min(0)
      .default(30_000)
      .describe('Shares traded today: more than this.'),
    today_change_percent: z
      .number('percent')
      .min(-100)
      .max(10_000)
      .default(3.5)
      .describe("Last price against yesterday's close, in percent: at least this much higher."),
    min_last_dv: minimumLastDollarVolume,
    from_market_open: z
      .number('minutes')
      .min(0)
      .max(1_440)
      .default(15)
      .describe('Minutes after the open before which it picks nothing.'),
    max_symbols: symbolsMax,
  }),
  isTime(context) {
    const { parameters, minutesSinceOpen } = context;
    const isTime = minutesSinceOpen >= parameters.from_market_open;
    if (!isTime) {
      context.log('info', 'too early after the open', {
        minutesSinceOpen,
        from: parameters.from_market_open,
      });
    }
    return isTime;
  },
  itemsMax: (parameters) => parameters.max_symbols,
  sift(snapshot, { parameters }) {
    const day = dayFigures(snapshot);
    const isFound =
      day !== undefined &&
      day.volume > parameters.min_volume &&
      day.changePercent >= parameters.today_change_percent &&
      day.lastDollarVolume > parameters.min_last_dv &&
      isInBand(day.lastPrice, parameters);
    if (!isFound) return undefined;
    const reason = `${percent(day.changePercent)} since yesterday's close, ${count(day.volume)} shares today`;
    return { symbol: day.symbol, score: day.volume, reason };
  },
  choose: (items) => items,
});
