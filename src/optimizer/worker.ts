/** A worker of the pool: opens the shared data at its first task, and runs one backtest for each. */
import { workerData } from 'node:worker_threads';
import type { Batch } from '../tape/batch.ts';
import type { TrialOutcome, TrialTask, WorkerJob } from './contract.ts';
import { openBatches, runTrial } from './trial.ts';

const job = workerData as WorkerJob;
let batches: readonly Batch[] | undefined;

export default function evaluate(task: TrialTask): TrialOutcome {
  batches ??= openBatches(job);
  return runTrial(job, batches, task);
}
