/**
 * Mean reversion on the session's VWAP. A trade that lies `entryZ` volume-weighted standard deviations below it (or
 * above, when shorts are allowed) is bought (sold) for the way back: z(p) = (p - vwap) / sigma, see `SessionVwap`.
 * Closed bars give the session so far, trades since then keep it current. Out near the VWAP, at the stop, or in time.
 */
import {
  averagePrice,
  type Cycle,
  cycleParameters,
  defineStrategy,
  enter,
  exit,
  exitReason,
  mayEnter,
  newCycle,
  SessionVwap,
  type StrategyContext,
  settle,
  z,
} from '../author.ts';

const MINUTE_MICROS = 60_000_000;

const parameters = z
  .strictObject({
    ...cycleParameters,
    windowMinutes: z
      .int()
      .min(5)
      .max(390)
      .default(30)
      .describe('The VWAP and its bands count the last so many minutes'),
    entryZ: z
      .number()
      .positive()
      .default(1)
      .describe('Standard deviations from the VWAP that open a position'),
    exitZ: z
      .number()
      .default(0.25)
      .describe('Standard deviations from the VWAP at which the way back is done'),
    stopZ: z
      .number()
      .positive()
      .default(1.5)
      .describe('Stop further away than the entry, in standard deviations'),
    barsMin: z
      .int()
      .min(2)
      .max(390)
      .default(10)
      .describe('Closed minutes of the session before the first entry'),
    holdSecondsMax: z.number().positive().default(600).describe('Out after this time, whatever the price'),
    allowShort: z.boolean().default(false).describe('Sell what lies above the VWAP, too'),
  })
  .refine(({ entryZ, exitZ }) => exitZ < entryZ, { path: ['exitZ'], message: 'must be smaller than entryZ' });
type Parameters = z.infer<typeof parameters>;
type Context = StrategyContext<Parameters, Cycle>;

interface Session {
  readonly vwap: SessionVwap;
  readonly nextMicros: number;
  readonly bars: number;
}

/** VWAP per symbol: rebuilt from the bars with each new minute, continued by trades within it. */
const sessions = new Map<string, Session>();

function sessionOf(context: Context): Session | undefined {
  const newest = context.minuteBars.at(-1);
  if (newest === undefined) return undefined;
  const nextMicros = newest.timeMicros + MINUTE_MICROS;
  const known = sessions.get(context.symbol);
  if (known?.nextMicros === nextMicros) return known;
  const vwap = new SessionVwap();
  const fromMicros = nextMicros - context.parameters.windowMinutes * MINUTE_MICROS;
  let bars = 0;
  for (let index = -1; index >= -context.minuteBars.length; index -= 1) {
    const bar = context.minuteBars.at(index)!;
    if (bar.timeMicros < context.session.openMicros || bar.timeMicros < fromMicros) break;
    vwap.add(averagePrice(bar), bar.volume);
    bars += 1;
  }
  const session = { vwap, nextMicros, bars };
  sessions.set(context.symbol, session);
  return session;
}

/** @param side 1 for a position that was bought, -1 for one that was sold. */
function targetOf({ value, deviation }: SessionVwap, exitZ: number, side: number): number {
  return value - side * exitZ * deviation;
}

function enterAway(context: Context, price: number, vwap: SessionVwap): void {
  const { stopZ, exitZ } = context.parameters;
  const zScore = vwap.zScore(price);
  const side = zScore < 0 ? 1 : -1;
  enter(context, {
    price,
    stop: price - side * stopZ * vwap.deviation,
    target: targetOf(vwap, exitZ, side),
    reason: `${Math.abs(zScore).toFixed(2)} deviations ${side > 0 ? 'below' : 'above'} VWAP`,
    indicators: { price, vwap: vwap.value, deviation: vwap.deviation, zScore },
  });
}

function act(context: Context, price: number, { vwap, bars }: Session): void {
  const { state, parameters: plan, position } = context;
  if (position.quantity !== 0 && state.phase === 'open') {
    const target = targetOf(vwap, plan.exitZ, Math.sign(position.quantity));
    if (Number.isFinite(target)) state.target = target;
    const reason = exitReason(context, price);
    if (reason !== undefined) exit(context, reason);
  } else if (mayEnter(context) && bars >= plan.barsMin) {
    const zScore = vwap.zScore(price);
    const isFar = zScore <= -plan.entryZ || (plan.allowShort && zScore >= plan.entryZ);
    if (isFar) enterAway(context, price, vwap);
  }
}

export default defineStrategy<Parameters, Cycle>({
  name: 'vwap-reversion',
  description: "Buys what has fallen far below the session's VWAP, for the way back; on demand sells.",
  scope: 'symbol',
  channels: ['trades', 'bars'],
  parameters,
  warmUp: ({ windowMinutes }) => ({ minuteBars: windowMinutes }),
  initialState: newCycle,

  onTrade(context, trade) {
    const session = sessionOf(context);
    if (session === undefined) return;
    if (trade.countsInVolume && trade.movesRange && trade.timeMicros >= session.nextMicros) {
      session.vwap.add(trade.price, trade.size);
    }
    if (trade.movesLast) act(context, trade.price, session);
  },

  // Where the data has minutes only.
  onBar(context, { close }) {
    const session = sessionOf(context);
    if (session !== undefined) act(context, close, session);
  },

  onStart: settle,
  onFill: settle,
  onOrder: settle,
  onDenial: settle,
});
