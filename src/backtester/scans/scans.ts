/** Shows a run its data; with scanners, as far as each of their times, and what they pick there. */
import type { Session } from '../../domain/market.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { Batch } from '../../tape/batch.ts';
import type { SymbolTable } from '../../tape/symbols.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import { type RunSpan, type RunWatcher, showBatch } from '../backtest.ts';
import type { RecalledBars } from '../history.ts';
import type { BacktestRun } from '../run.ts';
import { RunSessions } from '../sessions.ts';
import type { OpenScanners, ScannerRuns } from './contract.ts';
import { SeenMarket } from './market.ts';

export interface RunScans {
  readonly seen: SeenMarket;
  readonly scanners: ScannerRuns;
}

/** Null where no strategy takes picks. */
export function openScans(
  {
    plan,
    scanners,
    recalled,
  }: { readonly plan: Tradeplan; readonly scanners?: OpenScanners; readonly recalled?: RecalledBars },
  of: {
    readonly symbols: SymbolTable;
    readonly fromMicros: EpochMicros;
    readonly sessions: readonly Session[];
  },
): RunScans | null {
  const takesPicks = plan.strategies.some((strategy) => strategy.scanners.length > 0);
  if (scanners === undefined || !takesPicks) return null;
  const { symbols, fromMicros: startMicros } = of;
  const { calendar } = new RunSessions(plan, startMicros, of.sessions);
  const seen = new SeenMarket(symbols, calendar, recalled);
  const all = () => Array.from({ length: symbols.size - 1 }, (_, index) => symbols.textOf(index + 1));
  return { seen, scanners: scanners({ history: seen, calendar, symbols: all, startMicros }) };
}

/** As {@link showBatch}. */
export async function showScanned(
  run: BacktestRun,
  batch: Batch,
  of: { readonly span: RunSpan; readonly scans: RunScans; readonly watcher?: RunWatcher | undefined },
): Promise<boolean> {
  const { span, scans, watcher } = of;
  const { seen, scanners } = scans;
  for (let from = 0; from < batch.count; ) {
    // What became known at the very moment of a scan is known to it.
    const dueMicros = Math.max(scanners.nextMicros, span.fromMicros);
    const to = firstAfter(batch, from, dueMicros);
    if (to > from) {
      seen.see(batch, from, to);
      if (showBatch(run, batch, span, watcher, { from, to })) return true;
    }
    if (to === batch.count) return false;
    if (dueMicros > span.toMicros) return showBatch(run, batch, span, watcher, { from: to, to: batch.count });
    seen.nowMicros = dueMicros;
    run.advanceTo(dueMicros);
    for (const { scannerId, symbols } of await scanners.run(dueMicros)) run.pick(scannerId, symbols);
    from = to;
  }
  return false;
}

function firstAfter(batch: Batch, from: number, moment: EpochMicros): number {
  let row = from;
  while (row < batch.count && batch.receivedMicros(row) <= moment) row += 1;
  return row;
}
