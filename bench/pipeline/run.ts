/** Runs one pipeline against a sender of its own and measures it between the marks. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { liveClock } from '../../src/clock/live.ts';
import { DEFAULT_PRODUCER_LIMITS, type ProducerConfig } from '../../src/producer/config.ts';
import { providerConfig } from '../../src/providers/config.ts';
import { bundleStrategy } from '../../src/strategies/bundle.ts';
import type { ProducerCommand, ProducerReport, ReceiverCounters } from '../../src/transport/messages.ts';
import { hasThreadCpu, processCpuMicros, threadCpuMicros } from './cpu.ts';
import { Recording } from './recording.ts';
import type { Measured, PipelineName, Progress } from './report.ts';

export interface Workload {
  readonly messagesMin: number;
  readonly messagesMax: number;
  /** Sent first, so that the code is compiled when the measuring begins. */
  readonly warmUpEvents: number;
  readonly events: number;
  readonly seed: number;
}

interface Snapshot {
  readonly atMs: number;
  readonly totalMicros: number;
  readonly producerMicros: number;
  readonly consumerMicros: number;
}

const RECEIVER = 'A';
const STATISTICS_PERIOD_MS = 100;

/** One pipeline's threads, and what they have told so far. */
class Run {
  readonly workers: Worker[] = [];
  readonly threadIds = { producer: 0, consumer: 0 };
  onBlock: () => void = () => {};
  begin: Snapshot | undefined;
  end: Snapshot | undefined;
  shown = 0;
  /** Whether our own producer counts what becomes of its events. */
  isCounted = false;
  counters: ReceiverCounters | undefined;
  recording: Recording | undefined;
  /** For the product's producer, whose messages are not ours. */
  readonly producerThread = new Int32Array(new SharedArrayBuffer(4));
  #finish: () => void = () => {};
  #consumerReady: () => void = () => {};
  /** The consumer has set up its strategies and waits for events. */
  readonly consumerIsReady = new Promise<void>((resolve) => {
    this.#consumerReady = resolve;
  });
  readonly finished = new Promise<void>((resolve) => {
    this.#finish = resolve;
  });

  add(
    name: string,
    data: object,
    options: { transferList?: MessagePort[]; isSilent?: boolean } = {},
  ): Worker {
    const worker = new Worker(new URL(`./${name}.js`, import.meta.url), {
      workerData: data,
      transferList: (options.transferList ?? []) as never[],
    });
    worker.on('error', (error) => {
      throw error;
    });
    if (options.isSilent !== true) worker.on('message', (progress: Progress) => this.onProgress(progress));
    this.workers.push(worker);
    return worker;
  }

  onProgress(progress: Progress): void {
    switch (progress.type) {
      case 'thread':
        this.threadIds[progress.role] = progress.threadId;
        if (progress.role === 'consumer') this.#consumerReady();
        break;
      case 'block':
        this.onBlock();
        break;
      case 'begin':
        this.begin = this.#snapshot();
        break;
      case 'end':
        this.end = this.#snapshot();
        this.shown = progress.events;
        this.#finish();
        break;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  #snapshot(): Snapshot {
    const cpuOf = (threadId: number) => (hasThreadCpu && threadId !== 0 ? threadCpuMicros(threadId) : 0);
    return {
      atMs: liveClock.monotonicMs(),
      totalMicros: processCpuMicros(),
      producerMicros: cpuOf(this.threadIds.producer || (this.producerThread[0] ?? 0)),
      consumerMicros: cpuOf(this.threadIds.consumer),
    };
  }
}

export async function measure(pipeline: PipelineName, workload: Workload): Promise<Measured> {
  const sender = fork(fileURLToPath(new URL('./sender.js', import.meta.url)), [
    JSON.stringify({ ...workload, waitsForMarks: pipeline !== 'rawDrain' }),
  ]);
  const sent = messageOf<{ sent: number }>(sender, 'sent');
  const { port } = await messageOf<{ port: number }>(sender, 'port');
  const url = `ws://127.0.0.1:${port}`;
  const run = new Run();
  run.onBlock = () => sender.send('block');
  if (pipeline === 'rawDrain') run.add('rawDrain', { url });
  else if (pipeline === 'naive') startNaive(run, url);
  else await startOpenbell(run, url, pipeline);
  await run.finished;
  const events = (await sent).sent;
  if (run.isCounted) await settled(run);
  const recorded = (await run.recording?.stop()) ?? null;
  await run.stop();
  sender.kill();
  await once(sender, 'exit');
  return { ...result(run, events), recorded };
}

function startNaive(run: Run, url: string): void {
  const { port1, port2 } = new MessageChannel();
  run.add('naive', { role: 'consumer', url, port: port2 }, { transferList: [port2] });
  run.add('naive', { role: 'producer', url, port: port1 }, { transferList: [port1] });
}

async function startOpenbell(run: Run, url: string, pipeline: PipelineName): Promise<void> {
  run.isCounted = true;
  const scope = pipeline === 'openbellUnits' ? 'symbol' : 'universe';
  const file = scope === 'symbol' ? './readingSymbols.js' : './readingStrategy.js';
  const path = fileURLToPath(new URL(file, import.meta.url));
  const bundle = await bundleStrategy({ name: null, path, baseDirectory: '.' });
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
  const { port1, port2 } = new MessageChannel();
  if (pipeline === 'openbellRecorded') run.recording = new Recording();
  const inbox = run.recording?.attach('consumer A');
  run.add(
    pipeline === 'openbellTransport' ? 'dispatch' : 'consumer',
    { port: port2, bundle, scope, inbox },
    { transferList: inbox === undefined ? [port2] : [port2, inbox] },
  );
  await run.consumerIsReady;
  const producer = run.add('producer', { ...config, threadId: run.producerThread }, { isSilent: true });
  producer.on('message', (report: ProducerReport) => {
    if (report.type === 'failed') throw new Error(report.error.cause);
    if (report.type === 'statistics') run.counters = report.receivers[0];
  });
  const attach: ProducerCommand = { type: 'attach', receiver: RECEIVER, port: port1, spacingMs: 0 };
  const route: ProducerCommand = {
    type: 'route',
    receiver: RECEIVER,
    routes: [{ symbol: '*', trades: true, quotes: true, bars: false }],
  };
  producer.postMessage(attach, [port1]);
  producer.postMessage(route);
  if (run.recording === undefined) return;
  const port = run.recording.attach('market');
  const record: ProducerCommand = { type: 'record', port };
  producer.postMessage(record, [port]);
}

/** Waits until the producer has counted all of its events as shown. */
async function settled(run: Run): Promise<void> {
  const isSettled = () => run.counters !== undefined && run.counters.waiting + run.counters.inFlight === 0;
  run.counters = undefined;
  while (!isSettled()) await new Promise<void>((resolve) => liveClock.after(STATISTICS_PERIOD_MS, resolve));
}

function result(run: Run, events: number): Omit<Measured, 'recorded'> {
  const { begin, end } = run;
  if (begin === undefined || end === undefined) throw new Error('the marks did not come');
  const cpu = (end.totalMicros - begin.totalMicros) / events;
  const perThread = (from: number, to: number) => (to > from ? round((to - from) / events) : null);
  return {
    events,
    shown: run.shown,
    conflated: run.counters?.conflated ?? 0,
    dropped: run.counters?.droppedOverflow ?? 0,
    eventsPerSecond: Math.round(events / ((end.atMs - begin.atMs) / 1_000)),
    cpuMicrosPerEvent: round(cpu),
    producerCpuMicrosPerEvent: perThread(begin.producerMicros, end.producerMicros),
    consumerCpuMicrosPerEvent: perThread(begin.consumerMicros, end.consumerMicros),
    eventsPerCpuSecond: Math.round(1_000_000 / cpu),
  };
}

function messageOf<Message extends object>(
  child: ChildProcess,
  key: keyof Message & string,
): Promise<Message> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: Message) => {
      if (key in message) resolve(message);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the sender ended')));
  });
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
