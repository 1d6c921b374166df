/** Reads the payload that `layout.ts` describes back into a batch. */
import { Batch, EventKind } from '../batch.ts';
import {
  aligned,
  Column,
  FORMS_AT,
  Form,
  PAYLOAD_HEADER_BYTES,
  SCALE,
  SMALL_ESCAPE,
  WIDE_ESCAPE,
} from './layout.ts';
import type { Target } from './numbers.ts';

/**
 * Writes the payload's rows into `into`, if it has the room, or else into a new batch, which is answered.
 * The payload's checksum has been compared. Answers `undefined` when its lengths do not add up all the same.
 */
export function decodeNarrow(payload: Uint8Array, into: Batch | undefined): Batch | undefined {
  if (payload.length < PAYLOAD_HEADER_BYTES || payload.length % 8 !== 0) return undefined;
  const source = sourceOf(payload);
  const [rows = 0, heapBytes = 0] = source.words;
  if (rows > payload.length || heapBytes > payload.length) return undefined;
  const fits = into !== undefined && into.capacity >= rows && into.heapCapacity >= heapBytes;
  const batch = fits ? into : Batch.create({ rows, heapBytes });
  batch.reset(0, source.floats[1]!, source.floats[2]!);
  batch.count = rows;
  batch.heapUsed = heapBytes;
  try {
    new Decoder(source, batch).decode();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return batch;
}

/** Views of the payload, or of a copy where it does not begin at a multiple of 8. */
function sourceOf(payload: Uint8Array): Target {
  const { buffer, byteOffset, length } = payload.byteOffset % 8 === 0 ? payload : Uint8Array.from(payload);
  return {
    bytes: new Uint8Array(buffer, byteOffset, length),
    halves: new Uint16Array(buffer, byteOffset, length / 2),
    words: new Uint32Array(buffer, byteOffset, length / 4),
    floats: new Float64Array(buffer, byteOffset, length / 8),
  };
}

const TRADE = EventKind.trade;

/** A RangeError says that something does not add up. */
class Decoder {
  readonly #source: Target;
  readonly #batch: Batch;
  readonly #rows: number;
  /** Where the next column begins. */
  #at = PAYLOAD_HEADER_BYTES;

  constructor(source: Target, batch: Batch) {
    this.#source = source;
    this.#batch = batch;
    this.#rows = batch.count;
  }

  decode(): void {
    const { timeNs, receivedNs, n0, n1, n2, n3 } = this.#batch;
    const columns = [timeNs, receivedNs, n0, n1, n2, n3];
    for (const [index, column] of columns.entries()) this.#numbers(Column.timeNs + index, column);
    this.#traits();
    const { idLow, idHigh, symbolId, code0, code1, heapLength } = this.#batch;
    this.#words(Column.idLow, idLow);
    this.#words(Column.idHigh, idHigh);
    this.#words(Column.symbolId, symbolId);
    this.#bytes(Column.code0, code0);
    this.#bytes(Column.code1, code1);
    this.#words(Column.heapLength, heapLength);
    this.#heap();
  }

  #formOf(column: number): number {
    return this.#source.bytes[FORMS_AT + column]!;
  }

  /** Where so many bytes begin; the next column begins behind them. */
  #take(bytes: number): number {
    const at = this.#at;
    this.#at = aligned(at + bytes);
    if (this.#at > this.#source.bytes.length) throw new RangeError('a column that is cut off');
    return at;
  }

  #numbers(which: number, column: Float64Array): void {
    const rows = this.#rows;
    const { floats, halves, words } = this.#source;
    switch (this.#formOf(which)) {
      case Form.nothing:
        column.fill(0, 0, rows);
        return;
      case Form.whole: {
        const place = this.#take(rows * 8) >> 3;
        column.set(floats.subarray(place, place + rows));
        return;
      }
      case Form.near: {
        const origin = floats[this.#take(8) >> 3]!;
        const place = this.#take(rows * 4) >> 2;
        for (let row = 0; row < rows; row += 1) column[row] = origin + (words[place + row]! | 0);
        this.#exceptions(column, words, place, WIDE_ESCAPE >>> 0);
        return;
      }
      case Form.small: {
        const place = this.#take(rows * 2) >> 1;
        for (let row = 0; row < rows; row += 1) column[row] = halves[place + row]!;
        this.#exceptions(column, halves, place, SMALL_ESCAPE);
        return;
      }
      case Form.scaled: {
        const place = this.#take(rows * 4) >> 2;
        for (let row = 0; row < rows; row += 1) column[row] = words[place + row]! / SCALE;
        this.#exceptions(column, words, place, WIDE_ESCAPE >>> 0);
        return;
      }
      case Form.runs:
        this.#runs(column);
        return;
      default:
        throw new RangeError('a form that no column of numbers has');
    }
  }

  /** Puts the values in their places that the column's own form could not hold. */
  #exceptions(column: Float64Array, numbers: Uint16Array | Uint32Array, place: number, mark: number): void {
    for (let row = 0; row < this.#rows; row += 1) {
      if (numbers[place + row] === mark) column[row] = this.#source.floats[this.#take(8) >> 3]!;
    }
  }

  #runs(column: Float64Array): void {
    const { floats, words } = this.#source;
    const runs = words[this.#take(8) >> 2]!;
    const values = this.#take(runs * 8) >> 3;
    const ends = this.#take(runs * 4) >> 2;
    let from = 0;
    for (let run = 0; run < runs; run += 1) {
      const to = words[ends + run]!;
      if (to <= from || to > this.#rows) throw new RangeError('a run that ends before it begins');
      column.fill(floats[values + run]!, from, to);
      from = to;
    }
    if (from !== this.#rows) throw new RangeError('rows without a run');
  }

  #traits(): void {
    const { kind, flags, tape, conditions } = this.#batch;
    if (this.#formOf(Column.traits) === Form.whole) {
      for (const column of [kind, flags, tape]) this.#wholeBytes(column);
      this.#wholeWords(conditions);
      return;
    }
    if (this.#formOf(Column.traits) !== Form.palette) throw new RangeError('a form that no traits have');
    const { bytes, words } = this.#source;
    const size = words[this.#take(8) >> 2]!;
    const entries = this.#take(size * 8) >> 2;
    const place = this.#take(this.#rows);
    for (let row = 0; row < this.#rows; row += 1) {
      const number = bytes[place + row]!;
      if (number >= size) throw new RangeError('an entry that the palette has not');
      const word = words[entries + 2 * number]!;
      kind[row] = word;
      flags[row] = word >>> 8;
      tape[row] = word >>> 16;
      conditions[row] = words[entries + 2 * number + 1]!;
    }
  }

  #words(which: number, column: Uint32Array): void {
    const { halves, words } = this.#source;
    switch (this.#formOf(which)) {
      case Form.nothing:
        column.fill(0, 0, this.#rows);
        return;
      case Form.whole:
        this.#wholeWords(column);
        return;
      case Form.small: {
        const place = this.#take(this.#rows * 2) >> 1;
        for (let row = 0; row < this.#rows; row += 1) column[row] = halves[place + row]!;
        return;
      }
      case Form.trades:
        this.#ofTrades(column, words, this.#take(this.#trades() * 4) >> 2);
        return;
      case Form.smallTrades:
        this.#ofTrades(column, halves, this.#take(this.#trades() * 2) >> 1);
        return;
      default:
        throw new RangeError('a form that no column of words has');
    }
  }

  #trades(): number {
    return this.#batch.kind.subarray(0, this.#rows).reduce((sum, kind) => sum + Number(kind === TRADE), 0);
  }

  #ofTrades(column: Uint32Array, numbers: Uint16Array | Uint32Array, place: number): void {
    const { kind } = this.#batch;
    let next = place;
    for (let row = 0; row < this.#rows; row += 1) {
      column[row] = 0;
      if (kind[row] !== TRADE) continue;
      column[row] = numbers[next]!;
      next += 1;
    }
  }

  #bytes(which: number, column: Uint8Array): void {
    const form = this.#formOf(which);
    if (form === Form.whole) this.#wholeBytes(column);
    else if (form === Form.nothing) column.fill(0, 0, this.#rows);
    else throw new RangeError('a form that no column of bytes has');
  }

  #wholeBytes(column: Uint8Array): void {
    const place = this.#take(this.#rows);
    column.set(this.#source.bytes.subarray(place, place + this.#rows));
  }

  #wholeWords(column: Uint32Array): void {
    const place = this.#take(this.#rows * 4) >> 2;
    column.set(this.#source.words.subarray(place, place + this.#rows));
  }

  #heap(): void {
    const { heapLength, heapOffset, heapUsed, heap } = this.#batch;
    const place = this.#take(heapUsed);
    heap.set(this.#source.bytes.subarray(place, place + heapUsed));
    let offset = 0;
    for (let row = 0; row < this.#rows; row += 1) {
      heapOffset[row] = offset;
      offset += heapLength[row]!;
    }
    if (offset !== heapUsed || this.#at !== this.#source.bytes.length)
      throw new RangeError('a payload that is longer than its rows');
  }
}
