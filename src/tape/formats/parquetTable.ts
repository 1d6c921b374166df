/** Parquet of bars, trades or quotes: the same columns as in CSV, under the same names. */
import { open } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type SchemaElement,
} from 'hyparquet';
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import { formatMicros, MICROS_PER_DAY } from '../../domain/time.ts';
import { csvRecords, type TableOptions } from './csv.ts';
import type { TapeRecord } from './record.ts';
import { TimeReader } from './zone.ts';

/** One row of the file, counted from 1: a record, or why it is none. */
export interface ParquetRow {
  readonly row: number;
  readonly record: TapeRecord | string;
}

const MAGIC = 'PAR1';
/** Rows that are held at a time, if the file's groups of rows are no larger. */
const ROWS_AT_A_TIME = 65_536;
const NANOS_PER_MICRO = 1_000n;

/** Snappy is the reader's own. */
const COMPRESSORS = {
  GZIP: (bytes: Uint8Array) => gunzipSync(bytes),
  BROTLI: (bytes: Uint8Array) => brotliDecompressSync(bytes),
};

/** Moments as nanoseconds: which of them name no zone is said by their column. */
const PARSERS = {
  timestampFromMilliseconds: (value: bigint) => value * 1_000_000n,
  timestampFromMicroseconds: (value: bigint) => value * NANOS_PER_MICRO,
  timestampFromNanoseconds: (value: bigint) => value,
  dateFromDays: (days: number) => formatMicros(days * MICROS_PER_DAY).slice(0, 10),
};

export async function isParquet(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const start = Buffer.alloc(MAGIC.length);
    await file.read(start, 0, start.length, 0);
    return start.toString('latin1') === MAGIC;
  } finally {
    await file.close();
  }
}

/** Throws a UserError when the file cannot be read or is no table of bars, trades or quotes. */
export async function* readParquet(options: TableOptions): AsyncGenerator<ParquetRow, void, undefined> {
  const { path } = options;
  const { file, metadata } = await readable(path, async () => {
    const opened = await asyncBufferFromFile(path);
    return { file: opened, metadata: await parquetMetadataAsync(opened) };
  });
  const columns = plainColumns(metadata);
  const read = csvRecords(
    columns.map(({ name }) => name),
    options,
    new TimeReader(options.timeZone),
  );
  const texts = columns.map(textOf);
  const rowCount = Number(metadata.num_rows);
  for (const [from, to] of ranges(metadata, rowCount)) {
    const rows = await readable(path, () => rowsOf({ file, metadata, columns, from, to }));
    for (const [index, values] of rows.entries()) {
      const fields = values.map((value, column) => texts[column]!(value));
      yield { row: from + index + 1, record: read(fields) };
    }
  }
}

/** Groups of rows are read for themselves, large ones in parts. */
function* ranges(metadata: FileMetaData, rowCount: number): Generator<readonly [number, number]> {
  let from = 0;
  for (const group of metadata.row_groups) {
    const end = Math.min(rowCount, from + Number(group.num_rows));
    for (; from < end; from = Math.min(end, from + ROWS_AT_A_TIME)) {
      yield [from, Math.min(end, from + ROWS_AT_A_TIME)];
    }
  }
}

async function rowsOf(of: {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly columns: readonly SchemaElement[];
  readonly from: number;
  readonly to: number;
}): Promise<readonly (readonly unknown[])[]> {
  let rows: readonly (readonly unknown[])[] = [];
  await parquetRead({
    file: of.file,
    metadata: of.metadata,
    columns: of.columns.map(({ name }) => name),
    rowStart: of.from,
    rowEnd: of.to,
    compressors: COMPRESSORS,
    parsers: PARSERS,
    onComplete: (found) => {
      rows = found as unknown[][];
    },
  });
  return rows;
}

/** Those that hold a value in each row, and not a list or another row. */
function plainColumns(metadata: FileMetaData): readonly SchemaElement[] {
  return parquetSchema(metadata)
    .children.filter(({ children, element }) => {
      return children.length === 0 && element.repetition_type !== 'REPEATED';
    })
    .map(({ element }) => element);
}

function textOf(column: SchemaElement): (value: unknown) => string {
  const { type, converted_type: converted, logical_type: logical } = column;
  if (logical?.type === 'TIMESTAMP') {
    // Those that are not adjusted to UTC are a wall clock's, as pandas writes times without a zone.
    return logical.isAdjustedToUTC ? (value) => momentText(value, 'Z') : (value) => momentText(value, '');
  }
  const isMoment = type === 'INT96' || converted === 'TIMESTAMP_MILLIS' || converted === 'TIMESTAMP_MICROS';
  return isMoment ? (value) => momentText(value, 'Z') : plainText;
}

function momentText(value: unknown, zone: 'Z' | ''): string {
  if (typeof value !== 'bigint') return plainText(value);
  const nanos = String(value % NANOS_PER_MICRO).padStart(3, '0');
  return `${formatMicros(Number(value / NANOS_PER_MICRO)).slice(0, -1)}${nanos}${zone}`;
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isNaN(value) ? '' : String(value);
  return typeof value === 'bigint' ? String(value) : '';
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Check that the file is whole, and packed with Snappy, gzip or Brotli, or not at all.',
    });
  }
}
