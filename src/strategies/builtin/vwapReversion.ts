/**
 * Mean reversion on the session's VWAP. A trade that lies `entryZ` volume-weighted standard deviations below it (or
 * above, when shorts are allowed) is bought (sold) for the way back: z(p) = (p - vwap) / sigma, see `SessionVwap`.
 * Closed bars give the session so far, trades since then keep it current. Out near the VWAP, at the stop, or in time.
 */
import { SessionVwap } from '../../fincalcs/vwap.ts';
import { type BarView, defineStrategy, type StrategyContext, z } from '../author.ts';

const MINUTE_MICROS = 60_000_000;

const parameters = z
  .strictObject({
    riskPerTrade: z
      .number()
      .positive()
      .default(50)
      .describe('Amount lost when the stop is hit, in account currency'),
    notionalMax: z.number().positive().default(5_000).describe('Most that one position may cost'),
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
    pauseSeconds: z.number().min(0).default(30).describe('Wait between an exit and the next entry'),
    allowShort: z.boolean().default(false).describe('Sell what lies above the VWAP, too'),
    wholeShares: z.boolean().default(true).describe('Round quantities down to whole shares'),
  })
  .refine(({ entryZ, exitZ }) => exitZ < entryZ, { path: ['exitZ'], message: 'must be smaller than entryZ' });
type Parameters = z.infer<typeof parameters>;

interface State {
  phase: 'flat' | 'entering' | 'open' | 'exiting';
  stop: number;
  enteredMicros: number;
  exitedMicros: number;
}
type Context = StrategyContext<Parameters, State>;

/** VWAP per symbol: rebuilt from the bars with each new minute, continued by trades within it. */
const sessions = new Map<string, { vwap: SessionVwap; nextMicros: number; bars: number }>();

function sessionOf(context: Context): { vwap: SessionVwap; nextMicros: number; bars: number } | undefined {
  const newest = context.minuteBars.at(-1);
  if (newest === undefined) return undefined;
  const nextMicros = newest.timeMicros + MINUTE_MICROS;
  const known = sessions.get(context.symbol);
  if (known?.nextMicros === nextMicros) return known;
  const vwap = new SessionVwap();
  const fromMicros = nextMicros - context.parameters.windowMinutes * MINUTE_MICROS;
  let bars = 0;
  for (let index = -1; index >= -context.minuteBars.length; index -= 1) {
    const bar = context.minuteBars.at(index) as BarView;
    if (bar.timeMicros < context.session.openMicros || bar.timeMicros < fromMicros) break;
    vwap.add(bar.vwap, bar.volume);
    bars += 1;
  }
  const session = { vwap, nextMicros, bars };
  sessions.set(context.symbol, session);
  return session;
}

function enter(context: Context, price: number, vwap: SessionVwap): void {
  const { riskPerTrade, notionalMax, stopZ, exitZ, wholeShares } = context.parameters;
  const isLong = price < vwap.value;
  const away = isLong ? -1 : 1;
  const stop = price + away * stopZ * vwap.deviation;
  const wished = Math.min(riskPerTrade / Math.abs(price - stop), notionalMax / price);
  const quantity = wholeShares ? Math.floor(wished) : wished;
  if (!(quantity > 0) || !(stop > 0)) return;
  Object.assign(context.state, { phase: 'entering', stop, enteredMicros: context.nowMicros });
  const zScore = vwap.zScore(price);
  context[isLong ? 'buy' : 'sell']({
    quantity,
    targetPrice: vwap.value + away * exitZ * vwap.deviation,
    stopLossPrice: stop,
    reason: `${Math.abs(zScore).toFixed(2)} deviations ${isLong ? 'below' : 'above'} VWAP`,
    indicators: { price, vwap: vwap.value, deviation: vwap.deviation, zScore },
  });
}

function exit(context: Context, reason: string): void {
  context.state.phase = 'exiting';
  context.flatten(reason);
}

export default defineStrategy<Parameters, State>({
  name: 'vwap-reversion',
  description:
    "Buys what has fallen far below the session's VWAP for the way back; optionally sells what lies above.",
  scope: 'symbol',
  channels: ['trades', 'bars'],
  parameters,
  warmUp: ({ windowMinutes }) => ({ minuteBars: windowMinutes }),
  initialState: () => ({ phase: 'flat', stop: 0, enteredMicros: 0, exitedMicros: 0 }),

  onTrade(context, trade) {
    const session = sessionOf(context);
    if (session === undefined) return;
    const { vwap } = session;
    if (trade.countsInVolume && trade.movesRange && trade.timeMicros >= session.nextMicros) {
      vwap.add(trade.price, trade.size);
    }
    if (!trade.movesLast) return;
    const { state, parameters: plan, position } = context;
    const zScore = vwap.zScore(trade.price);
    if (position.quantity !== 0 && state.phase === 'open') {
      const side = Math.sign(position.quantity);
      if (zScore * side >= -plan.exitZ) exit(context, 'back at VWAP');
      else if ((trade.price - state.stop) * side <= 0) exit(context, 'stop reached');
      else if (context.nowMicros - state.enteredMicros >= plan.holdSecondsMax * 1e6)
        exit(context, 'held long enough');
      return;
    }
    if (state.phase !== 'flat' || position.quantity !== 0 || !context.isWindowOpen) return;
    if (session.bars < plan.barsMin || context.nowMicros - state.exitedMicros < plan.pauseSeconds * 1e6)
      return;
    if (zScore <= -plan.entryZ || (plan.allowShort && zScore >= plan.entryZ))
      enter(context, trade.price, vwap);
  },

  onFill: settle,
  onOrder: settle,
  onDenial: settle,
  onStart: settle,
});

/** The phase follows what is really held and open, also after a restart, a denial or a cancelled rest. */
function settle(context: Context): void {
  const { state, position, openOrders } = context;
  if (openOrders.length > 0) return;
  if (position.quantity !== 0) state.phase = 'open';
  else if (state.phase !== 'flat') {
    state.phase = 'flat';
    state.exitedMicros = context.nowMicros;
  }
}
