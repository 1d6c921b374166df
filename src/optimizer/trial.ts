/** One backtest of a search, over the data that all workers share. */
import { showBatch } from '../backtester/backtest.ts';
import { resultOf } from '../backtester/result.ts';
import { BacktestRun } from '../backtester/run.ts';
import { UserError } from '../domain/exit.ts';
import { Batch } from '../tape/batch.ts';
import { SymbolTable } from '../tape/symbols.ts';
import { applyValues } from './apply.ts';
import type { TrialOutcome, TrialTask, WorkerJob } from './contract.ts';

/** @param batches the job's, opened: they are only read. */
export function runTrial(job: WorkerJob, batches: readonly Batch[], task: TrialTask): TrialOutcome {
  try {
    return evaluate(job, batches, task);
  } catch (error) {
    // What is wrong with one trial does not end the search.
    if (error instanceof UserError) return { type: 'refused', reason: error.message };
    throw error;
  }
}

function evaluate(job: WorkerJob, batches: readonly Batch[], task: TrialTask): TrialOutcome {
  const { data } = job;
  const applied = applyValues(job.plan, job.instances, task.values);
  if (!applied.ok) return { type: 'refused', reason: applied.reason };
  const symbols = new SymbolTable();
  for (const symbol of data.symbols) symbols.intern(symbol);
  const run = new BacktestRun({
    batchId: task.batchId,
    plan: applied.plan,
    instances: applied.instances,
    symbols,
    feedHasBars: data.hasBars,
    startMicros: task.span.fromMicros,
  });
  for (const batch of batches) if (showBatch(run, batch, task.span)) break;
  run.finish();
  const { finalEquity, fills, faults, metrics } = resultOf(run, {
    plan: applied.plan,
    missing: data.missing,
    data: data.report,
    elapsedMs: 0,
    runMs: 0,
    fromMicros: task.span.fromMicros,
  });
  return { type: 'done', figures: { finalEquity, fills, faults, metrics, shape: run.curve.shape() } };
}

export function openBatches({ data }: WorkerJob): readonly Batch[] {
  return data.buffers.map((buffer) => new Batch(buffer));
}
