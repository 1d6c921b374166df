/** Finds the id of a symbol by its bytes, without making text of it: open addressing over the ids of a table. */
import type { SymbolTable } from '../symbols.ts';

export const SYMBOL_BYTES_MAX = 64;
/** A feed that names more is broken; its further symbols are refused, so that memory stays bounded. */
export const SYMBOLS_MAX = 262_144;
const SHORT_BYTES = 8;
/** Masks that leave so many bytes of the first and of the second four. */
const FIRST_MASK = Int32Array.of(0, 0xff, 0xffff, 0xff_ffff, -1, -1, -1, -1, -1);
const SECOND_MASK = Int32Array.of(0, 0, 0, 0, 0, 0xff, 0xffff, 0xff_ffff, -1);

export class SymbolIndex {
  readonly #symbols: SymbolTable;
  /** Entries: first four bytes, second four bytes, id (0 = free), for symbols of up to eight bytes. */
  #table = new Int32Array(3 * 4_096);
  #mask = 4_095;
  #used = 0;
  /** Longer symbols: ids by hash, and their bytes. */
  readonly #long = new Map<number, { readonly id: number; readonly bytes: Uint8Array }[]>();
  #longUsed = 0;
  #text: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
  }

  /** The text that positions refer to, with its padding. */
  setText(text: Buffer): void {
    this.#text = text;
    this.#view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  }

  /** The id of the symbol whose unescaped bytes stand in `[start, stop)`; a new one is given an id. 0 = refused. */
  find(start: number, stop: number): number {
    const length = stop - start;
    if (length > SHORT_BYTES || length === 0) return this.#findLong(start, stop);
    const first = this.#view.getInt32(start, true) & FIRST_MASK[length]!;
    const second = this.#view.getInt32(start + 4, true) & SECOND_MASK[length]!;
    return this.findKnown(first, second) || this.#add(start, stop, first, second);
  }

  /** The id of a known symbol of up to eight bytes: the first four, and the others, as little-endian words. 0 = none. */
  findKnown(first: number, second: number): number {
    const table = this.#table;
    const mask = this.#mask;
    for (let slot = hash(first, second) & mask; ; slot = (slot + 1) & mask) {
      const entry = slot * 3;
      const id = table[entry + 2]!;
      if ((table[entry] === first && table[entry + 1] === second) || id === 0) return id;
    }
  }

  /** Likewise of a longer one, whose unescaped bytes stand in `[start, stop)`. */
  findKnownLong(start: number, stop: number): number {
    return this.#knownLong(this.#hashLong(start, stop), start, stop);
  }

  /** The id of a symbol given as text (one that was escaped in the frame). 0 = refused. */
  findText(symbol: string): number {
    if (symbol === '' || Buffer.byteLength(symbol) > SYMBOL_BYTES_MAX) return 0;
    if (this.#symbols.size > SYMBOLS_MAX && this.#symbols.idOf(symbol) === undefined) return 0;
    return this.#symbols.intern(symbol);
  }

  #add(start: number, stop: number, first: number, second: number): number {
    const id = this.findText(this.#text.toString('utf8', start, stop));
    if (id === 0) return 0;
    if (this.#used * 4 > this.#mask * 3) this.#grow();
    this.#insert(first, second, id);
    return id;
  }

  #insert(first: number, second: number, id: number): void {
    let slot = hash(first, second) & this.#mask;
    while (this.#table[slot * 3 + 2] !== 0) slot = (slot + 1) & this.#mask;
    this.#table[slot * 3] = first;
    this.#table[slot * 3 + 1] = second;
    this.#table[slot * 3 + 2] = id;
    this.#used += 1;
  }

  #grow(): void {
    const old = this.#table;
    this.#mask = this.#mask * 2 + 1;
    this.#table = new Int32Array(3 * (this.#mask + 1));
    this.#used = 0;
    for (let entry = 0; entry < old.length; entry += 3) {
      if (old[entry + 2] !== 0) this.#insert(old[entry]!, old[entry + 1]!, old[entry + 2]!);
    }
  }

  #findLong(start: number, stop: number): number {
    const length = stop - start;
    if (length === 0 || length > SYMBOL_BYTES_MAX) return 0;
    const code = this.#hashLong(start, stop);
    const known = this.#knownLong(code, start, stop);
    if (known !== 0) return known;
    const text = this.#text;
    const id = this.findText(text.toString('utf8', start, stop));
    if (id === 0 || this.#longUsed >= SYMBOLS_MAX) return id;
    this.#longUsed += 1;
    const others = this.#long.get(code) ?? [];
    this.#long.set(code, [...others, { id, bytes: Uint8Array.from(text.subarray(start, stop)) }]);
    return id;
  }

  #knownLong(code: number, start: number, stop: number): number {
    const known = this.#long.get(code);
    if (known === undefined) return 0;
    const text = this.#text;
    const length = stop - start;
    next: for (const entry of known) {
      if (entry.bytes.length !== length) continue;
      for (let index = 0; index < length; index += 1) {
        if (entry.bytes[index] !== text[start + index]) continue next;
      }
      return entry.id;
    }
    return 0;
  }

  #hashLong(start: number, stop: number): number {
    const text = this.#text;
    let code = 0;
    for (let at = start; at < stop; at += 1) code = (Math.imul(code, 31) + text[at]!) | 0;
    return code;
  }
}

function hash(first: number, second: number): number {
  const mixed = Math.imul(first, 0x9e37_79b1) ^ Math.imul(second, 0x85eb_ca6b);
  return mixed ^ (mixed >>> 15);
}
