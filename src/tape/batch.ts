/**
 * The batch: market events as columns of one ArrayBuffer.
 *
 * The same bytes cross the MessagePort, stand in tape files and feed a backtest. A row is never turned into an
 * object on its way; readers look at the columns in place.
 *
 * Layout (little-endian, as every platform Node runs on): a 64-byte header, then one column after another, each
 * `capacity` entries long and aligned to its element, then a heap of bytes for what varies in length.
 *
 * | column        | type    | trade         | quote      | bars        | other kinds: see {@link EventKind}      |
 * |---------------|---------|---------------|------------|-------------|-----------------------------------------|
 * | timeNs        | Float64 | event time in nanoseconds from the header's base time (exact for 104 days)          |
 * | receivedNs    | Float64 | when the producer received it, likewise                                              |
 * | n0 n1 n2 n3   | Float64 | price, size   | bid price, bid size, ask price, ask size | open high low close         |
 * | idLow idHigh  | Uint32  | trade id      | 0          | 0           |                                         |
 * | symbolId      | Uint32  | id of the stream's symbol, see definitions                                           |
 * | conditions    | Uint32  | up to four one-character ASCII condition codes, first in the lowest byte, 0-padded   |
 * | origin        | Uint32  | the row's sequence on the tape of its market, modulo 2^32; 0 = none, as of the port's own words |
 * | heapOffset    | Uint32  | where the row's bytes start in the heap                                              |
 * | heapLength    | Uint32  | how many; 0 = none. Bars: three Float64 (volume, vwap, trade count)                  |
 * | kind          | Uint8   | {@link EventKind}                                                                    |
 * | flags         | Uint8   | {@link RowFlag}                                                                      |
 * | code0 code1   | Uint8   | exchange, -   | bid and ask exchange | -   | ASCII; crypto trade: code1 = taker side |
 * | tape          | Uint8   | ASCII `A B C N O`, 0 = none                                                          |
 */
import { assert } from '../domain/assert.ts';
import type { EpochMicros } from '../domain/time.ts';
import { EventKind } from './kinds.ts';

export const BATCH_VERSION = 1;
export const HEADER_BYTES = 64;
/** Bytes of all columns for one row: 6 x 8 + 7 x 4 + 5 x 1, rounded up so that columns stay aligned. */
const ROW_BYTES = 6 * 8 + 7 * 4 + 5;

// Whoever reads rows needs both: they are named here together.
export { EventKind, GapReason, KIND_NAMES, RowFlag } from './kinds.ts';

export interface BatchSize {
  readonly rows: number;
  readonly heapBytes: number;
}

/** Room for 512 rows and 16 KiB of heap: about 55 KiB, so that those under way stay in the second-level cache. */
export const DEFAULT_BATCH_SIZE: BatchSize = { rows: 512, heapBytes: 16_384 };

const BAR_HEAP_BYTES = 24;
const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

// Header fields, as indexes into an Uint32 or Float64 view of the first 64 bytes.
const U32_VERSION = 0;
const U32_STREAM = 1;
const U32_COUNT = 2;
const U32_CAPACITY = 3;
const U32_HEAP_USED = 4;
const U32_HEAP_CAPACITY = 5;
const F64_BASE_MICROS = 3;
const F64_FIRST_SEQUENCE = 4;

function bytesOf(size: BatchSize): number {
  return HEADER_BYTES + size.rows * ROW_BYTES + size.heapBytes;
}

export class Batch {
  readonly buffer: ArrayBuffer;
  readonly capacity: number;
  readonly heapCapacity: number;
  readonly timeNs: Float64Array;
  readonly receivedNs: Float64Array;
  readonly n0: Float64Array;
  readonly n1: Float64Array;
  readonly n2: Float64Array;
  readonly n3: Float64Array;
  readonly idLow: Uint32Array;
  readonly idHigh: Uint32Array;
  readonly symbolId: Uint32Array;
  readonly conditions: Uint32Array;
  readonly origin: Uint32Array;
  readonly heapOffset: Uint32Array;
  readonly heapLength: Uint32Array;
  readonly kind: Uint8Array;
  readonly flags: Uint8Array;
  readonly code0: Uint8Array;
  readonly code1: Uint8Array;
  readonly tape: Uint8Array;
  readonly heap: Uint8Array;
  /** The heap as numbers, where it stands at a place for them: what is at a multiple of 8 can be read without a call. */
  readonly heapNumbers: Float64Array | null;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  #heapFloats: DataView;
  /** Rows in use. Kept beside the header while the batch is written: {@link seal} stores it. */
  count: number;
  heapUsed: number;

  /**
   * Opens the batch that a buffer holds. Throws when the buffer is not one of this version. One in shared memory is
   * only read, and never transferred.
   */
  constructor(buffer: ArrayBuffer | SharedArrayBuffer) {
    // The same to every reader: only who transfers batches must know, and those never are in shared memory.
    this.buffer = buffer as ArrayBuffer;
    this.#u32 = new Uint32Array(buffer, 0, HEADER_BYTES / 4);
    this.#f64 = new Float64Array(buffer, 0, HEADER_BYTES / 8);
    assert(
      this.#u32[U32_VERSION] === BATCH_VERSION,
      `batch version ${this.#u32[U32_VERSION]}, not ${BATCH_VERSION}`,
    );
    const capacity = this.#u32[U32_CAPACITY]!;
    this.capacity = capacity;
    this.heapCapacity = this.#u32[U32_HEAP_CAPACITY]!;
    this.count = this.#u32[U32_COUNT]!;
    this.heapUsed = this.#u32[U32_HEAP_USED]!;
    let at = HEADER_BYTES;
    const floats = () => {
      const column = new Float64Array(buffer, at, capacity);
      at += capacity * 8;
      return column;
    };
    const words = () => {
      const column = new Uint32Array(buffer, at, capacity);
      at += capacity * 4;
      return column;
    };
    const bytes = (length: number) => {
      const column = new Uint8Array(buffer, at, length);
      at += length;
      return column;
    };
    this.timeNs = floats();
    this.receivedNs = floats();
    this.n0 = floats();
    this.n1 = floats();
    this.n2 = floats();
    this.n3 = floats();
    this.idLow = words();
    this.idHigh = words();
    this.symbolId = words();
    this.conditions = words();
    this.origin = words();
    this.heapOffset = words();
    this.heapLength = words();
    this.kind = bytes(capacity);
    this.flags = bytes(capacity);
    this.code0 = bytes(capacity);
    this.code1 = bytes(capacity);
    this.tape = bytes(capacity);
    this.heap = bytes(this.heapCapacity);
    this.#heapFloats = new DataView(buffer, this.heap.byteOffset, this.heapCapacity);
    this.heapNumbers =
      this.heap.byteOffset % 8 === 0
        ? new Float64Array(buffer, this.heap.byteOffset, Math.floor(this.heapCapacity / 8))
        : null;
  }

  /** A new, empty batch. `streamId` says whose symbol ids it uses. */
  static create(size: BatchSize = DEFAULT_BATCH_SIZE, streamId = 0, baseMicros: EpochMicros = 0): Batch {
    const batch = Batch.#format(new ArrayBuffer(bytesOf(size)), size);
    batch.reset(streamId, baseMicros);
    return batch;
  }

  /** A copy of the rows in use in memory that threads share, sealed, with the ids of another stream. */
  static share(source: Batch, streamId: number): SharedArrayBuffer {
    const size = { rows: source.count, heapBytes: source.heapUsed };
    const buffer = new SharedArrayBuffer(bytesOf(size));
    const batch = Batch.#format(buffer, size);
    batch.reset(streamId, source.baseMicros, source.firstSequence);
    const from = source.#columns();
    for (const [index, column] of batch.#columns().entries()) column.set(from[index]!.subarray(0, size.rows));
    batch.heap.set(source.heap.subarray(0, size.heapBytes));
    batch.count = size.rows;
    batch.heapUsed = size.heapBytes;
    batch.seal();
    return buffer;
  }

  static #format(buffer: ArrayBuffer | SharedArrayBuffer, size: BatchSize): Batch {
    const header = new Uint32Array(buffer, 0, HEADER_BYTES / 4);
    header[U32_VERSION] = BATCH_VERSION;
    header[U32_CAPACITY] = size.rows;
    header[U32_HEAP_CAPACITY] = size.heapBytes;
    return new Batch(buffer);
  }

  #columns(): readonly (Float64Array | Uint32Array | Uint8Array)[] {
    return [
      ...[this.timeNs, this.receivedNs, this.n0, this.n1, this.n2, this.n3],
      ...[this.idLow, this.idHigh, this.symbolId, this.conditions, this.origin],
      ...[this.heapOffset, this.heapLength, this.kind, this.flags, this.code0, this.code1, this.tape],
    ];
  }

  get streamId(): number {
    return this.#u32[U32_STREAM]!;
  }

  /** The moment that the time columns count from. Set it only while the batch is empty. */
  get baseMicros(): EpochMicros {
    return this.#f64[F64_BASE_MICROS]!;
  }

  set baseMicros(moment: EpochMicros) {
    this.#f64[F64_BASE_MICROS] = moment;
  }

  /** Sequence number of the first row in its stream or inbox. */
  get firstSequence(): number {
    return this.#f64[F64_FIRST_SEQUENCE]!;
  }

  set firstSequence(sequence: number) {
    this.#f64[F64_FIRST_SEQUENCE] = sequence;
  }

  /** Whether one more row with up to `heapBytes` of heap fits. */
  hasRoom(heapBytes: number): boolean {
    return this.count < this.capacity && this.heapUsed + heapBytes <= this.heapCapacity;
  }

  /** Empties the batch for writing again. Old contents stay as rubbish behind `count`. */
  reset(streamId: number, baseMicros: EpochMicros, firstSequence = 0): void {
    this.count = 0;
    this.heapUsed = 0;
    this.#u32[U32_STREAM] = streamId;
    this.baseMicros = baseMicros;
    this.firstSequence = firstSequence;
  }

  /** Stores the counts in the header: call it before the buffer leaves this hand. */
  seal(): ArrayBuffer {
    this.#u32[U32_COUNT] = this.count;
    this.#u32[U32_HEAP_USED] = this.heapUsed;
    return this.buffer;
  }

  /** Moment of a row's event, in whole microseconds. */
  timeMicros(row: number): EpochMicros {
    return this.baseMicros + Math.floor(this.timeNs[row]! / 1_000);
  }

  receivedMicros(row: number): EpochMicros {
    return this.baseMicros + Math.floor(this.receivedNs[row]! / 1_000);
  }

  /** The row's heap bytes, a view, valid as long as the batch is. */
  heapBytes(row: number): Uint8Array {
    const offset = this.heapOffset[row]!;
    return this.heap.subarray(offset, offset + this.heapLength[row]!);
  }

  heapText(row: number): string {
    return textDecoder.decode(this.heapBytes(row));
  }

  /** Float64 number `index` of the row's heap bytes (bars, order books). Heap offsets need no alignment. */
  heapFloat(row: number, index: number): number {
    return this.#heapFloats.getFloat64(this.heapOffset[row]! + index * 8, true);
  }

  /** Appends bytes to the heap and points `row` at them. The caller has checked {@link hasRoom}. */
  setHeapBytes(row: number, bytes: Uint8Array): void {
    this.heap.set(bytes, this.heapUsed);
    this.heapOffset[row] = this.heapUsed;
    this.heapLength[row] = bytes.length;
    this.heapUsed += bytes.length;
  }

  setHeapText(row: number, text: string): void {
    this.setHeapBytes(row, textEncoder.encode(text));
  }

  setHeapFloats(row: number, values: ArrayLike<number>): void {
    const offset = this.heapUsed;
    for (let index = 0; index < values.length; index += 1) {
      this.#heapFloats.setFloat64(offset + index * 8, values[index]!, true);
    }
    this.heapOffset[row] = offset;
    this.heapLength[row] = values.length * 8;
    this.heapUsed = offset + values.length * 8;
  }

  /** The three numbers a bar keeps in the heap. The caller has checked room for 24 bytes. */
  setBarTail(row: number, volume: number, vwap: number, tradeCount: number): void {
    const offset = this.heapUsed;
    this.#heapFloats.setFloat64(offset, volume, true);
    this.#heapFloats.setFloat64(offset + 8, vwap, true);
    this.#heapFloats.setFloat64(offset + 16, tradeCount, true);
    this.heapOffset[row] = offset;
    this.heapLength[row] = BAR_HEAP_BYTES;
    this.heapUsed = offset + BAR_HEAP_BYTES;
  }

  /** Sets every column of a row to 0 but its kind and symbol. The count is not touched. */
  clearRow(row: number, kind: EventKind, symbolId: number): void {
    this.timeNs[row] = 0;
    this.receivedNs[row] = 0;
    this.n0[row] = 0;
    this.n1[row] = 0;
    this.n2[row] = 0;
    this.n3[row] = 0;
    this.idLow[row] = 0;
    this.idHigh[row] = 0;
    this.symbolId[row] = symbolId;
    this.conditions[row] = 0;
    this.origin[row] = 0;
    this.heapOffset[row] = 0;
    this.heapLength[row] = 0;
    this.kind[row] = kind;
    this.flags[row] = 0;
    this.code0[row] = 0;
    this.code1[row] = 0;
    this.tape[row] = 0;
  }

  /**
   * Appends row `row` of `source`, heap bytes included, and answers the new row's index. The caller has checked
   * {@link hasRoom}. Times are carried over to this batch's base; the symbol id is copied as it is.
   */
  appendRow(source: Batch, row: number): number {
    const at = this.count;
    const shiftNs = (source.baseMicros - this.baseMicros) * 1_000;
    this.timeNs[at] = source.timeNs[row]! + shiftNs;
    this.receivedNs[at] = source.receivedNs[row]! + shiftNs;
    const kind = source.kind[row]!;
    // A gap's n0 is a time too.
    this.n0[at] = kind === EventKind.gap ? source.n0[row]! + shiftNs : source.n0[row]!;
    this.n1[at] = source.n1[row]!;
    this.n2[at] = source.n2[row]!;
    this.n3[at] = source.n3[row]!;
    this.idLow[at] = source.idLow[row]!;
    this.idHigh[at] = source.idHigh[row]!;
    this.symbolId[at] = source.symbolId[row]!;
    this.conditions[at] = source.conditions[row]!;
    this.origin[at] = source.origin[row]!;
    this.kind[at] = kind;
    this.flags[at] = source.flags[row]!;
    this.code0[at] = source.code0[row]!;
    this.code1[at] = source.code1[row]!;
    this.tape[at] = source.tape[row]!;
    const length = source.heapLength[row]!;
    this.heapLength[at] = length;
    this.heapOffset[at] = this.heapUsed;
    if (length > 0) {
      const from = source.heapOffset[row]!;
      // copyWithin-like loop: most rows with a heap carry 24 bytes, where TypedArray.set costs more than it saves.
      for (let index = 0; index < length; index += 1)
        this.heap[this.heapUsed + index] = source.heap[from + index]!;
      this.heapUsed += length;
    }
    this.count = at + 1;
    return at;
  }
}
