/** Entry of the producer thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { newSeed, seededRandom } from '../clock/chance.ts';
import { liveClock } from '../clock/live.ts';
import { assert } from '../domain/assert.ts';
import { createLog } from '../observability/log.ts';
import { ThreadMonitor } from '../observability/vitals.ts';
import { createMarketStream } from '../providers/factory.ts';
import type { ProducerCommand, ProducerReport } from '../transport/messages.ts';
import { TypedPort } from '../transport/ports.ts';
import type { ProducerConfig } from './config.ts';
import { Producer } from './producer.ts';

assert(parentPort !== null, 'the producer runs as a worker thread');
const config = workerData as ProducerConfig;
const log = createLog(config.log, { batch: config.batchId, thread: 'producer' });
const control = new TypedPort<ProducerCommand, ProducerReport>(parentPort, {
  onMessage: (command) => producer.handle(command),
});
const producer = new Producer({
  stream: createMarketStream(config.provider, { clock: liveClock, random: seededRandom(newSeed()), log }),
  clock: liveClock,
  log,
  limits: config.limits,
  report: (report) => {
    control.post(report);
    if (report.type === 'stopped') control.close();
  },
  afterTurn: (call) => setImmediate(call),
  monitor: new ThreadMonitor(liveClock),
});
producer.start();
