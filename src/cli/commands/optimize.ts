/** `openbell optimize`: which parameters would have done best, and how much of that is luck. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { newId } from '../../clock/chance.ts';
import { liveClock } from '../../clock/live.ts';
import { EXIT_UNEXPECTED, EXIT_USAGE, UserError } from '../../domain/exit.ts';
import { silentLog } from '../../observability/log.ts';
import { shareData } from '../../optimizer/data.ts';
import { openTrialPool } from '../../optimizer/pool.ts';
import { type SearchResult, search } from '../../optimizer/search.ts';
import { SearchSession } from '../../optimizer/session.ts';
import { surfacePage } from '../../optimizer/surfacePage.ts';
import { samplerOf } from '../../optimizer/trials.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import type { PreparedInstance } from '../../trader/preparation.ts';
import { scannersOf } from '../backtestScanners.ts';
import { withDatabase } from '../database.ts';
import {
  DEFAULT_PLAN,
  dataDirectoryOption,
  jsonOption,
  logLevelOption,
  type StorageOptions,
  storageOf,
  wholeNumber,
} from '../options.ts';
import { printJson } from '../output.ts';
import { openProgress } from '../progress.ts';
import { addRecordedOptions, prepareRecorded, type Recorded, type RecordedOptions } from '../recorded.ts';
import { onStopRequest } from '../signals.ts';
import { showSearch } from './optimizeTables.ts';

const WORKERS_MAX = 64;
const WORKER = new URL('../trialWorker.js', import.meta.url);

interface Options extends StorageOptions, RecordedOptions {
  readonly session?: string;
  readonly workers?: number;
  readonly top: number;
  readonly map?: string;
  readonly json?: boolean;
}

export function optimizeCommand(): Command {
  const command = new Command('optimize').argument(
    '[plan]',
    'the tradeplan; its `optimize:` says what is tried',
    DEFAULT_PLAN,
  );
  return addRecordedOptions(command)
    .option('--session <id>', 'go on with a search: what it has finished is not run again')
    .addOption(
      new Option('--workers <count>', 'threads (one for each core unless given)').argParser(
        wholeNumber({ min: 1, max: WORKERS_MAX }),
      ),
    )
    .addOption(
      new Option('--top <count>', 'how many of the best trials the table shows')
        .argParser(wholeNumber({ min: 1, max: 1_000 }))
        .default(10),
    )
    .option('--map <file>', 'write the surface of the parameters as a heat map, one HTML file')
    .addOption(dataDirectoryOption())
    .addOption(logLevelOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nEach backtest is kept in the database when it has ended. The session is named on standard error.\n\nExamples:\n  openbell optimize tradeplan.yaml --data bars.csv\n  openbell optimize --tape year.tape --session 1f0c2f6e-8d0b-4f5c-9b0a-0a4f6f0f5d11\n  openbell optimize --data bars.csv --json | jq ".trials[0].parameters"',
    )
    .action(optimize);
}

async function optimize(planPath: string, options: Options): Promise<void> {
  const recorded = await prepareRecorded(planPath, options);
  const { plan, instances } = recorded;
  checkPlan(plan, instances);
  // A scanner that cannot run at all is told once, and not by every trial.
  const scanners = await scannersOf(plan, silentLog);
  const files = scanners === undefined ? recorded.files : { ...recorded.files, hasScanners: true };
  // Before anything is read: a grid that is too large is told at once.
  samplerOf(plan.optimize);
  const storage = storageOf(options);
  const result = await withDatabase(storage, ({ stores }) =>
    run({ ...recorded, files }, { options, stores }),
  );
  if (result === null) return;
  if (options.map !== undefined) await writePage(options.map, surfacePage(result, plan.optimize.ranges));
  if (options.json) printJson(result);
  else showSearch(result, options.top);
}

type Stores = ConstructorParameters<typeof SearchSession>[1]['stores'];

/** Null when it was stopped on request. */
async function run(
  { plan, instances, files }: Recorded,
  { options, stores }: { readonly options: Options; readonly stores: Stores },
): Promise<SearchResult | null> {
  const sessionId = options.session ?? newId();
  const progress = openProgress(liveClock);
  const stopping = new AbortController();
  const data = await shareData(plan, instances, {
    ...files,
    onProgress: (share) => progress.update(share, 'reading the data'),
  }).finally(() => progress.done());
  const job = { plan, instances, data };
  const threads = options.workers ?? Math.min(WORKERS_MAX, availableParallelism());
  const pool = openTrialPool(job, { entry: WORKER, threads, heapMb: plan.limits.consumerHeapMb });
  const session = new SearchSession(sessionId, { job, pool, stores });
  const stopListening = onStopRequest(liveClock, {
    onStop: () => stopping.abort(new Stopped()),
    onForce: () => process.exit(EXIT_UNEXPECTED),
  });
  process.stderr.write(`session ${sessionId}: --session ${sessionId} goes on where it was left\n`);
  const startMs = liveClock.monotonicMs();
  try {
    await session.load();
    return await search({
      job,
      session,
      stores,
      span: {
        fromMicros: Math.max(data.span.fromMicros, options.from ?? data.span.fromMicros),
        toMicros: Math.min(data.span.toMicros, options.to ?? data.span.toMicros),
      },
      signal: stopping.signal,
      onProgress: ({ ended, run: count, total }) => {
        const perRunMs = (liveClock.monotonicMs() - startMs) / Math.max(1, count);
        const left = Math.ceil(((total - ended) * perRunMs) / 1_000);
        progress.update(ended / total, `${ended} of ${total} backtests, ${timeLeft(left)} left`);
      },
    });
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    process.stderr.write('stopped on request\n');
    return null;
  } finally {
    progress.done();
    stopListening();
    await pool.close();
  }
}

async function writePage(path: string, page: string): Promise<void> {
  try {
    await writeFile(path, page);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw usage(`cannot write ${path}: ${code}`, 'Name a file in a folder that can be written to.');
  }
}

class Stopped extends Error {
  override readonly name = 'Stopped';
}

function checkPlan(plan: Tradeplan, instances: readonly PreparedInstance[]): void {
  if (instances.length === 0) throw usage(`${plan.path} has no strategies`, 'Name some under `strategies:`.');
  const taken = new Set(plan.strategies.flatMap(({ scanners }) => scanners));
  const idle = plan.optimize.ranges.find(({ of, id }) => of === 'scanner' && !taken.has(id));
  if (idle !== undefined) {
    throw usage(
      `optimize.scanners.${idle.id} would change nothing: no strategy takes its picks`,
      'Name it under `scanners:` of a strategy, or leave its ranges out.',
    );
  }
  const without = instances.find(({ symbols, plan: { scanners } }) => symbols.length + scanners.length === 0);
  if (without !== undefined) {
    throw usage(
      `${without.instanceId} has no symbols`,
      'Name some under `symbols:`, or scanners that pick them.',
    );
  }
}

function timeLeft(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function usage(cause: string, remedy: string): UserError {
  return new UserError({ exitCode: EXIT_USAGE, cause, remedy });
}
