/**
 * Momentum, long only. The last hours of minute bars say whether a symbol is being bought: fast above slow average,
 * price above the session's VWAP. A trade that breaks out above the last minutes' range then opens a position whose
 * size risks a fixed amount down to its stop; trades close it at the stop, the target, the trailing stop, or in time.
 */
import { ATR, EMA } from 'trading-signals';
import { SessionVwap } from '../../fincalcs/vwap.ts';
import { type BarView, defineStrategy, type StrategyContext, z } from '../author.ts';

const parameters = z
  .strictObject({
    riskPerTrade: z
      .number()
      .positive()
      .default(50)
      .describe('Amount lost when the stop is hit, in account currency'),
    notionalMax: z.number().positive().default(5_000).describe('Most that one position may cost'),
    emaFastMinutes: z.int().min(2).max(200).default(9).describe('Fast moving average, in minutes'),
    emaSlowMinutes: z.int().min(3).max(400).default(21).describe('Slow moving average, in minutes'),
    atrMinutes: z.int().min(2).max(200).default(14).describe('Average true range, in minutes'),
    breakoutMinutes: z
      .int()
      .min(1)
      .max(120)
      .default(2)
      .describe('The price must exceed the closes of these minutes'),
    stopAtr: z.number().positive().default(1).describe('Stop below the entry, in average true ranges'),
    targetAtr: z.number().positive().default(1.5).describe('Target above the entry, in average true ranges'),
    trailAtr: z
      .number()
      .positive()
      .default(1)
      .describe('Trailing stop below the best price, in average true ranges'),
    holdSecondsMax: z.number().positive().default(900).describe('Out after this time, whatever the price'),
    pauseSeconds: z.number().min(0).default(30).describe('Wait between an exit and the next entry'),
    wholeShares: z.boolean().default(true).describe('Round quantities down to whole shares'),
  })
  .refine(({ emaFastMinutes, emaSlowMinutes }) => emaFastMinutes < emaSlowMinutes, {
    path: ['emaFastMinutes'],
    message: 'must be shorter than emaSlowMinutes',
  });
type Parameters = z.infer<typeof parameters>;

interface State {
  phase: 'flat' | 'entering' | 'long' | 'exiting';
  stop: number;
  target: number;
  trail: number;
  enteredMicros: number;
  exitedMicros: number;
}
type Context = StrategyContext<Parameters, State>;

/** What the closed bars say; made anew with every bar. Kept per symbol, and made again from history after a restart. */
interface Reading {
  barMicros: number;
  emaFast: number;
  emaSlow: number;
  atr: number;
  vwap: number;
  breakout: number;
}
const readings = new Map<string, Reading>();

function read(context: Context): Reading | undefined {
  const newest = context.minuteBars.at(-1);
  if (newest === undefined) return undefined;
  const known = readings.get(context.symbol);
  if (known?.barMicros === newest.timeMicros) return known;
  const { emaFastMinutes, emaSlowMinutes, atrMinutes, breakoutMinutes } = context.parameters;
  const [emaFast, emaSlow, atr] = [new EMA(emaFastMinutes), new EMA(emaSlowMinutes), new ATR(atrMinutes)];
  const vwap = new SessionVwap();
  for (let index = 0; index < context.minuteBars.length; index += 1) {
    const bar = context.minuteBars.at(index) as BarView;
    emaFast.update(bar.close, false);
    emaSlow.update(bar.close, false);
    atr.update(bar, false);
    if (!(bar.timeMicros < context.session.openMicros)) vwap.add(bar.vwap, bar.volume);
  }
  if (!emaSlow.isStable || !atr.isStable) return undefined;
  const reading: Reading = {
    barMicros: newest.timeMicros,
    emaFast: emaFast.getResultOrThrow(),
    emaSlow: emaSlow.getResultOrThrow(),
    atr: atr.getResultOrThrow(),
    vwap: vwap.value,
    breakout: Math.max(...context.minuteBars.column('close', breakoutMinutes)),
  };
  readings.set(context.symbol, reading);
  return reading;
}

function enter(context: Context, price: number, reading: Reading): void {
  const { riskPerTrade, notionalMax, stopAtr, targetAtr, wholeShares } = context.parameters;
  const stop = price - reading.atr * stopAtr;
  const target = price + reading.atr * targetAtr;
  const wished = Math.min(riskPerTrade / (price - stop), notionalMax / price);
  const quantity = wholeShares ? Math.floor(wished) : wished;
  if (!(quantity > 0)) return;
  Object.assign(context.state, {
    phase: 'entering',
    stop,
    target,
    trail: stop,
    enteredMicros: context.nowMicros,
  });
  const { emaFast, emaSlow, atr, vwap, breakout } = reading;
  context.buy({
    quantity,
    targetPrice: target,
    stopLossPrice: stop,
    reason: `breakout above ${breakout.toFixed(2)} in an uptrend`,
    indicators: { price, emaFast, emaSlow, atr, vwap, breakout },
  });
}

function exit(context: Context, reason: string): void {
  context.state.phase = 'exiting';
  context.flatten(reason);
}

export default defineStrategy<Parameters, State>({
  name: 'momentum-long',
  description:
    'Buys breakouts above VWAP in an uptrend of minute bars; out at stop, target, trailing stop or in time.',
  scope: 'symbol',
  channels: ['trades', 'bars'],
  parameters,
  warmUp: ({ emaSlowMinutes, atrMinutes }) => ({
    minuteBars: Math.max(120, 3 * emaSlowMinutes, 3 * atrMinutes),
  }),
  initialState: () => ({ phase: 'flat', stop: 0, target: 0, trail: 0, enteredMicros: 0, exitedMicros: 0 }),

  onTrade(context, trade) {
    if (!trade.movesLast) return;
    const { state, parameters: plan, position } = context;
    const { price } = trade;
    if (position.quantity > 0 && state.phase === 'long') {
      const reading = read(context);
      if (reading !== undefined) state.trail = Math.max(state.trail, price - reading.atr * plan.trailAtr);
      if (price >= state.target) exit(context, 'target reached');
      else if (price <= state.stop) exit(context, 'stop reached');
      else if (price <= state.trail) exit(context, 'trailing stop reached');
      else if (context.nowMicros - state.enteredMicros >= plan.holdSecondsMax * 1e6)
        exit(context, 'held long enough');
      return;
    }
    if (state.phase !== 'flat' || position.quantity !== 0 || !context.isWindowOpen) return;
    if (context.nowMicros - state.exitedMicros < plan.pauseSeconds * 1e6) return;
    const reading = read(context);
    if (reading === undefined || !(reading.atr > 0)) return;
    const isUptrend = reading.emaFast > reading.emaSlow && price > reading.vwap;
    if (isUptrend && price > reading.breakout) enter(context, price, reading);
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
  if (position.quantity > 0) state.phase = 'long';
  else if (state.phase !== 'flat') {
    state.phase = 'flat';
    state.exitedMicros = context.nowMicros;
  }
}
