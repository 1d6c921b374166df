/**
 * Pairs: two instruments that move together. A straight line through the logs of their last minutes' prices says what
 * the first should cost by the second; where it is too dear it is sold and the second bought, and the other way round,
 * with equal risk by the line's ratio. Out when the spread is back, when it runs away, or in time; both legs together.
 *
 * A plan needs exactly two symbols and `allow_short` for it.
 */
import {
  approach,
  barsOf,
  defineStrategy,
  Pair,
  type PairFigures,
  type StrategyContext,
  type Targets,
  z,
} from '../author.ts';

const parameters = z
  .strictObject({
    windowMinutes: z.int().min(10).max(1_000).default(120).describe('Minutes that the line goes through'),
    entryZ: z
      .number()
      .positive()
      .default(2)
      .describe('Standard deviations of the spread that open a position'),
    exitZ: z.number().min(0).default(0.5).describe('Standard deviations at which it is back'),
    stopZ: z.number().positive().default(4).describe('Standard deviations at which it is given up'),
    correlationMin: z.number().min(0).max(1).default(0.8).describe('Least correlation for an entry'),
    notional: z.number().positive().default(5_000).describe('What the first leg costs, in account currency'),
    ratioMax: z.number().positive().default(3).describe("Largest size of the second leg, in the first's"),
    holdMinutesMax: z.number().positive().default(120).describe('Out after this time, whatever the spread'),
    pauseMinutes: z.number().min(0).default(5).describe('Wait between an exit and the next entry'),
    wholeShares: z.boolean().default(true).describe('Round quantities down to whole shares'),
  })
  .refine(({ entryZ, exitZ, stopZ }) => exitZ < entryZ && entryZ < stopZ, {
    path: ['entryZ'],
    message: 'must lie between exitZ and stopZ',
  });
type Parameters = z.infer<typeof parameters>;

interface State {
  targets: Targets;
  reason: string;
  /** 1 when the first is bought and the second sold, -1 the other way round, 0 when flat. */
  side: number;
  enteredMicros: number;
  exitedMicros: number;
  /** Date of the last session in which a leg was refused: no more entries in it. */
  refusedOn: string;
}
type Context = StrategyContext<Parameters, State>;

/** The line through the minutes that both have, undefined until there are enough; the newest must be of now. */
function figuresOf(context: Context): PairFigures | undefined {
  const [first, second] = context.symbols.map((symbol) => context.view(symbol));
  if (first === undefined || second === undefined) return undefined;
  const closes = new Map<number, number>();
  for (const { timeMicros, close } of barsOf(second.minuteBars)) closes.set(timeMicros, close);
  const both = [...barsOf(first.minuteBars)].filter(({ timeMicros }) => closes.has(timeMicros));
  const newest = both.at(-1);
  const isCurrent =
    newest === first.minuteBars.at(-1) && newest?.timeMicros === second.minuteBars.at(-1)?.timeMicros;
  if (!isCurrent) return undefined;
  const { windowMinutes } = context.parameters;
  const pair = new Pair(windowMinutes);
  for (const { timeMicros, close } of both.slice(-windowMinutes)) {
    pair.update({ first: close, second: closes.get(timeMicros)! });
  }
  return pair.isReady ? pair.value : undefined;
}

function decide(context: Context, { ratio, zScore, correlation }: PairFigures): void {
  const { state, parameters: plan, nowMicros, session } = context;
  const away = Math.abs(zScore);
  const minutesSince = (micros: number) => (nowMicros - micros) / 60e6;
  if (state.side !== 0) {
    // By the end of the day, by a person: it is not opened again.
    if (state.enteredMicros < nowMicros && isFlat(context)) close(context, 'closed by others');
    else if (zScore * state.side >= -plan.exitZ) close(context, 'the spread is back');
    else if (away >= plan.stopZ) close(context, 'the spread runs away');
    else if (minutesSince(state.enteredMicros) >= plan.holdMinutesMax) close(context, 'held long enough');
    return;
  }
  const isFit = correlation >= plan.correlationMin && ratio > 0 && ratio <= plan.ratioMax;
  const isFar = away >= plan.entryZ && away < plan.stopZ;
  if (!isFit || !isFar || !context.isWindowOpen || state.refusedOn === session.date) return;
  if (minutesSince(state.exitedMicros) < plan.pauseMinutes) return;
  const [first, second] = context.symbols;
  const quantityOf = (symbol: string, notional: number) => {
    const wished = notional / (context.view(symbol)?.lastPrice ?? Number.NaN);
    return plan.wholeShares ? Math.floor(wished) : wished;
  };
  const [one, other] = [quantityOf(first!, plan.notional), quantityOf(second!, plan.notional * ratio)];
  if (!(one > 0 && other > 0)) return;
  const side = zScore < 0 ? 1 : -1;
  const targets = { [first!]: side * one, [second!]: -side * other };
  const reason = `the spread is ${zScore.toFixed(2)} deviations away`;
  Object.assign(state, { targets, side, reason, enteredMicros: nowMicros });
}

function isFlat(context: Context): boolean {
  const views = context.symbols.map((symbol) => context.view(symbol)!);
  return views.every(({ position, openOrders }) => position.quantity === 0 && openOrders.length === 0);
}

function close(context: Context, reason: string): void {
  Object.assign(context.state, { targets: {}, side: 0, reason, exitedMicros: context.nowMicros });
}

export default defineStrategy<Parameters, State>({
  name: 'pairs',
  description: 'Sells the dearer and buys the cheaper of two that move together, for the way back.',
  scope: 'universe',
  channels: ['trades', 'bars'],
  parameters,
  warmUp: ({ windowMinutes }) => ({ minuteBars: windowMinutes }),
  initialState: () => ({
    targets: {},
    reason: '',
    side: 0,
    enteredMicros: 0,
    exitedMicros: 0,
    refusedOn: '',
  }),

  onStart(context) {
    const { length } = context.symbols;
    if (length !== 2) context.log('warn', `pairs needs two symbols and has ${length}; it does nothing`);
  },

  onBar(context) {
    if (context.symbols.length !== 2) return;
    const figures = figuresOf(context);
    if (figures === undefined) return;
    if (Number.isFinite(figures.zScore)) decide(context, figures);
    const indicators = () => ({ ...figures });
    approach(context, context.state.targets, { reason: context.state.reason, indicators });
  },

  // One leg alone is a bet on the market: when one is refused the other goes, too.
  onDenial(context) {
    close(context, 'a leg was refused');
    context.state.refusedOn = context.session.date;
    approach(context, {}, { reason: context.state.reason });
  },
});
