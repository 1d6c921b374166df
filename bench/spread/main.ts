/**
 * `npm run bench:spread`: what an event costs when 11,000 symbols, each a unit of its own, are spread over 1, 2, 4 and 8
 * consumers. The sender of bench/pipeline, in a process of its own. `-- --json` prints one JSON document.
 */
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { hasThreadCpu } from '../pipeline/cpu.ts';
import type { Workload } from '../pipeline/run.ts';
import type { Spread } from './report.ts';

const WORKLOAD: Workload = {
  messagesMin: 1,
  messagesMax: 200,
  warmUpEvents: 1_000_000,
  events: 2_000_000,
  seed: 1,
};
const CONSUMERS = [1, 2, 4, 8] as const;
/** Odd, so that there is a median. */
const ROUNDS = 3;

const run = promisify(execFile);
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
if (!hasThreadCpu) throw new Error('this system does not tell CPU time by thread: run it on Linux');
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
const runs = new Map<number, Spread[]>(CONSUMERS.map((count) => [count, []]));
// In turn, again and again: what else the machine does meanwhile then hits all alike.
for (let round = 0; round < ROUNDS; round += 1) {
  for (const count of CONSUMERS) runs.get(count)?.push(await measure(count));
}
const spread = CONSUMERS.map((count) => median(runs.get(count)!));
if (values.json) print(JSON.stringify({ spread, machine }));
else {
  print(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}\n`);
  print(table(spread));
}

async function measure(count: number): Promise<Spread> {
  const program = fileURLToPath(new URL('./single.js', import.meta.url));
  const { stdout } = await run(process.execPath, [program, String(count), JSON.stringify(WORKLOAD)]);
  return JSON.parse(stdout) as Spread;
}

/** The run whose cost is the median of all. */
function median(measured: readonly Spread[]): Spread {
  return measured.toSorted((a, b) => a.cpuMicrosPerEvent - b.cpuMicrosPerEvent)[
    Math.floor(measured.length / 2)
  ]!;
}

function table(rows: readonly Spread[]): string {
  const head = ['consumers', 'events/s', 'us/event', 'producer', 'consumers', 'us/own', 'shown', 'conflated'];
  const lines = rows.map((row) => [
    String(row.consumers),
    row.eventsPerSecond.toLocaleString('en-US'),
    row.cpuMicrosPerEvent.toFixed(3),
    row.producerCpuMicrosPerEvent.toFixed(3),
    row.consumersCpuMicrosPerEvent.toFixed(3),
    row.busiestCpuMicrosPerOwnEvent.toFixed(3),
    row.shown.toLocaleString('en-US'),
    row.conflated.toLocaleString('en-US'),
  ]);
  const text = [head, ...lines].map((columns) => columns.map((column) => column.padStart(12)).join(''));
  return `a unit for each of 11,000 symbols (CPU microseconds per event; us/own: of the busiest consumer, per event of its own; the median of ${ROUNDS} runs)\n${text.join('\n')}\n`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
