/**
 * Momentum, long only. The last hours of minute bars say whether a symbol is being bought: fast above slow average,
 * price above the session's VWAP. A trade that breaks out above the last minutes' range then opens a position whose
 * size risks a fixed amount down to its stop; trades close it at the stop, the target, the trailing stop, or in time.
 */
import {
  AnchoredVwap,
  Atr,
  BarFollower,
  type Cycle,
  cycleParameters,
  defineStrategy,
  Ema,
  enter,
  exit,
  exitReason,
  mayEnter,
  newCycle,
  onEachPrice,
  type PriceNow,
  type StrategyContext,
  settle,
  z,
} from '../author.ts';

const parameters = z
  .strictObject({
    ...cycleParameters,
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
  })
  .refine(({ emaFastMinutes, emaSlowMinutes }) => emaFastMinutes < emaSlowMinutes, {
    path: ['emaFastMinutes'],
    message: 'must be shorter than emaSlowMinutes',
  });
type Parameters = z.infer<typeof parameters>;

interface State extends Cycle {
  /** The trailing stop's price. */
  trail: number;
}
type Context = StrategyContext<Parameters, State>;

interface Tools {
  readonly fast: Ema;
  readonly slow: Ema;
  readonly atr: Atr;
  readonly vwap: AnchoredVwap;
}

const follower = new BarFollower<Tools, Context>(
  ({ parameters: { emaFastMinutes, emaSlowMinutes, atrMinutes }, session: { openMicros } }) => ({
    fast: new Ema(emaFastMinutes),
    slow: new Ema(emaSlowMinutes),
    atr: new Atr(atrMinutes),
    vwap: new AnchoredVwap({ anchorMicros: openMicros }),
  }),
  ({ fast, slow, atr, vwap }, bar, { session: { openMicros } }) => {
    if (vwap.anchorMicros !== openMicros) vwap.moveAnchor(openMicros);
    fast.update(bar.close);
    slow.update(bar.close);
    atr.update(bar);
    vwap.update(bar);
  },
);

function enterOnBreakout(context: Context, { price, timeMicros }: PriceNow): void {
  const tools = follower.follow(context);
  if (tools === undefined || !tools.slow.isReady || !(tools.atr.value > 0)) return;
  const [emaFast, emaSlow, atr] = [tools.fast.value, tools.slow.value, tools.atr.value];
  if (!(emaFast > emaSlow)) return;
  const vwap = tools.vwap.value.middle;
  if (!(price > vwap)) return;
  const { breakoutMinutes, stopAtr, targetAtr } = context.parameters;
  // A minute that has just closed does not exceed itself.
  const own = context.minuteBars.at(-1)?.timeMicros === timeMicros ? 1 : 0;
  const closes = context.minuteBars.column('close', breakoutMinutes + own);
  const breakout = Math.max(...closes.subarray(0, closes.length - own));
  if (!(price > breakout)) return;
  const stop = price - atr * stopAtr;
  context.state.trail = stop;
  enter(context, {
    price,
    stop,
    target: price + atr * targetAtr,
    reason: `breakout above ${breakout.toFixed(2)} in an uptrend`,
    indicators: { price, emaFast, emaSlow, atr, vwap, breakout },
  });
}

function act(context: Context, now: PriceNow): void {
  const { price } = now;
  const { state, parameters: plan, position } = context;
  if (position.quantity > 0 && state.phase === 'open') {
    const atr = follower.follow(context)?.atr.value ?? Number.NaN;
    if (atr > 0) state.trail = Math.max(state.trail, price - atr * plan.trailAtr);
    const reason = exitReason(context, price) ?? (price <= state.trail ? 'trailing stop reached' : undefined);
    if (reason !== undefined) exit(context, reason);
  } else if (mayEnter(context)) enterOnBreakout(context, now);
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
  initialState: () => ({ ...newCycle(), trail: 0 }),

  ...onEachPrice(act),
  onStart: settle,
  onFill: settle,
  onOrder: settle,
  onDenial: settle,
});
