/** The text of a new strategy and of its test: working ones, made to be changed. `STRATEGY` stands for the name. */

const STRATEGY = `/**
 * STRATEGY: buys when the fast average of minute closes rises above the slow one, for as much as its stop may cost; sells
 * at the stop, at the target, in time, or when the averages cross back.
 *
 * Try it:      node --test STRATEGY.test.mjs
 * Check it:    openbell check          (with the plan below as tradeplan.yaml)
 * Run it:      openbell trade --for 60s
 *
 *   mode: simulated
 *   strategies:
 *     - path: ./STRATEGY.ts
 *       symbols: [AAPL, MSFT]
 *       # When it may take new risk, counted from the session's open; getting out is always allowed.
 *       # Without windows: the whole session.
 *       windows:
 *         - { start: 5m, duration: 2h }
 *         - { start: 4h } # to the session's end
 *       parameters: { fastMinutes: 5, slowMinutes: 15 }
 */
import {
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
  type StrategyContext,
  settle,
  z,
} from 'openbell';

/**
 * What a plan may set under \`parameters:\`. All are checked before anything starts; a name that is not here is refused.
 * \`cycleParameters\` are riskPerTrade, notionalMax, holdSecondsMax, pauseSeconds and wholeShares.
 */
const parameters = z
  .strictObject({
    ...cycleParameters,
    fastMinutes: z.int().min(2).max(100).default(5).describe('Fast average, in minutes'),
    slowMinutes: z.int().min(3).max(200).default(15).describe('Slow average, in minutes'),
    atrMinutes: z.int().min(2).max(200).default(14).describe('Average true range, in minutes'),
    stopAtr: z.number().positive().default(2).describe('Stop below the entry, in average true ranges'),
    targetAtr: z.number().positive().default(4).describe('Target above the entry, in average true ranges'),
  })
  .refine(({ fastMinutes, slowMinutes }) => fastMinutes < slowMinutes, {
    path: ['fastMinutes'],
    message: 'must be shorter than slowMinutes',
  });
type Parameters = z.infer<typeof parameters>;

/** What it remembers of a symbol; saved, so it is there again after a restart. Plain data only. */
type State = Cycle;
type Context = StrategyContext<Parameters, State>;

/** Calculations of one symbol. Not state: they are made again from the bars. */
const follower = new BarFollower(
  ({ parameters: plan }: Context) => ({
    fast: new Ema(plan.fastMinutes),
    slow: new Ema(plan.slowMinutes),
    atr: new Atr(plan.atrMinutes),
  }),
  ({ fast, slow, atr }, bar) => {
    fast.update(bar.close);
    slow.update(bar.close);
    atr.update(bar);
  },
);

export default defineStrategy<Parameters, State>({
  name: 'STRATEGY',
  description: 'Buys when the fast average rises above the slow one; sells at stop, target, in time, or back.',
  // One unit, one state and one set of calls per symbol. 'universe': one for all symbols together.
  scope: 'symbol',
  // Which events it needs: 'trades', 'quotes', 'bars' (closed minutes).
  channels: ['bars'],
  parameters,
  // History that must be there before the first call.
  warmUp: ({ slowMinutes, atrMinutes }) => ({ minuteBars: Math.max(3 * slowMinutes, 3 * atrMinutes) }),
  initialState: newCycle,

  // A minute has closed.
  onBar(context, { close: price }) {
    const tools = follower.follow(context);
    if (tools === undefined || !tools.slow.isReady || !tools.atr.isReady) return;
    const [fast, slow, atr] = [tools.fast.value, tools.slow.value, tools.atr.value];
    const { state, position, parameters: plan } = context;
    if (state.phase === 'open' && position.quantity > 0) {
      const reason = exitReason(context, price) ?? (fast < slow ? 'the averages crossed back' : undefined);
      if (reason !== undefined) exit(context, reason);
    } else if (fast > slow && atr > 0 && mayEnter(context)) {
      enter(context, {
        price,
        stop: price - plan.stopAtr * atr,
        target: price + plan.targetAtr * atr,
        // Reason and indicators stand with every fill: write what you will want to know next month.
        reason: 'the fast average is above the slow one',
        indicators: { price, fast, slow, atr },
      });
    }
  },

  // The phase follows what is really held and open, after a fill, a refusal, a restart.
  onStart: settle,
  onFill: settle,
  onOrder: settle,
  onDenial: settle,
});
`;

const TEST = `/** node --test STRATEGY.test.mjs */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minuteBars, tryStrategy } from 'openbell/testing';

const strategy = new URL('./STRATEGY.ts', import.meta.url);

/** So many closes, each \`step\` away from the one before. */
const path = (from, step, count) => Array.from({ length: count }, (_, index) => from + step * (index + 1));

// An hour that sinks a little, which is only history, then a rise, then a fall.
const quiet = path(100.6, -0.01, 60);
const rise = path(100, 0.05, 30);
const fall = path(101.5, -0.1, 30);

const attempt = (closes, more = {}) =>
  tryStrategy({ strategy, bars: minuteBars(closes), historyMinutes: quiet.length, ...more });

test('buys a rise, and is out again after the fall', async () => {
  const { fills, faults, denials, positions } = await attempt([...quiet, ...rise, ...fall]);
  assert.deepEqual(faults, []);
  assert.deepEqual(denials, []);
  assert.deepEqual(positions, {});
  assert.equal(fills[0].side, 'buy');
  assert.equal(fills.at(-1).side, 'sell');
});

test('costs no more than notionalMax', async () => {
  const { fills } = await attempt([...quiet, ...rise], { parameters: { notionalMax: 1_000 } });
  assert.ok(fills[0].quantity * fills[0].price <= 1_010);
});

test('does nothing in a fall', async () => {
  const { fills } = await attempt([...quiet, ...path(100, -0.05, 60)]);
  assert.deepEqual(fills, []);
});

test('takes no new risk outside of its windows', async () => {
  const entry = { windows: [{ start: '5m', duration: '30m' }] };
  const { fills } = await attempt([...quiet, ...rise, ...fall], { entry });
  assert.deepEqual(fills, []);
});

test('refuses parameters that make no sense, with the place', async () => {
  await assert.rejects(attempt(quiet, { parameters: { fastMinutes: 50 } }), /fastMinutes/);
});
`;

export interface TemplateFile {
  readonly name: string;
  readonly text: string;
}

/** A strategy of that name and its test. */
export function strategyFiles(name: string): readonly TemplateFile[] {
  const named = (text: string) => text.replaceAll('STRATEGY', name);
  return [
    { name: `${name}.ts`, text: named(STRATEGY) },
    { name: `${name}.test.mjs`, text: named(TEST) },
  ];
}
