/**
 * Trades, quotes and bars in the form in which Alpaca sends them, read from the bytes straight into a batch's columns.
 *
 * This reader knows the usual only: kind and symbol first, then any order of keys; no white space, escapes or nulls;
 * numbers of up to 15 digits without sign and exponent; a symbol that was seen before. At anything else it gives up
 * without a trace, and the general scanner, which knows all of JSON, reads the same element from its start.
 */
import type { AssetClass } from '../../domain/market.ts';
import { EventKind } from '../batch.ts';
import { packedConditionFlags } from '../conditions.ts';
import { Slot } from './fields.ts';
import { type Form, formsOf, NO_SLOT, SLOT_OF_KEY, wordOf } from './forms.ts';
import { areDigits, fourDigits, type Moments, REACH_MICROS } from './moments.ts';
import type { RowSink } from './sink.ts';
import { SYMBOL_BYTES_MAX, type SymbolIndex } from './symbolIndex.ts';

// Copies: V8 folds constants of the module itself only, see scanner.ts.
const SLOTS = SLOT_OF_KEY;
const UNKNOWN = NO_SLOT;
const OPENING = wordOf('{"T"');
const SYMBOL = wordOf(',"S"');
const TAKER = wordOf(',"tk');
const COMMA_QUOTE = 0x22_2c;
const COLON_QUOTE = 0x22_3a;
const QUOTE = 0x22;
const DOT_DIGIT = 0x2e - 0x30;
const ZERO = 0x30;
const COLON = 0x3a;
const COMMA = 0x2c;
const SPACE = 0x20;
const PRINTABLE = 0x5f;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const CLOSE_OBJECT = 0x7d;
const SYMBOL_AT = 14;
const TWO_32 = 2 ** 32;
const DOT = 0x2e;
const UPPER_Z = 0x5a;
const NS_PER_SECOND = 1_000_000_000;
const REACH_NS = REACH_MICROS * 1_000;
/** Nanoseconds of one unit of the last decimal, by the number of decimals. */
const UNIT_NS = Float64Array.from({ length: 10 }, (_, decimals) => Number(`1e${9 - decimals}`));
const BAR_HEAP_BYTES = 24;
const TRADE = EventKind.trade;
const QUOTE_KIND = EventKind.quote;
const S_T = Slot.t;
const S_I = Slot.i;
const S_X = Slot.x;
const S_P = Slot.p;
const S_S = Slot.s;
const S_C = Slot.c;
const S_Z = Slot.z;
const S_BX = Slot.bx;
const S_BP = Slot.bp;
const S_BS = Slot.bs;
const S_AX = Slot.ax;
const S_AP = Slot.ap;
const S_AS = Slot.as;
const S_O = Slot.o;
const S_H = Slot.h;
const S_L = Slot.l;
const S_V = Slot.v;
const S_N = Slot.n;
const S_VW = Slot.vw;
const S_TKS = Slot.tks;

/** Digits that surely fit in an integer, which is quicker than a double. */
const INTEGER_DIGITS = 9;
/** A double holds every decimal number of this many digits: divided by an exact power it rounds as `Number` does. */
const EXACT_DIGITS = 15;
const EXACT_POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) =>
  Number(`1e${exponent}`),
);

export interface UsualReaderParts {
  readonly index: SymbolIndex;
  readonly moments: Moments;
  readonly sink: RowSink;
  readonly assetClass: AssetClass;
}

export class UsualReader {
  readonly #index: SymbolIndex;
  readonly #moments: Moments;
  readonly #sink: RowSink;
  readonly #forms: readonly (Form | undefined)[];
  /** The values of the element being read, by slot; which of them are set, its masks tell. */
  readonly #numbers = new Float64Array(32);
  readonly #codes = new Uint8Array(32);
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(parts: UsualReaderParts) {
    this.#index = parts.index;
    this.#moments = parts.moments;
    this.#sink = parts.sink;
    this.#forms = formsOf(parts.assetClass);
  }

  /** The text that positions refer to, with its padding. */
  setText(text: Buffer): void {
    this.#bytes = text;
    this.#view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  }

  /**
   * Reads the element at `from` into a row of the sink's batch. Answers the position behind it; -1, and the sink is as
   * it was, when the element is not of the usual form, of another minute than the one before, or the batch is full.
   *
   * One long function, and no call inside its loop: split into functions for numbers, codes and times it was no
   * faster on quotes and took twice the code; the general scanner takes 600 ns for a message that takes 280 ns here,
   * where `JSON.parse` takes 1,300 ns (bench/decode.ts, on a busy machine of two virtual cores).
   */
  read(from: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    if (
      view.getInt32(from, true) !== OPENING ||
      view.getInt32(from + 8, true) !== SYMBOL ||
      view.getInt16(from + 12, true) !== COLON_QUOTE
    ) {
      return -1;
    }
    // The word `:"q"`.
    const form =
      (view.getInt32(from + 4, true) & 0xff00_ffff) === 0x2200_223a
        ? this.#forms[bytes[from + 6]!]
        : undefined;
    if (form === undefined) return -1;
    let at = from + SYMBOL_AT;
    // Up to eight bytes of the symbol, cut off at its closing quote.
    let first = view.getInt32(at, true);
    let second = view.getInt32(at + 4, true);
    let quote = firstQuote(first);
    if (quote !== 0) {
      first &= (quote >>> 7) - 1;
      second = 0;
      at += (31 - Math.clz32(quote)) >> 3;
    } else {
      quote = firstQuote(second);
      if (quote !== 0) {
        second &= (quote >>> 7) - 1;
        at += 4 + ((31 - Math.clz32(quote)) >> 3);
      } else {
        at += 8;
        while (bytes[at] !== QUOTE && at - from < SYMBOL_AT + SYMBOL_BYTES_MAX) at += 1;
      }
    }
    const symbolId =
      at - from <= SYMBOL_AT + 8
        ? this.#index.findKnown(first, second)
        : this.#index.findKnownLong(from + SYMBOL_AT, at);
    if (symbolId === 0) return -1;
    at += 1;

    const moments = this.#moments;
    const numbers = this.#numbers;
    const codes = this.#codes;
    let numeric = 0;
    let textual = 0;
    let conditions = 0;
    for (;;) {
      const word = view.getInt32(at, true);
      if ((word & 0xffff) !== COMMA_QUOTE) {
        if ((word & 0xff) !== CLOSE_OBJECT) return -1;
        break;
      }
      let slot = SLOTS[word >>> 16]!;
      at += 4;
      if (word >>> 24 !== QUOTE) {
        if (word === TAKER && bytes[at] === 0x73) {
          slot = S_TKS;
          at += 1;
        }
        if (bytes[at] !== QUOTE) return -1;
        at += 1;
      }
      if (slot === UNKNOWN || bytes[at] !== COLON) return -1;
      at += 1;
      const byte = bytes[at]!;
      let digit = byte - ZERO;
      if (digit >>> 0 <= 9) {
        const start = at;
        let integer = digit;
        let point = 0;
        for (;;) {
          at += 1;
          digit = bytes[at]! - ZERO;
          if (digit >>> 0 <= 9) integer = (Math.imul(integer, 10) + digit) | 0;
          else if (digit === DOT_DIGIT && point === 0) point = at + 1;
          else break;
        }
        if (byte === ZERO && at > start + 1 && point !== start + 2) return -1;
        const scale = point === 0 ? 0 : at - point;
        const digits = point === 0 ? at - start : at - start - 1;
        if (digits > INTEGER_DIGITS) {
          if (digits > EXACT_DIGITS) return -1;
          let mantissa = 0;
          for (let place = start; place < at; place += 1) {
            digit = bytes[place]! - ZERO;
            if (digit !== DOT_DIGIT) mantissa = mantissa * 10 + digit;
          }
          numbers[slot] = mantissa / EXACT_POWERS[scale]!;
        } else {
          numbers[slot] = scale === 0 ? integer : integer / EXACT_POWERS[scale]!;
        }
        if (at === point) return -1;
        numeric |= 1 << slot;
      } else if (byte === QUOTE) {
        if (slot === S_T) {
          // `"2023-04-06T13:15:42.838232225Z"`, of the same minute as the one before.
          if (
            view.getInt32(at + 13, true) !== moments.text3 ||
            view.getInt32(at + 9, true) !== moments.text2 ||
            view.getInt32(at + 5, true) !== moments.text1 ||
            view.getInt32(at + 1, true) !== moments.text0 ||
            bytes[at + 17] !== COLON
          ) {
            return -1;
          }
          const tens = bytes[at + 18]! - ZERO;
          const ones = bytes[at + 19]! - ZERO;
          if (tens >>> 0 > 5 || ones >>> 0 > 9) return -1;
          let nanos = moments.minuteNs + (tens * 10 + ones) * NS_PER_SECOND;
          at += 20;
          if (bytes[at] === DOT) {
            at += 1;
            const start = at;
            let fraction = 0;
            const upper = view.getInt32(at, true);
            const lower = view.getInt32(at + 4, true);
            // Nearly all times have eight or nine decimals: eight are read as two words.
            if (areDigits(upper) && areDigits(lower)) {
              fraction = fourDigits(upper) * 10_000 + fourDigits(lower);
              at += 8;
            }
            for (; at < start + 9; at += 1) {
              digit = bytes[at]! - ZERO;
              if (digit >>> 0 > 9) break;
              fraction = (Math.imul(fraction, 10) + digit) | 0;
            }
            if (at === start) return -1;
            nanos += fraction * UNIT_NS[at - start]!;
          }
          if (bytes[at] !== UPPER_Z || bytes[at + 1] !== QUOTE) return -1;
          if (!(nanos <= REACH_NS && nanos >= -REACH_NS)) return -1;
          numbers[S_T] = nanos;
          at += 2;
        } else {
          const code = bytes[at + 1]!;
          if (bytes[at + 2] !== QUOTE || !isPlain(code) || slot === S_C) return -1;
          codes[slot] = code;
          at += 3;
        }
        textual |= 1 << slot;
      } else if (byte === OPEN_ARRAY && slot === S_C) {
        conditions = 0;
        at += 1;
        if (bytes[at] === CLOSE_ARRAY) at += 1;
        else {
          for (let shift = 0; ; shift += 8) {
            // A quote, the code, a quote, and a comma or bracket.
            const entry = view.getInt32(at, true);
            const code = (entry >>> 8) & 0xff;
            if ((entry & 0xff_00ff) !== 0x22_0022 || !isPlain(code) || shift === 32) return -1;
            conditions |= code << shift;
            at += 4;
            const separator = entry >>> 24;
            if (separator === CLOSE_ARRAY) break;
            if (separator !== COMMA) return -1;
          }
        }
        textual |= 1 << S_C;
      } else {
        return -1;
      }
    }
    if (((numeric & ~form.numbers) | (textual & ~form.texts)) !== 0) return -1;
    if ((numeric & form.neededNumbers) !== form.neededNumbers || (textual & (1 << S_T)) === 0) return -1;

    const sink = this.#sink;
    const { batch } = sink;
    const row = batch.count;
    const { kind } = form;
    if (kind === QUOTE_KIND) {
      if (row === batch.capacity) return -1;
      batch.n0[row] = numbers[S_BP]!;
      batch.n1[row] = numbers[S_BS]!;
      batch.n2[row] = numbers[S_AP]!;
      batch.n3[row] = numbers[S_AS]!;
      batch.idLow[row] = 0;
      batch.idHigh[row] = 0;
      batch.heapOffset[row] = 0;
      batch.heapLength[row] = 0;
      batch.flags[row] = 0;
      batch.code0[row] = (textual & (1 << S_BX)) === 0 ? 0 : codes[S_BX]!;
      batch.code1[row] = (textual & (1 << S_AX)) === 0 ? 0 : codes[S_AX]!;
      batch.tape[row] = (textual & (1 << S_Z)) === 0 ? 0 : codes[S_Z]!;
    } else if (kind === TRADE) {
      if (row === batch.capacity) return -1;
      const tape = (textual & (1 << S_Z)) === 0 ? 0 : codes[S_Z]!;
      const id = (numeric & (1 << S_I)) === 0 ? 0 : numbers[S_I]!;
      const idHigh = Math.floor(id / TWO_32);
      batch.n0[row] = numbers[S_P]!;
      batch.n1[row] = numbers[S_S]!;
      batch.n2[row] = 0;
      batch.n3[row] = 0;
      batch.idLow[row] = id - idHigh * TWO_32;
      batch.idHigh[row] = idHigh;
      batch.heapOffset[row] = 0;
      batch.heapLength[row] = 0;
      batch.flags[row] = packedConditionFlags(tape, conditions);
      batch.code0[row] = (textual & (1 << S_X)) === 0 ? 0 : codes[S_X]!;
      batch.code1[row] = (textual & (1 << S_TKS)) === 0 ? 0 : codes[S_TKS]!;
      batch.tape[row] = tape;
    } else {
      if (!batch.hasRoom(BAR_HEAP_BYTES)) return -1;
      batch.n0[row] = numbers[S_O]!;
      batch.n1[row] = numbers[S_H]!;
      batch.n2[row] = numbers[S_L]!;
      batch.n3[row] = numbers[S_C]!;
      batch.idLow[row] = 0;
      batch.idHigh[row] = 0;
      batch.flags[row] = 0;
      batch.code0[row] = 0;
      batch.code1[row] = 0;
      batch.tape[row] = 0;
      batch.setBarTail(
        row,
        numbers[S_V]!,
        (numeric & (1 << S_VW)) === 0 ? Number.NaN : numbers[S_VW]!,
        (numeric & (1 << S_N)) === 0 ? 0 : numbers[S_N]!,
      );
    }
    batch.kind[row] = kind;
    batch.symbolId[row] = symbolId;
    batch.conditions[row] = conditions;
    batch.timeNs[row] = numbers[S_T]!;
    batch.receivedNs[row] = sink.receivedNs;
    batch.count = row + 1;
    sink.eventsByKind[kind] = sink.eventsByKind[kind]! + 1;
    return at + 1;
  }
}

/** The top bit of the word's first byte that is a quote; 0 when none is. */
function firstQuote(word: number): number {
  const zeros = word ^ 0x2222_2222;
  // Marks the first zero byte for sure (and perhaps others behind it).
  const marks = (zeros - 0x0101_0101) & ~zeros & 0x8080_8080;
  return marks & -marks;
}

/** Whether the byte is a printable ASCII character that needs no escape in a string. */
function isPlain(byte: number): boolean {
  return (byte - SPACE) >>> 0 < PRINTABLE && byte !== QUOTE && byte !== BACKSLASH;
}
