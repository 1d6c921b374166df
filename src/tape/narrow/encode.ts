/** Writes rows of a batch as the payload that `layout.ts` describes. */
import { type Batch, EventKind } from '../batch.ts';
import { aligned, Column, FORMS_AT, Form, PALETTE_MAX, PAYLOAD_HEADER_BYTES } from './layout.ts';
import {
  isNothing,
  type Numbers,
  type Target,
  TOO_WIDE,
  writeNear,
  writeRuns,
  writeScaled,
  writeSmall,
} from './numbers.ts';
import { Palette } from './palette.ts';

// A copy in this module: V8 folds its constants, and reads an imported one anew at each use.
const TRADE: number = EventKind.trade;
const HALF_MAX = 0xff_ff;

/** What is written, and where. */
export interface NarrowRows {
  readonly batch: Batch;
  readonly from: number;
  readonly to: number;
  /** Of row `from`. */
  readonly sequence: number;
}

type Writer = typeof writeNear;

const TIMES = [[Form.near, writeNear] as const];
const RECEIVED = [[Form.runs, writeRuns] as const];
const PRICES = [[Form.scaled, writeScaled] as const];
const SIZES = [[Form.small, writeSmall] as const, [Form.scaled, writeScaled] as const];

export class NarrowEncoder {
  readonly #palette = new Palette();
  #target: Target = {
    bytes: new Uint8Array(),
    halves: new Uint16Array(),
    words: new Uint32Array(),
    floats: new Float64Array(),
  };
  #from = 0;
  #to = 0;
  #forms = 0;
  /** Where the next column begins. */
  #at = 0;

  /** Writes the payload from byte `at`, a multiple of 8, on, where there is room; answers the byte behind it. */
  encode(rows: NarrowRows, target: Target, at: number): number {
    const { batch } = rows;
    this.#target = target;
    this.#from = rows.from;
    this.#to = rows.to;
    this.#forms = at + FORMS_AT;
    this.#at = at + PAYLOAD_HEADER_BYTES;
    const { words, floats } = target;
    words[at >> 2] = rows.to - rows.from;
    floats[(at >> 3) + 1] = batch.baseMicros;
    floats[(at >> 3) + 2] = rows.sequence;
    floats.fill(0, this.#forms >> 3, this.#at >> 3);
    const signs = new Int32Array(batch.buffer, 0, (batch.n3.byteOffset + batch.n3.byteLength) >> 2);
    const numbers = (column: Float64Array): Numbers => ({ column, signs, from: rows.from, to: rows.to });
    this.#numbers(Column.timeNs, numbers(batch.timeNs), TIMES);
    this.#numbers(Column.receivedNs, numbers(batch.receivedNs), RECEIVED);
    this.#numbers(Column.n0, numbers(batch.n0), PRICES);
    this.#numbers(Column.n1, numbers(batch.n1), SIZES);
    this.#numbers(Column.n2, numbers(batch.n2), PRICES);
    this.#numbers(Column.n3, numbers(batch.n3), SIZES);
    this.#traits(batch);
    this.#ids(batch);
    this.#symbols(batch.symbolId);
    this.#wholeBytes(Column.code0, batch.code0);
    this.#wholeBytes(Column.code1, batch.code1);
    words[(at >> 2) + 1] = this.#heap(batch);
    return this.#at;
  }

  #end(column: number, form: number, end: number): void {
    this.#target.bytes[this.#forms + column] = form;
    this.#at = aligned(end);
  }

  #numbers(which: number, numbers: Numbers, forms: readonly (readonly [number, Writer])[]): void {
    if (isNothing(numbers)) return;
    for (const [form, write] of forms) {
      const end = write(numbers, this.#target, this.#at);
      if (end === TOO_WIDE) continue;
      this.#end(which, form, end);
      return;
    }
    this.#wholeFloats(which, numbers.column);
  }

  /** Only trades have ids, nearly always; those of one venue often have their upper half in common. */
  #ids({ idLow, idHigh, kind }: Batch): void {
    const { halves, words } = this.#target;
    const from = this.#from;
    const to = this.#to;
    const low = this.#at >> 2;
    // The upper halves are written behind all that the lower ones may take, the next multiple of 8 included.
    const high = low + to - from + 2;
    let count = 0;
    let others = 0;
    let lowBits = 0;
    let highBits = 0;
    for (let row = from; row < to; row += 1) {
      const lowWord = idLow[row]!;
      const highWord = idHigh[row]!;
      // 1 or 0, by arithmetic: a branch would be foreseen wrong for every third event.
      const isTrade = ((kind[row]! ^ TRADE) - 1) >>> 31;
      words[low + count] = lowWord;
      words[high + count] = highWord;
      count += isTrade;
      lowBits |= lowWord;
      highBits |= highWord;
      others |= (lowWord | highWord) & (isTrade - 1);
    }
    if (others !== 0) {
      this.#wholeWords(Column.idLow, idLow);
      this.#wholeWords(Column.idHigh, idHigh);
      return;
    }
    if (lowBits !== 0) this.#end(Column.idLow, Form.trades, this.#at + count * 4);
    if (highBits === 0) return;
    const place = this.#at;
    if (highBits >>> 0 <= HALF_MAX) {
      for (let index = 0; index < count; index += 1) halves[(place >> 1) + index] = words[high + index]!;
      this.#end(Column.idHigh, Form.smallTrades, place + count * 2);
    } else {
      words.copyWithin(place >> 2, high, high + count);
      this.#end(Column.idHigh, Form.trades, place + count * 4);
    }
  }

  #symbols(column: Uint32Array): void {
    const { halves } = this.#target;
    const from = this.#from;
    const to = this.#to;
    const place = (this.#at >> 1) - from;
    let bits = 0;
    for (let row = from; row < to; row += 1) {
      const value = column[row]!;
      halves[place + row] = value;
      bits |= value;
    }
    if (bits === 0) return;
    if (bits >>> 0 <= HALF_MAX) this.#end(Column.symbolId, Form.small, this.#at + (to - from) * 2);
    else this.#wholeWords(Column.symbolId, column);
  }

  #traits(batch: Batch): void {
    const palette = this.#palette;
    const { bytes, words } = this.#target;
    const from = this.#from;
    const to = this.#to;
    // The rows' numbers are written first, behind where they belong, as nobody knows how many entries there will be.
    const rows = this.#at + 8 + 8 * PALETTE_MAX;
    if (!palette.number(batch, from, to, this.#target, rows)) {
      this.#wholeTraits(batch);
      return;
    }
    const { size, entries } = palette;
    words[this.#at >> 2] = size;
    words[(this.#at >> 2) + 1] = 0;
    words.set(entries.subarray(0, size * 2), (this.#at >> 2) + 2);
    const place = this.#at + 8 + 8 * size;
    bytes.copyWithin(place, rows, rows + to - from);
    this.#end(Column.traits, Form.palette, place + to - from);
  }

  #wholeTraits(batch: Batch): void {
    for (const column of [batch.kind, batch.flags, batch.tape]) {
      this.#target.bytes.set(column.subarray(this.#from, this.#to), this.#at);
      this.#at = aligned(this.#at + this.#to - this.#from);
    }
    this.#wholeWords(Column.traits, batch.conditions);
  }

  #wholeFloats(which: number, column: Float64Array): void {
    this.#target.floats.set(column.subarray(this.#from, this.#to), this.#at >> 3);
    this.#end(which, Form.whole, this.#at + (this.#to - this.#from) * 8);
  }

  #wholeWords(which: number, column: Uint32Array): void {
    this.#target.words.set(column.subarray(this.#from, this.#to), this.#at >> 2);
    this.#end(which, Form.whole, this.#at + (this.#to - this.#from) * 4);
  }

  #wholeBytes(which: number, column: Uint8Array): void {
    this.#target.bytes.set(column.subarray(this.#from, this.#to), this.#at);
    this.#end(which, Form.whole, this.#at + this.#to - this.#from);
  }

  /** Answers how many bytes the rows have in the heap, and writes them. */
  #heap(batch: Batch): number {
    if (batch.heapUsed === 0) return 0;
    let length = 0;
    for (let row = this.#from; row < this.#to; row += 1) length += batch.heapLength[row]!;
    if (length === 0) return 0;
    this.#wholeWords(Column.heapLength, batch.heapLength);
    const { bytes } = this.#target;
    for (let row = this.#from; row < this.#to; row += 1) {
      if (batch.heapLength[row] === 0) continue;
      bytes.set(batch.heapBytes(row), this.#at);
      this.#at += batch.heapLength[row]!;
    }
    this.#at = aligned(this.#at);
    return length;
  }
}
