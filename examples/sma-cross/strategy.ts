/**
 * The crossing of two simple moving averages, long only: in when the fast one rises above the slow one, out when it
 * falls below. The averages are compared in whole ticks, so that no rounding ever decides.
 */
import { defineStrategy, z } from 'openbell';

const parameters = z
  .strictObject({
    /** Bars of the fast and of the slow average. */
    fast: z.int().min(1).max(1_000).default(10),
    slow: z.int().min(2).max(1_000).default(50),
    quantity: z.number().positive().default(10),
    /** Ticks of a price of 1: closes are counted in whole ticks. */
    ticksPerUnit: z.int().min(1).max(1_000_000).default(10_000),
  })
  .refine(({ fast, slow }) => fast < slow, { path: ['fast'], message: 'must be less than slow' });

/** Sums of closes in ticks; -1 below, 1 above, 0 before the first comparison. */
interface State {
  bars: number;
  fastSum: number;
  slowSum: number;
  trend: -1 | 0 | 1;
}

export default defineStrategy<z.output<typeof parameters>, State>({
  name: 'sma-cross',
  description: 'Long while a fast average of closes is above a slow one.',
  scope: 'symbol',
  channels: ['bars'],
  parameters,
  initialState: () => ({ bars: 0, fastSum: 0, slowSum: 0, trend: 0 }),

  onBar(context, bar) {
    const { parameters, state, minuteBars } = context;
    const { fast, slow, ticksPerUnit } = parameters;
    const ticks = Math.round(bar.close * ticksPerUnit);
    state.fastSum += ticks;
    state.slowSum += ticks;
    // What has left each average since the last bar.
    if (state.bars >= fast) state.fastSum -= Math.round(minuteBars.value(-1 - fast, 'close') * ticksPerUnit);
    if (state.bars >= slow) state.slowSum -= Math.round(minuteBars.value(-1 - slow, 'close') * ticksPerUnit);
    state.bars += 1;
    if (state.bars < slow) return;

    const difference = state.fastSum * slow - state.slowSum * fast;
    const trend = difference > 0 ? 1 : difference < 0 ? -1 : state.trend;
    const before = state.trend;
    state.trend = trend;
    const held = context.position.quantity;
    if (before === -1 && trend === 1 && held === 0) {
      context.buy({ quantity: parameters.quantity, reason: 'fast above slow' });
    } else if (before === 1 && trend === -1 && held > 0) {
      context.sell({ quantity: held, reason: 'fast below slow' });
    }
  },
});
