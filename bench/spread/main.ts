/**
 * `npm run bench:spread`: what an event costs when 11,000 symbols, each a unit of its own, are spread over 1, 2, 4 and 8
 * consumers. The sender of bench/pipeline, in a process of its own. `-- --json` prints one JSON document.
 */
import { parseArgs } from 'node:util';
import { machineText, measureAlone, medianBy, thisMachine } from '../alone.ts';
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

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
if (!hasThreadCpu) throw new Error('this system does not tell CPU time by thread: run it on Linux');
const machine = thisMachine();
const runs = new Map<number, Spread[]>(CONSUMERS.map((count) => [count, []]));
// In turn, again and again: what else the machine does meanwhile then hits all alike.
for (let round = 0; round < ROUNDS; round += 1) {
  for (const count of CONSUMERS) runs.get(count)?.push(await measureAlone('spread', String(count), WORKLOAD));
}
const spread = CONSUMERS.map((count) => medianBy(runs.get(count)!, (each) => each.cpuMicrosPerEvent));
if (values.json) print(JSON.stringify({ spread, machine }));
else {
  print(`${machineText(machine)}\n`);
  print(table(spread));
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
