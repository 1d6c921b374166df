/**
 * `npm run bench:pipeline`: the raw socket, the naive pipeline and ours, each in a process of its own over the same
 * frames from a sender in another. `-- --json` prints one JSON document.
 */
import { parseArgs } from 'node:util';
import { machineText, measureAlone, medianBy, thisMachine } from '../alone.ts';
import type { Comparison, Measured, PipelineName } from './report.ts';
import type { Workload } from './run.ts';

const UNIFORM: Workload = {
  messagesMin: 1,
  messagesMax: 200,
  warmUpEvents: 1_000_000,
  events: 3_000_000,
  seed: 1,
};
const SMALL: Workload = { messagesMin: 1, messagesMax: 5, warmUpEvents: 400_000, events: 600_000, seed: 2 };
/** Odd, so that there is a median. */
const ROUNDS = 3;
const NAME_WIDTH = 18;
const PIPELINES = [
  'rawDrain',
  'naive',
  'openbellTransport',
  'openbell',
  'openbellUnits',
] as const satisfies readonly PipelineName[];

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const machine = thisMachine();
const uniform = await compare(UNIFORM);
const smallFrames = await compare(SMALL);
if (values.json) print(JSON.stringify({ ...uniform, smallFrames, machine }));
else {
  print(`${machineText(machine)}\n`);
  print(table('frames of 1 to 200 messages', uniform));
  print(table('frames of 1 to 5 messages', smallFrames));
}

async function compare(workload: Workload): Promise<Comparison> {
  // In turn, again and again: what else the machine does meanwhile then hits all alike, and the median leaves it out.
  const runs = new Map<PipelineName, Measured[]>(PIPELINES.map((pipeline) => [pipeline, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const pipeline of PIPELINES)
      runs.get(pipeline)?.push(await measureAlone('pipeline', pipeline, workload));
  }
  const results = Object.fromEntries(
    [...runs].map(([pipeline, measured]) => [pipeline, medianBy(measured, (each) => each.cpuMicrosPerEvent)]),
  );
  const { rawDrain, naive, openbell, openbellTransport, openbellUnits } = results as Record<
    PipelineName,
    Measured
  >;
  const ratio = (ours: Measured) => round(naive.cpuMicrosPerEvent / ours.cpuMicrosPerEvent, 2);
  return {
    rawDrain,
    naive,
    openbell,
    openbellTransport,
    openbellUnits,
    ratioToNaive: ratio(openbell),
    transportRatioToNaive: ratio(openbellTransport),
    unitsRatioToNaive: ratio(openbellUnits),
  };
}

function table(title: string, comparison: Comparison): string {
  const lines = PIPELINES.map((pipeline) => {
    const measured = comparison[pipeline];
    const columns = [
      pipeline.padEnd(NAME_WIDTH),
      measured.eventsPerSecond.toLocaleString('en-US').padStart(12),
      measured.cpuMicrosPerEvent.toFixed(3).padStart(12),
      perThread(measured.producerCpuMicrosPerEvent),
      perThread(measured.consumerCpuMicrosPerEvent),
      measured.shown.toLocaleString('en-US').padStart(12),
      measured.conflated.toLocaleString('en-US').padStart(10),
      measured.dropped.toLocaleString('en-US').padStart(8),
    ];
    return columns.join('');
  });
  const head =
    'pipeline'.padEnd(NAME_WIDTH) +
    ['events/s', 'us/event', 'producer', 'consumer', 'shown'].map((name) => name.padStart(12)).join('') +
    'conflated'.padStart(10) +
    'dropped'.padStart(8);
  const { ratioToNaive, transportRatioToNaive, unitsRatioToNaive } = comparison;
  const ratio = `events per CPU second over the naive pipeline's: ${ratioToNaive}; with a unit for each symbol: ${unitsRatioToNaive}; without strategy host: ${transportRatioToNaive}`;
  return `${title} (CPU microseconds per event, all threads; the median of ${ROUNDS} runs)\n${head}\n${lines.join('\n')}\n${ratio}\n`;
}

function perThread(micros: number | null): string {
  return (micros === null ? '-' : micros.toFixed(3)).padStart(12);
}

function round(value: number, places: number): number {
  return Number(value.toFixed(places));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
