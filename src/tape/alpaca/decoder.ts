/** From the bytes of an Alpaca market-data frame straight into the columns of a batch. */
import type { AssetClass } from '../../domain/market.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { Batch, type BatchSize, DEFAULT_BATCH_SIZE, EventKind } from '../batch.ts';
import type { SymbolTable } from '../symbols.ts';
import { BookWriter } from './books.ts';
import { CLOSE_ARRAY, COMMA, OPEN_ARRAY, OPEN_OBJECT, PADDING_BYTES, SPACE, skipWhite } from './bytes.ts';
import { type AlpacaControl, readControl } from './control.ts';
import { type DamagedElement, type DamageReason, describeDamage } from './damage.ts';
import { Element, parsedJson } from './element.ts';
import { countBits, Slot } from './fields.ts';
import { writeBar, writeQuote, writeTrade } from './frequent.ts';
import { type KnownFields, kindsOf, Letter } from './kinds.ts';
import { writeCancel, writeCorrection, writeImbalance, writeLuld, writeNews, writeStatus } from './rare.ts';
import { findNextElement } from './resynchronise.ts';
import { Value } from './scanner.ts';
import { RowSink } from './sink.ts';
import { SymbolIndex } from './symbolIndex.ts';
import { UsualReader } from './usual.ts';

export interface AlpacaDecoderOptions {
  readonly symbols: SymbolTable;
  readonly assetClass: AssetClass;
  /** Written to each batch: whose symbol ids it uses. */
  readonly streamId?: number;
  readonly batchSize?: BatchSize;
  /**
   * Events in order, when a batch is full and at {@link AlpacaDecoder.flush}. Answers the batch to be written next:
   * this one, when its rows were copied, or another of the same size in exchange for it.
   */
  onBatch(batch: Batch): Batch;
  onControl(message: AlpacaControl): void;
  /** Called for each damaged element, however many: whoever logs them limits the rate. */
  onDamaged(damaged: DamagedElement): void;
}

/** What was decoded so far; all counts only grow. `eventsByKind` is indexed by `EventKind`. */
export interface DecoderCounters {
  frames: number;
  bytes: number;
  events: number;
  damagedElements: number;
  unknownKinds: number;
  unknownFields: number;
  readonly eventsByKind: Float64Array;
}

/** A longer frame is refused as damaged. Alpaca's are some kilobytes; `ws` itself refuses above 100 MiB. */
export const FRAME_BYTES_MAX = 64 * 1_024 * 1_024;
const FIRST_TEXT_BYTES = 256 * 1_024;

export class AlpacaDecoder {
  readonly counters: DecoderCounters;
  readonly #options: AlpacaDecoderOptions;
  readonly #kinds: readonly (KnownFields | undefined)[];
  readonly #index: SymbolIndex;
  readonly #element: Element;
  readonly #sink: RowSink;
  readonly #usual: UsualReader;
  readonly #books = new BookWriter();
  /**
   * The frame is copied here, with zero bytes behind it: the loops need no bounds checks of their own, and always
   * see the same kind of array, whatever the socket hands over.
   */
  #text: Buffer;

  constructor(options: AlpacaDecoderOptions) {
    this.#options = options;
    this.#kinds = kindsOf(options.assetClass);
    const batch = Batch.create(options.batchSize ?? DEFAULT_BATCH_SIZE, options.streamId ?? 0);
    this.counters = {
      frames: 0,
      bytes: 0,
      events: 0,
      damagedElements: 0,
      unknownKinds: 0,
      unknownFields: 0,
      eventsByKind: new Float64Array(256),
    };
    this.#index = new SymbolIndex(options.symbols);
    this.#element = new Element(this.#index);
    this.#sink = new RowSink(batch, this.counters.eventsByKind, (full) => options.onBatch(full));
    this.#usual = new UsualReader({
      index: this.#index,
      moments: this.#element.moments,
      sink: this.#sink,
      assetClass: options.assetClass,
    });
    this.#text = Buffer.alloc(0);
    this.#resize(FIRST_TEXT_BYTES);
  }

  /**
   * Decodes one frame (JSON text). Never throws, whatever the bytes; only the callbacks may. Rows wait in the batch
   * until it is full or {@link flush} is called: small frames share one.
   */
  decode(frame: Uint8Array, receivedMicros: EpochMicros): void {
    const { counters } = this;
    counters.frames += 1;
    counters.bytes += frame.length;
    const end = frame.length;
    if (end > FRAME_BYTES_MAX) {
      counters.damagedElements += 1;
      this.#options.onDamaged(describeDamage('syntax', frame, { start: 0, end }));
      return;
    }
    if (end + PADDING_BYTES > this.#text.length) this.#resize(end * 2);
    const text = this.#text;
    text.set(frame);
    text.fill(0, end, end + PADDING_BYTES);
    this.#element.moments.setBase(this.#sink.begin(receivedMicros));
    this.#decodeElements(text, end);
    counters.events = this.#sink.rows;
  }

  /** Hands over the rows that wait. */
  flush(): void {
    this.#sink.flush();
  }

  #decodeElements(text: Buffer, end: number): void {
    let at = skipWhite(text, 0);
    // A lone object stands for an array of one.
    const isArray = text[at] === OPEN_ARRAY;
    if (isArray) {
      at = skipWhite(text, at + 1);
      if (text[at] === CLOSE_ARRAY) {
        this.#expectEnd(text, at + 1, end);
        return;
      }
    }
    const { scanner } = this.#element;
    for (;;) {
      const start = at;
      at = this.#usual.read(start);
      if (at < 0) {
        if (text[start] !== OPEN_OBJECT) {
          at = this.#damaged('syntax', start, end);
          if (at < 0) return;
          continue;
        }
        at = scanner.scan(text, start);
        if (at < 0) {
          at = this.#damaged(scanner.stoppedAt >= end ? 'truncated' : scanner.reason, start, end);
          if (at < 0) return;
          continue;
        }
        this.#decodeElement(text, start, at);
      }
      if (text[at]! <= SPACE) at = skipWhite(text, at);
      if (text[at] === COMMA && isArray) {
        at += 1;
        if (text[at]! <= SPACE) at = skipWhite(text, at);
      } else if (text[at] === CLOSE_ARRAY && isArray) {
        this.#expectEnd(text, at + 1, end);
        return;
      } else if (!isArray && at >= end) {
        return;
      } else {
        at = this.#damaged(at >= end ? 'truncated' : 'syntax', at, end);
        if (at < 0) return;
      }
    }
  }

  #expectEnd(text: Buffer, from: number, end: number): void {
    const at = skipWhite(text, from);
    if (at < end) this.#report('syntax', at, end);
  }

  /** One well-formed object in `[start, stop)`. */
  #decodeElement(text: Buffer, start: number, stop: number): void {
    const { scanner } = this.#element;
    let letter = 0;
    if ((scanner.seen & 1) === 1 && scanner.values[Slot.T] === Value.text) {
      const at = scanner.starts[Slot.T]!;
      if (scanner.stops[Slot.T] === at + 1) letter = text[at]!;
    }
    const kind = this.#kinds[letter];
    if (kind === undefined) {
      this.#decodeOther(text, start, stop);
      return;
    }
    const unknown = scanner.unknownFields;
    const first = scanner.seen & ~kind.first;
    const second = scanner.seenSecond & ~kind.second;
    if ((unknown | first | second) !== 0) {
      this.counters.unknownFields += unknown + countBits(first) + countBits(second);
    }
    const reason = this.#write(letter, start, stop);
    if (reason !== undefined) this.#report(reason, start, stop);
  }

  /** Writes the scanned element as a row. Answers why it cannot be one. */
  #write(letter: number, start: number, stop: number): DamageReason | undefined {
    const element = this.#element;
    const sink = this.#sink;
    switch (letter) {
      case Letter.quote:
        return writeQuote(element, sink);
      case Letter.trade:
        return writeTrade(element, sink);
      case Letter.minuteBar:
        return writeBar(element, sink, EventKind.minuteBar);
      case Letter.updatedBar:
        return writeBar(element, sink, EventKind.updatedBar);
      case Letter.dailyBar:
        return writeBar(element, sink, EventKind.dailyBar);
      case Letter.orderBook:
        return this.#books.write(element, sink);
      case Letter.status:
        return writeStatus(element, sink);
      case Letter.luld:
        return writeLuld(element, sink);
      case Letter.cancel:
        return writeCancel(element, sink);
      case Letter.imbalance:
        return writeImbalance(element, sink);
      case Letter.correction:
        return writeCorrection(element, sink, this.#text.subarray(start, stop));
      default:
        return writeNews(element, sink, this.#text.subarray(start, stop));
    }
  }

  /** Control messages, kinds that nobody told us of, and objects without a kind. */
  #decodeOther(text: Buffer, start: number, stop: number): void {
    const { scanner } = this.#element;
    const kind = (scanner.seen & 1) === 1 ? scanner.textOf(Slot.T) : undefined;
    switch (kind) {
      case undefined:
        this.#report('field', start, stop);
        break;
      case 'success':
      case 'error':
      case 'subscription': {
        const message = readControl(kind, parsedJson(text.toString('utf8', start, stop)));
        if (message === undefined) this.#report('field', start, stop);
        else this.#options.onControl(message);
        break;
      }
      default:
        // An escaped letter is the letter.
        if (kind.length === 1 && this.#kinds[kind.charCodeAt(0)] !== undefined) {
          const reason = this.#write(kind.charCodeAt(0), start, stop);
          if (reason !== undefined) this.#report(reason, start, stop);
        } else {
          this.counters.unknownKinds += 1;
        }
    }
  }

  /** Reports the element at `start` and answers where the next begins, -1 when there is none. */
  #damaged(reason: DamageReason, start: number, end: number): number {
    this.#report(reason, start, end);
    return findNextElement(this.#text, start, end);
  }

  #report(reason: DamageReason, start: number, end: number): void {
    this.counters.damagedElements += 1;
    this.#options.onDamaged(describeDamage(reason, this.#text, { start, end }));
  }

  #resize(bytes: number): void {
    this.#text = Buffer.alloc(bytes + PADDING_BYTES);
    this.#index.setText(this.#text);
    this.#element.setText(this.#text);
    this.#usual.setText(this.#text);
    this.#books.setText(this.#text);
  }
}
