/** Process: measures a producer and so many consumers once, against a sender of its own, and prints the figures. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { liveClock } from '../../src/clock/live.ts';
import { DEFAULT_PRODUCER_LIMITS, type ProducerConfig } from '../../src/producer/config.ts';
import { providerConfig } from '../../src/providers/config.ts';
import { bundleStrategy } from '../../src/strategies/bundle.ts';
import type { ProducerCommand, ProducerReport, ReceiverCounters } from '../../src/transport/messages.ts';
import { processCpuMicros, threadCpuMicros } from '../pipeline/cpu.ts';
import { MARK_SYMBOL, SYMBOLS } from '../pipeline/frames.ts';
import type { Progress } from '../pipeline/report.ts';
import type { Workload } from '../pipeline/run.ts';
import type { Spread } from './report.ts';

interface Snapshot {
  readonly atMs: number;
  readonly totalMicros: number;
  readonly producerMicros: number;
  readonly consumerMicros: readonly number[];
}

const STATISTICS_PERIOD_MS = 100;
const count = Number(process.argv[2]);
const workload = JSON.parse(process.argv[3] ?? '') as Workload;
const producerThread = new Int32Array(new SharedArrayBuffer(4));
const threadIds: number[] = [];
const shown: number[] = [];
let counters: readonly ReceiverCounters[] = [];
let begin: Snapshot | undefined;
let sent = 0;

const sender = fork(fileURLToPath(new URL('../pipeline/sender.js', import.meta.url)), [
  JSON.stringify({ ...workload, waitsForMarks: true }),
]);
const url = await new Promise<string>((resolve) => {
  sender.on('message', (message: { port?: number; sent?: number }) => {
    if (message.port !== undefined) resolve(`ws://127.0.0.1:${message.port}`);
    if (message.sent !== undefined) sent = message.sent;
  });
});
const path = fileURLToPath(new URL('../pipeline/readingSymbols.js', import.meta.url));
const bundle = await bundleStrategy({ name: null, path, baseDirectory: '.' });
const names = Array.from({ length: count }, (_, index) => String.fromCharCode(65 + index));
const shares = names.map((_, index) => SYMBOLS.filter((__, symbol) => symbol % count === index));

/** A mark counts when every consumer has reached it. */
const reached = { begin: 0, block: 0, end: 0 };
let finish: (end: Snapshot) => void = () => {};
const finished = new Promise<Snapshot>((resolve) => {
  finish = resolve;
});
const ports = await Promise.all(names.map((_, index) => startConsumer(index)));
const producer = startProducer();
names.forEach((receiver, index) => {
  const attach: ProducerCommand = { type: 'attach', receiver, port: ports[index]!, spacingMs: 0 };
  const symbols = [...shares[index]!, MARK_SYMBOL];
  const routes = symbols.map((symbol) => ({ symbol, trades: true, quotes: true, bars: false }));
  producer.postMessage(attach, [ports[index]!]);
  producer.postMessage({ type: 'route', receiver, routes } satisfies ProducerCommand);
});
const end = await finished;
await settled();
process.stdout.write(JSON.stringify(result(end)));
sender.kill();
process.exit();

function startConsumer(index: number) {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./consumer.js', import.meta.url), {
    workerData: { port: port2, bundle, symbols: shares[index] },
    transferList: [port2] as never[],
  });
  return new Promise<typeof port1>((resolve) => {
    worker.on('error', fail);
    worker.on('message', (progress: Progress) => {
      if (progress.type === 'thread') {
        threadIds[index] = progress.threadId;
        resolve(port1);
      } else {
        if (progress.type === 'end') shown[index] = progress.events;
        onMark(progress.type);
      }
    });
  });
}

function onMark(mark: 'begin' | 'block' | 'end'): void {
  reached[mark] += 1;
  if (reached[mark] % count !== 0) return;
  if (mark === 'block') sender.send('block');
  else if (mark === 'begin') begin = snapshot();
  else finish(snapshot());
}

function startProducer(): Worker {
  const config: ProducerConfig = {
    provider: providerConfig({
      provider: 'alpaca',
      feed: 'sip',
      assetClass: 'us_equity',
      streamUrl: url,
      dataUrl: url.replace('ws:', 'http:'),
      keyId: 'bench',
      secretKey: 'bench',
    }),
    log: { level: 'error', file: null, isPretty: false },
    batchId: 'bench',
    limits: { ...DEFAULT_PRODUCER_LIMITS, statisticsPeriodMs: STATISTICS_PERIOD_MS },
  };
  const worker = new Worker(new URL('../pipeline/producer.js', import.meta.url), {
    workerData: { ...config, threadId: producerThread },
  });
  worker.on('error', fail);
  worker.on('message', (report: ProducerReport) => {
    if (report.type === 'failed') fail(new Error(report.error.cause));
    if (report.type === 'statistics') counters = report.receivers;
    // The sender would wait for marks that were lost on the way.
    if (report.type === 'gap') fail(new Error(`the feed was interrupted: ${report.reason}`));
  });
  return worker;
}

/** Waits until the producer has counted all of its events as shown, and the sender has said how many those were. */
async function settled(): Promise<void> {
  const isSettled = () =>
    sent > 0 && counters.length === count && counters.every((each) => each.waiting + each.inFlight === 0);
  counters = [];
  while (!isSettled()) await new Promise<void>((resolve) => liveClock.after(STATISTICS_PERIOD_MS, resolve));
}

function snapshot(): Snapshot {
  return {
    atMs: liveClock.monotonicMs(),
    totalMicros: processCpuMicros(),
    producerMicros: threadCpuMicros(producerThread[0] ?? 0),
    consumerMicros: threadIds.map(threadCpuMicros),
  };
}

function result(after: Snapshot): Spread {
  if (begin === undefined) throw new Error('the marks did not come');
  const before = begin;
  const own = after.consumerMicros.map((micros, index) => micros - before.consumerMicros[index]!);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const busiest = own.indexOf(Math.max(...own));
  return {
    consumers: count,
    events: sent,
    shown: sum(shown),
    conflated: sum(counters.map((each) => each.conflated)),
    dropped: sum(counters.map((each) => each.droppedOverflow)),
    eventsPerSecond: Math.round(sent / ((after.atMs - before.atMs) / 1_000)),
    cpuMicrosPerEvent: round((after.totalMicros - before.totalMicros) / sent),
    producerCpuMicrosPerEvent: round((after.producerMicros - before.producerMicros) / sent),
    consumersCpuMicrosPerEvent: round(sum(own) / sent),
    busiestCpuMicrosPerOwnEvent: round(own[busiest]! / shown[busiest]!),
  };
}

function round(value: number): number {
  return Number(value.toFixed(4));
}

function fail(error: Error): never {
  throw error;
}
