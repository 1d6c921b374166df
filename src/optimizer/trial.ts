/** One backtest of a search, over the data that all workers share. */
import { showBatch } from '../backtester/backtest.ts';
import { resultOf } from '../backtester/result.ts';
import { BacktestRun } from '../backtester/run.ts';
import type { OpenScanners } from '../backtester/scans/contract.ts';
import { openScans, showScanned } from '../backtester/scans/scans.ts';
import { UserError } from '../domain/exit.ts';
import { Batch } from '../tape/batch.ts';
import { SymbolTable } from '../tape/symbols.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import { applyValues } from './apply.ts';
import type { TrialOutcome, TrialTask, WorkerJob } from './contract.ts';

/** The scanners of a trial's plan; undefined where no strategy takes picks. @throws {UserError} for wrong parameters. */
export type ScannersOf = (plan: Tradeplan) => Promise<OpenScanners | undefined>;

/**
 * @param batches the job's, opened: they are only read.
 * @param scannersOf left out, no scanners run.
 */
export async function runTrial(
  job: WorkerJob,
  batches: readonly Batch[],
  task: TrialTask,
  scannersOf?: ScannersOf,
): Promise<TrialOutcome> {
  try {
    return await evaluate(job, batches, task, scannersOf);
  } catch (error) {
    // What is wrong with one trial does not end the search.
    if (error instanceof UserError) return { type: 'refused', reason: error.message };
    throw error;
  }
}

async function evaluate(
  job: WorkerJob,
  batches: readonly Batch[],
  task: TrialTask,
  scannersOf: ScannersOf | undefined,
): Promise<TrialOutcome> {
  const { data } = job;
  const applied = applyValues(job.plan, job.instances, task.values);
  if (!applied.ok) return { type: 'refused', reason: applied.reason };
  const scanners = await scannersOf?.(applied.plan);
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
  const scans = openScans(
    { plan: applied.plan, ...(scanners === undefined ? {} : { scanners }) },
    { symbols, fromMicros: task.span.fromMicros, sessions: [] },
  );
  for (const batch of batches) {
    const { span } = task;
    const isOver =
      scans === null ? showBatch(run, batch, span) : await showScanned(run, batch, { span, scans });
    if (isOver) break;
  }
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
