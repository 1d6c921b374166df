/** The desk thread's entry: builds the broker and the desk from what it was handed, and starts. */
import { parentPort, workerData } from 'node:worker_threads';
import { createBroker } from '../brokers/factory.ts';
import { newSeed, seededRandom } from '../clock/chance.ts';
import { liveClock } from '../clock/live.ts';
import { assert } from '../domain/assert.ts';
import { createLog } from '../observability/log.ts';
import type { DeskWorkerData } from './config.ts';
import { Desk } from './desk.ts';

const { config, market, database, recording } = workerData as DeskWorkerData;
assert(parentPort !== null, 'the desk runs on a worker thread');

const log = createLog(config.log, { batch: config.batchId, thread: 'desk' });
const broker = createBroker(config.broker, { clock: liveClock, random: seededRandom(newSeed()), log });
const ports = { control: parentPort, market, database, recording };
const desk = new Desk({ config, clock: liveClock, log, broker, ...ports });
await desk.start();
