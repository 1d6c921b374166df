/** `openbell backtest`: the plan's strategies on recorded data. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { runBacktest } from '../../backtester/backtest.ts';
import type { BacktestResult, InstanceResult } from '../../backtester/result.ts';
import { liveClock } from '../../clock/live.ts';
import { decimal } from '../../domain/decimal.ts';
import { EXIT_DONE, EXIT_UNEXPECTED, EXIT_USAGE, UserError } from '../../domain/exit.ts';
import { type EpochMicros, parseMicros } from '../../domain/time.ts';
import { createLog } from '../../observability/log.ts';
import { documentOf } from '../../report/document.ts';
import { daysPerYearOf } from '../../report/figures.ts';
import { BacktestWatch } from '../../report/watch.ts';
import { loadTradeplan } from '../../tradeplan/load.ts';
import { prepareStrategies } from '../../trader/preparation.ts';
import { DEFAULT_PLAN, jsonOption, logLevelOption } from '../options.ts';
import { type Column, paintAmount, print, printJson, renderTable } from '../output.ts';
import { openProgress } from '../progress.ts';
import { writeReport } from '../reportFile.ts';

interface Options {
  readonly data?: readonly string[];
  readonly tape?: readonly string[];
  readonly symbol?: string;
  readonly timeZone?: string;
  readonly barTime?: 'start' | 'end';
  readonly from?: EpochMicros;
  readonly to?: EpochMicros;
  readonly report?: string;
  readonly benchmark?: string;
  readonly logLevel?: string;
  readonly json?: boolean;
}

export function backtestCommand(): Command {
  return new Command('backtest')
    .argument('[plan]', 'the tradeplan; its `backtest:` says how orders are filled', DEFAULT_PLAN)
    .option('--data <files...>', 'CSV (also .gz and .zip) or tapes, merged by time')
    .option('--tape <files...>', 'the same')
    .option('--symbol <symbol>', "whose a CSV file without a symbol column is (the plan's only one)")
    .option('--time-zone <zone>', 'of CSV times that name none, such as America/New_York (UTC unless given)')
    .addOption(
      new Option(
        '--bar-time <edge>',
        "whether a CSV bar's time is its start (the default) or its end",
      ).choices(['start', 'end']),
    )
    .addOption(
      new Option(
        '--from <time>',
        'decide from this moment on; what lies before is history for warm-ups',
      ).argParser(moment),
    )
    .addOption(new Option('--to <time>', 'use nothing that was known later').argParser(moment))
    .option('--report <file>', 'write a page about the run: one HTML file that needs nothing else')
    .option('--benchmark <symbol>', "compare the report's figures with holding this symbol of the data")
    .addOption(logLevelOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nStrategies that fail end with exit code 1, and the result says why.\n\nExamples:\n  openbell backtest examples/sma-cross/tradeplan.yaml --data bars.csv\n  openbell backtest --tape monday.tape tuesday.tape --json | jq .finalEquity\n  openbell backtest --tape week.tape --report week.html --benchmark SPY\n  openbell backtest --data ibm.csv --symbol IBM --from 2024-03-01 --to 2024-06-01T00:00:00Z',
    )
    .action(backtest);
}

async function backtest(planPath: string, options: Options): Promise<void> {
  const paths = [...(options.data ?? []), ...(options.tape ?? [])];
  if (paths.length === 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: 'no data is named',
      remedy: 'Name CSV files or tapes with --data.',
    });
  }
  const plan = loadTradeplan(planPath);
  const { instances, violations } = await prepareStrategies(plan);
  if (violations.length > 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${planPath} cannot be backtested`,
      remedy: 'Correct what is named above; `openbell check` looks again.',
      violations,
    });
  }
  // A backtest has thousands of orders: what they log is shown when it is asked for.
  const log =
    options.logLevel === undefined
      ? null
      : createLog(
          { level: options.logLevel as 'info', file: null, isPretty: process.stderr.isTTY === true },
          { thread: 'backtest' },
        );
  // Its price charts and comparisons take time: nobody watches without a report.
  const watch =
    options.report === undefined
      ? null
      : new BacktestWatch(decimal(plan.backtest.startingCash), (algoRunId) =>
          algoRunId.slice(algoRunId.indexOf('/') + 1),
        );
  const progress = openProgress(liveClock);
  const result = await runBacktest({
    plan,
    instances,
    paths,
    ...(options.symbol === undefined ? {} : { symbol: options.symbol }),
    ...(options.timeZone === undefined ? {} : { timeZone: options.timeZone }),
    ...(options.barTime === undefined ? {} : { barTime: options.barTime }),
    ...(options.from === undefined ? {} : { fromMicros: options.from }),
    ...(options.to === undefined ? {} : { toMicros: options.to }),
    ...(watch === null ? {} : { watcher: watch }),
    clock: liveClock,
    onProgress: (share, text) => progress.update(share, text),
    ...(log === null
      ? {}
      : {
          log: (level, message, fields) => log[level as 'info'](fields as Record<string, unknown>, message),
        }),
  }).finally(() => progress.done());
  if (options.report !== undefined && watch?.walk) {
    const document = documentOf(watch.walk, {
      batchId: result.batchId,
      environment: 'BACKTEST',
      strategies: instances.map(({ instanceId }) => instanceId),
      daysPerYear: daysPerYearOf(plan.assetClass),
      ...(options.benchmark === undefined ? {} : { benchmark: options.benchmark }),
      notes: remarksOf(result),
    });
    writeReport(options.report, document);
  }
  if (options.json) printJson(result);
  else show(result);
  process.exitCode = result.faults > 0 ? EXIT_UNEXPECTED : EXIT_DONE;
}

/** A moment, or a date for the midnight with which it begins in UTC. */
function moment(text: string): EpochMicros {
  const parsed = parseMicros(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (parsed === undefined)
    throw new InvalidArgumentError('A moment looks like 2024-03-01 or 2024-03-01T14:30:00Z.');
  return parsed;
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
    ['fees, borrowing', `${metrics.fees}, ${metrics.borrowCost}`],
    ['Sharpe, Sortino', `${rate(metrics.sharpe)}, ${rate(metrics.sortino)} (${metrics.sessions} sessions)`],
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
  for (const line of remarksOf(result)) print(line);
}

function remarksOf(result: BacktestResult): readonly string[] {
  const { data } = result;
  const lines: string[] = [];
  const tell = (
    count: number,
    what: string,
    examples: readonly { file: string; row: number; reason: string }[],
  ) => {
    if (count === 0) return;
    lines.push(`${count} ${what}, such as:`);
    for (const { file, row, reason } of examples.slice(0, 5)) lines.push(`  ${file} row ${row}: ${reason}`);
  };
  tell(data.bad, 'rows that cannot be right were left out', data.badExamples);
  tell(data.gaps, 'gaps in the bars', data.gapExamples);
  tell(data.jumps, 'jumps of the price', data.jumpExamples);
  if (data.sorted > 0) lines.push(`${data.sorted} rows stood in the wrong order and were sorted`);
  if (result.missingSymbols.length > 0) lines.push(`no data of ${result.missingSymbols.join(', ')}`);
  for (const { symbol, wanted, found } of result.shortWarmUps) {
    lines.push(`${symbol}: ${found} of ${wanted} bars of history were there before the first decision`);
  }
  if (result.openOrders > 0) lines.push(`${result.openOrders} orders were still open at the end`);
  for (const { at, code, message } of result.notes) lines.push(`${minute(at)} ${code}: ${message}`);
  return lines;
}

function minute(moment: string): string {
  return moment.slice(0, 16).replace('T', ' ');
}

const INSTANCES: readonly Column<InstanceResult>[] = [
  { title: 'strategy', value: (row) => row.instanceId },
  { title: 'symbol', value: (row) => row.symbol },
  { title: 'held', align: 'right', value: (row) => row.qty },
  { title: 'realised', align: 'right', value: (row) => paintAmount(row.realizedPnl) },
  { title: 'open', align: 'right', value: (row) => paintAmount(row.unrealizedPnl) },
  { title: 'fees', align: 'right', value: (row) => row.fees },
];
