/** A CSV file as batches. Lines of plain numbers, the usual ones, are read without a string or an object each. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UserError } from '../../domain/exit.ts';
import { type EpochMicros, MICROS_PER_MINUTE } from '../../domain/time.ts';
import { Batch, EventKind } from '../../tape/batch.ts';
import { appendRecord } from '../../tape/formats/appendRecord.ts';
import { csvColumns, csvRecords, HEADERLESS, splitCsv, type TableOptions } from '../../tape/formats/csv.ts';
import type { TapeRecord } from '../../tape/formats/record.ts';
import { openFirstEntry } from '../../tape/formats/zip.ts';
import { TimeReader } from '../../tape/formats/zone.ts';
import type { SymbolTable } from '../../tape/symbols.ts';
import { readPlainFields } from './numbers.ts';

export interface CsvFileOptions extends TableOptions {
  readonly symbols: SymbolTable;
  /** A line that is no record. */
  onBadLine(line: number, reason: string): void;
}

/** A batch, and the line of the file of each of its rows. Valid until the next is asked for. */
export interface CsvBatch {
  readonly batch: Batch;
  readonly lines: Uint32Array;
}

const ROWS = 4_096;
const CHUNK_BYTES = 1_048_576;
/** A longer line is no line of a table. */
const LINE_BYTES_MAX = 1_048_576;
const FIELDS_MAX = 32;
/** Rows stay this near to their batch's base. */
const BATCH_SPAN_MICROS = 30 * 86_400 * 1_000_000;
const NEW_LINE = 10;
const CARRIAGE_RETURN = 13;
const MICROS_PER_MILLISECOND = 1_000;
/** Times from here on are milliseconds (since 1973), below 1e14: see `tape/formats/zone.ts`. */
const MILLISECONDS_MIN = 1e11;
const MILLISECONDS_MAX = 1e14;

/** Throws a UserError when the file cannot be read or is no table of bars, trades or quotes. */
export async function* readCsvFile(options: CsvFileOptions): AsyncGenerator<CsvBatch, void, undefined> {
  const reader = new LineReader(options);
  const stream = await openBytes(options.path);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (;;) {
        const end = bytes.indexOf(NEW_LINE, from);
        if (end < 0) break;
        if (!reader.read(bytes, from, end)) {
          yield reader.take();
          reader.read(bytes, from, end);
        }
        from = end + 1;
      }
      rest = bytes.subarray(from);
      if (rest.length > LINE_BYTES_MAX) throw new Error('a line of over a million bytes');
    }
    if (rest.length > 0 && !reader.read(rest, 0, rest.length)) {
      yield reader.take();
      reader.read(rest, 0, rest.length);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError({
      exitCode: 2,
      cause: `cannot read ${options.path}: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Check that the file is there, readable and whole.',
    });
  } finally {
    stream.destroy();
  }
  if (!reader.isEmpty) yield reader.take();
}

async function openBytes(path: string): Promise<Readable> {
  if (path.endsWith('.zip')) return (await openFirstEntry(path)).stream;
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!path.endsWith('.gz')) return file;
  const unzipped = createGunzip();
  file.once('error', (error) => unzipped.destroy(error));
  return file.pipe(unzipped);
}

class LineReader {
  readonly #options: CsvFileOptions;
  readonly #shiftMicros: number;
  readonly #batch = Batch.create({ rows: ROWS, heapBytes: ROWS * 24 });
  readonly #lines = new Uint32Array(ROWS);
  readonly #fields = new Float64Array(FIELDS_MAX);
  #line = 0;
  #record: ((fields: readonly string[]) => TapeRecord | string) | undefined;
  /** Where the numbers of a bar stand; null when the file is not of plain bars. */
  #bar: PlainBar | null = null;
  #symbolId = 0;
  #isFull = false;

  constructor(options: CsvFileOptions) {
    this.#options = options;
    this.#shiftMicros = options.barTime === 'end' ? (options.barMicros ?? MICROS_PER_MINUTE) : 0;
  }

  get isEmpty(): boolean {
    return this.#batch.count === 0;
  }

  take(): CsvBatch {
    this.#isFull = true;
    return { batch: this.#batch, lines: this.#lines };
  }

  /** False when the line needs a new batch: {@link take} this one first, and read the line again. */
  read(bytes: Buffer, from: number, end: number): boolean {
    if (this.#isFull) {
      this.#isFull = false;
      this.#batch.reset(0, 0);
    }
    const to = end > from && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (this.#bar !== null) {
      const count = readPlainFields(bytes, from, to, this.#fields);
      if (count >= this.#bar.fieldsMin) {
        const time = this.#fields[this.#bar.time]!;
        if (time >= MILLISECONDS_MIN && time < MILLISECONDS_MAX) return this.#plain(this.#bar, time);
      }
    }
    return this.#other(bytes.toString('utf8', from, to));
  }

  #plain(at: PlainBar, timeMs: number): boolean {
    const fields = this.#fields;
    const open = fields[at.open]!;
    const high = fields[at.high]!;
    const low = fields[at.low]!;
    const close = fields[at.close]!;
    const timeMicros = Math.round(timeMs * MICROS_PER_MILLISECOND) - this.#shiftMicros;
    const batch = this.#batch;
    if (!this.#hasRoom(timeMicros)) return false;
    this.#line += 1;
    const reason = wrongBar(open, high, low, close);
    if (reason !== null) {
      this.#options.onBadLine(this.#line, reason);
      return true;
    }
    const row = batch.count;
    batch.count = row + 1;
    batch.clearRow(row, EventKind.minuteBar, this.#symbolId);
    const ns = (timeMicros - batch.baseMicros) * 1_000;
    batch.timeNs[row] = ns;
    batch.receivedNs[row] = ns;
    batch.n0[row] = open;
    batch.n1[row] = high;
    batch.n2[row] = low;
    batch.n3[row] = close;
    const volume = at.volume < 0 ? Number.NaN : fields[at.volume]!;
    const vwap = at.vwap < 0 ? Number.NaN : fields[at.vwap]!;
    const tradeCount = at.tradeCount < 0 ? 0 : fields[at.tradeCount]!;
    batch.setBarTail(row, volume, vwap, Number.isNaN(tradeCount) ? 0 : tradeCount);
    this.#lines[row] = this.#line;
    return true;
  }

  #other(text: string): boolean {
    const isFirst = this.#line === 0 && text.startsWith('\ufeff');
    const line = isFirst ? text.slice(1) : text;
    if (line.trim() === '') {
      this.#line += 1;
      return true;
    }
    const fields = splitCsv(line);
    if (this.#record === undefined) {
      const isHeader = fields.some((field) => /^[A-Za-z_]/.test(field));
      this.#learn(isHeader ? fields : HEADERLESS);
      if (isHeader) {
        this.#line += 1;
        return true;
      }
    }
    const record = this.#record!(fields);
    if (typeof record === 'string') {
      this.#line += 1;
      this.#options.onBadLine(this.#line, record);
      return true;
    }
    if (!this.#hasRoom(record.value.timeMicros)) return false;
    const row = this.#batch.count;
    if (!appendRecord(this.#batch, record, this.#options.symbols)) return false;
    this.#line += 1;
    this.#lines[row] = this.#line;
    return true;
  }

  #hasRoom(timeMicros: EpochMicros): boolean {
    const batch = this.#batch;
    if (batch.count === 0) {
      batch.reset(0, timeMicros);
      return true;
    }
    return batch.hasRoom(24) && Math.abs(timeMicros - batch.baseMicros) <= BATCH_SPAN_MICROS;
  }

  #learn(header: readonly string[]): void {
    const { symbol, timeZone, symbols } = this.#options;
    const times = new TimeReader(timeZone);
    this.#record = csvRecords(header, this.#options, times);
    const at = csvColumns(header, this.#options);
    const isBar = at.open >= 0 && at.high >= 0 && at.low >= 0 && at.close >= 0;
    if (!isBar || at.symbol >= 0 || symbol === undefined || header.length > FIELDS_MAX) return;
    this.#symbolId = symbols.intern(symbol);
    const fieldsMin = Math.max(at.time, at.open, at.high, at.low, at.close) + 1;
    const { time, open, high, low, close, volume, vwap, tradeCount } = at;
    this.#bar = { fieldsMin, time, open, high, low, close, volume, vwap, tradeCount };
  }
}

interface PlainBar {
  readonly fieldsMin: number;
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number;
  readonly tradeCount: number;
}

/** As for a line that is read by other means, so that both are refused alike. */
function wrongBar(open: number, high: number, low: number, close: number): string | null {
  if (Number.isNaN(open + high + low + close)) return 'a blank price';
  if (low > Math.min(open, close) || high < Math.max(open, close))
    return 'open or close outside low and high';
  return null;
}
