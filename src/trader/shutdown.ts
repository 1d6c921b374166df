/**
 * The order in which the daemon ends: first what makes new work, then what finishes the work under way, last what
 * keeps it. Each part has its share of the ten seconds; one that fails or hangs does not keep the others from ending.
 */
import type { Clock, Timer } from '../clock/clock.ts';
import { EXIT_UNEXPECTED, UserError } from '../domain/exit.ts';
import type { Log } from '../observability/log.ts';
import type { Alerts } from './alerts.ts';
import type { Parts } from './assembly.ts';

const STOP_MS = {
  consumers: 1_500,
  desk: 5_000,
  producer: 1_000,
  database: 2_000,
  recorder: 2_000,
} as const;
/** For all of it together; what comes late, behind parts that hang, is still tried. */
const STOP_MAX_MS = 10_000;
const PART_MIN_MS = 250;
const LATE = Symbol('late');

/** Never throws. What was not started is passed over. Answers what could not be written down, or null. */
export async function endParts(
  parts: Parts,
  context: { reason: string; log: Log; clock: Clock; alerts: Alerts },
): Promise<UserError | null> {
  const { reason, log, clock } = context;
  const endMs = clock.monotonicMs() + STOP_MAX_MS;
  let unwritten: UserError | null = null;
  const attempt = async (what: string, work: Promise<unknown> | undefined) => {
    try {
      const outcome = await within(work, Math.max(PART_MIN_MS, endMs - clock.monotonicMs()), clock);
      if (outcome === 'terminated') log.warn({ what }, 'a part did not end by itself and was terminated');
      if (outcome === LATE) log.warn({ what }, 'a part did not end in its time and is left to itself');
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      log.error({ what, reason: cause }, 'a part could not be stopped in order');
    }
  };
  parts.sessions?.stop();
  await Promise.all([
    attempt('scanners', parts.scanners?.stop()),
    attempt('miners', parts.miners?.stop()),
    attempt('rows of trade_plan', parts.tradePlans?.stop(reason)),
  ]);
  await attempt('consumers', parts.consumers?.stop(STOP_MS.consumers));
  await attempt(
    'desk',
    endDesk(parts, reason, log).then((found) => {
      unwritten = found;
    }),
  );
  await attempt('states', parts.states?.save());
  await attempt('runs', parts.runs?.end(reason));
  parts.plots?.close();
  await Promise.all([
    attempt('producer', parts.producer?.stop(STOP_MS.producer)),
    attempt('broker', parts.broker?.close()),
    attempt('pool', parts.history?.close()),
    attempt('alerts', context.alerts.settle()),
  ]);
  parts.stores?.close();
  await Promise.all([
    attempt('recorder', parts.recorder?.stop(STOP_MS.recorder)),
    attempt('database', parts.database?.stop(STOP_MS.database)),
    attempt('exchange', parts.exchange?.stop()),
  ]);
  parts.recordingLock?.release();
  parts.lock?.release();
  return unwritten;
}

async function within<T>(work: T, timeoutMs: number, clock: Clock): Promise<Awaited<T> | typeof LATE> {
  let timer: Timer | undefined;
  const late = new Promise<typeof LATE>((done) => {
    timer = clock.after(timeoutMs, () => done(LATE));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer?.cancel();
  }
}

async function endDesk(parts: Parts, reason: string, log: Log): Promise<UserError | null> {
  if (parts.desk === undefined) return null;
  const closed = await parts.desk.stop(reason, STOP_MS.desk);
  if (closed !== null) log.info(closed, 'the desk is closed');
  if (closed?.rowsWaiting === 0) return null;
  const cause =
    closed === null
      ? 'the desk had to be ended before it had written everything down'
      : `${closed.rowsWaiting} rows of orders and fills could not be written to the database`;
  return new UserError({
    exitCode: EXIT_UNEXPECTED,
    cause,
    remedy: 'The next start writes what the journal has, and asks the broker for the rest; the log says why.',
  });
}
