/**
 * `npm run bench:backtest`: bars a second of `examples/sma-cross`, and ticks a second of a strategy that reads them all,
 * through the two real machines, with orders, risk, ledger and equity curve, over tapes that are decoded already. A figure counts only where the result is the known one.
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
import type { Tradeplan } from '../../src/tradeplan/plan.ts';
import { type PreparedInstance, prepareStrategies } from '../../src/trader/preparation.ts';
import { BENCH_FROM_MS, benchLines } from './bars.ts';
import { benchTicks } from './ticks.ts';

const BARS = 500_000;
const KNOWN = { fills: 13_806, finalEquity: '94817.23' };
const TICKS = 1_000_000;
/** Found moment by moment, before rows were shown in one go. */
const KNOWN_OF_TICKS = { fills: 99, finalEquity: '99857.11' };
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
const repetitions = Number(values.repetitions ?? REPETITIONS);
const barSymbols = new SymbolTable();
const bars = await benchOf({
  plan: `${root}/examples/sma-cross/tradeplan.yaml`,
  symbols: barSymbols,
  batches: decoded(barSymbols),
  feedHasBars: true,
  rows: BARS,
  known: KNOWN,
});
const tickSymbols = new SymbolTable();
const ticks = await benchOf({
  plan: `${root}/bench/backtest/ticks.yaml`,
  symbols: tickSymbols,
  batches: benchTicks(TICKS, { symbol: SYMBOL, symbols: tickSymbols }),
  feedHasBars: false,
  rows: TICKS,
  known: KNOWN_OF_TICKS,
});
const figures = {
  bars: BARS,
  ...KNOWN,
  barsPerSecond: bars.median,
  barsPerCpuSecond: bars.perCpuSecond,
  fastest: bars.fastest,
  slowest: bars.slowest,
  ticks: { count: TICKS, ...KNOWN_OF_TICKS, ...ticks },
  repetitions,
  machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version },
};
if (values.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
else {
  process.stdout.write(
    `${figures.machine.cpu}, ${figures.machine.cores} cores, Node ${figures.machine.node}; medians of ${repetitions}\n` +
      `${lineOf('bars', bars)}; ${shown(KNOWN.fills)} fills, ${KNOWN.finalEquity} as known\n` +
      `${lineOf('ticks', ticks)}; ${shown(KNOWN_OF_TICKS.fills)} fills, ${KNOWN_OF_TICKS.finalEquity} as known\n`,
  );
}

interface Subject {
  readonly plan: string;
  readonly symbols: SymbolTable;
  readonly batches: readonly Batch[];
  readonly feedHasBars: boolean;
  readonly rows: number;
  readonly known: { readonly fills: number; readonly finalEquity: string };
}

/** Rows a second. */
interface Rates {
  readonly median: number;
  readonly slowest: number;
  readonly fastest: number;
  /** What else the machine does meanwhile does not count in it. */
  readonly perCpuSecond: number;
}

async function benchOf(subject: Subject): Promise<Rates> {
  const plan = loadTradeplan(subject.plan);
  const { instances, violations } = await prepareStrategies(plan);
  if (violations.length > 0) throw new Error(JSON.stringify(violations));
  const seconds: number[] = [];
  const cpuSeconds: number[] = [];
  for (let count = 0; count < WARM_UPS + repetitions; count += 1) {
    const cpuBefore = process.cpuUsage();
    const elapsedMs = measure(subject, plan, instances);
    const cpu = process.cpuUsage(cpuBefore);
    if (count < WARM_UPS) continue;
    seconds.push(elapsedMs / 1_000);
    cpuSeconds.push((cpu.user + cpu.system) / 1_000_000);
  }
  seconds.sort((a, b) => a - b);
  const rate = (taken: number) => Math.round(subject.rows / taken);
  return {
    median: rate(medianOf(seconds)),
    slowest: rate(seconds.at(-1)!),
    fastest: rate(seconds[0]!),
    perCpuSecond: rate(medianOf(cpuSeconds)),
  };
}

function lineOf(rows: string, { median, slowest, fastest, perCpuSecond }: Rates): string {
  return `${shown(median)} ${rows} a second (${shown(slowest)} to ${shown(fastest)}), ${shown(perCpuSecond)} a CPU second`;
}

function shown(value: number): string {
  return value.toLocaleString('en-US');
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** One whole run, the opening of the strategy's realm included. */
function measure(subject: Subject, plan: Tradeplan, instances: readonly PreparedInstance[]): number {
  const { symbols, batches, feedHasBars, known } = subject;
  const startMicros = BENCH_FROM_MS * 1_000;
  const startedMs = liveClock.monotonicMs();
  const run = new BacktestRun({ batchId: 'bench', plan, instances, symbols, feedHasBars, startMicros });
  for (const batch of batches) {
    showBatch(run, batch, { fromMicros: startMicros, toMicros: Number.POSITIVE_INFINITY });
  }
  run.finish();
  const elapsedMs = liveClock.monotonicMs() - startedMs;
  const found = { fills: run.fills, finalEquity: formatFixed(run.account.equity(), 2) };
  if (found.fills !== known.fills || found.finalEquity !== known.finalEquity) {
    throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(known)}: no figure counts`);
  }
  return elapsedMs;
}

function decoded(symbols: SymbolTable): readonly Batch[] {
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
