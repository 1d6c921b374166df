/** `openbell history fetch`: the provider's past into tapes, a symbol and day each, and days into stock_ohlc. */
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { createBroker } from '../../brokers/factory.ts';
import { rulesOf, SessionCalendar } from '../../clock/calendar.ts';
import { newId } from '../../clock/chance.ts';
import { liveClock } from '../../clock/live.ts';
import { EXIT_DONE, EXIT_USAGE, UserError } from '../../domain/exit.ts';
import {
  HISTORY_KINDS,
  type HistoryKind,
  type HistoryResult,
  type HistorySummary,
} from '../../history/contract.ts';
import { fetchHistory } from '../../history/fetch.ts';
import { HistoryTapes } from '../../history/tapes.ts';
import type { BarAdjustment } from '../../providers/contract.ts';
import { createHistoryProvider } from '../../providers/factory.ts';
import { loadTradeplan } from '../../tradeplan/load.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import type { MineResult } from '../../trader/mining/mining.ts';
import { type Preparation, prepare } from '../../trader/preparation.ts';
import { sessionQuery } from '../../trader/sessions.ts';
import { fetchDays } from '../historyDays.ts';
import { type Adapters, withAdapters } from '../market.ts';
import {
  DEFAULT_PLAN,
  dataDirectoryOption,
  jsonOption,
  list,
  logLevelOption,
  type StorageOptions,
  storageOptions,
} from '../options.ts';
import { type Column, print, printJson, renderTable } from '../output.ts';
import { openProgress } from '../progress.ts';
import { stopRequest } from '../signals.ts';

/** Tapes of the past lie here in the data directory. */
const DIRECTORY = 'history';
const KINDS = [...HISTORY_KINDS, 'days'] as const;
const SYMBOL = /^[A-Za-z0-9][A-Za-z0-9.]*(?:\/[A-Za-z0-9]+)?$/;

interface Options extends StorageOptions {
  readonly symbols?: readonly string[];
  readonly from: string;
  readonly to?: string;
  readonly kinds: readonly (typeof KINDS)[number][];
  readonly adjustment: BarAdjustment;
  readonly out?: string;
  readonly json?: boolean;
}

export function historyCommand(): Command {
  return new Command('history').addCommand(
    new Command('fetch')
      .description('fetch what is missing: an interrupted run goes on where it ended')
      .argument(
        '[plan]',
        'the tradeplan: its provider and feed, and the symbols of its strategies',
        DEFAULT_PLAN,
      )
      .requiredOption('--from <date>', 'first day, such as 2026-11-02', date)
      .option('--to <date>', 'last day (today)', date)
      .option('--symbols <list>', "comma-separated (the plan's)", symbols)
      .option(
        '--kinds <list>',
        `of ${KINDS.join(', ')}: minute bars, trades and quotes into tapes, daily bars into stock_ohlc`,
        kinds,
        ['bars'],
      )
      .addOption(
        new Option('--adjustment <how>', 'of minute bars, for splits and dividends; raw is as it was traded')
          .choices(['raw', 'split', 'dividend', 'all'])
          .default('split'),
      )
      .option('--out <dir>', 'where the tapes go (`history` in the data directory)')
      .addOption(dataDirectoryOption())
      .addOption(logLevelOption())
      .addOption(jsonOption())
      .addHelpText(
        'after',
        '\nDays that are there whole are not asked for again. Requests keep to the limit of the provider.\n\nExamples:\n  openbell history fetch --from 2026-11-02 --symbols AAPL,MSFT\n  openbell history fetch --from 2026-11-20 --kinds trades,quotes --json\n  openbell backtest --data .openbell/history/iex/AAPL/*-bars-split.tape',
      )
      .action(fetch),
  );
}

async function fetch(planPath: string, options: Options): Promise<void> {
  const preparation = await prepare({
    planPath,
    env: process.env,
    // No order is sent: a plan for real money needs no second word here.
    isLiveFlagSet: loadTradeplan(planPath).mode === 'live',
    options: storageOptions(options),
  });
  const wanted = options.symbols ?? [...new Set(preparation.plan.strategies.flatMap((one) => one.symbols))];
  if (wanted.length === 0) throw withoutSymbols(planPath);
  const stopping = new AbortController();
  void stopRequest(liveClock).then(() => stopping.abort(new Error('stopped')));
  const tapes = await fetchTapes(preparation, wanted, { options, signal: stopping.signal });
  const days = options.kinds.includes('days')
    ? await fetchDays(preparation, { symbols: wanted, fromDate: options.from, signal: stopping.signal })
    : null;
  if (options.json) printJson({ ...tapes, days });
  else show(tapes, days);
  process.exitCode = EXIT_DONE;
}

async function fetchTapes(
  preparation: Preparation,
  wanted: readonly string[],
  of: { readonly options: Options; readonly signal: AbortSignal },
): Promise<HistoryResult> {
  const { plan, environment } = preparation;
  const { options, signal } = of;
  const { adjustment } = options;
  const directory = resolve(options.out ?? join(environment.dataDirectory, DIRECTORY));
  const calendar = new SessionCalendar(rulesOf(plan.assetClass));
  const progress = openProgress(liveClock);
  const request = {
    symbols: wanted,
    kinds: options.kinds.filter((kind): kind is HistoryKind => kind !== 'days'),
    fromDate: options.from,
    toDate: options.to ?? calendar.dateAt(liveClock.nowMicros()).toString(),
    adjustment,
  };
  // What is reached is closed again when all is there; nothing is reached where nothing is missing.
  let close = () => {};
  let closed: Promise<void> = Promise.resolve();
  try {
    return await fetchHistory({
      request,
      tapes: new HistoryTapes(directory, { feed: plan.feed, adjustment }),
      calendar,
      clock: liveClock,
      open: () =>
        new Promise((opened, failed) => {
          closed = withAdapters(preparation, { thread: 'history', batchId: newId() }, async (adapters) => {
            await learnSessions(adapters, { plan, calendar, ...request });
            opened(createHistoryProvider(adapters.provider, adapters.adapter));
            await new Promise<void>((done) => {
              close = done;
            });
          }).catch(failed);
        }),
      concurrentMax: REQUESTS_AT_ONCE,
      signal,
      onProgress: (share, text) => progress.update(share, text),
    });
  } finally {
    progress.done();
    close();
    await closed;
  }
}

/** Minutes are missing of the sessions that the broker tells, half days and unforeseen closings too; else of the rules'. */
async function learnSessions(
  { broker: config, adapter, log }: Adapters,
  of: {
    readonly plan: Tradeplan;
    readonly calendar: SessionCalendar;
    readonly fromDate: string;
    readonly toDate: string;
  },
): Promise<void> {
  const { plan, calendar, fromDate, toDate } = of;
  const broker = createBroker(config, adapter);
  try {
    const answer = await sessionQuery(plan.assetClass, broker)?.(fromDate, toDate);
    if (answer?.ok) calendar.replace(fromDate, toDate, answer.value);
    else if (answer !== undefined)
      log.debug({ reason: answer.failure.message }, 'the broker tells no calendar');
  } finally {
    await broker.close();
  }
}

/** More would only wait for the provider's rate limit. */
const REQUESTS_AT_ONCE = 4;

function show({ directory, isComplete, tapes }: HistoryResult, days: MineResult | null): void {
  if (tapes.length > 0) {
    print(renderTable(COLUMNS, tapes, ''));
    print('');
    print(directory);
  }
  for (const { symbol, kind, emptyDays } of tapes) {
    if (emptyDays.length > 0) print(`no ${kind} of ${symbol} on ${shortened(emptyDays)}`);
  }
  if (days !== null) {
    print(
      `stock_ohlc: ${days.outcome}, ${days.rows} rows${days.message === null ? '' : `; ${days.message}`}`,
    );
  }
  if (!isComplete) print('Stopped: the same command goes on from here.');
}

const DATES_SHOWN = 5;

function shortened(dates: readonly string[]): string {
  const more = dates.length - DATES_SHOWN;
  return `${dates.slice(0, DATES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more days` : ''}`;
}

const COLUMNS: readonly Column<HistorySummary>[] = [
  { title: 'symbol', value: (row) => row.symbol },
  { title: 'kind', value: (row) => row.kind },
  { title: 'days', align: 'right', value: (row) => String(row.days) },
  { title: 'there before', align: 'right', value: (row) => String(row.known) },
  { title: 'rows fetched', align: 'right', value: (row) => row.rows.toLocaleString('en-US') },
  { title: 'days without rows', align: 'right', value: (row) => String(row.emptyDays.length) },
  {
    title: 'minutes without a bar',
    align: 'right',
    value: (row) => (row.kind === 'bars' ? String(row.missingMinutes) : ''),
  },
];

function date(text: string): string {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
  if (!isDate) throw new InvalidArgumentError('A day looks like 2026-11-20.');
  return text;
}

function symbols(text: string): readonly string[] {
  const found = list(text);
  const wrong = found.find((symbol) => !SYMBOL.test(symbol));
  if (wrong !== undefined || found.length === 0) {
    throw new InvalidArgumentError(`${wrong ?? 'nothing'} is no symbol, such as AAPL or BTC/USD.`);
  }
  return found;
}

function kinds(text: string): readonly string[] {
  const found = list(text);
  const wrong = found.find((kind) => !(KINDS as readonly string[]).includes(kind));
  if (wrong !== undefined) throw new InvalidArgumentError(`${wrong} is none of ${KINDS.join(', ')}.`);
  return found;
}

function withoutSymbols(planPath: string): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `the strategies of ${planPath} name no symbols`,
    remedy: 'Name some with --symbols.',
  });
}
