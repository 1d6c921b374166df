/** Stocks that are traded much more today than they usually are by this time of the session. */
import { z } from 'zod';
import {
  candidatesMax,
  count,
  dayFigures,
  highest,
  isInBand,
  minimumLastDollarVolume,
  percent,
  priceBand,
  symbolsMax,
} from '../figures.ts';
import { defineSiftingScanner } from '../sifting.ts';

export const relativeVolume = defineSiftingScanner({
  name: 'relative-volume',
  description:
    'Picks stocks traded far more than usual up to this minute of the session, the most unusual first.',
  parameters: z.strictObject({
    ...priceBand,
    min_relative_volume: z
      .number('a ratio')
      .min(0)
      .max(10_000)
      .default(2)
      .describe(
        "Volume since the open over the earlier sessions' mean volume up to the same minute: at least this.",
      ),
    sessions: z
      .number('a whole number of sessions')
      .int()
      .min(1)
      .max(60)
      .default(10)
      .describe('Earlier sessions of the mean; those that were shorter than today is old do not count.'),
    min_volume: z
      .number('a number of shares')
      .min(0)
      .default(30_000)
      .describe('Shares since the open: at least this.'),
    min_last_dv: minimumLastDollarVolume,
    max_candidates: candidatesMax
      .default(200)
      .describe('Looked at more closely: those with the most volume today for that of yesterday.'),
    max_symbols: symbolsMax,
  }),
  itemsMax: (parameters) => parameters.max_candidates,
  sift(snapshot, { parameters }) {
    const day = dayFigures(snapshot);
    if (day === undefined || !isInBand(day.lastPrice, parameters)) return undefined;
    if (day.lastDollarVolume <= parameters.min_last_dv || day.volume < parameters.min_volume)
      return undefined;
    return { ...day, score: day.volume / day.lastVolume };
  },
  async choose(candidates, context) {
    const { parameters } = context;
    if (candidates.length === 0) return [];
    const volumes = await context.sessionVolumes(
      candidates.map(({ symbol }) => symbol),
      parameters.sessions,
    );
    const found = candidates.flatMap(({ symbol, changePercent }) => {
      const { today, earlier } = volumes.get(symbol) ?? { today: 0, earlier: [] };
      const usual = earlier.reduce((sum, shares) => sum + shares, 0) / earlier.length;
      if (!(usual > 0) || today < parameters.min_volume) return [];
      const score = today / usual;
      if (score < parameters.min_relative_volume) return [];
      const reason = `${score.toFixed(2)} times its usual volume by now: ${count(today)} shares, ${percent(changePercent)}`;
      return [{ symbol, score, reason }];
    });
    return highest(found, parameters.max_symbols);
  },
});
