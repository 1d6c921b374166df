/**
 * `npm run bench:overload`: a strategy holds up its thread for ten seconds at 200,000 events a second over two consumers.
 * A strategy has no clock, so how long its loop takes in the daemon is found first, by holding it up for about a second. What the daemon's memory does, what the other consumer's orders feel, how quickly the blocked one is back,
 * and whether every event is accounted for. On PostgreSQL where `DATABASE_URL` names one. `-- --json` prints one JSON
 * document.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { liveClock } from '../../src/clock/live.ts';
import { connectControl } from '../../src/trader/control/control.ts';
import type { DaemonStatus } from '../../src/trader/control/status.ts';
import { type Arrival, BLOCK_TURNS_MAX, type VenueOptions } from '../market/protocol.ts';
import { DaemonProcess, VenueProcess } from '../market/subject.ts';
import { type Accounts, type OverloadReport, overloadTable } from './report.ts';

const GROUP_SYMBOLS = 100;
const FREE = symbolsOf('F');
const BLOCKED = symbolsOf('B');
const VENUE: VenueOptions = {
  groups: { free: FREE, blocked: BLOCKED },
  eventsPerSecond: 200_000,
  marksPerSecond: 50,
};
const BLOCK_MS = 10_000;
const CALIBRATION_TURNS = 20;
/** Of the loop as it runs here: the calibration takes about a second. */
const TURN_MS = 50;
const WARM_UP_MS = 20_000;
const BEFORE_MS = 10_000;
const BLOCK_TIMEOUT_MS = 120_000;
const RECOVERY_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 90_000;
const SAMPLE_MS = 100;
/** An order younger than this shows that the consumer is up with the market. */
const FRESH_MS = 200;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const venue = await VenueProcess.start(VENUE);
const daemon = new DaemonProcess(venue, {
  journal: 'written',
  instances: { free: FREE, blocked: BLOCKED },
  consumers: 2,
  spinsPerTurn: Math.round(spinsPerMs() * TURN_MS),
});
const report = await measure();
await daemon.close();
venue.close();
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : overloadTable(report));
process.exit();

async function measure(): Promise<OverloadReport> {
  await firstOrders();
  await after(WARM_UP_MS);
  const turns = await turnsOf(BLOCK_MS);
  await after(WARM_UP_MS);
  venue.tell({ type: 'measure' });
  const memoryBefore = await highestMemory(BEFORE_MS);
  const before = await venue.figures();
  venue.tell({ type: 'measure' });
  const blockMicros = block(turns);
  const memoryDuring = await highestMemory(BLOCK_MS);
  const during = await venue.figures();
  const unblockedMicros = await unblocked();
  const { recoveredMs, ended } = await recovered(unblockedMicros);
  const status = await statusOf();
  return {
    eventsPerSecond: VENUE.eventsPerSecond,
    framesHeldBack: ended.framesHeldBack,
    residentBytesBefore: memoryBefore,
    residentBytesDuring: memoryDuring,
    freeBeforeMs: before.groups.free!.latencyMs,
    freeDuringMs: during.groups.free!.latencyMs,
    blockedMs: (unblockedMicros - blockMicros) / 1_000,
    recoveredMs,
    accounts: accountsOf(status),
  };
}

/** For how many turns the strategy's loop must run in the daemon, as busy as the machine is, to take so long. */
async function turnsOf(durationMs: number): Promise<number> {
  const startMicros = block(CALIBRATION_TURNS);
  const tookMs = ((await unblocked()) - startMicros) / 1_000;
  return Math.min(BLOCK_TURNS_MAX, Math.round((CALIBRATION_TURNS * durationMs) / tookMs));
}

/** Has the strategy hold up its thread, and answers when it was told to. */
function block(turns: number): number {
  const nowMicros = liveClock.nowMicros();
  venue.tell({ type: 'block', symbol: BLOCKED[0]!, turns });
  return nowMicros;
}

/** When the strategy went on. */
async function unblocked(): Promise<number> {
  const deadlineMs = liveClock.monotonicMs() + BLOCK_TIMEOUT_MS;
  for (;;) {
    const { unblockedMicros } = (await venue.figures()).groups.blocked!;
    if (unblockedMicros !== null) return unblockedMicros;
    if (liveClock.monotonicMs() > deadlineMs) throw new Error('the strategy does not go on');
    await after(SAMPLE_MS);
  }
}

/** Waits until the blocked consumer is up with the market again, or takes too long. */
async function recovered(unblockedMicros: number) {
  const deadlineMs = liveClock.monotonicMs() + RECOVERY_TIMEOUT_MS;
  for (;;) {
    const ended = await venue.figures();
    const recoveredMs = recovery(ended.groups.blocked!.arrivals, unblockedMicros);
    if (recoveredMs !== null || liveClock.monotonicMs() > deadlineMs) return { recoveredMs, ended };
    await after(SAMPLE_MS);
  }
}

/** How long after that moment the first order came whose mark was young; null: none came. */
function recovery(arrivals: readonly Arrival[], unblockedMicros: number): number | null {
  const fresh = arrivals.find(({ atMicros, ageMs }) => atMicros >= unblockedMicros && ageMs < FRESH_MS);
  return fresh === undefined ? null : (fresh.atMicros - unblockedMicros) / 1_000;
}

function accountsOf(status: DaemonStatus): readonly Accounts[] {
  return status.feed.receivers.map((counted) => {
    const { receiver, received, sent, conflated, droppedOverflow, droppedDetached, waiting, inFlight } =
      counted;
    const accounted = sent + conflated + droppedOverflow + droppedDetached + waiting + inFlight;
    const dropped = droppedOverflow + droppedDetached;
    return { receiver, received, sent, conflated, dropped, underWay: waiting + inFlight, accounted };
  });
}

async function statusOf(): Promise<DaemonStatus> {
  const control = await connectControl(join(daemon.directory, 'data'), liveClock);
  if (control === null) throw new Error('the daemon does not answer');
  const status = await control.call<DaemonStatus>('status');
  control.close();
  return status;
}

/** The process' resident memory at its highest in that time, and no less than the time. */
async function highestMemory(durationMs: number): Promise<number> {
  const endMs = liveClock.monotonicMs() + durationMs;
  let highest = 0;
  while (liveClock.monotonicMs() < endMs) {
    const status = readFileSync(`/proc/${daemon.child.pid}/status`, 'utf8');
    highest = Math.max(highest, Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1_024);
    await after(SAMPLE_MS);
  }
  return highest;
}

async function firstOrders(): Promise<void> {
  const deadlineMs = liveClock.monotonicMs() + START_TIMEOUT_MS;
  for (;;) {
    const { groups } = await venue.figures();
    if (Object.values(groups).every(({ orders }) => orders > 0)) return;
    if (liveClock.monotonicMs() > deadlineMs) throw new Error('no orders came');
    await after(SAMPLE_MS);
  }
}

/** How often the strategy's loop runs in a millisecond of this machine. */
function spinsPerMs(): number {
  const spins = 30_000_000;
  const startMs = liveClock.monotonicMs();
  let checksum = 1;
  for (let spin = 0; spin < spins; spin += 1) checksum = (checksum * 31 + (spin & 0xffff)) % 1_000_003;
  return spins / (liveClock.monotonicMs() - startMs + checksum / Number.MAX_SAFE_INTEGER);
}

function symbolsOf(letter: string): readonly string[] {
  return Array.from({ length: GROUP_SYMBOLS }, (_, index) => `${letter}${String(index).padStart(3, '0')}`);
}

function after(delayMs: number): Promise<void> {
  return new Promise((done) => liveClock.after(delayMs, done));
}
