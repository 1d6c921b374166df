/** Data files as rows with their places: tapes, CSV and Parquet, in the order of the file or sorted by time. */
import { open, stat } from 'node:fs/promises';
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import { Batch, EventKind } from '../../tape/batch.ts';
import type { TableOptions } from '../../tape/formats/csv.ts';
import { isParquet } from '../../tape/formats/parquetTable.ts';
import { SORTABLE_BYTES_MAX } from '../../tape/import.ts';
import { TapeReader } from '../../tape/reader.ts';
import type { SymbolTable } from '../../tape/symbols.ts';
import { readCsvFile } from './csv.ts';
import { readParquetFile } from './parquet.ts';

export interface DataFileOptions extends Omit<TableOptions, 'path'> {
  readonly symbols: SymbolTable;
  /** Of tables whose rows stand the other way round. */
  readonly order?: RowOrder;
}

export const ROW_ORDERS = ['oldest-first', 'newest-first'] as const;
export type RowOrder = (typeof ROW_ORDERS)[number];

export interface DataFile extends DataFileOptions {
  readonly path: string;
  readonly bytes: number;
  readonly type: 'tape' | 'csv' | 'parquet';
}

/** A batch, and where in its file each row stands, counted from 1. Valid until the next is asked for. */
export interface PlacedBatch {
  readonly batch: Batch;
  readonly placeOf: (row: number) => number;
}

export type OnBadLine = (line: number, reason: string) => void;

const TAPE_MAGIC = 'OBTAPE';
const OUT_ROWS = 4_096;

/** @throws {UserError} exit code 2 when the file cannot be read. */
export async function openDataFile(path: string, options: DataFileOptions): Promise<DataFile> {
  try {
    const file = await open(path, 'r');
    try {
      const start = Buffer.alloc(TAPE_MAGIC.length);
      await file.read(start, 0, start.length, 0);
      const { size } = await file.stat();
      if (start.toString('latin1') === TAPE_MAGIC) return { ...options, path, bytes: size, type: 'tape' };
      return { ...options, path, bytes: size, type: (await isParquet(path)) ? 'parquet' : 'csv' };
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `cannot read ${path}: ${code ?? message}`,
      remedy: 'Check the path and its permissions.',
    });
  }
}

/** The file's rows as they stand in it, those of a table that is newest first from its end on. */
export function readDataFile(
  file: DataFile,
  onBadLine: OnBadLine,
): AsyncGenerator<PlacedBatch, void, undefined> {
  const isReversed = file.type !== 'tape' && file.order === 'newest-first';
  return isReversed ? readWhole(file, onBadLine, (rows) => rows.reverse()) : readRows(file, onBadLine);
}

async function* readRows(file: DataFile, onBadLine: OnBadLine): AsyncGenerator<PlacedBatch, void, undefined> {
  if (file.type === 'parquet') {
    yield* readParquetFile({ ...file, onBadLine });
    return;
  }
  if (file.type === 'csv') {
    for await (const { batch, lines } of readCsvFile({ ...file, onBadLine })) {
      yield { batch, placeOf: (row) => lines[row]! };
    }
    return;
  }
  let before = 0;
  for await (const batch of await TapeReader.open({ path: file.path, symbols: file.symbols })) {
    const first = before + 1;
    yield { batch, placeOf: (row) => first + row };
    before += batch.count;
  }
}

/**
 * The file's rows by time; rows of one moment keep their order. The whole file is held in memory.
 * @throws {UserError} exit code 2 when the file is too large for that.
 */
export function readSorted(
  file: DataFile,
  onBadLine: OnBadLine,
): AsyncGenerator<PlacedBatch, void, undefined> {
  return readWhole(file, onBadLine, (rows) => rows.sort((a, b) => a.ms - b.ms));
}

interface HeldRow {
  readonly batch: Batch;
  readonly row: number;
  readonly place: number;
  readonly ms: number;
}

async function* readWhole(
  file: DataFile,
  onBadLine: OnBadLine,
  arrange: (rows: HeldRow[]) => readonly HeldRow[],
): AsyncGenerator<PlacedBatch, void, undefined> {
  const { size } = await stat(file.path);
  if (size > SORTABLE_BYTES_MAX) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${file.path} is not in order of time, oldest first, and too large to be sorted here`,
      remedy: 'Sort it by time, oldest first, or split it into smaller files.',
    });
  }
  const rows: HeldRow[] = [];
  for await (const { batch, placeOf } of readRows(file, onBadLine)) {
    const copy = new Batch(batch.seal().slice(0));
    for (let row = 0; row < copy.count; row += 1) {
      if (copy.kind[row] === EventKind.none) continue;
      const ms = copy.baseMicros / 1_000 + copy.timeNs[row]! / 1_000_000;
      rows.push({ batch: copy, row, place: placeOf(row), ms });
    }
  }
  const out = Batch.create({ rows: OUT_ROWS, heapBytes: OUT_ROWS * 32 });
  let places: number[] = [];
  for (const { batch, row, place, ms } of arrange(rows)) {
    const isFar = Math.abs(ms * 1_000 - out.baseMicros) > SPAN_MICROS;
    if (out.count > 0 && (isFar || !out.hasRoom(batch.heapLength[row]!))) {
      const of = places;
      yield { batch: out, placeOf: (at) => of[at]! };
      places = [];
      out.reset(0, 0);
    }
    if (out.count === 0) out.reset(0, batch.timeMicros(row));
    out.appendRow(batch, row);
    places.push(place);
  }
  if (out.count > 0) yield { batch: out, placeOf: (at) => places[at]! };
}

const SPAN_MICROS = 30 * 86_400 * 1_000_000;
