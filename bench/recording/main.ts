/**
 * `npm run bench:recording`: our pipeline from socket to strategy call, with and without a recorder of the market and of
 * the consumer's inbox, in turn, each time in a process of its own. `-- --json` prints one JSON document.
 */
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import type { Measured, PipelineName } from '../pipeline/report.ts';
import type { Workload } from '../pipeline/run.ts';

const WORKLOAD: Workload = {
  messagesMin: 1,
  messagesMax: 200,
  warmUpEvents: 1_000_000,
  events: 6_000_000,
  seed: 1,
};
/** Odd, so that there is a median. */
const ROUNDS = 7;

const run = promisify(execFile);
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
const plain: Measured[] = [];
const recorded: Measured[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  plain.push(await measureAlone('openbell'));
  recorded.push(await measureAlone('openbellRecorded'));
}
const without = medianOf(plain);
const withRecorder = medianOf(recorded);
// Two runs next to each other have the same neighbours on a shared machine.
const pairs = plain.map((one, index) => (recorded[index]?.eventsPerSecond ?? 0) / one.eventsPerSecond);
const throughputRatio = rounded(middle(pairs));
const cpuRatio = rounded(withRecorder.cpuMicrosPerEvent / without.cpuMicrosPerEvent);
if (values.json)
  print(
    JSON.stringify({
      without,
      with: withRecorder,
      throughputRatio,
      cpuRatio,
      pairs: pairs.map(rounded),
      machine,
    }),
  );
else {
  print(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}\n`);
  print(`${line('without recorder', without)}\n${line('with recorder', withRecorder)}\n`);
  print(`throughput with / without (median of ${ROUNDS} pairs): ${throughputRatio}`);
  print(`CPU per event with / without, the recorder's threads included: ${cpuRatio}`);
}

async function measureAlone(pipeline: PipelineName): Promise<Measured> {
  const program = fileURLToPath(new URL('../pipeline/single.js', import.meta.url));
  const { stdout } = await run(process.execPath, [program, pipeline, JSON.stringify(WORKLOAD)]);
  return JSON.parse(stdout) as Measured;
}

function medianOf(runs: readonly Measured[]): Measured {
  const sorted = runs.toSorted((a, b) => a.eventsPerSecond - b.eventsPerSecond);
  const found = sorted[Math.floor(sorted.length / 2)];
  if (found === undefined) throw new Error('nothing was measured');
  return found;
}

function middle(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

function line(name: string, measured: Measured): string {
  const { eventsPerSecond, cpuMicrosPerEvent, producerCpuMicrosPerEvent, consumerCpuMicrosPerEvent } =
    measured;
  const columns = [
    name.padEnd(18),
    `${eventsPerSecond.toLocaleString('en-US')} events/s`.padStart(22),
    `${cpuMicrosPerEvent.toFixed(3)} CPU us/event`.padStart(22),
    `producer ${producerCpuMicrosPerEvent?.toFixed(3) ?? '-'}`.padStart(18),
    `consumer ${consumerCpuMicrosPerEvent?.toFixed(3) ?? '-'}`.padStart(18),
  ];
  const { recorded: kept } = measured;
  if (kept !== null) {
    columns.push(
      `, ${kept.rows.toLocaleString('en-US')} rows, ${(kept.bytes / 1e6).toFixed(0)} MB, ${kept.rowsLost} lost`,
    );
  }
  return columns.join('');
}

function rounded(figure: number): number {
  return Number(figure.toFixed(3));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
