/** `openbell tape`: what tape files hold, from and to other formats. */
import { Command, Option } from 'commander';
import { liveClock } from '../../clock/live.ts';
import { EXIT_DONE, EXIT_UNEXPECTED } from '../../domain/exit.ts';
import { formatMicros } from '../../domain/time.ts';
import type { Damage } from '../../tape/blocks.ts';
import {
  EXPORT_FORMATS,
  EXPORT_KINDS,
  type ExportFormat,
  type ExportKind,
  exportTape,
} from '../../tape/export.ts';
import type { ColumnNames } from '../../tape/formats/csv.ts';
import { IMPORT_FORMATS, type ImportFormat, importTape } from '../../tape/import.ts';
import { type ReadProgress, tapeInfo, verifyTape } from '../../tape/info.ts';
import { jsonOption } from '../options.ts';
import { print, printJson, renderTable } from '../output.ts';
import { openProgress } from '../progress.ts';
import { columnsOption } from '../recorded.ts';

const SYMBOLS_SHOWN = 40;

interface JsonOptions {
  readonly json?: boolean;
}

interface ImportOptions extends JsonOptions {
  readonly format: ImportFormat;
  readonly output: string;
  readonly symbol?: string;
  readonly date?: string;
  readonly timeZone?: string;
  readonly barTime?: 'start' | 'end';
  readonly columns?: ColumnNames;
}

interface ExportOptions extends JsonOptions {
  readonly output: string;
  readonly format?: ExportFormat;
  readonly kind?: readonly ExportKind[];
  readonly skipDamaged?: boolean;
}

export function tapeCommand(): Command {
  return new Command('tape')
    .addCommand(
      new Command('info')
        .description('say what a tape holds')
        .argument('<file>', 'the tape')
        .addOption(jsonOption())
        .addHelpText('after', '\nExample:\n  openbell tape info ibm.tape')
        .action(info),
    )
    .addCommand(
      new Command('verify')
        .description('check every block and row; exit 1 when something is damaged')
        .argument('<file>', 'the tape')
        .addOption(jsonOption())
        .addHelpText('after', '\nExample:\n  openbell tape verify ibm.tape')
        .action(verify),
    )
    .addCommand(
      new Command('import')
        .description('make a tape of recorded data')
        .argument('<files...>', 'plain, .gz, .zip or Parquet; events of several files are merged by time')
        .requiredOption('--output <tape>', 'the tape to write')
        .addOption(
          new Option('--format <format>', 'what the files are').choices(IMPORT_FORMATS).default('csv'),
        )
        .option('--symbol <symbol>', 'whose events they are, where the files do not say')
        .option('--date <date>', "YYYY-MM-DD of Lean's ticks, where the file's name does not say")
        .option(
          '--time-zone <zone>',
          'of CSV times that name none, such as America/New_York (UTC unless given)',
        )
        .addOption(
          new Option('--bar-time <edge>', "whether a CSV bar's time is its start or its end").choices([
            'start',
            'end',
          ]),
        )
        .addOption(columnsOption())
        .addOption(jsonOption())
        .addHelpText(
          'after',
          '\nExamples:\n  openbell tape import bars.csv --symbol AAPL --output aapl.tape\n  openbell tape import 20131007_trade.zip 20131007_quote.zip --format lean --symbol IBM --output ibm.tape',
        )
        .action(importFiles),
    )
    .addCommand(
      new Command('export')
        .description("write a tape's events as CSV or Parquet")
        .argument('<file>', 'the tape')
        .requiredOption(
          '--output <file>',
          'with several kinds, x.csv stands for x.trades.csv, x.quotes.csv, x.bars.csv',
        )
        .addOption(
          new Option(
            '--format <format>',
            'told from the name of the output unless given; csv where it does not say',
          ).choices(EXPORT_FORMATS),
        )
        .addOption(new Option('--kind <kinds...>', 'which events; all unless given').choices(EXPORT_KINDS))
        .option('--skip-damaged', 'leave out what is damaged, instead of writing nothing')
        .addOption(jsonOption())
        .addHelpText(
          'after',
          '\nExamples:\n  openbell tape export ibm.tape --kind trades --output ibm.csv\n  openbell tape export ibm.tape --output ibm.parquet',
        )
        .action(exportFile),
    );
}

async function info(file: string, options: JsonOptions): Promise<void> {
  const found = await watched('reading', (onProgress) => tapeInfo(file, onProgress));
  const { fromMicros, toMicros, ...rest } = found;
  const from = fromMicros === null ? null : formatMicros(fromMicros);
  const to = toMicros === null ? null : formatMicros(toMicros);
  if (options.json) {
    printJson({ ...rest, from, to });
    return;
  }
  print(
    `${found.path}: ${counted(found.rows)} rows in ${found.blocks} blocks, ${counted(found.fileBytes)} bytes, ${found.compression}`,
  );
  print(`from ${from ?? 'never'} to ${to ?? 'never'}`);
  print(`symbols: ${listed(found.symbols)}`);
  print(
    renderTable(
      [
        { title: 'kind', value: ([kind]) => kind },
        { title: 'rows', align: 'right', value: ([, rows]) => counted(rows) },
      ],
      Object.entries(found.rowsByKind),
      'no rows',
    ),
  );
  if (found.tornBytes > 0)
    print(`${counted(found.tornBytes)} unfinished bytes at the end: the writer was killed, or had no room`);
  for (const damage of found.damages) print(`damaged: ${stretch(damage)}`);
}

async function verify(file: string, options: JsonOptions): Promise<void> {
  const result = await watched('checking', (onProgress) => verifyTape(file, onProgress));
  if (options.json) printJson(result);
  else {
    print(
      `${result.path}: ${result.isWhole ? 'whole' : 'damaged'}, ${counted(result.rows)} rows, ${result.rowsOutOfOrder} of them out of order`,
    );
    if (result.tornBytes > 0)
      print(
        `${counted(result.tornBytes)} unfinished bytes at the end: the writer was killed, or had no room`,
      );
    for (const damage of result.damages) print(`damaged: ${stretch(damage)}`);
  }
  process.exitCode = result.isWhole ? EXIT_DONE : EXIT_UNEXPECTED;
}

async function importFiles(inputs: readonly string[], options: ImportOptions): Promise<void> {
  const { json, ...wanted } = options;
  const progress = openProgress(liveClock);
  const result = await importTape({
    ...wanted,
    inputs,
    clock: liveClock,
    onProgress: ({ rows, timeMicros }) =>
      progress.update(null, `${counted(rows)} rows, at ${formatMicros(timeMicros).slice(0, 19)}`),
  });
  progress.done();
  if (json) {
    const { fromMicros, toMicros, ...rest } = result;
    printJson({
      ...rest,
      from: fromMicros === null ? null : formatMicros(fromMicros),
      to: toMicros === null ? null : formatMicros(toMicros),
    });
    return;
  }
  print(
    `${result.output}: ${counted(result.trades)} trades, ${counted(result.quotes)} quotes, ${counted(result.bars)} bars of ${listed(result.symbols)}`,
  );
  if (result.skippedLines > 0) {
    print(`${result.skippedLines} lines were skipped, such as:`);
    for (const example of result.skippedExamples) print(`  ${JSON.stringify(example)}`);
  }
}

async function exportFile(input: string, options: ExportOptions): Promise<void> {
  const progress = openProgress(liveClock);
  const damages: Damage[] = [];
  const files = await exportTape({
    input,
    output: options.output,
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.kind === undefined ? {} : { kinds: options.kind }),
    skipsDamage: options.skipDamaged === true,
    onDamage: (damage) => damages.push(damage),
    onProgress: ({ rows }) => progress.update(null, `${counted(rows)} rows`),
  });
  progress.done();
  if (options.json) printJson(files);
  else for (const file of files) print(`${file.path}: ${counted(file.rows)} ${file.kind}`);
  for (const damage of damages) process.stderr.write(`left out: ${stretch(damage)}\n`);
}

function counted(count: number): string {
  return count.toLocaleString('en-US');
}

function stretch({ bytes, offset }: Damage): string {
  return `${counted(bytes)} bytes from byte ${counted(offset)} on`;
}

/** As many as a line or two hold; JSON has all. What a foreign file calls a symbol may hold anything. */
function listed(symbols: readonly string[]): string {
  if (symbols.length === 0) return 'none';
  const shown = symbols.slice(0, SYMBOLS_SHOWN).map((symbol) => symbol.replace(/\p{Cc}/gu, '\ufffd'));
  const more = symbols.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${counted(more)} more` : shown.join(', ');
}

async function watched<T>(
  what: string,
  work: (onProgress: (progress: ReadProgress) => void) => Promise<T>,
): Promise<T> {
  const progress = openProgress(liveClock);
  try {
    return await work(({ bytes, fileBytes }) =>
      progress.update(fileBytes === 0 ? null : bytes / fileBytes, what),
    );
  } finally {
    progress.done();
  }
}
