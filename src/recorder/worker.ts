/** Entry of the recorder thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { liveClock } from '../clock/live.ts';
import { assert } from '../domain/assert.ts';
import { createLog } from '../observability/log.ts';
import type { RecorderCommand, RecorderReport } from '../transport/messages.ts';
import { TypedPort } from '../transport/ports.ts';
import type { RecorderConfig } from './config.ts';
import { Recorder } from './recorder.ts';

assert(parentPort !== null, 'the recorder runs as a worker thread');
const config = workerData as RecorderConfig;
const control = new TypedPort<RecorderCommand, RecorderReport>(parentPort, {
  onMessage: (command) => recorder.handle(command),
});
const recorder = new Recorder({
  config,
  clock: liveClock,
  log: createLog(config.log, { batch: config.batchId, thread: 'recorder' }),
  report: (told) => {
    control.post(told);
    if (told.type === 'stopped') control.close();
  },
});
recorder.start();
