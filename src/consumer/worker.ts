/** Entry of a consumer thread: takes its configuration, starts the consumer, hands it the trader's commands. */
import { parentPort, workerData } from 'node:worker_threads';
import { liveClock } from '../clock/live.ts';
import { assert } from '../domain/assert.ts';
import type { InstancesCommand } from '../engine/config.ts';
import { createLog } from '../observability/log.ts';
import { ThreadMonitor } from '../observability/vitals.ts';
import type { ConsumerCommand } from '../transport/messages.ts';
import type { ConsumerConfig } from './config.ts';
import { Consumer } from './consumer.ts';

assert(parentPort !== null, 'a consumer runs as a worker thread');
const control = parentPort;
const config = workerData as ConsumerConfig;
const { batchId, consumer: name } = config.host;
const log = createLog(config.log, { batch: batchId, thread: `consumer ${name}` });

process.on('unhandledRejection', (reason, promise) => {
  // A promise of a strategy's realm, which nobody waits for: its handler was refused already. Ours is a bug.
  if (promise instanceof Promise) throw reason;
  log.warn({ reason: String(reason) }, 'a strategy left a rejected promise behind; handlers are synchronous');
});

const monitor = new ThreadMonitor(liveClock);
const consumer = new Consumer({
  config,
  clock: liveClock,
  log,
  report: (report) => control.postMessage(report),
  vitals: () => monitor.vitals(),
  afterTurn: (call) => void setImmediate(call),
});

control.on('message', (command: ConsumerCommand | InstancesCommand) => {
  consumer.onCommand(command);
  // What was posted is still delivered; with its ports closed the thread then ends by itself.
  if (command.type === 'stop') control.close();
});
