/** `openbell scan`: the plan's scanners, now or on their times, without trading. */
import { Command } from 'commander';
import { liveClock } from '../../clock/live.ts';
import { EXIT_DONE, EXIT_UNREACHABLE } from '../../domain/exit.ts';
import type { Pick } from '../../scanners/contract.ts';
import { cachedInstruments } from '../../trader/instruments.ts';
import { type Preparation, prepare } from '../../trader/preparation.ts';
import { ScannerRunner, type ScanResult } from '../../trader/scanning/scanning.ts';
import type { ScanMarket } from '../../trader/scanning/scanQueries.ts';
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
import { print, printJson, renderTable } from '../output.ts';
import { stopRequest } from '../signals.ts';

interface Options extends StorageOptions {
  readonly daemon?: boolean;
  readonly json?: boolean;
}

export function scanCommand(): Command {
  return new Command('scan')
    .argument('[plan]', 'the tradeplan', DEFAULT_PLAN)
    .option('--daemon', 'keep running, on the schedules of the plan')
    .addOption(dataDirectoryOption())
    .addOption(logLevelOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nWith --daemon and --json each scan is one JSON line.\n\nExamples:\n  openbell scan tradeplan.example.yaml\n  openbell scan --json | jq -r ".[].picks[].symbol"',
    )
    .action(async (plan: string, options: Options) => {
      const preparation = await prepare({
        planPath: plan,
        env: process.env,
        isLiveFlagSet: false,
        options: storageOptions(options),
      });
      const call = { thread: 'scan', batchId: 'scan' };
      await withMarket(preparation, call, (market) => scan(preparation, market, options));
    });
}

async function scan(
  preparation: Preparation,
  { broker, history, calendar, batchId, log }: Market,
  options: Options,
): Promise<void> {
  const { plan } = preparation;
  const runner = new ScannerRunner({
    scanners: preparation.scanners,
    market: {
      ...{ history, calendar, hours: plan.marketHours, instruments: cachedInstruments(broker, liveClock) },
      select: askDatabase(preparation),
    },
    clock: liveClock,
    log,
    batchId,
    scanTimeoutMs: plan.limits.scannerTimeoutMs,
    onPicks: (scannerId, picks) => {
      if (options.daemon) tell(scannerId, picks, options.json === true);
    },
    // Only a daemon that trades has a batch whose picks are worth a row.
    recordPicks: async () => undefined,
  });
  try {
    if (options.daemon) {
      runner.start();
      await stopRequest(liveClock);
    } else report(await runner.scanNow(), options.json === true);
  } finally {
    await runner.stop();
  }
}

/** One query after another: the embedded database has one owner at a time. */
function askDatabase({ environment }: Preparation): NonNullable<ScanMarket['select']> {
  let last: Promise<unknown> = Promise.resolve();
  return (query, limits) => {
    const asked = last.then(() => withDatabase(environment, ({ stores }) => stores.select(query, limits)));
    last = asked.catch(() => {});
    return asked;
  };
}

function report(results: readonly ScanResult[], isJson: boolean): void {
  if (isJson) printJson(results);
  else {
    for (const result of results) {
      if (result.ok) tell(result.scannerId, result.picks, false);
      else print(`${result.scannerId}: failed, ${result.message}`);
    }
  }
  process.exitCode = results.every((result) => result.ok) ? EXIT_DONE : EXIT_UNREACHABLE;
}

function tell(scannerId: string, picks: readonly Pick[], isJson: boolean): void {
  if (isJson) {
    print(JSON.stringify({ scannerId, picks }));
    return;
  }
  print(`${scannerId}:`);
  print(
    renderTable(
      [
        { title: 'rank', align: 'right', value: (row) => String(row.rank) },
        { title: 'symbol', value: (row) => row.symbol },
        { title: 'score', align: 'right', value: (row) => row.score.toFixed(2) },
        { title: 'why', value: (row) => row.reason },
      ],
      picks,
      'no picks',
    ),
  );
}
