/** A backtest from data files to its result. */

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Clock } from '../clock/clock.ts';
import type { Decimal } from '../domain/decimal.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { JsonObject } from '../domain/order.ts';
import { type EpochMicros, formatMicros } from '../domain/time.ts';
import type { NewTrade } from '../models/contract.ts';
import type { Batch } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import type { PlotPoint } from '../transport/messages.ts';
import { type BacktestInstance, batchIdOf } from './config.ts';
import { openPlannedData, type PlannedFiles } from './data/planned.ts';
import { STREAM } from './marketSide.ts';
import { type BacktestResult, resultOf } from './result.ts';
import { BacktestRun } from './run.ts';
import type { RunOptions } from './runOptions.ts';
import type { SavedRows } from './saving.ts';
import type { OpenScanners } from './scans/contract.ts';
import { openScans, showScanned } from './scans/scans.ts';

/** How often progress is told, in batches. */
const PROGRESS_BATCHES = 16;

export interface BacktestOptions extends PlannedFiles, Pick<RunOptions, 'sessions' | 'recalled'> {
  readonly plan: Tradeplan;
  readonly instances: readonly BacktestInstance[];
  /** Decisions are made from this moment on; what lies before is history for warm-ups. */
  readonly fromMicros?: EpochMicros;
  /** Nothing known after this moment is used. */
  readonly toMicros?: EpochMicros;
  /** The computer's own, to say how long it took. */
  readonly clock: Clock;
  readonly onProgress?: (share: number, text: string) => void;
  readonly log?: (level: string, message: string, fields: JsonObject) => void;
  readonly watcher?: RunWatcher;
  /** Left out, it is derived from all that the run depends on: see {@link batchIdOf}. */
  readonly batchId?: string;
  /** Where its rows are kept; left out, nowhere. */
  readonly saved?: SavedRows;
  /** The plan's scanners; left out, strategies have the symbols that they name. */
  readonly scanners?: OpenScanners;
}

/** Sees what a run sees, for a report. */
export interface RunWatcher {
  /** Told once, before anything else: whose ids the batches have, and the run's first moment. */
  onStart(symbols: SymbolTable, fromMicros: EpochMicros): void;
  onTrade(row: NewTrade): void;
  /** Rows that the run was shown, after it has dealt with them. `borrowCost` is all that was paid so far. */
  onRows(batch: Batch, rows: { readonly from: number; readonly to: number }, borrowCost: Decimal): void;
  /** What strategies draw. */
  onPlot(point: PlotPoint): void;
  onEnd(toMicros: EpochMicros, borrowCost: Decimal): void;
}

/** @throws {UserError} exit code 2 when plan and data do not go together, or the data cannot be used. */
export async function runBacktest(options: BacktestOptions): Promise<BacktestResult> {
  const { plan, instances, paths, clock, onProgress, watcher, saved } = options;
  const startedMs = clock.monotonicMs();
  checkPlan(plan, instances, options.scanners !== undefined);
  const { sources, symbols, missing, dividends, firstMicros, lastMicros } = await openPlannedData(
    plan,
    instances,
    options,
    (share) => onProgress?.(share / 2, 'looking at the data'),
  );
  const fromMicros = Math.max(options.fromMicros ?? firstMicros, firstMicros);
  const toMicros = options.toMicros ?? Number.POSITIVE_INFINITY;
  const run = new BacktestRun({
    batchId:
      options.batchId ??
      batchIdOf(plan, instances, [
        ...(await Promise.all(
          [...paths, ...(options.actions === undefined ? [] : [options.actions])].map(sizeOf),
        )),
        `${options.fromMicros ?? ''}/${options.toMicros ?? ''}`,
      ]),
    plan,
    instances,
    symbols,
    feedHasBars: sources.hasBars,
    startMicros: fromMicros,
    dividends,
    ...(options.sessions === undefined ? {} : { sessions: options.sessions }),
    ...(options.recalled === undefined ? {} : { recalled: options.recalled }),
    ...(options.log === undefined ? {} : { log: options.log }),
    ...(saved === undefined ? {} : { onOrder: (row) => saved.onOrder(row) }),
    ...(watcher === undefined && saved === undefined
      ? {}
      : {
          onTrade: (row) => {
            watcher?.onTrade(row);
            saved?.onTrade(row);
          },
        }),
    ...(watcher === undefined ? {} : { onPlot: (point) => watcher.onPlot(point) }),
  });
  await saved?.begin(run.batchId, instances, fromMicros);
  watcher?.onStart(symbols, fromMicros);
  const runMs = clock.monotonicMs();
  const spanMicros = Math.max(1, Math.min(toMicros, lastMicros) - firstMicros);
  const scans = openScans(options, { symbols, fromMicros, sessions: options.sessions ?? [] });
  const span = { fromMicros, toMicros };
  let count = 0;
  for await (const batch of sources.batches()) {
    const isOver =
      scans === null
        ? showBatch(run, batch, span, watcher)
        : await showScanned(run, batch, { span, scans, watcher });
    await saved?.writeMany();
    count += 1;
    if (count % PROGRESS_BATCHES === 0) {
      const share = (run.nowMicros - firstMicros) / spanMicros;
      onProgress?.(0.5 + share / 2, formatMicros(run.nowMicros).slice(0, 16).replace('T', ' '));
    }
    if (isOver) break;
  }
  run.finish();
  // Word of the last orders comes later still: prices of then are not the run's.
  const endMicros = Math.min(run.nowMicros, toMicros);
  await saved?.end(run.faults > 0 ? 'a strategy failed' : 'the data ended', endMicros);
  watcher?.onEnd(run.nowMicros, run.account.borrowCost);
  const endedMs = clock.monotonicMs();
  return resultOf(run, {
    plan,
    missing,
    data: sources.report(),
    elapsedMs: endedMs - startedMs,
    runMs: endedMs - runMs,
    fromMicros,
    ...(scans === null ? {} : { scanners: scans.scanners.results() }),
  });
}

/** Rows known before the first moment are history; those known after the last are not shown. */
export interface RunSpan {
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
}

/**
 * Shows a run a batch, or some of its rows, in order of `receivedNs`; answers whether the run's end was reached.
 */
export function showBatch(
  run: BacktestRun,
  batch: Batch,
  { fromMicros, toMicros }: RunSpan,
  watcher?: RunWatcher,
  rows: { readonly from: number; readonly to: number } = { from: 0, to: batch.count },
): boolean {
  if (rows.from === rows.to) return false;
  // Ids are those of the run's own table, whatever stream they came by.
  if (batch.streamId !== STREAM) relabel(batch);
  let { from, to } = rows;
  if (batch.receivedMicros(from) < fromMicros) {
    while (from < to && batch.receivedMicros(from) < fromMicros) from += 1;
    run.handlePast(batch, rows.from, from);
  }
  while (to > from && batch.receivedMicros(to - 1) > toMicros) to -= 1;
  if (from < to) {
    run.handle(batch, from, to);
    watcher?.onRows(batch, { from, to }, run.account.borrowCost);
  }
  return to < rows.to;
}

function relabel(batch: Batch): void {
  const { count, heapUsed, baseMicros, firstSequence } = batch;
  batch.reset(STREAM, baseMicros, firstSequence);
  batch.count = count;
  batch.heapUsed = heapUsed;
}

function checkPlan(plan: Tradeplan, instances: readonly BacktestInstance[], hasScanners: boolean): void {
  const without = instances.filter(
    (instance) => instance.symbols.length === 0 && !(hasScanners && instance.plan.scanners.length > 0),
  );
  if (instances.length > 0 && without.length === 0) return;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause:
      instances.length === 0
        ? `${plan.path} has no strategies`
        : `${without.map(({ instanceId }) => instanceId).join(', ')} would have no symbols here: scanners are not run`,
    remedy: 'Name the symbols under `symbols:` of the strategy.',
  });
}

async function sizeOf(path: string): Promise<string> {
  return `${basename(path)}:${(await stat(path)).size}`;
}
