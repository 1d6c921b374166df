/** `openbell backtest`: the plan's strategies on recorded data. */
import { Command } from 'commander';
import { runBacktest } from '../../backtester/backtest.ts';
import type { BacktestResult, InstanceResult } from '../../backtester/result.ts';
import { SavedRows } from '../../backtester/saving.ts';
import type { ScannerResult } from '../../backtester/scans/contract.ts';
import { liveClock } from '../../clock/live.ts';
import { EXIT_DONE, EXIT_UNEXPECTED } from '../../domain/exit.ts';
import { createLog } from '../../observability/log.ts';
import { BacktestReport } from '../backtestReport.ts';
import { scannersOf } from '../backtestScanners.ts';
import {
  DEFAULT_PLAN,
  dataDirectoryOption,
  jsonOption,
  logLevelOption,
  type StorageOptions,
  storageOf,
  wholeNumber,
} from '../options.ts';
import { type Column, paintAmount, print, printJson, renderTable } from '../output.ts';
import { openProgress } from '../progress.ts';
import { runProof, showProof } from '../proof.ts';
import { addRecordedOptions, prepareRecorded, type RecordedOptions } from '../recorded.ts';
import { minute, remarksOf } from '../remarks.ts';
import { resampledText } from '../resampled.ts';

interface Options extends RecordedOptions, StorageOptions {
  readonly save?: boolean;
  readonly report?: string;
  readonly benchmark?: string;
  readonly actions?: string;
  readonly prove?: boolean;
  readonly moments: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** Half of them at decisions. */
const MOMENTS_DEFAULT = 12;

export function backtestCommand(): Command {
  const command = new Command('backtest').argument(
    '[plan]',
    'the tradeplan; its `backtest:` says how orders are filled',
    DEFAULT_PLAN,
  );
  return addRecordedOptions(command)
    .option('--report <file>', 'write a page about the run: one HTML file that needs nothing else')
    .option('--save', 'keep its runs, orders and trades in the database, for `runs`, `trades` and `report`')
    .addOption(dataDirectoryOption())
    .option(
      '--actions <file>',
      'splits and dividends, for data as it was traded: a CSV file that begins with symbol,date,kind,value',
    )
    .option('--benchmark <symbol>', "compare the report's figures with holding this symbol of the data")
    .option(
      '--prove',
      'instead of trading, show that no decision depends on later data, nor on how long the history before it is',
    )
    .option(
      '--moments <number>',
      'with --prove: after how many moments the data is changed, each a run of its own',
      wholeNumber({ min: 1, max: 10_000 }),
      MOMENTS_DEFAULT,
    )
    .option(
      '--seed <number>',
      'with --prove: the same seed tries the same moments',
      wholeNumber({ min: 0, max: 4_294_967_295 }),
      1,
    )
    .addOption(logLevelOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nStrategies that fail end with exit code 1, and the result says why.\n\nExamples:\n  openbell backtest examples/sma-cross/tradeplan.yaml --data bars.csv\n  openbell backtest --tape monday.tape tuesday.tape --json | jq .finalEquity\n  openbell backtest --tape week.tape --report week.html --benchmark SPY\n  openbell backtest --data bars.csv --save\n  openbell backtest --data bars.csv --prove\n  openbell backtest --data ibm.csv --symbol IBM --from 2024-03-01 --to 2024-06-01T00:00:00Z',
    )
    .action(backtest);
}

async function backtest(planPath: string, options: Options): Promise<void> {
  const { plan, instances, files: named } = await prepareRecorded(planPath, options);
  const isPretty = process.stderr.isTTY === true;
  const scannerLog = createLog(
    { level: (options.logLevel ?? 'error') as 'error', file: null, isPretty },
    { thread: 'scanners' },
  );
  const scanners = await scannersOf(plan, scannerLog);
  const files = {
    ...named,
    ...(scanners === undefined ? {} : { hasScanners: true }),
    ...(options.actions === undefined ? {} : { actions: options.actions }),
  };
  if (options.prove) {
    const result = await runProof({ plan, instances, files, scanners }, options);
    if (options.json) printJson(result);
    else showProof(result);
    process.exitCode = result.isClean ? EXIT_DONE : EXIT_UNEXPECTED;
    return;
  }
  // A backtest has thousands of orders: what they log is shown when it is asked for.
  const log =
    options.logLevel === undefined
      ? null
      : createLog({ level: options.logLevel as 'info', file: null, isPretty }, { thread: 'backtest' });
  const report = options.report === undefined ? null : new BacktestReport({ plan, instances }, 'BACKTEST');
  const progress = openProgress(liveClock);
  const backtesting = (saved?: SavedRows) =>
    runBacktest({
      plan,
      instances,
      ...files,
      ...(options.from === undefined ? {} : { fromMicros: options.from }),
      ...(options.to === undefined ? {} : { toMicros: options.to }),
      ...(report === null ? {} : { watcher: report.watcher }),
      ...(scanners === undefined ? {} : { scanners }),
      ...(saved === undefined ? {} : { saved }),
      clock: liveClock,
      onProgress: (share, text) => progress.update(share, text),
      ...(log === null
        ? {}
        : {
            log: (level, message, fields) => log[level as 'info'](fields as Record<string, unknown>, message),
          }),
    }).finally(() => progress.done());
  const result = options.save ? await saving(options, backtesting) : await backtesting();
  if (options.report !== undefined) report?.write(options.report, result, options.benchmark);
  if (options.json) printJson(result);
  else show(result);
  process.exitCode = result.faults > 0 ? EXIT_UNEXPECTED : EXIT_DONE;
}

async function saving<T>(options: Options, work: (saved: SavedRows) => Promise<T>): Promise<T> {
  // Loaded only now: most backtests need no database driver.
  const { withDatabase } = await import('../database.ts');
  return withDatabase(storageOf(options), ({ stores }) => work(new SavedRows(stores)));
}

function show(result: BacktestResult): void {
  const { metrics } = result;
  const count = (value: number) => value.toLocaleString('en-US');
  const rate = (value: number | null, unit = '') => (value === null ? 'too few to say' : `${value}${unit}`);
  const figures: readonly (readonly [string, string])[] = [
    ['from, to (UTC)', `${minute(result.from)} to ${minute(result.to)}`],
    ['events, bars', `${count(result.events)}, ${count(result.bars)}`],
    [
      'equity',
      `${result.startEquity} to ${result.finalEquity} (${paintAmount(`${metrics.returnPercent}`)} %)`,
    ],
    ['largest fall', `${metrics.maxDrawdown.toFixed(2)} (${metrics.maxDrawdownPercent} %)`],
    ['orders, fills, denials', `${count(metrics.orders)}, ${count(result.fills)}, ${count(metrics.denials)}`],
    ['round trips, won', `${count(metrics.trades)}, ${rate(metrics.winRatePercent, ' %')}`],
    ['gains by losses', rate(metrics.profitFactor)],
    ['average round trip', metrics.averageTrade ?? 'none'],
    ['largest gain, loss', `${metrics.largestWin}, ${metrics.largestLoss}`],
    ['fees, borrowing, dividends', `${metrics.fees}, ${metrics.borrowCost}, ${metrics.dividends}`],
    ['Sharpe, Sortino', `${rate(metrics.sharpe)}, ${rate(metrics.sortino)} (${metrics.sessions} sessions)`],
    ['trips drawn again', resampledText(metrics.resampled)],
    ['speed', `${result.elapsedSeconds} s, ${count(result.eventsPerSecond)} events a second`],
  ];
  print(
    renderTable(
      [
        { title: 'batch', value: ([name]) => name },
        { title: result.batchId, value: ([, value]) => value },
      ],
      figures,
      '',
    ),
  );
  print('');
  print(renderTable(INSTANCES, result.instances, 'nothing was traded'));
  if (result.scanners !== undefined) {
    print('');
    print(renderTable(SCANNERS, result.scanners, ''));
  }
  for (const line of remarksOf(result)) print(line);
}

const INSTANCES: readonly Column<InstanceResult>[] = [
  { title: 'strategy', value: (row) => row.instanceId },
  { title: 'symbol', value: (row) => row.symbol },
  { title: 'held', align: 'right', value: (row) => row.qty },
  { title: 'realised', align: 'right', value: (row) => paintAmount(row.realizedPnl) },
  { title: 'open', align: 'right', value: (row) => paintAmount(row.unrealizedPnl) },
  { title: 'fees', align: 'right', value: (row) => row.fees },
];

const SCANNERS: readonly Column<ScannerResult>[] = [
  { title: 'scanner', value: (row) => row.scannerId },
  { title: 'scans', align: 'right', value: (row) => String(row.scans) },
  { title: 'failed', align: 'right', value: (row) => String(row.failures) },
  { title: 'picked', value: (row) => row.symbols.join(' ') },
];
