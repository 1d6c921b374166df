/** A worker of `openbell optimize`: opens the shared data at its first task, and runs one backtest for each. */
import { workerData } from 'node:worker_threads';
import { silentLog } from '../observability/log.ts';
import type { TrialOutcome, TrialTask, WorkerJob } from '../optimizer/contract.ts';
import { openBatches, runTrial } from '../optimizer/trial.ts';
import type { Batch } from '../tape/batch.ts';
import { scannersOf } from './backtestScanners.ts';

const job = workerData as WorkerJob;
let batches: readonly Batch[] | undefined;

export default function evaluate(task: TrialTask): Promise<TrialOutcome> {
  batches ??= openBatches(job);
  return runTrial(job, batches, task, (plan) => scannersOf(plan, silentLog));
}
