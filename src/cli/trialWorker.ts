/** A worker of `openbell optimize`: opens the shared data at its first task, and runs one backtest for each. */
import { workerData } from 'node:worker_threads';
import type { OpenScanners } from '../backtester/scans/contract.ts';
import type { TrialOutcome, TrialTask, WorkerJob } from '../optimizer/contract.ts';
import { openBatches, runTrial } from '../optimizer/trial.ts';
import type { Batch } from '../tape/batch.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';

const job = workerData as WorkerJob;
const takesPicks = job.plan.strategies.some(({ scanners }) => scanners.length > 0);
let batches: readonly Batch[] | undefined;

export default function evaluate(task: TrialTask): Promise<TrialOutcome> {
  batches ??= openBatches(job);
  return runTrial(job, batches, task, takesPicks ? openScanners : undefined);
}

/** Loaded only where strategies take picks: its code takes 5 MB of each thread. */
async function openScanners(plan: Tradeplan): Promise<OpenScanners | undefined> {
  const { scannersOf } = await import('./backtestScanners.ts');
  const { silentLog } = await import('../observability/log.ts');
  return scannersOf(plan, silentLog);
}
