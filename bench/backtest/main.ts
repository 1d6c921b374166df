/**
 * `npm run bench:backtest`: bars a second of `examples/sma-cross` through the two real machines, with orders, risk,
 * ledger and equity curve, over tapes that are decoded already. A figure counts only where the result is the known one.
 * `-- --json` prints one JSON document.
 */
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { showBatch } from '../../src/backtester/backtest.ts';
import { align } from '../../src/backtester/data/align.ts';
import { BacktestRun } from '../../src/backtester/run.ts';
import { liveClock } from '../../src/clock/live.ts';
import { formatFixed } from '../../src/domain/decimal.ts';
import { MICROS_PER_MINUTE } from '../../src/domain/time.ts';
import { appendBar } from '../../src/tape/append.ts';
import { Batch } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { loadTradeplan } from '../../src/tradeplan/load.ts';
import { prepareStrategies } from '../../src/trader/preparation.ts';
import { BENCH_FROM_MS, benchLines } from './bars.ts';

const BARS = 500_000;
const KNOWN = { fills: 13_806, finalEquity: '94817.23' };
const SYMBOL = 'BENCH/USD';
const WARM_UPS = 3;
const REPETITIONS = 10;
const BATCH = { rows: 4_096, heapBytes: 4_096 * 24 };

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, repetitions: { type: 'string' } },
});
// The compiled bench lies two folders deeper than its source.
const root = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../..' : '../../../..', import.meta.url),
);
const plan = loadTradeplan(`${root}/examples/sma-cross/tradeplan.yaml`);
const { instances, violations } = await prepareStrategies(plan);
if (violations.length > 0) throw new Error(JSON.stringify(violations));
const symbols = new SymbolTable();
const batches = decoded();
const startMicros = BENCH_FROM_MS * 1_000;

const seconds: number[] = [];
/** What else the machine does meanwhile does not count in these. */
const cpuSeconds: number[] = [];
const repetitions = Number(values.repetitions ?? REPETITIONS);
for (let count = 0; count < WARM_UPS + repetitions; count += 1) {
  const cpuBefore = process.cpuUsage();
  const elapsedMs = measure();
  const cpu = process.cpuUsage(cpuBefore);
  if (count < WARM_UPS) continue;
  seconds.push(elapsedMs / 1_000);
  cpuSeconds.push((cpu.user + cpu.system) / 1_000_000);
}
seconds.sort((a, b) => a - b);
const figures = {
  bars: BARS,
  ...KNOWN,
  barsPerSecond: Math.round(BARS / medianOf(seconds)),
  barsPerCpuSecond: Math.round(BARS / medianOf(cpuSeconds)),
  fastest: Math.round(BARS / seconds[0]!),
  slowest: Math.round(BARS / seconds.at(-1)!),
  repetitions,
  machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version },
};
if (values.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
else {
  const count = (value: number) => value.toLocaleString('en-US');
  process.stdout.write(
    `${figures.machine.cpu}, ${figures.machine.cores} cores, Node ${figures.machine.node}\n` +
      `${count(figures.barsPerSecond)} bars a second, median of ${repetitions} (${count(figures.slowest)} to ${count(figures.fastest)}), ${count(figures.barsPerCpuSecond)} a CPU second; ` +
      `${count(KNOWN.fills)} fills, ${KNOWN.finalEquity} as known\n`,
  );
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** One whole run, the opening of the strategy's realm included. */
function measure(): number {
  const startedMs = liveClock.monotonicMs();
  const run = new BacktestRun({ batchId: 'bench', plan, instances, symbols, feedHasBars: true, startMicros });
  for (const batch of batches) {
    showBatch(run, batch, { fromMicros: startMicros, toMicros: Number.POSITIVE_INFINITY });
  }
  run.finish();
  const elapsedMs = liveClock.monotonicMs() - startedMs;
  const found = { fills: run.fills, finalEquity: formatFixed(run.account.equity(), 2) };
  if (found.fills !== KNOWN.fills || found.finalEquity !== KNOWN.finalEquity) {
    throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(KNOWN)}: no figure counts`);
  }
  return elapsedMs;
}

function decoded(): readonly Batch[] {
  const all: Batch[] = [];
  let batch = Batch.create(BATCH, 1);
  for (const line of benchLines(BARS)) {
    const [time, open, high, low, close, volume] = line.split(',').map(Number);
    if (Number.isNaN(time)) continue;
    const timeMicros = time! * 1_000;
    if (!batch.hasRoom(24)) {
      all.push(batch);
      batch = Batch.create(BATCH, 1);
    }
    if (batch.count === 0) batch.baseMicros = timeMicros;
    const prices = { open: open!, high: high!, low: low!, close: close! };
    const bar = { symbol: SYMBOL, timeMicros, ...prices, volume: volume!, vwap: Number.NaN, tradeCount: 0 };
    appendBar(batch, bar, { symbols });
  }
  all.push(batch);
  for (const each of all) align(each, MICROS_PER_MINUTE);
  return all;
}
