/** `openbell backtest --prove`: runs the proof over data files, and shows what it found. */
import type { BacktestInstance } from '../backtester/config.ts';
import { batchIdOf } from '../backtester/config.ts';
import { openPlannedData, type PlannedFiles } from '../backtester/data/planned.ts';
import type { ChangedDecision, MomentProof, ProofResult } from '../backtester/prove/contract.ts';
import { prove } from '../backtester/prove/prove.ts';
import type { OpenScanners } from '../backtester/scans/contract.ts';
import { liveClock } from '../clock/live.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import { type Column, print, renderTable } from './output.ts';
import { openProgress } from './progress.ts';

export interface ProofCommand {
  readonly from?: EpochMicros;
  readonly to?: EpochMicros;
  readonly moments: number;
  readonly seed: number;
}

/** @throws {UserError} exit code 2 when plan and data do not go together, or the data cannot be used. */
export async function runProof(
  {
    plan,
    instances,
    files,
    scanners,
  }: {
    readonly plan: Tradeplan;
    readonly instances: readonly BacktestInstance[];
    readonly files: PlannedFiles;
    readonly scanners: OpenScanners | undefined;
  },
  { from, to, moments, seed }: ProofCommand,
): Promise<ProofResult> {
  const progress = openProgress(liveClock);
  try {
    const { sources, symbols, dividends, firstMicros, lastMicros } = await openPlannedData(
      plan,
      instances,
      files,
      () => progress.update(null, 'looking at the data'),
    );
    return await prove({
      plan,
      instances,
      batchId: batchIdOf(plan, instances, files.paths),
      data: {
        symbols,
        hasBars: sources.hasBars,
        dividends,
        firstMicros,
        lastMicros,
        batches: () => sources.batches(),
      },
      ...(from === undefined ? {} : { fromMicros: from }),
      ...(scanners === undefined ? {} : { scanners }),
      ...(to === undefined ? {} : { toMicros: to }),
      moments,
      seed,
      onProgress: (share, text) => progress.update(share, text),
    });
  } finally {
    progress.done();
  }
}

export function showProof(result: ProofResult): void {
  const { moments, warmUp, causes, remarks } = result;
  print(renderTable(MOMENTS, moments, 'no moments were tried'));
  print('');
  for (const cause of causes) print(`Look ahead: ${cause}.`);
  for (const remark of remarks) print(`Note: ${remark}.`);
  const first = moments.find(({ change }) => change !== null);
  if (first?.change) {
    print(
      `Look ahead: what happened after ${first.at} changes decision ${first.change.index}, made at ${first.change.at}:`,
    );
    showChange(first.change, ['with the data as it is', 'with the future changed']);
  }
  for (const { instanceId, ...change } of warmUp?.changes ?? []) {
    print(
      `${instanceId} decides otherwise with ${warmUp!.factor} times the history it asks for, first in decision ${change.index}, at ${change.at}:`,
    );
    showChange(change, ['history as asked for', 'a longer history']);
  }
  if (warmUp !== null && warmUp.short.length > 0) {
    print(`Note: there is less history than asked for of ${warmUp.short.join(', ')} before ${warmUp.from}.`);
  }
  if (result.isClean) print(`Clean: ${summaryOf(result)}.`);
}

function summaryOf({ decisions, moments, warmUp }: ProofResult): string {
  const changed = `none of ${decisions} decisions depends on what came after it, by ${moments.length} moments`;
  return warmUp === null
    ? changed
    : `${changed}, nor on history before what is asked for (${warmUp.decisions} decisions from ${warmUp.from})`;
}

function showChange({ before, after, fields }: ChangedDecision, titles: readonly [string, string]): void {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const columns: readonly Column<string>[] = [
    { title: 'field', value: (name) => (fields.includes(name) ? `${name} !` : name) },
    { title: titles[0], value: (name) => before?.[name] ?? '' },
    { title: titles[1], value: (name) => after?.[name] ?? '' },
  ];
  print(renderTable(columns, names, ''));
  print('');
}

const MOMENTS: readonly Column<MomentProof>[] = [
  { title: 'changed after', value: ({ at }) => at },
  { title: 'moment of a', value: ({ of }) => of },
  { title: 'decisions before', align: 'right', value: ({ decisions }) => decisions.toLocaleString('en-US') },
  { title: 'changed', value: ({ change }) => (change === null ? 'none' : `decision ${change.index}`) },
];
