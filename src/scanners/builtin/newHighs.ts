/** Stocks at, or close to, the highest price of many days. */
import { z } from 'zod';
import {
  candidatesMax,
  dayFigures,
  highest,
  isInBand,
  minimumLastDollarVolume,
  percent,
  percentFrom,
  priceBand,
  symbolsMax,
} from '../figures.ts';
import { defineSiftingScanner } from '../sifting.ts';

const TRADING_DAYS_PER_YEAR = 252;
/** With fewer days a high says nothing: a stock that was just listed makes one every other day. */
const DAYS_MIN = 20;

export const newHighs = defineSiftingScanner({
  name: 'new-highs',
  description:
    'Picks stocks above, or close under, their highest price of many days, the farthest above first.',
  parameters: z.strictObject({
    ...priceBand,
    days: z
      .number('a whole number of trading days')
      .int()
      .min(1)
      .max(2_520)
      .default(TRADING_DAYS_PER_YEAR)
      .describe(
        'Trading days before today whose high counts: 252 are 52 weeks. A younger stock needs 20 of them.',
      ),
    max_distance_percent: z
      .number('percent')
      .min(0)
      .max(100)
      .default(0)
      .describe('How far under that high the last price may be; 0 = at the high or above.'),
    min_last_dv: minimumLastDollarVolume,
    max_candidates: candidatesMax
      .default(500)
      .describe('Looked at more closely: those with the most dollars traded today.'),
    max_symbols: symbolsMax,
  }),
  itemsMax: (parameters) => parameters.max_candidates,
  sift(snapshot, { parameters }) {
    const day = dayFigures(snapshot);
    if (day === undefined || !isInBand(day.lastPrice, parameters)) return undefined;
    if (day.lastDollarVolume <= parameters.min_last_dv) return undefined;
    return { ...day, score: day.volume * day.lastPrice };
  },
  async choose(candidates, context) {
    const { parameters } = context;
    if (candidates.length === 0) return [];
    const bars = await context.dailyBars(
      candidates.map(({ symbol }) => symbol),
      parameters.days,
    );
    const found = candidates.flatMap(({ symbol, lastPrice }) => {
      const days = bars.get(symbol) ?? [];
      if (days.length < Math.min(parameters.days, DAYS_MIN)) return [];
      const high = days.reduce((most, bar) => Math.max(most, bar.high), 0);
      if (high <= 0) return [];
      const score = percentFrom(high, lastPrice);
      if (score < -parameters.max_distance_percent) return [];
      const span = parameters.days === TRADING_DAYS_PER_YEAR ? '52-week high' : `high of ${days.length} days`;
      return [{ symbol, score, reason: `${percent(score)} from its ${span} of ${high}` }];
    });
    return highest(found, parameters.max_symbols);
  },
});
