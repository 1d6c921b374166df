/**
 * Opening-range breakout. The first minutes of a session set a range; the first trade beyond it opens a position in
 * its direction, with the stop inside the range and the target a multiple of its height away. Once a session; on
 * demand only where those minutes traded more than the ones before.
 */
import {
  BarFollower,
  type Cycle,
  cycleParameters,
  defineStrategy,
  enter,
  exit,
  exitReason,
  mayEnter,
  newCycle,
  OpeningRange,
  onEachPrice,
  type PriceNow,
  type StrategyContext,
  settle,
  z,
} from '../author.ts';

const MINUTE_MICROS = 60_000_000;

const parameters = z.strictObject({
  ...cycleParameters,
  rangeMinutes: z.int().min(1).max(120).default(15).describe('Length of the opening range, in minutes'),
  entryMinutesMax: z.int().min(2).max(390).default(120).describe('No entry later than this after the open'),
  rangePercentMin: z
    .number()
    .min(0)
    .default(0.1)
    .describe('Smallest height of the range, in percent of the price; less is noise'),
  rangePercentMax: z.number().positive().default(5).describe('Largest height; beyond it the stop is too far'),
  stopShare: z
    .number()
    .positive()
    .max(1)
    .default(0.5)
    .describe("Stop this share of the range's height behind its broken side; 1 is its other side"),
  targetShare: z
    .number()
    .positive()
    .default(1.5)
    .describe("Target this many of the range's heights beyond its broken side"),
  volumeMin: z
    .number()
    .min(0)
    .default(0)
    .describe('Least volume of the range, as a multiple of the mean of as many minutes before; 0 for any'),
  allowShort: z.boolean().default(false).describe('Sell what falls out of the range, too'),
  holdSecondsMax: z.number().positive().default(14_400).describe('Out after this time, whatever the price'),
});
type Parameters = z.infer<typeof parameters>;

interface State extends Cycle {
  /** Date of the session in which it has entered; one entry a session. */
  enteredOn: string;
}
type Context = StrategyContext<Parameters, State>;

/** What the session's bars say; begun anew with each session. */
interface Opening {
  openMicros: number;
  range: OpeningRange;
  /** Volume of the range, and of the minutes before it. */
  volume: number;
  readonly before: { minutes: number; volume: number };
}

const follower = new BarFollower<Opening, Context>(
  ({ session, parameters: { rangeMinutes } }) => ({
    openMicros: session.openMicros,
    range: new OpeningRange(session.openMicros, rangeMinutes * MINUTE_MICROS),
    volume: 0,
    before: { minutes: 0, volume: 0 },
  }),
  (opening, bar, { session: { openMicros }, parameters: { rangeMinutes } }) => {
    const length = rangeMinutes * MINUTE_MICROS;
    if (opening.openMicros !== openMicros) {
      Object.assign(opening, { openMicros, range: new OpeningRange(openMicros, length), volume: 0 });
    }
    opening.range.update(bar);
    if (bar.timeMicros < openMicros) {
      opening.before.minutes += 1;
      opening.before.volume += bar.volume;
    } else if (bar.timeMicros < openMicros + length) opening.volume += bar.volume;
  },
);

function isTradable({ range, volume, before }: Opening, plan: Parameters): boolean {
  if (!range.isReady) return false;
  const percent = (100 * (range.high - range.low)) / range.low;
  if (percent < plan.rangePercentMin || percent > plan.rangePercentMax) return false;
  const usual = (plan.rangeMinutes * before.volume) / before.minutes;
  return plan.volumeMin === 0 || volume >= plan.volumeMin * usual;
}

function enterBeyond(context: Context, price: number, opening: Opening): void {
  const { parameters: plan, session, state } = context;
  const { high, low } = opening.range;
  const side = price > high ? 1 : price < low && plan.allowShort ? -1 : 0;
  if (side === 0) return;
  const broken = side > 0 ? high : low;
  const height = high - low;
  const target = broken + side * plan.targetShare * height;
  // What has gone that far already, before the strategy was there or in one leap, is no entry any more.
  if ((target - price) * side <= 0) return;
  state.enteredOn = session.date;
  enter(context, {
    price,
    stop: broken - side * plan.stopShare * height,
    target,
    reason: `${side > 0 ? 'above' : 'below'} the range of the first ${plan.rangeMinutes} minutes`,
    indicators: { price, high, low, volume: opening.volume },
  });
}

function act(context: Context, { price }: PriceNow): void {
  const { state, position, parameters: plan, session } = context;
  if (position.quantity !== 0 && state.phase === 'open') {
    const reason = exitReason(context, price);
    if (reason !== undefined) exit(context, reason);
    return;
  }
  const isInTime =
    context.minutesSinceOpen >= plan.rangeMinutes && context.minutesSinceOpen <= plan.entryMinutesMax;
  if (!isInTime || state.enteredOn === session.date || !mayEnter(context)) return;
  const opening = follower.follow(context);
  if (opening !== undefined && isTradable(opening, plan)) enterBeyond(context, price, opening);
}

export default defineStrategy<Parameters, State>({
  name: 'opening-range-breakout',
  description:
    "Trades the break of the session's first minutes' range, once a session, with a stop inside it.",
  scope: 'symbol',
  channels: ['trades', 'bars'],
  parameters,
  warmUp: ({ rangeMinutes, entryMinutesMax }) => ({ minuteBars: 2 * rangeMinutes + entryMinutesMax }),
  initialState: () => ({ ...newCycle(), enteredOn: '' }),

  ...onEachPrice(act),
  onStart: settle,
  onFill: settle,
  onOrder: settle,
  onDenial: settle,
});
