/**
 * `npm run bench:latency`: from a trade in the feed to the order request it causes, at 50,000 events a second over two
 * consumers and 100 orders a second, as the broker sees it: the smallest script that could do it, and the daemon with
 * its journal `written` and `synced`, one after another. `-- --json` prints one JSON document.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { liveClock } from '../../src/clock/live.ts';
import type { VenueOptions } from '../market/protocol.ts';
import { DaemonProcess, VenueProcess } from '../market/subject.ts';
import type { LatencyFigures, LatencyReport } from './report.ts';
import { latencyTable } from './report.ts';

const SYMBOLS = Array.from({ length: 200 }, (_, index) => `S${String(index).padStart(3, '0')}`);
const VENUE: VenueOptions = {
  groups: { all: SYMBOLS },
  eventsPerSecond: 50_000,
  marksPerSecond: 100,
};
const WARM_UP_MS = 15_000;
const MEASURED_MS = 20_000;
const START_TIMEOUT_MS = 60_000;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const half = SYMBOLS.length / 2;
const instances = { first: SYMBOLS.slice(0, half), second: SYMBOLS.slice(half) };

const report: LatencyReport = {
  eventsPerSecond: VENUE.eventsPerSecond,
  ordersPerSecond: VENUE.marksPerSecond,
  script: await measure(startScript),
  written: await measure((venue) => startDaemon(venue, 'written')),
  synced: await measure((venue) => startDaemon(venue, 'synced')),
};
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : latencyTable(report));
process.exit();

interface Subject {
  close(): Promise<void>;
}

async function measure(start: (venue: VenueProcess) => Subject): Promise<LatencyFigures> {
  const venue = await VenueProcess.start(VENUE);
  const subject = start(venue);
  await firstOrder(venue);
  await after(WARM_UP_MS);
  venue.tell({ type: 'measure' });
  const before = await venue.figures();
  await after(MEASURED_MS);
  const { groups, events, framesHeldBack } = await venue.figures();
  const { latencyMs, orders, marks } = groups.all!;
  await subject.close();
  venue.close();
  return {
    ...latencyMs,
    orders,
    marks,
    eventsPerSecond: Math.round((events - before.events) / (MEASURED_MS / 1_000)),
    framesHeldBack,
  };
}

async function firstOrder(venue: VenueProcess): Promise<void> {
  const deadlineMs = liveClock.monotonicMs() + START_TIMEOUT_MS;
  while ((await venue.figures()).groups.all!.orders === 0) {
    if (liveClock.monotonicMs() > deadlineMs) throw new Error('no order came');
    await after(100);
  }
}

function startDaemon(venue: VenueProcess, journal: 'written' | 'synced'): Subject {
  return new DaemonProcess(venue, { journal, instances, consumers: 2 });
}

function startScript(venue: VenueProcess): Subject {
  const program = fileURLToPath(new URL('./naive.js', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(SYMBOLS)], {
    env: { ...venue.env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return {
    close: async () => {
      child.kill('SIGKILL');
    },
  };
}

function after(delayMs: number): Promise<void> {
  return new Promise((done) => liveClock.after(delayMs, done));
}
