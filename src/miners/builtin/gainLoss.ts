/** What each run and each portfolio earned in each symbol, and each round trip with what it risked. Before fees. */
import { z } from 'zod';
import { add, type Decimal, ZERO } from '../../domain/decimal.ts';
import { MICROS_PER_DAY } from '../../domain/time.ts';
import { defineMiner, type GainRow, type RoundTripRow, type Traded } from '../contract.ts';
import { PortfolioGains } from '../portfolioGains.ts';
import { PositionWalk, percentOf } from '../roundTrips.ts';

const DAYS_MAX = 10_000;
const ROWS_PER_YIELD = 1_000;
const FILLS_PER_PROGRESS = 5_000;

interface Sum {
  readonly symbol: string;
  readonly algoRunId: string;
  gain: Decimal;
  cost: Decimal;
}

export const gainLoss = defineMiner({
  name: 'gain-loss',
  description:
    'Sums up what was earned per symbol: by each run in gain_loss, by each portfolio in portfolio_gain_loss; and each round trip in trade_analysis.',
  parameters: z.strictObject({
    days: z
      .int('a whole number of days')
      .min(1)
      .max(DAYS_MAX)
      .optional()
      .describe(
        'Only what was closed in these days. Left out: of all time. Positions are followed from their beginning in any case, and portfolios are summed up over all time.',
      ),
  }),
  async *mine(context) {
    const { days } = context.parameters;
    const fromMicros = days === undefined ? 0 : context.nowMicros - days * MICROS_PER_DAY;
    const walk = new PositionWalk();
    const portfolios = new PortfolioGains();
    const sums = new Map<string, Sum>();
    // What is stored of these may be wrong: they are written whole, of all time.
    const whole = await context.takenBack();
    const wholeKeys = new Set(whole.map(keyOf));
    const wholeTrips: RoundTripRow[] = [];
    const recent = new Set<string>();
    let trips: RoundTripRow[] = [];
    let fills = 0;
    for await (const fill of context.fills()) {
      const { closing, roundTrip } = walk.take(fill);
      portfolios.take(fill, closing);
      if (closing !== null) {
        const key = keyOf(closing);
        const sum = sums.get(key) ?? { ...closing, gain: ZERO, cost: ZERO };
        sum.gain = add(sum.gain, closing.gain);
        sum.cost = add(sum.cost, closing.cost);
        sums.set(key, sum);
        if (fill.executedAtMicros >= fromMicros) recent.add(key);
      }
      if (roundTrip !== null) {
        const { gain, cost, ...trip } = roundTrip;
        const row = { ...trip, gainValue: gain, gainPercentage: percentOf(gain, cost) };
        if (wholeKeys.has(keyOf(trip))) wholeTrips.push(row);
        else if (trip.endMicros >= fromMicros) trips.push(row);
      }
      if (trips.length >= ROWS_PER_YIELD) {
        yield { table: 'trade_analysis', rows: trips };
        trips = [];
      }
      fills += 1;
      if (fills % FILLS_PER_PROGRESS === 0) context.progress(0.5, `${fills} fills`);
    }
    yield { table: 'trade_analysis', rows: trips };
    yield { table: 'trade_analysis', rows: wholeTrips, whole };
    const gainsOf = (isWanted: (key: string) => boolean) =>
      [...sums].flatMap(([key, { symbol, algoRunId, gain, cost }]): GainRow[] =>
        isWanted(key) ? [{ symbol, algoRunId, gainValue: gain, gainPercentage: percentOf(gain, cost) }] : [],
      );
    yield { table: 'gain_loss', rows: gainsOf((key) => recent.has(key) && !wholeKeys.has(key)) };
    yield { table: 'gain_loss', rows: gainsOf((key) => wholeKeys.has(key)), whole };
    yield { table: 'portfolio_gain_loss', rows: portfolios.rows() };
    context.progress(1, `${fills} fills`);
  },
});

function keyOf({ symbol, algoRunId }: Traded): string {
  return JSON.stringify([symbol, algoRunId]);
}
