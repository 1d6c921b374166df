import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { showBatch } from '../../src/backtester/backtest.ts';
import { BacktestRun } from '../../src/backtester/run.ts';
import { appendBar } from '../../src/tape/append.ts';
import { Batch } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { MINUTE, OPEN, worldOf } from './harness.ts';

const ROWS = 1_024;
const BATCHES = 60;
/** Orders that have ended are remembered for late events, but not for ever. */
const GROWTH_BYTES_MAX = 24 * 1_024 * 1_024;

it('needs no more memory for a long run than for a short one', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const steps = Array.from({ length: 200 }, (_, index) => ({
    at: index * 100,
    do: index % 2 === 0 ? ('buy' as const) : ('sell' as const),
    quantity: 5,
  }));
  const { plan, instances } = await worldOf({
    steps,
    minuteBars: 50,
    symbols: ['BTC/USD'],
    plan: { asset_class: 'crypto' },
  });
  const symbols = new SymbolTable();
  symbols.intern('BTC/USD');
  const run = new BacktestRun({
    batchId: 'test',
    plan,
    instances,
    symbols,
    feedHasBars: true,
    startMicros: OPEN,
  });
  const batch = Batch.create({ rows: ROWS, heapBytes: ROWS * 24 }, 1, OPEN);
  const used: number[] = [];
  let minute = 0;
  for (let count = 0; count < BATCHES; count += 1) {
    batch.reset(1, OPEN + minute * MINUTE);
    for (; batch.count < ROWS; minute += 1) {
      const price = 100 + Math.sin(minute / 50);
      const bar = {
        open: price,
        high: price + 1,
        low: price - 1,
        close: price,
        volume: 500,
        vwap: price,
        tradeCount: 9,
      };
      const timeMicros = OPEN + minute * MINUTE;
      appendBar(
        batch,
        { symbol: 'BTC/USD', timeMicros, ...bar },
        { symbols, receivedMicros: timeMicros + MINUTE },
      );
    }
    showBatch(run, batch, { fromMicros: OPEN, toMicros: Number.POSITIVE_INFINITY });
    if (count % 10 !== 9) continue;
    collect();
    used.push(process.memoryUsage().heapUsed);
  }
  run.finish();
  expect(run.bars).toBe(ROWS * BATCHES);
  expect(run.fills).toBe(200);
  expect(run.curve.points.length).toBeLessThanOrEqual(1_024);
  expect(used.at(-1)! - used[0]!).toBeLessThan(GROWTH_BYTES_MAX);
});
