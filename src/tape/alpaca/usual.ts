/**
 * Trades and quotes in the form in which Alpaca sends them, read from the bytes straight into the columns of a batch.
 *
 * This reader knows the usual only: kind and symbol first, no white space, no escapes, no nulls, numbers of up to 15
 * digits without sign or exponent, a symbol that was seen before. At anything else it gives up without a trace, and
 * the general scanner, which knows all of JSON, reads the same element from its start.
 */
import type { AssetClass } from '../../domain/market.ts';
import { type Batch, EventKind } from '../batch.ts';
import { packedConditionFlags } from '../conditions.ts';
import type { Moments } from './moments.ts';
import type { RowSink } from './sink.ts';
import { SYMBOL_BYTES_MAX, type SymbolIndex } from './symbolIndex.ts';
import { codeOf, firstQuote, readConditions, readId, readNumber, wordOf } from './values.ts';

// Four bytes are compared at once. V8 folds constants of the module itself only, see scanner.ts.
const OPENING = wordOf('{"T"');
const IS_TRADE = wordOf(':"t"');
const IS_QUOTE = wordOf(':"q"');
const SYMBOL = wordOf(',"S"');
const ID = wordOf(',"i"');
const EXCHANGE = wordOf(',"x"');
const PRICE = wordOf(',"p"');
const SIZE = wordOf(',"s"');
const CONDITIONS = wordOf(',"c"');
const TAPE = wordOf(',"z"');
const TIME = wordOf(',"t"');
const TAKER = wordOf(',"tk');
const TAKER_REST = wordOf('s":"');
const BID_EXCHANGE = wordOf(',"bx');
const BID_PRICE = wordOf(',"bp');
const BID_SIZE = wordOf(',"bs');
const ASK_EXCHANGE = wordOf(',"ax');
const ASK_PRICE = wordOf(',"ap');
const ASK_SIZE = wordOf(',"as');
const COLON_QUOTE = 0x22_3a;
const QUOTE_COLON = 0x3a_22;
const QUOTE = 0x22;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_OBJECT = 0x7d;
/** `:"` and a quote behind it: what stands around a code. */
const CODE_FRAME = 0x2200_223a;
const SYMBOL_AT = 14;
const TRADE = EventKind.trade;
const QUOTE_KIND = EventKind.quote;

// The fields that an element must have, as bits.
const HAS_TIME = 1;
const HAS_PRICE = 2;
const HAS_SIZE = 4;
const HAS_BID_PRICE = 2;
const HAS_BID_SIZE = 4;
const HAS_ASK_PRICE = 8;
const HAS_ASK_SIZE = 16;
const TRADE_NEEDS = HAS_TIME | HAS_PRICE | HAS_SIZE;
const QUOTE_NEEDS = HAS_TIME | HAS_BID_PRICE | HAS_BID_SIZE | HAS_ASK_PRICE | HAS_ASK_SIZE;

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
  readonly #isCrypto: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(parts: UsualReaderParts) {
    this.#index = parts.index;
    this.#moments = parts.moments;
    this.#sink = parts.sink;
    this.#isCrypto = parts.assetClass === 'crypto';
  }

  /** The text that positions refer to, with its padding. */
  setText(text: Buffer): void {
    this.#bytes = text;
    this.#view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  }

  /**
   * Reads the element at `from` into a row of the sink's batch. Answers the position behind it; -1, and the sink is as
   * it was, when the element is not of the usual form or the batch is full.
   */
  read(from: number): number {
    const view = this.#view;
    if (
      view.getInt32(from, true) !== OPENING ||
      view.getInt32(from + 8, true) !== SYMBOL ||
      view.getInt16(from + 12, true) !== COLON_QUOTE
    ) {
      return -1;
    }
    const sink = this.#sink;
    const { batch } = sink;
    const row = batch.count;
    if (row === batch.capacity) return -1;
    // Up to eight bytes of the symbol, cut off at its closing quote.
    let at = from + SYMBOL_AT;
    let first = view.getInt32(at, true);
    let second = view.getInt32(at + 4, true);
    let symbolId: number;
    let quote = firstQuote(first);
    if (quote !== 0) {
      first &= (quote >>> 7) - 1;
      symbolId = this.#index.findKnown(first, 0);
      at += (31 - Math.clz32(quote)) >> 3;
    } else {
      quote = firstQuote(second);
      if (quote !== 0) {
        second &= (quote >>> 7) - 1;
        at += 4 + ((31 - Math.clz32(quote)) >> 3);
        symbolId = this.#index.findKnown(first, second);
      } else {
        at = this.#symbolEnd(at + 8);
        symbolId =
          at === from + SYMBOL_AT + 8
            ? this.#index.findKnown(first, second)
            : this.#index.findKnownLong(from + SYMBOL_AT, at);
      }
    }
    if (symbolId === 0) return -1;
    const kind = view.getInt32(from + 4, true);
    if (kind === IS_QUOTE) {
      at = this.#readQuote(at + 1, batch, row);
      if (at < 0) return -1;
      batch.kind[row] = QUOTE_KIND;
      sink.eventsByKind[QUOTE_KIND] = sink.eventsByKind[QUOTE_KIND]! + 1;
    } else if (kind === IS_TRADE) {
      at = this.#readTrade(at + 1, batch, row);
      if (at < 0) return -1;
      batch.kind[row] = TRADE;
      sink.eventsByKind[TRADE] = sink.eventsByKind[TRADE]! + 1;
    } else {
      return -1;
    }
    batch.symbolId[row] = symbolId;
    batch.timeNs[row] = this.#moments.nanos;
    batch.receivedNs[row] = sink.receivedNs;
    batch.heapOffset[row] = 0;
    batch.heapLength[row] = 0;
    batch.count = row + 1;
    return at;
  }

  #symbolEnd(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    while (bytes[at] !== QUOTE && at - from < SYMBOL_BYTES_MAX) at += 1;
    return at;
  }

  /**
   * The fields of a quote behind its symbol, up to its closing brace. They are tried in their usual order, in which
   * every test but the last of a round holds; another order takes more rounds.
   */
  #readQuote(from: number, batch: Batch, row: number): number {
    const view = this.#view;
    const bytes = this.#bytes;
    const isCrypto = this.#isCrypto;
    let has = 0;
    let conditions = 0;
    let bidExchange = 0;
    let askExchange = 0;
    let tape = 0;
    let at = from;
    let word = view.getInt32(at, true);
    for (let start = -1; at !== start; ) {
      start = at;
      if (word === BID_EXCHANGE) {
        bidExchange = this.#readCode(at);
        if (bidExchange === 0) return -1;
        at += 9;
        word = view.getInt32(at, true);
      }
      if (word === BID_PRICE) {
        if (view.getInt16(at + 4, true) !== QUOTE_COLON) return -1;
        at = readNumber(bytes, at + 6, batch.n0, row);
        if (at < 0) return -1;
        has |= HAS_BID_PRICE;
        word = view.getInt32(at, true);
      }
      if (word === BID_SIZE) {
        if (view.getInt16(at + 4, true) !== QUOTE_COLON) return -1;
        at = readNumber(bytes, at + 6, batch.n1, row);
        if (at < 0) return -1;
        has |= HAS_BID_SIZE;
        word = view.getInt32(at, true);
      }
      if (word === ASK_EXCHANGE) {
        askExchange = this.#readCode(at);
        if (askExchange === 0) return -1;
        at += 9;
        word = view.getInt32(at, true);
      }
      if (word === ASK_PRICE) {
        if (view.getInt16(at + 4, true) !== QUOTE_COLON) return -1;
        at = readNumber(bytes, at + 6, batch.n2, row);
        if (at < 0) return -1;
        has |= HAS_ASK_PRICE;
        word = view.getInt32(at, true);
      }
      if (word === ASK_SIZE) {
        if (view.getInt16(at + 4, true) !== QUOTE_COLON) return -1;
        at = readNumber(bytes, at + 6, batch.n3, row);
        if (at < 0) return -1;
        has |= HAS_ASK_SIZE;
        word = view.getInt32(at, true);
      }
      if (word === CONDITIONS && !isCrypto) {
        if (bytes[at + 4] !== COLON || bytes[at + 5] !== OPEN_ARRAY) return -1;
        at = readConditions(view, at + 6, batch.conditions, row);
        if (at < 0) return -1;
        conditions = batch.conditions[row]!;
        word = view.getInt32(at, true);
      }
      if (word === TAPE && !isCrypto) {
        tape = codeOf(view.getInt32(at + 4, true));
        if (tape === 0) return -1;
        at += 8;
        word = view.getInt32(at, true);
      }
      if (word === TIME) {
        if (view.getInt16(at + 4, true) !== COLON_QUOTE) return -1;
        at = this.#moments.read(bytes, at + 6);
        if (at < 0 || bytes[at] !== QUOTE) return -1;
        at += 1;
        has |= HAS_TIME;
        word = view.getInt32(at, true);
      }
      if ((word & 0xff) === CLOSE_OBJECT) {
        if (has !== QUOTE_NEEDS) return -1;
        batch.idLow[row] = 0;
        batch.idHigh[row] = 0;
        batch.conditions[row] = conditions;
        batch.flags[row] = 0;
        batch.code0[row] = bidExchange;
        batch.code1[row] = askExchange;
        batch.tape[row] = tape;
        return at + 1;
      }
    }
    return -1;
  }

  /** The fields of a trade, likewise. */
  #readTrade(from: number, batch: Batch, row: number): number {
    const view = this.#view;
    const bytes = this.#bytes;
    const isCrypto = this.#isCrypto;
    let has = 0;
    let conditions = 0;
    let exchange = 0;
    let taker = 0;
    let tape = 0;
    batch.idLow[row] = 0;
    batch.idHigh[row] = 0;
    let at = from;
    let word = view.getInt32(at, true);
    for (let start = -1; at !== start; ) {
      start = at;
      if (word === ID) {
        if (bytes[at + 4] !== COLON) return -1;
        at = readId(bytes, at + 5, batch, row);
        if (at < 0) return -1;
        word = view.getInt32(at, true);
      }
      if (word === EXCHANGE && !isCrypto) {
        exchange = codeOf(view.getInt32(at + 4, true));
        if (exchange === 0) return -1;
        at += 8;
        word = view.getInt32(at, true);
      }
      if (word === PRICE) {
        if (bytes[at + 4] !== COLON) return -1;
        at = readNumber(bytes, at + 5, batch.n0, row);
        if (at < 0) return -1;
        has |= HAS_PRICE;
        word = view.getInt32(at, true);
      }
      if (word === SIZE) {
        if (bytes[at + 4] !== COLON) return -1;
        at = readNumber(bytes, at + 5, batch.n1, row);
        if (at < 0) return -1;
        has |= HAS_SIZE;
        word = view.getInt32(at, true);
      }
      if (word === CONDITIONS && !isCrypto) {
        if (bytes[at + 4] !== COLON || bytes[at + 5] !== OPEN_ARRAY) return -1;
        at = readConditions(view, at + 6, batch.conditions, row);
        if (at < 0) return -1;
        conditions = batch.conditions[row]!;
        word = view.getInt32(at, true);
      }
      if (word === TAPE && !isCrypto) {
        tape = codeOf(view.getInt32(at + 4, true));
        if (tape === 0) return -1;
        at += 8;
        word = view.getInt32(at, true);
      }
      if (word === TIME) {
        if (view.getInt16(at + 4, true) !== COLON_QUOTE) return -1;
        at = this.#moments.read(bytes, at + 6);
        if (at < 0 || bytes[at] !== QUOTE) return -1;
        at += 1;
        has |= HAS_TIME;
        word = view.getInt32(at, true);
      }
      if (word === TAKER && isCrypto) {
        taker = bytes[at + 8]!;
        if (view.getInt32(at + 4, true) !== TAKER_REST || bytes[at + 9] !== QUOTE) return -1;
        if (codeOf((taker << 16) | CODE_FRAME) === 0) return -1;
        at += 10;
        word = view.getInt32(at, true);
      }
      if ((word & 0xff) === CLOSE_OBJECT) {
        if (has !== TRADE_NEEDS) return -1;
        batch.n2[row] = 0;
        batch.n3[row] = 0;
        batch.conditions[row] = conditions;
        batch.flags[row] = packedConditionFlags(tape, conditions);
        batch.code0[row] = exchange;
        batch.code1[row] = taker;
        batch.tape[row] = tape;
        return at + 1;
      }
    }
    return -1;
  }

  /** The code in `,"bx":"Q"`; 0 when there is none. */
  #readCode(at: number): number {
    // From the colon on it looks like the code of a key of one letter.
    return this.#bytes[at + 4] === QUOTE ? codeOf(this.#view.getInt32(at + 5, true)) : 0;
  }
}
