/** A Parquet file as batches. */
import type { EpochMicros } from '../../domain/time.ts';
import { Batch } from '../../tape/batch.ts';
import { appendRecord } from '../../tape/formats/appendRecord.ts';
import type { TableOptions } from '../../tape/formats/csv.ts';
import { readParquet } from '../../tape/formats/parquetTable.ts';
import type { SymbolTable } from '../../tape/symbols.ts';
import type { OnBadLine, PlacedBatch } from './files.ts';

export interface ParquetFileOptions extends TableOptions {
  readonly symbols: SymbolTable;
  readonly onBadLine: OnBadLine;
}

const ROWS = 4_096;
/** Rows stay this near to their batch's base. */
const BATCH_SPAN_MICROS = 30 * 86_400 * 1_000_000;

/** Throws a UserError when the file cannot be read or is no table of bars, trades or quotes. */
export async function* readParquetFile(
  options: ParquetFileOptions,
): AsyncGenerator<PlacedBatch, void, undefined> {
  const { symbols, onBadLine } = options;
  const batch = Batch.create({ rows: ROWS, heapBytes: ROWS * 24 });
  const places = new Uint32Array(ROWS);
  const placed = { batch, placeOf: (row: number) => places[row]! };
  for await (const { row, record } of readParquet(options)) {
    if (typeof record === 'string') {
      onBadLine(row, record);
      continue;
    }
    const { timeMicros } = record.value;
    if (batch.count === 0) batch.reset(0, timeMicros);
    if (!isNear(batch, timeMicros) || !appendRecord(batch, record, symbols)) {
      yield placed;
      batch.reset(0, timeMicros);
      appendRecord(batch, record, symbols);
    }
    places[batch.count - 1] = row;
  }
  if (batch.count > 0) yield placed;
}

function isNear(batch: Batch, timeMicros: EpochMicros): boolean {
  return Math.abs(timeMicros - batch.baseMicros) <= BATCH_SPAN_MICROS;
}
