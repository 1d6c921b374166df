/**
 * `npm run bench:recording`: our pipeline from socket to strategy call, with and without a recorder of the market and of
 * the consumer's inbox, in turn, each time in a process of its own. `-- --json` prints one JSON document.
 */
import { parseArgs } from 'node:util';
import { machineText, measureAlone, medianBy, thisMachine } from '../alone.ts';
import type { Measured } from '../pipeline/report.ts';
import type { Workload } from '../pipeline/run.ts';
import type { RecordingReport } from './report.ts';

const WORKLOAD: Workload = {
  messagesMin: 1,
  messagesMax: 200,
  warmUpEvents: 1_000_000,
  events: 6_000_000,
  seed: 1,
};
/** Odd, so that there is a median. */
const ROUNDS = 7;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const machine = thisMachine();
const plain: Measured[] = [];
const recorded: Measured[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  plain.push(await measureAlone('pipeline', 'openbell', WORKLOAD));
  recorded.push(await measureAlone('pipeline', 'openbellRecorded', WORKLOAD));
}
const without = medianBy(plain, (each) => each.eventsPerSecond);
const withRecorder = medianBy(recorded, (each) => each.eventsPerSecond);
// Two runs next to each other have the same neighbours on a shared machine.
const pairs = plain.map((one, index) => (recorded[index]?.eventsPerSecond ?? 0) / one.eventsPerSecond);
const throughputRatio = rounded(medianBy(pairs, (each) => each));
const cpuRatio = rounded(withRecorder.cpuMicrosPerEvent / without.cpuMicrosPerEvent);
const report: RecordingReport = {
  without,
  with: withRecorder,
  throughputRatio,
  cpuRatio,
  pairs: pairs.map(rounded),
};
if (values.json) print(JSON.stringify({ ...report, machine }));
else {
  print(`${machineText(machine)}\n`);
  print(`${line('without recorder', without)}\n${line('with recorder', withRecorder)}\n`);
  print(`throughput with / without (median of ${ROUNDS} pairs): ${throughputRatio}`);
  print(`CPU per event with / without, the recorder's threads included: ${cpuRatio}`);
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
