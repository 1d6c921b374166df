/** The last trades and quotes of a symbol in columns: a bounded number of bytes per tick, and no object each. */
import type { EpochMicros } from '../../domain/time.ts';
import type { QuoteEvent, TradeEvent } from './events.ts';

/** What became of a trade after it was reported. The numbers are kept in a column. */
export const TradeFate = { stands: 0, canceled: 1, incorrect: 2, corrected: 3 } as const;

export interface StoredTrade extends TradeEvent {
  readonly fate: number;
}

/** How far behind the newest tick a late trade may lie: bounds how far back a search by time must look. */
export const LATE_TRADE_MAX_MICROS = 60_000_000;
const FIRST_ROWS = 1_024;

/** Remembers which of few texts stands in a row as a small number. */
class TextPool {
  readonly #indexByText = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #lists: (readonly string[])[] = [];

  indexOf(text: string): number {
    let index = this.#indexByText.get(text);
    if (index === undefined) {
      index = this.#texts.push(text) - 1;
      this.#lists.push(text === '' ? [] : text.split(','));
      this.#indexByText.set(text, index);
    }
    return index;
  }

  text(index: number): string {
    return this.#texts[index] ?? '';
  }

  list(index: number): readonly string[] {
    return this.#lists[index] ?? [];
  }
}

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;
type ColumnType = { new (rows: number): Column };

/** Numeric columns that grow by doubling up to `rowsMax`, and then forget the oldest row for each new one. */
class Columns {
  readonly #rowsMax: number;
  #columns: Column[];
  #start = 0;
  count = 0;

  constructor(types: readonly ColumnType[], rowsMax: number) {
    this.#rowsMax = rowsMax;
    const rows = Math.min(FIRST_ROWS, rowsMax);
    this.#columns = types.map((type) => new type(rows));
  }

  /** Makes room for a row and answers where its numbers go. */
  push(): number {
    const capacity = this.#columns[0]!.length;
    if (this.count === capacity && capacity < this.#rowsMax)
      this.#grow(Math.min(capacity * 2, this.#rowsMax));
    const size = this.#columns[0]!.length;
    if (this.count === size) {
      const at = this.#start;
      this.#start = (this.#start + 1) % size;
      return at;
    }
    this.count += 1;
    return (this.#start + this.count - 1) % size;
  }

  column(index: number): Column {
    return this.#columns[index]!;
  }

  /** Where row `index` (0 = oldest) is kept. */
  place(index: number): number {
    return (this.#start + index) % this.#columns[0]!.length;
  }

  /** Index of the first row whose column 0 is at least `value`, when column 0 ascends. */
  lowerBound(value: number): number {
    const times = this.#columns[0]!;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[this.place(middle)]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Only ever called before the ring has wrapped, so rows lie in order from 0.
  #grow(rows: number): void {
    this.#columns = this.#columns.map((old) => {
      const wider = new (old.constructor as ColumnType)(rows);
      wider.set(old);
      return wider;
    });
  }
}

/** Column 0 is the greatest time seen so far: ascending although late trades are not. */
const TRADE = {
  seen: 0,
  time: 1,
  nanos: 2,
  id: 3,
  price: 4,
  size: 5,
  exchange: 6,
  conditions: 7,
  taker: 8,
  fate: 9,
};

/** 42 bytes a trade. */
const TRADE_COLUMNS: readonly ColumnType[] = [
  Float64Array,
  Float64Array,
  Uint16Array,
  Uint32Array,
  Float64Array,
  Float64Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

export class TradeRing {
  readonly #symbol: string;
  readonly #tape: string;
  readonly #columns: Columns;
  readonly #pool = new TextPool();
  #newest = Number.NEGATIVE_INFINITY;

  constructor(symbol: string, tape: string, rowsMax: number) {
    this.#symbol = symbol;
    this.#tape = tape;
    this.#columns = new Columns(TRADE_COLUMNS, rowsMax);
  }

  get count(): number {
    return this.#columns.count;
  }

  push(trade: TradeEvent, fate: number = TradeFate.stands): void {
    const at = this.#columns.push();
    this.#newest = Math.max(this.#newest, trade.timeMicros);
    const set = (column: number, value: number) => {
      this.#columns.column(column)[at] = value;
    };
    set(TRADE.seen, this.#newest);
    set(TRADE.time, trade.timeMicros);
    set(TRADE.nanos, trade.nanos);
    set(TRADE.id, trade.id);
    set(TRADE.price, trade.price);
    set(TRADE.size, trade.size);
    set(TRADE.exchange, this.#pool.indexOf(trade.exchange));
    set(TRADE.conditions, this.#pool.indexOf(trade.conditions.join(',')));
    set(TRADE.taker, trade.taker === 'B' ? 1 : 0);
    set(TRADE.fate, fate);
  }

  /** Marks a trade as canceled or incorrect; answers it, or undefined when it is no longer kept. */
  setFate(id: number, fate: number): StoredTrade | undefined {
    for (let index = this.#columns.count - 1; index >= 0; index -= 1) {
      const at = this.#columns.place(index);
      if (this.#columns.column(TRADE.id)[at] !== id) continue;
      this.#columns.column(TRADE.fate)[at] = fate;
      return this.#read(at);
    }
    return undefined;
  }

  /** Trades with times from `from` to `to`, both inclusive, in order of time. */
  between(from: EpochMicros, to: EpochMicros): StoredTrade[] {
    const found: StoredTrade[] = [];
    // A late trade stands where it was reported, at most so much later than its own time.
    const last = to + LATE_TRADE_MAX_MICROS;
    for (let index = this.#columns.lowerBound(from); index < this.#columns.count; index += 1) {
      const at = this.#columns.place(index);
      if (this.#columns.column(TRADE.seen)[at]! > last) break;
      const time = this.#columns.column(TRADE.time)[at]!;
      if (time >= from && time <= to) found.push(this.#read(at));
    }
    return found.sort((a, b) => a.timeMicros - b.timeMicros || a.nanos - b.nanos || a.id - b.id);
  }

  #read(at: number): StoredTrade {
    const get = (column: number) => this.#columns.column(column)[at]!;
    return {
      kind: 'trade',
      symbol: this.#symbol,
      timeMicros: get(TRADE.time),
      nanos: get(TRADE.nanos),
      id: get(TRADE.id),
      price: get(TRADE.price),
      size: get(TRADE.size),
      exchange: this.#pool.text(get(TRADE.exchange)),
      conditions: this.#pool.list(get(TRADE.conditions)),
      tape: this.#tape,
      taker: get(TRADE.taker) === 1 ? 'B' : 'S',
      fate: get(TRADE.fate),
    };
  }
}

const QUOTE = {
  time: 0,
  nanos: 1,
  bid: 2,
  bidSize: 3,
  bidAt: 4,
  ask: 5,
  askSize: 6,
  askAt: 7,
  conditions: 8,
};

/** 45 bytes a quote. */
const QUOTE_COLUMNS: readonly ColumnType[] = [
  Float64Array,
  Uint16Array,
  Float64Array,
  Float64Array,
  Uint8Array,
  Float64Array,
  Float64Array,
  Uint8Array,
  Uint8Array,
];

export class QuoteRing {
  readonly #symbol: string;
  readonly #tape: string;
  readonly #columns: Columns;
  readonly #pool = new TextPool();

  constructor(symbol: string, tape: string, rowsMax: number) {
    this.#symbol = symbol;
    this.#tape = tape;
    this.#columns = new Columns(QUOTE_COLUMNS, rowsMax);
  }

  get count(): number {
    return this.#columns.count;
  }

  push(quote: QuoteEvent): void {
    const at = this.#columns.push();
    const set = (column: number, value: number) => {
      this.#columns.column(column)[at] = value;
    };
    set(QUOTE.time, quote.timeMicros);
    set(QUOTE.nanos, quote.nanos);
    set(QUOTE.bid, quote.bidPrice);
    set(QUOTE.bidSize, quote.bidSize);
    set(QUOTE.bidAt, this.#pool.indexOf(quote.bidExchange));
    set(QUOTE.ask, quote.askPrice);
    set(QUOTE.askSize, quote.askSize);
    set(QUOTE.askAt, this.#pool.indexOf(quote.askExchange));
    set(QUOTE.conditions, this.#pool.indexOf(quote.conditions.join(',')));
  }

  /** Quotes with times from `from` to `to`, both inclusive. */
  between(from: EpochMicros, to: EpochMicros): QuoteEvent[] {
    const found: QuoteEvent[] = [];
    for (let index = this.#columns.lowerBound(from); index < this.#columns.count; index += 1) {
      const at = this.#columns.place(index);
      const get = (column: number) => this.#columns.column(column)[at]!;
      if (get(QUOTE.time) > to) break;
      found.push({
        kind: 'quote',
        symbol: this.#symbol,
        timeMicros: get(QUOTE.time),
        nanos: get(QUOTE.nanos),
        bidPrice: get(QUOTE.bid),
        bidSize: get(QUOTE.bidSize),
        bidExchange: this.#pool.text(get(QUOTE.bidAt)),
        askPrice: get(QUOTE.ask),
        askSize: get(QUOTE.askSize),
        askExchange: this.#pool.text(get(QUOTE.askAt)),
        conditions: this.#pool.list(get(QUOTE.conditions)),
        tape: this.#tape,
      });
    }
    return found;
  }
}
