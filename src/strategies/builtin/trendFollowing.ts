/**
 * Trend following on daily bars over a universe. Every so many sessions the symbols are ranked by the slope of a
 * straight line through their last closes, in percent of the price, times how well the line fits (after Andreas
 * Clenow, "Stocks on the Move", 2015). The best that rise and lie above their long average are held, sized so that an
 * average day's range of each moves the portfolio by the same amount; all others are sold.
 *
 * A plan needs `intraday: false` for it: it holds overnight.
 */
import {
  Atr,
  approach,
  barsOf,
  defineStrategy,
  type JsonObject,
  quantityByRisk,
  Sma,
  type StrategyContext,
  type SymbolView,
  shareOfEquity,
  type Targets,
  Trend,
  z,
} from '../author.ts';

const parameters = z.strictObject({
  trendDays: z.int().min(5).max(250).default(90).describe('Closes that the line goes through'),
  averageDays: z.int().min(5).max(250).default(100).describe('Closes of the long average'),
  atrDays: z.int().min(2).max(100).default(20).describe('Average true range, in days'),
  positionsMax: z.int().min(1).max(100).default(10).describe('Symbols that are held at once'),
  // What an average day's range of one position moves the portfolio by.
  riskPercent: z.number().positive().max(5).default(0.1).describe('Risk of a position, percent of equity'),
  positionPercentMax: z
    .number()
    .positive()
    .max(100)
    .default(10)
    .describe('Most it may cost, percent of equity'),
  rebalanceSessions: z.int().min(1).max(250).default(5).describe('Sessions from one rebalancing to the next'),
  rebalanceMinute: z
    .int()
    .min(0)
    .max(380)
    .default(30)
    .describe('When it rebalances, in minutes after the open'),
  toleranceShare: z.number().min(0).max(1).default(0.2).describe('Smaller changes of size are left alone'),
  wholeShares: z.boolean().default(true).describe('Round quantities down to whole shares'),
});
type Parameters = z.infer<typeof parameters>;

interface State {
  /** Date of the newest session that was counted, and how many since the last rebalancing; -1 before the first. */
  date: string;
  sessions: number;
  /** What it is on the way to; null between rebalancings. */
  targets: Targets | null;
  scores: Record<string, JsonObject>;
}
type Context = StrategyContext<Parameters, State>;

interface Candidate {
  readonly symbol: string;
  readonly score: number;
  readonly quantity: number;
  readonly indicators: JsonObject;
}

/** Undefined for what should not be held, null for what cannot be judged. */
function candidateOf(
  context: Context,
  { symbol, dailyBars, lastPrice }: SymbolView,
): Candidate | undefined | null {
  const plan = context.parameters;
  const [trend, average, atr] = [new Trend(plan.trendDays), new Sma(plan.averageDays), new Atr(plan.atrDays)];
  for (const bar of barsOf(dailyBars)) {
    trend.update(bar.close);
    average.update(bar.close);
    atr.update(bar);
  }
  if (!trend.isReady || !average.isReady || !atr.isReady) return null;
  const price = Number.isNaN(lastPrice) ? dailyBars.at(-1)!.close : lastPrice;
  const { percent, rSquared } = trend.value;
  const score = percent * rSquared;
  if (!(score > 0 && price > average.value)) return undefined;
  const { equity } = context.portfolio;
  const quantity = quantityByRisk({
    entryPrice: price,
    stopPrice: price + atr.value,
    risk: shareOfEquity(equity, plan.riskPercent),
    notionalMax: shareOfEquity(equity, plan.positionPercentMax),
    step: plan.wholeShares ? 1 : 0,
  });
  if (quantity === 0) return undefined;
  const indicators = { score, percent, rSquared, average: average.value, atr: atr.value };
  return { symbol, score, quantity, indicators };
}

function rebalance(context: Context): void {
  const { state } = context;
  const candidates: Candidate[] = [];
  const targets: Targets = {};
  for (const view of context.symbols.map((symbol) => context.view(symbol)!)) {
    const candidate = candidateOf(context, view);
    if (candidate === null) targets[view.symbol] = view.position.quantity;
    else if (candidate !== undefined) candidates.push(candidate);
  }
  candidates.sort((a, b) => b.score - a.score || (a.symbol < b.symbol ? -1 : 1));
  const picked = candidates.slice(0, context.parameters.positionsMax);
  for (const { symbol, quantity } of picked) targets[symbol] = quantity;
  const scores = Object.fromEntries(picked.map(({ symbol, indicators }) => [symbol, indicators]));
  Object.assign(state, { targets, scores, sessions: 0 });
}

export default defineStrategy<Parameters, State>({
  name: 'trend-following',
  description: 'Holds the strongest steady risers of a universe by daily bars, equal in risk; rebalances.',
  scope: 'universe',
  channels: ['bars'],
  parameters,
  warmUp: ({ trendDays, averageDays, atrDays }) => ({
    dailyBars: Math.max(trendDays, averageDays, atrDays + 1),
  }),
  initialState: () => ({ date: '', sessions: -1, targets: null, scores: {} }),

  onBar(context) {
    const { state, parameters: plan, session } = context;
    if (context.minutesSinceOpen < plan.rebalanceMinute || !context.isWindowOpen) return;
    if (!(context.portfolio.equity > 0)) return;
    if (state.date !== session.date) {
      state.date = session.date;
      if (state.sessions >= 0) state.sessions += 1;
      if (state.sessions < 0 || state.sessions >= plan.rebalanceSessions) rebalance(context);
    }
    if (state.targets === null) return;
    const isDone = approach(context, state.targets, {
      reason: 'rebalancing',
      indicators: (symbol) => state.scores[symbol] ?? {},
      toleranceShare: plan.toleranceShare,
    });
    if (isDone) state.targets = null;
  },

  // What risk refuses now is refused again in a minute: it is left until the next rebalancing.
  onDenial(context, { symbol }) {
    if (context.state.targets === null) return;
    context.state.targets[symbol] = context.view(symbol)?.position.quantity ?? 0;
  },
});
