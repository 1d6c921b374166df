/** `openbell replay` with a change: its options, and the runs that they lead to. */
import { InvalidArgumentError } from 'commander';
import { SavedRows } from '../backtester/saving.ts';
import { liveClock } from '../clock/live.ts';
import type { JsonValue } from '../domain/order.ts';
import { silentLog } from '../observability/log.ts';
import { otherTestable, type ParameterChange, type Testable, withChanges } from '../replay/changes.ts';
import type { RecordedSession } from '../replay/session.ts';
import type { BatchTapes } from '../replay/tapes.ts';
import { type WhatIfOptions, type WhatIfResult, whatIf } from '../replay/whatIf.ts';
import type { ScannerPlan } from '../tradeplan/plan.ts';
import { prepareScanners, withVersions } from '../trader/scanning/scanners.ts';
import { BacktestReport } from './backtestReport.ts';
import { requireScanners, scannersOf } from './backtestScanners.ts';
import { type StorageOptions, storageOf } from './options.ts';
import { strategiesOf } from './otherStrategies.ts';
import { openProgress } from './progress.ts';

const CHANGE = /^([a-z][a-z0-9-]*)\.(\w+)=(.+)$/s;

export interface WhatIfCommand extends StorageOptions {
  readonly plan?: string;
  readonly set: readonly ParameterChange[];
  readonly save?: boolean;
  readonly report?: string;
}

/** Collects `--set ID.parameter=value`; a value is JSON, or else text. */
export function parameterChange(
  text: string,
  before: readonly ParameterChange[],
): readonly ParameterChange[] {
  const [, id, parameter, value] = CHANGE.exec(text) ?? [];
  if (id === undefined || parameter === undefined || value === undefined) {
    throw new InvalidArgumentError('A change looks like momentum.lookback=20.');
  }
  return [...before, { id, parameter, value: jsonOrText(value) }];
}

/** @throws {UserError} exit code 2 when tapes are missing or damaged, or the change does not fit. */
export async function runWhatIf(tapes: BatchTapes, command: WhatIfCommand): Promise<WhatIfResult> {
  const progress = openProgress(liveClock);
  let report: BacktestReport | null = null;
  const running = (saved?: WhatIfOptions['saved']) =>
    whatIf({
      tapes,
      clock: liveClock,
      scanners: { open: (plan) => scannersOf(plan, silentLog), isUnchanged },
      change: (recorded, session) => changed(recorded, session, command),
      onProgress: (share, text) => progress.update(share, text),
      ...(saved === undefined ? {} : { saved }),
      ...(command.report === undefined
        ? {}
        : {
            watcherOf: (testable: Testable) => {
              report = new BacktestReport(testable, 'REPLAY');
              return report.watcher;
            },
          }),
    });
  const work = command.save ? saving(command, tapes.batchId, running) : running();
  const result = await work.finally(() => progress.done());
  if (command.report !== undefined) {
    (report as BacktestReport | null)?.write(command.report, result.changed, undefined);
  }
  return result;
}

async function changed(
  recorded: Testable,
  session: RecordedSession,
  { plan: planPath, set }: WhatIfCommand,
): Promise<Testable> {
  if (planPath === undefined) return withChanges(recorded, set, session);
  const { plan, instances } = await strategiesOf(planPath);
  const versioned = withVersions(plan, await requireScanners(plan, plan.scanners));
  return withChanges(otherTestable(versioned, instances), set, session);
}

async function isUnchanged(scanner: ScannerPlan): Promise<boolean> {
  const { scanners } = await prepareScanners([scanner]);
  return (scanners[0]?.version ?? null) === (scanner.version ?? '');
}

async function saving<T>(
  options: StorageOptions,
  repeatedBatchId: string,
  work: (saved: WhatIfOptions['saved']) => Promise<T>,
): Promise<T> {
  // Loaded only now: most replays need no database driver.
  const { withDatabase } = await import('./database.ts');
  return withDatabase(storageOf(options), ({ stores }) =>
    work((batchId) => new SavedRows(stores, { batchId, repeatedBatchId })),
  );
}

function jsonOrText(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
