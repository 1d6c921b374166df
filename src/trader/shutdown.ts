/**
 * The order in which the daemon ends: first what makes new work, then what finishes the work under way, last what
 * keeps it. Each part has its share of the ten seconds; one that fails or hangs does not keep the others from ending.
 */
import type { Clock } from '../clock/clock.ts';
import type { Log } from '../observability/log.ts';
import type { Alerts } from './alerts.ts';
import type { Parts } from './assembly.ts';

const STOP_MS = { consumers: 1_500, desk: 5_000, producer: 1_000, database: 2_000 } as const;

/** Never throws. What was not started is passed over. */
export async function endParts(
  parts: Parts,
  context: { reason: string; log: Log; clock: Clock; alerts: Alerts },
): Promise<void> {
  const { reason, log } = context;
  const attempt = async (what: string, work: Promise<unknown> | undefined) => {
    try {
      await work;
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      log.error({ what, reason: cause }, 'a part could not be stopped in order');
    }
  };
  parts.sessions?.stop();
  await attempt('scanners', parts.scanners?.stop());
  await attempt('consumers', parts.consumers?.stop(STOP_MS.consumers));
  await attempt('desk', endDesk(parts, reason, log));
  await attempt('states', parts.states?.save());
  await attempt('runs', parts.runs?.end(reason));
  await Promise.all([
    attempt('producer', parts.producer?.stop(STOP_MS.producer)),
    attempt('broker', parts.broker?.close()),
    attempt('pool', parts.history?.close()),
    attempt('alerts', context.alerts.settle()),
  ]);
  parts.stores?.close();
  await Promise.all([
    attempt('database', parts.database?.stop(STOP_MS.database)),
    attempt('exchange', parts.exchange?.stop()),
  ]);
  parts.lock?.release();
}

async function endDesk(parts: Parts, reason: string, log: Log): Promise<void> {
  if (parts.desk === undefined) return;
  const closed = await parts.desk.stop(reason, STOP_MS.desk);
  if (closed === null) log.error('the desk had to be ended; its journal has what was not written down');
  else log.info(closed, 'the desk is closed');
}
