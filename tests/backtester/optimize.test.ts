import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runBacktest } from '../../src/backtester/backtest.ts';
import { STREAM } from '../../src/backtester/marketSide.ts';
import { liveClock } from '../../src/clock/live.ts';
import type { TrialOutcome, TrialTask, Values } from '../../src/optimizer/contract.ts';
import { shareData } from '../../src/optimizer/data.ts';
import { ranked, scoreOf } from '../../src/optimizer/objective.ts';
import { divide } from '../../src/optimizer/spans.ts';
import { openBatches, runTrial } from '../../src/optimizer/trial.ts';
import { samplerOf } from '../../src/optimizer/trials.ts';
import { Batch, EventKind } from '../../src/tape/batch.ts';
import type { OptimizePlan } from '../../src/tradeplan/plan.ts';
import { csvOf, MINUTE, type OhlcRow, OPEN, type World, worldOf } from './harness.ts';

const OPTIMIZE: OptimizePlan = {
  ranges: [
    { of: 'strategy', id: 'one', parameter: 'fast', values: [1, 2] },
    { of: 'strategy', id: 'one', parameter: 'slow', values: [10, 20, 30] },
  ],
  objective: 'return',
  search: 'grid',
  trialsMax: 6,
  seed: 1,
  folds: 0,
  holdoutShare: 0,
  dataBytesMax: 1_000_000,
};

const TENS = OPTIMIZE.ranges.map((range) => ({
  ...range,
  values: Array.from({ length: 10 }, (_, index) => index),
}));
const hill = ([x, y]: Values) => -((Number(x) - 3) ** 2) - (Number(y) - 6) ** 2;

/** All trials of a search whose scores are known beforehand. */
function trialsOf(optimize: OptimizePlan, scoreOf: (values: Values) => number | null = () => null) {
  const sampler = samplerOf(optimize);
  const trials: Values[] = [];
  for (;;) {
    const round = sampler.next(trials.map(scoreOf));
    if (round.length === 0) return trials;
    trials.push(...round);
  }
}

describe('the trials', () => {
  it('of a grid are all combinations, the last range turning fastest', () => {
    expect(trialsOf(OPTIMIZE)).toEqual([
      [1, 10],
      [1, 20],
      [1, 30],
      [2, 10],
      [2, 20],
      [2, 30],
    ]);
  });

  it('of a grid that is too large are refused, and so is a plan that names nothing', () => {
    expect(() => trialsOf({ ...OPTIMIZE, trialsMax: 5 })).toThrow('6 combinations, optimize.max_trials is 5');
    expect(() => trialsOf({ ...OPTIMIZE, ranges: [] })).toThrow('no parameters to try');
  });

  it('that are drawn are different ones, as many as asked for, the same for the same seed', () => {
    fc.assert(
      fc.property(
        fc.nat(4_294_967_295),
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom('random' as const, 'tpe' as const),
        (seed, trialsMax, search) => {
          const plan: OptimizePlan = { ...OPTIMIZE, ranges: TENS, search, seed, trialsMax };
          const trials = trialsOf(plan, hill);
          expect(new Set(trials.map(String)).size).toBe(trialsMax);
          expect(samplerOf(plan).total).toBe(trialsMax);
          expect(trialsOf(plan, hill)).toEqual(trials);
        },
      ),
    );
  });

  it('of a search that learns come nearer to the top than drawn ones, some of them failing', () => {
    const values = Array.from({ length: 40 }, (_, index) => index);
    const words = ['long', 'short', 'both', 'none'];
    const ranges = [
      ...OPTIMIZE.ranges.map((range) => ({ ...range, values })),
      { ...OPTIMIZE.ranges[0]!, values: words },
    ];
    const scoreOf = ([x, y, word]: Values) =>
      word === 'none'
        ? null
        : 100 - (Number(x) - 27) ** 2 - (Number(y) - 8) ** 2 - (word === 'both' ? 0 : 50);
    const bestOf = (search: 'random' | 'tpe', seed: number) => {
      const plan: OptimizePlan = { ...OPTIMIZE, ranges, search, seed, trialsMax: 100 };
      return Math.max(...trialsOf(plan, scoreOf).map((trial) => scoreOf(trial) ?? Number.NEGATIVE_INFINITY));
    };
    const seeds = Array.from({ length: 20 }, (_, index) => index);
    const better = seeds.filter((seed) => bestOf('tpe', seed) > bestOf('random', seed));
    const middle = seeds.map((seed) => bestOf('tpe', seed)).sort((a, b) => a - b)[10];
    expect(better.length).toBeGreaterThanOrEqual(16);
    // A hundred trials of 6,400 combinations: the top itself.
    expect(middle).toBe(100);
  });
});

describe('the time of the data', () => {
  it('is divided into folds that learn from all that lies before, and a hold-out after all', () => {
    const spans = divide({ fromMicros: 0, toMicros: 1_000 }, { folds: 3, holdoutShare: 0.2 });
    expect(spans).toEqual({
      search: { fromMicros: 0, toMicros: 800 },
      folds: [
        { train: { fromMicros: 0, toMicros: 200 }, test: { fromMicros: 201, toMicros: 400 } },
        { train: { fromMicros: 0, toMicros: 400 }, test: { fromMicros: 401, toMicros: 600 } },
        { train: { fromMicros: 0, toMicros: 600 }, test: { fromMicros: 601, toMicros: 800 } },
      ],
      holdout: { fromMicros: 801, toMicros: 1_000 },
    });
  });

  it('may be too short for it', () => {
    expect(() => divide({ fromMicros: 0, toMicros: 2 }, { folds: 9, holdoutShare: 0 })).toThrow('too short');
  });
});

describe('the best trial', () => {
  it('has the highest score; those without one come last, equal ones stay in order', () => {
    const entries = [null, 1, 3, null, 3, -2].map((score, number) => ({ score, number }));
    expect(ranked(entries).map(({ number }) => number)).toEqual([2, 4, 1, 5, 0, 3]);
  });

  it('is none whose strategy failed, or did not take the parameters', () => {
    const figures = { faults: 1, metrics: { returnPercent: 5 } };
    expect(scoreOf({ type: 'refused', reason: 'no' }, 'return')).toBeNull();
    expect(scoreOf({ type: 'done', figures } as unknown as TrialOutcome, 'return')).toBeNull();
  });
});

const WORLD: World = {
  steps: [
    { at: 1, do: 'buy', quantity: 5 },
    { at: 6, do: 'sell', quantity: 5 },
  ],
  backtest: { fee_bps: 5 },
  plan: { optimize: { strategies: { scripted: { sees: [false, true], minuteBars: [0, -1] } } } },
};
const ROWS: OhlcRow[] = Array.from({ length: 20 }, (_, index) => [
  100 + index,
  101 + index,
  99 + index,
  100.5 + index,
]);

async function sharedWorld(world: World = WORLD) {
  const { plan, instances, place } = await worldOf(world);
  const path = join(place, 'bars.csv');
  writeFileSync(path, csvOf(ROWS));
  const data = await shareData(plan, instances, { paths: [path] });
  const job = { plan, instances, data };
  return { plan, instances, path, data, job };
}

describe('a trial over shared data', () => {
  it('comes to what a backtest of the files comes to, to the last digit, and again', async () => {
    const { plan, instances, path, data, job } = await sharedWorld();
    expect(data).toMatchObject({ rows: 20, symbols: ['AAPL'], missing: [], hasBars: true });
    const task: TrialTask = { batchId: 'test', values: [false, 0], span: data.span };
    const backtest = await runBacktest({ plan, instances, paths: [path], clock: liveClock });
    const before = Buffer.from(new Uint8Array(data.buffers[0]!)).toString('base64');
    for (const batches of [openBatches(job), openBatches(job)]) {
      const outcome = await runTrial(job, batches, task);
      expect(outcome).toMatchObject({
        type: 'done',
        figures: { finalEquity: backtest.finalEquity, fills: 2, metrics: backtest.metrics },
      });
    }
    // Workers run side by side: none may leave a trace in what they share.
    expect(Buffer.from(new Uint8Array(data.buffers[0]!)).toString('base64')).toBe(before);
  });

  it('sees its own span only', async () => {
    const { plan, instances, path, data, job } = await sharedWorld();
    const span = { fromMicros: OPEN + 3 * MINUTE, toMicros: OPEN + 12 * MINUTE };
    const backtest = await runBacktest({ plan, instances, paths: [path], clock: liveClock, ...span });
    const outcome = await runTrial(job, openBatches(job), { batchId: 'test', values: [false, 0], span });
    expect(outcome).toMatchObject({ type: 'done', figures: { finalEquity: backtest.finalEquity } });
    expect(data.span).toEqual({ fromMicros: OPEN, toMicros: OPEN + 20 * MINUTE });
  });

  it('says what the strategy does not take', async () => {
    const { job, data } = await sharedWorld({
      ...WORLD,
      plan: { optimize: { strategies: { scripted: { minuteBars: ['many'] } } } },
    });
    const outcome = await runTrial(job, openBatches(job), {
      batchId: 'test',
      values: ['many'],
      span: data.span,
    });
    expect(outcome).toMatchObject({ type: 'refused' });
    expect(JSON.stringify(outcome)).toContain('scripted.minuteBars is');
  });

  it('is refused where the decoded data is larger than the plan allows', async () => {
    const { plan, instances, path } = await sharedWorld();
    const small = { ...plan, optimize: { ...plan.optimize, dataBytesMax: 1_000 } };
    await expect(shareData(small, instances, { paths: [path] })).rejects.toThrow('optimize.max_data_mb');
  });
});

describe('a batch in shared memory', () => {
  it('has the same rows, bytes and text, with the ids of the other stream', () => {
    const batch = Batch.create({ rows: 8, heapBytes: 256 }, 7, OPEN);
    batch.clearRow(0, EventKind.status, 3);
    batch.timeNs[0] = 12_345;
    batch.setHeapText(0, '{"sc":"H"}');
    batch.clearRow(1, EventKind.minuteBar, 4);
    batch.n0[1] = 1.5;
    batch.setBarTail(1, 10, 1.25, 3);
    batch.count = 2;
    const shared = new Batch(Batch.share(batch, STREAM));
    expect(shared).toMatchObject({ streamId: STREAM, count: 2, capacity: 2, baseMicros: OPEN });
    expect(shared.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(shared.timeNs[0]).toBe(12_345);
    expect(shared.heapText(0)).toBe('{"sc":"H"}');
    expect([shared.n0[1], shared.heapFloat(1, 1), shared.symbolId[1]]).toEqual([1.5, 1.25, 4]);
  });
});
