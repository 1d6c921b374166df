/** Crypto order books: levels of both sides, of any number. */
import { EventKind, RowFlag } from '../batch.ts';
import { appendOverflow, encodeOverflow } from '../overflow.ts';
import { CLOSE_ARRAY, COMMA, OPEN_ARRAY, OPEN_OBJECT, skipWhite } from './bytes.ts';
import type { DamageReason } from './damage.ts';
import type { Element } from './element.ts';
import { bitsOf, Slot } from './fields.ts';
import { Moments } from './moments.ts';
import { ObjectScanner, Value } from './scanner.ts';
import type { RowSink } from './sink.ts';

const LEVEL_NUMBERS = bitsOf('p', 's');
const FLOAT_BYTES = 8;

export class BookWriter {
  // Apart from the element's own, whose slots must outlive the levels.
  readonly #moments = new Moments();
  readonly #level = new ObjectScanner(this.#moments);
  #text: Buffer = Buffer.alloc(0);
  /** Prices and sizes of the book being read, grown as needed. */
  #numbers = new Float64Array(256);
  #count = 0;
  #odd: Record<string, string> = {};

  setText(text: Buffer): void {
    this.#text = text;
    this.#moments.setBytes(text);
    this.#level.setText(text);
  }

  write(element: Element, sink: RowSink): DamageReason | undefined {
    const symbolId = element.symbolId();
    if (symbolId <= 0 || !element.hasTime()) return element.whyNot(symbolId);
    const { scanner } = element;
    this.#count = 0;
    this.#odd = {};
    if (!this.#readSide(element, 'b')) return 'field';
    const bids = this.#count / 2;
    if (!this.#readSide(element, 'a')) return 'field';
    const asks = this.#count / 2 - bids;
    const odd = Object.keys(this.#odd).length === 0 ? undefined : encodeOverflow(this.#odd);
    const heapBytes = this.#count * FLOAT_BYTES + (odd?.length ?? 0);
    const row = sink.startRow(EventKind.orderBook, symbolId, element.moments.nanos, heapBytes);
    const { batch } = sink;
    batch.n0[row] = bids;
    batch.n1[row] = asks;
    if (element.has('r') && scanner.values[Slot.r] === Value.true) batch.flags[row] = RowFlag.snapshot;
    batch.setHeapFloats(row, this.#numbers.subarray(0, this.#count));
    if (odd !== undefined) appendOverflow(batch, row, odd);
    return undefined;
  }

  /** Reads `[{"p":..,"s":..}]`. A side that is missing or null has no levels. Answers whether it is of that form. */
  #readSide(element: Element, side: 'b' | 'a'): boolean {
    const slot = Slot[side];
    if (!element.has(side) || element.scanner.values[slot] === Value.null) return true;
    const text = this.#text;
    let at = element.scanner.starts[slot]!;
    if (element.scanner.values[slot] !== Value.nested || text[at] !== OPEN_ARRAY) return false;
    at = skipWhite(text, at + 1);
    if (text[at] === CLOSE_ARRAY) return true;
    for (let index = 0; ; index += 1) {
      if (text[at] !== OPEN_OBJECT) return false;
      at = this.#level.scan(text, at);
      if (at < 0 || (this.#level.numeric & LEVEL_NUMBERS) !== LEVEL_NUMBERS) return false;
      this.#addLevel(side, index);
      at = skipWhite(text, at);
      if (text[at] === CLOSE_ARRAY) return true;
      if (text[at] !== COMMA) return false;
      at = skipWhite(text, at + 1);
    }
  }

  #addLevel(side: 'b' | 'a', index: number): void {
    const level = this.#level;
    if (this.#count + 2 > this.#numbers.length) {
      const grown = new Float64Array(this.#numbers.length * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.#count] = level.numbers[Slot.p]!;
    this.#numbers[this.#count + 1] = level.numbers[Slot.s]!;
    this.#count += 2;
    if ((level.long & LEVEL_NUMBERS) === 0) return;
    if ((level.long & bitsOf('p')) !== 0) this.#odd[`${side}.${index}.p`] = level.rawOf(Slot.p);
    if ((level.long & bitsOf('s')) !== 0) this.#odd[`${side}.${index}.s`] = level.rawOf(Slot.s);
  }
}
