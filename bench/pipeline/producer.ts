/** Thread: the product's own producer, after it has told its kernel thread id. */
import { workerData } from 'node:worker_threads';
import { kernelThreadId } from './cpu.ts';

const { threadId } = workerData as { threadId: Int32Array };
threadId[0] = kernelThreadId();
await import('../../src/producer/worker.ts');
