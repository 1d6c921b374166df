/** `openbell report`: a page about a batch of the database, live ones too. */
import { basename, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { openSources } from '../../backtester/data/sources.ts';
import { type Decimal, tryDecimal, ZERO } from '../../domain/decimal.ts';
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import { MICROS_PER_MINUTE } from '../../domain/time.ts';
import { listTapes } from '../../recorder/tapes.ts';
import { documentOf } from '../../report/document.ts';
import { daysPerYearOf } from '../../report/figures.ts';
import { investedMost, readBatch, type StoredBatch, walkStored } from '../../report/stored.ts';
import { SymbolTable } from '../../tape/symbols.ts';
import { readPlots } from '../../trader/plotFile.ts';
import { dataDirectoryOption, jsonOption, type StorageOptions, storageOf } from '../options.ts';
import { print, printJson } from '../output.ts';
import { addCsvOptions, type CsvOptions, tableOptions } from '../recorded.ts';
import { writeReport } from '../reportFile.ts';
import { withStored } from '../stored.ts';

interface Options extends StorageOptions, CsvOptions {
  readonly out?: string;
  readonly data?: readonly string[];
  readonly benchmark?: string;
  readonly startEquity?: Decimal;
  readonly json?: boolean;
}

export function reportCommand(): Command {
  const command = new Command('report')
    .argument('<batch>', 'its id, or how the id begins; `openbell runs` lists them')
    .option('--out <file>', 'where the page goes (report-BATCH.html here)')
    .option(
      '--data <files...>',
      "the market's prices: tapes or CSV (the batch's own tapes, where it was recorded)",
    )
    .option('--benchmark <symbol>', 'compare with holding this symbol of the data');
  return addCsvOptions(command, 'batch')
    .addOption(
      new Option(
        '--start-equity <amount>',
        'the account when the batch began (the most that was invested at once)',
      ).argParser(amount),
    )
    .addOption(dataDirectoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nWith --json the page is only written where --out names a file.\n\nExamples:\n  openbell report 3f9c2a10\n  openbell report 3f9c2a10 --start-equity 100000 --out monday.html\n  openbell report 3f9c2a10 --data monday.tape --benchmark SPY --json | jq .figures',
    )
    .action(report);
}

async function report(batchId: string, options: Options): Promise<void> {
  const storage = storageOf(options);
  const batch = await withStored(storage, (stored) => readBatch(stored, batchId));
  if (batch === null || 'ambiguous' in batch) throw unknown(batchId, batch?.ambiguous ?? []);
  const startEquity = options.startEquity ?? investedMost(batch);
  const paths =
    options.data ??
    recordedTapes(join(storage.dataDirectory, 'tapes'), batch.repeatedBatchId ?? batch.batchId);
  const walk = await walkStored(batch, {
    startEquity,
    market: paths.length === 0 ? null : await marketOf(paths, batch, options),
  });
  for (const point of readPlots(storage.dataDirectory, batch.batchId)) walk.market(point.symbol).plot(point);
  const document = documentOf(walk, {
    batchId: batch.batchId,
    environment: batch.environment,
    strategies: batch.instanceIds,
    settings: batch.settings,
    daysPerYear: daysPerYearOf(isCrypto(batch) ? 'crypto' : 'us_equity'),
    ...(options.benchmark === undefined ? {} : { benchmark: options.benchmark }),
    notes: [
      ...batch.notes,
      ...(options.startEquity === undefined
        ? [
            'Percentages refer to the most that was invested at once: --start-equity names the account instead.',
          ]
        : []),
    ],
  });
  const out = options.out ?? (options.json ? null : `report-${batch.batchId.slice(0, 8)}.html`);
  if (out !== null) writeReport(out, document);
  if (options.json) printJson(document);
  else print(out ?? '');
}

async function marketOf(paths: readonly string[], { fills }: StoredBatch, options: CsvOptions) {
  const symbols = new SymbolTable();
  const traded = new Set(fills.map(({ symbol }) => symbol));
  const [only] = traded;
  const sources = await openSources({
    paths,
    symbols,
    ...tableOptions(options),
    symbol: options.symbol ?? (traded.size === 1 ? only : undefined),
    timeZone: options.timeZone ?? 'UTC',
    barTime: options.barTime ?? 'start',
    barMicros: MICROS_PER_MINUTE,
    badData: 'repair',
  });
  return { symbols, batches: sources.batches() };
}

/** What the recorder kept of the market while the batch ran; none where nothing was recorded. */
function recordedTapes(directory: string, batchId: string): readonly string[] {
  return listTapes(directory)
    .map(({ path }) => path)
    .filter((path) => basename(path).startsWith(`market-${batchId}-`))
    .sort();
}

/** Crypto pairs have a slash, stocks never do. */
function isCrypto({ fills }: StoredBatch): boolean {
  return fills.length > 0 && fills.every(({ symbol }) => symbol.includes('/'));
}

function amount(text: string): Decimal {
  const value = tryDecimal(text);
  if (value === undefined || value <= ZERO)
    throw new InvalidArgumentError('An amount is a number above zero.');
  return value;
}

function unknown(batchId: string, ambiguous: readonly string[]): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause:
      ambiguous.length === 0
        ? `there is no batch ${batchId}`
        : `${batchId} is how ${ambiguous.slice(0, 5).join(', ')} begin`,
    remedy: '`openbell runs` lists all batches; a backtest is among them when it was run with --save.',
  });
}
