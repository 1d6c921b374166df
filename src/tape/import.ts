/** Recorded files into a tape. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Clock } from '../clock/clock.ts';
import { UserError } from '../domain/exit.ts';
import { type EpochMicros, formatMicros } from '../domain/time.ts';
import { Batch } from './batch.ts';
import type { Compression } from './file.ts';
import { appendRecord } from './formats/appendRecord.ts';
import { type ColumnNames, type CsvOptions, readCsv } from './formats/csv.ts';
import { readLean } from './formats/lean.ts';
import { isParquet, readParquet } from './formats/parquetTable.ts';
import type { SkippedLine, TapeRecord } from './formats/record.ts';
import { OutputFile, writingTo } from './output.ts';
import { SymbolTable } from './symbols.ts';
import { TapeWriter } from './writer.ts';

/**
 * `csv`: bars, trades or quotes, told by the header; Parquet with such columns too. `lean`: QuantConnect Lean's zips of US equity ticks (trades and
 * quotes) and minute bars. `eastern-minutes`: CSV of minute bars whose times are the bars' ends in New York.
 */
export const IMPORT_FORMATS = ['csv', 'lean', 'eastern-minutes'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

export interface ImportOptions {
  readonly format: ImportFormat;
  /** Files, plain, `.gz` or `.zip`. Events of several files are merged by time. */
  readonly inputs: readonly string[];
  /** The tape to write. A file that is there already is replaced when the import has succeeded. */
  readonly output: string;
  /** Whose events they are, where the files do not say. */
  readonly symbol?: string;
  /** Lean: `YYYY-MM-DD`, where the file's name does not say. */
  readonly date?: string;
  /** CSV: zone of times that name none (IANA). UTC by default. */
  readonly timeZone?: string;
  /** CSV: whether a minute bar's time is its start (the default) or its end. */
  readonly barTime?: 'start' | 'end';
  /** CSV: what the files call their columns, where that is none of the known names. */
  readonly columns?: ColumnNames;
  readonly compression?: Compression;
  readonly clock: Clock;
  onProgress?(progress: ImportProgress): void;
}

export interface ImportProgress {
  readonly rows: number;
  /** Time of the newest event written. */
  readonly timeMicros: EpochMicros;
}

export interface ImportResult {
  readonly output: string;
  readonly rows: number;
  readonly trades: number;
  readonly quotes: number;
  readonly bars: number;
  readonly symbols: readonly string[];
  /** Of the first and the last event; null when there is none. */
  readonly fromMicros: EpochMicros | null;
  readonly toMicros: EpochMicros | null;
  readonly skippedLines: number;
  /** The first of them. */
  readonly skippedExamples: readonly SkippedLine[];
}

/** Files up to this size are read whole and sorted when they are out of order; larger ones must be in order. */
export const SORTABLE_BYTES_MAX = 128 * 1_024 * 1_024;
const EXAMPLES_MAX = 10;
const PROGRESS_ROWS = 50_000;
/** A batch's rows stay this near to its base, far below what its times can hold. */
const BATCH_SPAN_MICROS = 30 * 86_400 * 1_000_000;
const EASTERN = 'America/New_York';

/** Throws a UserError when a file cannot be read or is not of the format; then no tape is written. */
export async function importTape(options: ImportOptions): Promise<ImportResult> {
  const skippedExamples: SkippedLine[] = [];
  const counts = { trade: 0, quote: 0, bar: 0, skipped: 0 };
  const onSkipped = (skipped: SkippedLine) => {
    counts.skipped += 1;
    if (skippedExamples.length < EXAMPLES_MAX) skippedExamples.push(skipped);
  };
  const sources = await Promise.all(
    options.inputs.map((path) => inOrder(path, recordsOf(path, options, onSkipped), options.format)),
  );
  const output = await OutputFile.begin(options.output, options.inputs);
  return await writingTo(options.output, () =>
    writeTape(options, { sources, output, counts, skippedExamples }),
  );
}

interface Import {
  readonly sources: readonly AsyncGenerator<TapeRecord, void, undefined>[];
  readonly output: OutputFile;
  readonly counts: { trade: number; quote: number; bar: number; skipped: number };
  readonly skippedExamples: readonly SkippedLine[];
}

async function writeTape(
  options: ImportOptions,
  { sources, output, counts, skippedExamples }: Import,
): Promise<ImportResult> {
  const symbols = new SymbolTable();
  const writer = await TapeWriter.open({
    path: output.writing,
    symbols,
    metadata: {
      kind: 'market',
      feed: options.format,
      createdAt: formatMicros(options.clock.nowMicros()),
      source: options.inputs.map((path) => basename(path)).join(', '),
    },
    compression: options.compression ?? 'deflate',
  });
  const batch = Batch.create();
  let rows = 0;
  let from: EpochMicros | null = null;
  let to: EpochMicros | null = null;
  const drain = async () => {
    if (!writer.append(batch)) await writer.drained();
    if (writer.failure !== undefined) throw writer.failure;
    batch.reset(0, 0);
  };
  try {
    for await (const record of mergeByTime(sources)) {
      const { timeMicros } = record.value;
      if (batch.count > 0 && timeMicros - batch.baseMicros > BATCH_SPAN_MICROS) await drain();
      if (batch.count === 0) batch.reset(0, timeMicros);
      if (!appendRecord(batch, record, symbols)) {
        await drain();
        batch.reset(0, timeMicros);
        appendRecord(batch, record, symbols);
      }
      counts[record.kind === 'trade' || record.kind === 'quote' ? record.kind : 'bar'] += 1;
      from ??= timeMicros;
      to = timeMicros;
      rows += 1;
      if (rows % PROGRESS_ROWS === 0) options.onProgress?.({ rows, timeMicros });
    }
    await drain();
    await writer.close();
    await output.keep();
  } catch (error) {
    await writer.close().catch(() => undefined);
    await output.discard();
    throw error;
  }
  if (to !== null) options.onProgress?.({ rows, timeMicros: to });
  return {
    output: options.output,
    rows,
    trades: counts.trade,
    quotes: counts.quote,
    bars: counts.bar,
    symbols: Array.from({ length: symbols.size - 1 }, (_, index) => symbols.textOf(index + 1)),
    fromMicros: from,
    toMicros: to,
    skippedLines: counts.skipped,
    skippedExamples,
  };
}

function recordsOf(
  path: string,
  options: ImportOptions,
  onSkipped: (skipped: SkippedLine) => void,
): AsyncGenerator<TapeRecord, void, undefined> {
  const { symbol } = options;
  switch (options.format) {
    case 'lean':
      return readLean({ path, symbol, date: options.date, onSkipped });
    case 'csv':
      return readTable({
        path,
        symbol,
        timeZone: options.timeZone ?? 'UTC',
        barTime: options.barTime ?? 'start',
        ...(options.columns === undefined ? {} : { columns: options.columns }),
        onSkipped,
      });
    case 'eastern-minutes':
      return readCsv({
        path,
        symbol: symbol ?? /^([A-Za-z.]+)_/.exec(basename(path))?.[1]?.toUpperCase(),
        timeZone: EASTERN,
        barTime: 'end',
        onSkipped,
      });
  }
}

async function* readTable(options: CsvOptions): AsyncGenerator<TapeRecord, void, undefined> {
  const { path, onSkipped } = options;
  if (!(await isParquet(path).catch(() => false))) {
    yield* readCsv(options);
    return;
  }
  for await (const { row, record } of readParquet(options)) {
    if (typeof record === 'string') onSkipped({ input: path, line: row, reason: record });
    else yield record;
  }
}

/** The records of a file sorted by time; stable, so that events of one moment keep their order. */
async function inOrder(
  path: string,
  records: AsyncGenerator<TapeRecord, void, undefined>,
  format: ImportFormat,
): Promise<AsyncGenerator<TapeRecord, void, undefined>> {
  const bytes = (await stat(path).catch(() => undefined))?.size ?? 0;
  // Lean's files are in order: read as they come, however many there are.
  return format !== 'lean' && bytes <= SORTABLE_BYTES_MAX ? sorted(records) : checked(path, records);
}

async function* sorted(
  records: AsyncGenerator<TapeRecord, void, undefined>,
): AsyncGenerator<TapeRecord, void, undefined> {
  const all: TapeRecord[] = [];
  for await (const record of records) all.push(record);
  all.sort(compareTimes);
  yield* all;
}

async function* checked(
  path: string,
  records: AsyncGenerator<TapeRecord, void, undefined>,
): AsyncGenerator<TapeRecord, void, undefined> {
  let previous: TapeRecord | undefined;
  for await (const record of records) {
    if (previous !== undefined && compareTimes(previous, record) > 0) {
      throw new UserError({
        exitCode: 2,
        cause: `${path} is not in order of time, and cannot be sorted here`,
        remedy: 'Sort it by time, oldest first, or split it into smaller files.',
      });
    }
    previous = record;
    yield record;
  }
}

async function* mergeByTime(
  sources: readonly AsyncGenerator<TapeRecord, void, undefined>[],
): AsyncGenerator<TapeRecord, void, undefined> {
  const heads = await Promise.all(sources.map(async (source) => ({ source, next: await source.next() })));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.next.done === true) continue;
      if (first === undefined || compareTimes(head.next.value, first.next.value as TapeRecord) < 0)
        first = head;
    }
    if (first === undefined) return;
    yield first.next.value as TapeRecord;
    first.next = await first.source.next();
  }
}

function compareTimes(one: TapeRecord, other: TapeRecord): number {
  return one.value.timeMicros - other.value.timeMicros || one.nanos - other.nanos;
}
