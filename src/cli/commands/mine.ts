/** `openbell mine`: the plan's miners, now or on their times, without trading. */
import { dirname } from 'node:path';
import { Command } from 'commander';
import { newId } from '../../clock/chance.ts';
import { liveClock } from '../../clock/live.ts';
import { EXIT_DONE, EXIT_UNREACHABLE, EXIT_USAGE, UserError } from '../../domain/exit.ts';
import type { MiningStores } from '../../models/mining.ts';
import { loadTradeplan } from '../../tradeplan/load.ts';
import { connectControl } from '../../trader/control/control.ts';
import { type MineResult, MinerRunner } from '../../trader/mining/mining.ts';
import { type Preparation, prepare } from '../../trader/preparation.ts';
import { withDatabase } from '../database.ts';
import { type Market, withMarket } from '../market.ts';
import {
  DEFAULT_PLAN,
  dataDirectoryOption,
  jsonOption,
  logLevelOption,
  type StorageOptions,
  storageOptions,
} from '../options.ts';
import { type Column, print, printJson, renderTable } from '../output.ts';
import { openProgress } from '../progress.ts';
import { stopRequest } from '../signals.ts';

interface Options extends StorageOptions {
  readonly daemon?: boolean;
  readonly json?: boolean;
}

export function mineCommand(): Command {
  return new Command('mine')
    .argument('[plan]', 'the tradeplan', DEFAULT_PLAN)
    .option('--daemon', 'keep running, on the schedules of the plan; what was missed is made up for')
    .addOption(dataDirectoryOption())
    .addOption(logLevelOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nA running daemon runs the miners of its plan itself. With --daemon and --json each run is one JSON line.\n\nExamples:\n  openbell mine tradeplan.yaml\n  openbell mine --daemon\n  openbell mine --json | jq -r ".[] | [.minerId, .outcome, .rows] | @tsv"',
    )
    .action(async (plan: string, options: Options) => {
      const preparation = await prepare({
        planPath: plan,
        env: process.env,
        // Miners send no orders: a plan for real money needs no second word here.
        isLiveFlagSet: loadTradeplan(plan).mode === 'live',
        options: storageOptions(options),
      });
      await checkMiners(preparation, plan);
      await withDatabase(preparation.environment, ({ stores }) =>
        withMarket(preparation, { thread: 'mine', batchId: newId() }, (market) =>
          mine(preparation, market, { options, stores }),
        ),
      );
    });
}

/** @throws {UserError} exit code 2: nothing to run, or the daemon has the database and runs the miners itself. */
async function checkMiners(preparation: Preparation, planPath: string): Promise<void> {
  if (preparation.miners.length === 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${planPath} has no miners`,
      remedy: 'Name some under `miners:`; tradeplan.example.yaml shows how.',
    });
  }
  const { databaseUrl, dataDirectory } = preparation.environment;
  if (databaseUrl !== null) return;
  const daemon = await connectControl(dataDirectory, liveClock);
  if (daemon === null) return;
  daemon.close();
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `a daemon owns the embedded database in ${dataDirectory}`,
    remedy: 'It runs the miners of its plan itself; with DATABASE_URL both can work at once.',
  });
}

async function mine(
  preparation: Preparation,
  { broker, history, calendar, batchId, log }: Market,
  { options, stores }: { readonly options: Options; readonly stores: MiningStores },
): Promise<void> {
  const { plan } = preparation;
  const progress = openProgress(liveClock);
  const runner = new MinerRunner({
    miners: preparation.miners,
    market: {
      ...{ history, calendar, assetClass: plan.assetClass, folder: dirname(plan.path) },
      instruments: () => broker.instruments(),
    },
    ...{ stores, clock: liveClock, log, batchId },
    runTimeoutMs: plan.limits.minerTimeoutMs,
    onProgress: (minerId, share, text) => progress.update(share, `${minerId}: ${text}`),
    onResult: (result) => {
      progress.done();
      if (options.daemon) tell(result, options.json === true);
    },
  });
  const stopped = stopRequest(liveClock);
  try {
    if (options.daemon) {
      await runner.start();
      await stopped;
    } else {
      void stopped.then(() => runner.stop());
      report(await runner.mineNow(), options.json === true);
    }
  } finally {
    await runner.stop();
  }
}

function report(results: readonly MineResult[], isJson: boolean): void {
  if (isJson) printJson(results);
  else print(renderTable(COLUMNS, results, 'nothing was run'));
  process.exitCode = results.some((result) => result.outcome === 'failed') ? EXIT_UNREACHABLE : EXIT_DONE;
}

/** A run of the schedule, as it ends. */
function tell(result: MineResult, isJson: boolean): void {
  const { startedAt, endedAt, minerId, outcome, rows, message } = result;
  if (isJson) print(JSON.stringify(result));
  else
    print(
      `${startedAt} to ${endedAt}  ${minerId}: ${outcome}, ${rows} rows${message === null ? '' : `; ${message}`}`,
    );
}

const COLUMNS: readonly Column<MineResult>[] = [
  { title: 'miner', value: (row) => row.minerId },
  { title: 'outcome', value: (row) => row.outcome },
  { title: 'rows', align: 'right', value: (row) => String(row.rows) },
  { title: 'started (UTC)', value: (row) => row.startedAt.slice(0, 19).replace('T', ' ') },
  { title: 'why', value: (row) => row.message ?? '' },
];
