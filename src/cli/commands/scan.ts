/** `openbell scan`: the plan's scanners, now or on their times, without trading. */
import { Command } from 'commander';
import { createBroker } from '../../brokers/factory.ts';
import { rulesOf, SessionCalendar } from '../../clock/calendar.ts';
import { newSeed, seededRandom } from '../../clock/chance.ts';
import { liveClock } from '../../clock/live.ts';
import { EXIT_DONE, EXIT_UNREACHABLE } from '../../domain/exit.ts';
import { createLog, type Log } from '../../observability/log.ts';
import { createHistoryProvider } from '../../providers/factory.ts';
import type { Pick } from '../../scanners/contract.ts';
import { type BatchContext, brokerConfigOf, providerConfigOf } from '../../trader/configuration.ts';
import { type ExchangeProcess, startExchangeProcess } from '../../trader/exchangeProcess.ts';
import { cachedInstruments } from '../../trader/instruments.ts';
import { type Preparation, prepare, reachExchange } from '../../trader/preparation.ts';
import { ScannerRunner, type ScanResult } from '../../trader/scanning.ts';
import { learnSessions, sessionQuery } from '../../trader/sessions.ts';
import {
  DEFAULT_PLAN,
  dataDirectoryOption,
  jsonOption,
  logLevelOption,
  type StorageOptions,
  storageOptions,
} from '../options.ts';
import { print, printJson, renderTable } from '../output.ts';
import { onStopRequest } from '../signals.ts';

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
      await scan(preparation, options);
    });
}

async function scan(preparation: Preparation, options: Options): Promise<void> {
  const { plan, instances } = preparation;
  const logTarget = {
    level: preparation.environment.logLevel,
    file: null,
    isPretty: process.stderr.isTTY === true,
  } as const;
  const log = createLog(logTarget, { thread: 'scan' });
  const exchange: ExchangeProcess | null =
    plan.mode === 'simulated' ? startExchangeProcess(plan.simulation, { clock: liveClock, log }) : null;
  // Whatever fails from here on, an exchange that was started must end: it would keep this process alive.
  try {
    const environment =
      exchange === null ? preparation.environment : reachExchange(preparation, await exchange.listening);
    const context: BatchContext = { batchId: 'scan', plan, environment, instances, log: logTarget };
    await scanMarket(preparation, context, { options, log });
  } finally {
    await exchange?.stop();
  }
}

async function scanMarket(
  preparation: Preparation,
  context: BatchContext,
  { options, log }: { options: Options; log: Log },
): Promise<void> {
  const { plan } = preparation;
  const adapter = { clock: liveClock, random: seededRandom(newSeed()), log };
  const broker = createBroker(brokerConfigOf(context), adapter);
  const calendar = new SessionCalendar(rulesOf(plan.assetClass));
  await learnSessions({ calendar, query: sessionQuery(plan.assetClass, broker), clock: liveClock, log });
  const runner = new ScannerRunner({
    scanners: preparation.scanners,
    market: {
      history: createHistoryProvider(providerConfigOf(context), adapter),
      calendar,
      hours: plan.marketHours,
      instruments: cachedInstruments(broker, liveClock),
    },
    clock: liveClock,
    log,
    batchId: context.batchId,
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
      await new Promise<void>((done) => {
        onStopRequest(liveClock, { onStop: () => done(), onForce: () => process.exit(1) });
      });
    } else report(await runner.scanNow(), options.json === true);
  } finally {
    await runner.stop();
    await broker.close();
  }
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
