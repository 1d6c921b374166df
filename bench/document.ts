/** The figures of docs/PERFORMANCE.md, made from what the benchmarks print. What stands outside the marks is written by hand. */
import type { LatencyReport } from './latency/report.ts';
import type { OverloadReport } from './overload/report.ts';
import type { Comparison } from './pipeline/report.ts';
import type { RecordingReport } from './recording/report.ts';
import type { SpreadReport } from './spread/report.ts';

interface Measurement {
  readonly machine: string;
  /** `YYYY-MM-DD`. */
  readonly measuredOn: string;
}

export const BENCHMARKS = ['pipeline', 'latency', 'overload', 'spread', 'recording'] as const;
export type BenchmarkName = (typeof BENCHMARKS)[number];

/** What was measured last, by benchmark. */
export interface Figures {
  pipeline?: Comparison & { readonly smallFrames: Comparison } & Measurement;
  latency?: LatencyReport & Measurement;
  overload?: OverloadReport & Measurement;
  spread?: SpreadReport & Measurement;
  recording?: RecordingReport & Measurement;
}

interface Goal {
  readonly figure: string;
  readonly goal: string;
  readonly measured: string;
  readonly isReached: boolean;
}

const BEGIN = '<!-- figures: written by `npm run bench` -->';
const END = '<!-- end of the figures -->';
const MIB = 1_048_576;
const PIPELINE_GOAL = 8;
const PRODUCER_GOAL_MICROS = 0.4;
const LATENCY_GOAL = 1.3;
const MEMORY_GOAL_MIB = 64;
const NEIGHBOUR_GOAL = 2;
const RECOVERY_GOAL_MS = 200;
const RECORDING_GOAL = 0.9;

/** The document with its figures replaced. */
export function figuresInto(document: string, figures: Figures): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the document has no ${BEGIN}`);
  const sections = [goalsTable(figures), ...BENCHMARKS.map((name) => sectionOf(name, figures))];
  const text = sections.filter((section) => section !== '').join('\n\n');
  return `${document.slice(0, begin)}${BEGIN}\n\n${text}\n\n${document.slice(end)}`;
}

function goalsTable(figures: Figures): string {
  const rows = goalsOf(figures).map(({ figure, goal, measured, isReached }) => [
    figure,
    goal,
    measured,
    isReached ? 'reached' : '**not reached**',
  ]);
  return `## Goals\n\n${table(['figure', 'goal', 'measured', ''], rows)}`;
}

function goalsOf({ pipeline, latency, overload, recording }: Figures): readonly Goal[] {
  const goals: Goal[] = [];
  const add = (figure: string, goal: string, measured: string, isReached: boolean) =>
    goals.push({ figure, goal, measured, isReached });
  if (pipeline !== undefined) {
    const { ratioToNaive, transportRatioToNaive } = pipeline;
    const producer = pipeline.openbell.producerCpuMicrosPerEvent ?? Number.NaN;
    const goal = `${PIPELINE_GOAL} times the naive pipeline`;
    add(
      'events per CPU second, socket to a handler',
      goal,
      times(transportRatioToNaive),
      transportRatioToNaive >= PIPELINE_GOAL,
    );
    add('... through the strategy host', goal, times(ratioToNaive), ratioToNaive >= PIPELINE_GOAL);
    add(
      'producer',
      `${PRODUCER_GOAL_MICROS} CPU us an event`,
      producer.toFixed(2),
      producer <= PRODUCER_GOAL_MICROS,
    );
  }
  if (latency !== undefined) {
    const { script, written } = latency;
    const median = written.p50 / script.p50;
    const tail = written.p99 / script.p99;
    add(
      'event to order, p50',
      `${LATENCY_GOAL} times the smallest script`,
      times(median),
      median <= LATENCY_GOAL,
    );
    add('event to order, p99', 'better than the smallest script', times(tail), tail < 1);
  }
  if (overload !== undefined) {
    const growth = (overload.residentBytesDuring - overload.residentBytesBefore) / MIB;
    const neighbour = overload.freeDuringMs.p99 / overload.freeBeforeMs.p99;
    const { recoveredMs } = overload;
    const isAccounted = overload.accounts.every(({ received, accounted }) => received === accounted);
    add(
      'memory while a strategy blocks',
      `less than ${MEMORY_GOAL_MIB} MiB more`,
      `${growth.toFixed(0)} MiB`,
      growth < MEMORY_GOAL_MIB,
    );
    add(
      "the other consumer's p99 meanwhile",
      `within ${NEIGHBOUR_GOAL} times`,
      times(neighbour),
      neighbour <= NEIGHBOUR_GOAL,
    );
    add(
      'back with the market',
      `in ${RECOVERY_GOAL_MS} ms`,
      recoveredMs === null ? 'never' : `${recoveredMs.toFixed(0)} ms`,
      recoveredMs !== null && recoveredMs <= RECOVERY_GOAL_MS,
    );
    add('events accounted for', 'all', isAccounted ? 'all' : 'not all', isAccounted);
  }
  if (recording !== undefined) {
    const { throughputRatio } = recording;
    add(
      'throughput while recording',
      `over ${percent(RECORDING_GOAL)}`,
      percent(throughputRatio),
      throughputRatio > RECORDING_GOAL,
    );
  }
  return goals;
}

function sectionOf(name: BenchmarkName, figures: Figures): string {
  const measured = figures[name];
  if (measured === undefined) return '';
  const { title, body } = SECTIONS[name](figures);
  return `## ${title}\n\n${measured.machine}, ${measured.measuredOn}.\n\n${body}`;
}

const SECTIONS: Readonly<Record<BenchmarkName, (figures: Figures) => { title: string; body: string }>> = {
  pipeline: ({ pipeline }) => ({
    title: 'Socket to strategy (`npm run bench:pipeline`)',
    body: pipelineTables(pipeline!),
  }),
  latency: ({ latency }) => ({
    title: 'Event to order (`npm run bench:latency`)',
    body: latencyTables(latency!),
  }),
  overload: ({ overload }) => ({
    title: 'Falling behind (`npm run bench:overload`)',
    body: overloadTables(overload!),
  }),
  spread: ({ spread }) => ({ title: 'Spread (`npm run bench:spread`)', body: spreadTable(spread!) }),
  recording: ({ recording }) => ({
    title: 'Recording (`npm run bench:recording`)',
    body: recordingTable(recording!),
  }),
};

const PIPELINES = [
  ['rawDrain', 'raw `ws` drain'],
  ['naive', 'naive: ws, JSON.parse, one postMessage per event'],
  ['openbellTransport', 'ours, bare handler instead of the strategy host'],
  ['openbell', 'ours, one strategy over all symbols'],
  ['openbellUnits', 'ours, a unit with a state for each symbol'],
] as const;

function pipelineTables(pipeline: Comparison & { readonly smallFrames: Comparison }): string {
  const rows = PIPELINES.map(([key, name]) => {
    const measured = pipeline[key];
    const small = pipeline.smallFrames[key];
    const ratio = pipeline.naive.cpuMicrosPerEvent / measured.cpuMicrosPerEvent;
    return [
      name,
      micros(measured.cpuMicrosPerEvent),
      micros(measured.producerCpuMicrosPerEvent),
      micros(measured.consumerCpuMicrosPerEvent),
      ratio.toFixed(1),
      micros(small.cpuMicrosPerEvent),
      (pipeline.smallFrames.naive.cpuMicrosPerEvent / small.cpuMicrosPerEvent).toFixed(1),
      percent(measured.conflated / measured.events),
    ];
  });
  return `CPU microseconds per event over all threads; 11,000 symbols, 70 % quotes; frames of 1 to 200 messages, and of 1 to 5.\n\n${table(
    ['pipeline', '1 to 200', 'producer', 'consumer', 'times naive', '1 to 5', 'times naive', 'conflated'],
    rows,
  )}`;
}

function latencyTables({ script, written, synced, eventsPerSecond, ordersPerSecond }: LatencyReport): string {
  const rows = (
    [
      ['smallest script (ws, JSON.parse, undici)', script],
      ['ours, journal written', written],
      ['ours, journal synced', synced],
    ] as const
  ).map(([name, { p50, p99, p999, max, orders }]) => [
    name,
    ...[p50, p99, p999, max].map((each) => each.toFixed(2)),
    `${orders}`,
  ]);
  return `Milliseconds from a trade's frame to the arrival of the order request it causes, as the broker's process sees it, at ${thousands(eventsPerSecond)} events and ${ordersPerSecond} orders a second over two consumers.\n\n${table(['', 'p50', 'p99', 'p99.9', 'max', 'orders'], rows)}`;
}

function overloadTables(report: OverloadReport): string {
  const { residentBytesBefore, residentBytesDuring, freeBeforeMs, freeDuringMs, blockedMs, recoveredMs } =
    report;
  const megabytes = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
  const rows = [
    ['blocked for', `${blockedMs.toFixed(0)} ms`],
    [
      'resident memory before, during',
      `${megabytes(residentBytesBefore)}, ${megabytes(residentBytesDuring)}`,
    ],
    [
      "the other consumer's orders, p50 before, during",
      `${freeBeforeMs.p50.toFixed(2)}, ${freeDuringMs.p50.toFixed(2)} ms`,
    ],
    [
      "the other consumer's orders, p99 before, during",
      `${freeBeforeMs.p99.toFixed(2)}, ${freeDuringMs.p99.toFixed(2)} ms`,
    ],
    [
      'orders younger than 200 ms again after',
      recoveredMs === null ? 'never' : `${recoveredMs.toFixed(0)} ms`,
    ],
  ];
  const accounts = report.accounts.map(
    ({ receiver, received, sent, conflated, dropped, underWay, accounted }) => [
      receiver,
      ...[received, sent, conflated, dropped, underWay, received - accounted].map(thousands),
    ],
  );
  return `A strategy holds up its thread at ${thousands(report.eventsPerSecond)} events a second over two consumers.\n\n${table(['', ''], rows)}\n\n${table(['receiver', 'received', 'sent', 'conflated', 'dropped', 'under way', 'unaccounted'], accounts)}`;
}

function spreadTable({ spread }: SpreadReport): string {
  const rows = spread.map((each) => [
    `${each.consumers}`,
    thousands(each.eventsPerSecond),
    micros(each.cpuMicrosPerEvent),
    micros(each.producerCpuMicrosPerEvent),
    micros(each.consumersCpuMicrosPerEvent),
    micros(each.busiestCpuMicrosPerOwnEvent),
    percent(each.conflated / each.events),
  ]);
  return `11,000 symbols, each a unit of its own, over so many consumers; CPU microseconds per event.\n\n${table(['consumers', 'events/s', 'all threads', 'producer', 'all consumers', 'busiest, of its own', 'conflated'], rows)}`;
}

function recordingTable(report: RecordingReport): string {
  const rows = (
    [
      ['without', report.without],
      ['with', report.with],
    ] as const
  ).map(([name, measured]) => [
    name,
    thousands(measured.eventsPerSecond),
    micros(measured.cpuMicrosPerEvent),
    micros(measured.producerCpuMicrosPerEvent),
    micros(measured.consumerCpuMicrosPerEvent),
  ]);
  return `Our pipeline with and without a recorder of the market and of the consumer's inbox. Throughput of neighbouring runs, with over without: ${percent(report.throughputRatio)}; CPU time, the recorder's threads included: ${percent(report.cpuRatio)}.\n\n${table(['recorder', 'events/s', 'CPU us/event', 'producer', 'consumer'], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function micros(figure: number | null): string {
  return figure === null ? '' : figure.toFixed(2);
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)} times`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function thousands(figure: number): string {
  return figure.toLocaleString('en-US');
}
