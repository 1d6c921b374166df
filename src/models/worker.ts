/** Entry of the database thread: opens the database, then serves whoever is attached until told to stop. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Timer } from '../clock/clock.ts';
import { liveClock } from '../clock/live.ts';
import { assert, unreachable } from '../domain/assert.ts';
import { EXIT_UNEXPECTED, UserError } from '../domain/exit.ts';
import { createLog } from '../observability/log.ts';
import { ThreadMonitor } from '../observability/vitals.ts';
import { openDatabase } from './database.ts';
import type { DatabaseCommand, DatabaseReport, DatabaseWorkerConfig } from './messages.ts';
import { makeWayForOthers } from './priority.ts';
import { createStoresServer } from './server.ts';

const VITALS_PERIOD_MS = 1_000;

assert(parentPort !== null, 'the database worker runs in a worker thread');
const control = parentPort;
const report = (message: DatabaseReport) => control.postMessage(message);

makeWayForOthers();
const config = workerData as DatabaseWorkerConfig;
const log = createLog(config.log, { ...config.logFields, thread: 'database' });

try {
  let onBroken: (error: UserError) => void = () => {};
  const database = await openDatabase(config.location, {
    log,
    clock: liveClock,
    limits: config.limits,
    onBroken: (error) => onBroken(error),
  });
  const server = createStoresServer(database.stores, log);
  onBroken = (error) => {
    log.error({ remedy: error.remedy }, error.message);
    report({ type: 'failed', error: error.toJSON() });
    // Whoever waits is told before the thread ends; what is broken can no longer be closed in order.
    void server.drain().finally(() => process.exit(1));
  };
  const monitor = new ThreadMonitor(liveClock);
  let telling: Timer | undefined;
  const stop = async () => {
    telling?.cancel();
    await server.drain();
    await database.close();
    report({ type: 'stopped' });
    control.close();
  };
  control.on('message', (command: DatabaseCommand) => {
    switch (command.type) {
      case 'attach':
        server.attach(command.client, command.port);
        return;
      case 'snapshot':
        database.snapshot(command.directory).then(
          () => report({ type: 'snapshot', requestId: command.requestId, failure: null }),
          (error: Error) =>
            report({ type: 'snapshot', requestId: command.requestId, failure: error.message }),
        );
        return;
      case 'stop':
        void stop();
        return;
      default:
        unreachable(command);
    }
  });
  report({ type: 'ready', migrations: await database.migrationStatus() });
  telling = liveClock.every(VITALS_PERIOD_MS, () => report({ type: 'vitals', vitals: monitor.vitals() }));
} catch (error) {
  const failure =
    error instanceof UserError
      ? error
      : new UserError({
          exitCode: EXIT_UNEXPECTED,
          cause: `the database thread failed: ${error instanceof Error ? error.message : String(error)}`,
          remedy: 'the log above has the details; please report it',
        });
  log.error({ err: error, remedy: failure.remedy }, failure.message);
  report({ type: 'failed', error: failure.toJSON() });
  control.close();
}
