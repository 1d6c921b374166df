/** Closed bars of one symbol as columns, oldest first, at most so many. */
import type { BarSeries, BarView } from '../contract.ts';

type ColumnName = 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap';

export interface BarValues extends Omit<BarView, 'symbol'> {}

/** Doubles as the series grows: 11,000 units with a long first capacity would be hundreds of megabytes. */
const FIRST_CAPACITY = 32;

/** The columns' order. */
const Column = {
  timeMicros: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  volume: 5,
  vwap: 6,
  tradeCount: 7,
  /** 1 or 0. */
  incomplete: 8,
} as const;
const COLUMNS = 9;
type Row = readonly [number, number, number, number, number, number, number, number, number];

// Taken before a strategy could replace them.
const { parse, stringify } = JSON;

/**
 * The columns are contiguous: bars are appended behind, and when the room is used up the newest `limit` of them move
 * to the front, so that an append costs the same on average however long the series is.
 *
 * They stand one behind the other in one array, because 11,000 units make theirs in the same moment, when the first
 * minute closes.
 */
export class Series implements BarSeries {
  readonly #symbol: string;
  readonly #limit: number;
  #values = new Float64Array(0);
  #capacity = 0;
  #start = 0;
  #end = 0;
  #newest: BarView | undefined;

  constructor(symbol: string, limit: number) {
    this.#symbol = symbol;
    this.#limit = limit;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  at(index: number): BarView | undefined {
    const at = index < 0 ? this.#end + index : this.#start + index;
    if (!(at >= this.#start && at < this.#end)) return undefined;
    if (at !== this.#end - 1) return this.#bar(at);
    this.#newest ??= this.#bar(at);
    return this.#newest;
  }

  column(name: ColumnName, count: number = this.length): Float64Array {
    const from = Math.max(this.#start, this.#end - Math.max(0, Math.floor(count)));
    const column = Column[name] * this.#capacity;
    return this.#values.slice(column + from, column + this.#end);
  }

  value(index: number, name: ColumnName): number {
    const at = index < 0 ? this.#end + index : this.#start + index;
    if (!(at >= this.#start && at < this.#end)) return Number.NaN;
    return this.#values[at + Column[name] * this.#capacity]!;
  }

  /** Appends a bar, replaces the one of the same time, or inserts it where it belongs. */
  put(bar: BarValues): void {
    const at = this.makePlace(bar.timeMicros);
    if (at < 0) return;
    const { open, high, low, close, volume, vwap, tradeCount, incomplete } = bar;
    this.write(at, bar.timeMicros, open, high, low, close, volume, vwap, tradeCount, incomplete ? 1 : 0);
  }

  /**
   * Where a bar of that time is to be written: behind the last, in place of the one of the same time, or between two.
   * -1: it is older than everything in a series that is full, and would be the first to go.
   */
  makePlace(timeMicros: number): number {
    // Times are the first column, so a bar's place is its time's place.
    const times = this.#values;
    let at = this.#end;
    while (at > this.#start && times[at - 1]! > timeMicros) at -= 1;
    if (at > this.#start && times[at - 1] === timeMicros) return at - 1;
    if (at === this.#start && this.length === this.#limit) return -1;
    if (this.#end === this.#capacity) {
      const moved = this.#start;
      this.#makeRoom();
      at -= moved - this.#start;
    }
    if (at < this.#end) {
      for (let from = 0; from < this.#values.length; from += this.#capacity) {
        this.#values.copyWithin(from + at + 1, from + at, from + this.#end);
      }
    }
    this.#end += 1;
    if (this.length > this.#limit) this.#start += 1;
    return at;
  }

  /** Writes a bar where {@link makePlace} has said. Numbers and no object: there is one for every bar of every unit. */
  write(
    at: number,
    timeMicros: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    vwap: number,
    tradeCount: number,
    incomplete: number,
  ): void {
    const values = this.#values;
    const capacity = this.#capacity;
    values[at] = timeMicros;
    values[at + Column.open * capacity] = open;
    values[at + Column.high * capacity] = high;
    values[at + Column.low * capacity] = low;
    values[at + Column.close * capacity] = close;
    values[at + Column.volume * capacity] = volume;
    values[at + Column.vwap * capacity] = vwap;
    values[at + Column.tradeCount * capacity] = tradeCount;
    values[at + Column.incomplete * capacity] = incomplete;
    this.#newest = undefined;
  }

  /** JSON of the bars, oldest first: lists of figures in the columns' order. What is no number is null. */
  toText(): string {
    const bars: number[][] = [];
    for (let at = this.#start; at < this.#end; at += 1) {
      const bar: number[] = [];
      for (let column = 0; column < COLUMNS; column += 1)
        bar[column] = this.#values[at + column * this.#capacity]!;
      bars[bars.length] = bar;
    }
    return stringify(bars);
  }

  /** Puts in the bars of another series' {@link toText}. */
  putText(text: string): void {
    for (const [timeMicros, open, high, low, close, volume, vwap, tradeCount, incomplete] of parse(
      text,
    ) as Row[]) {
      const numbers = { open, high, low, close, volume, vwap, tradeCount };
      this.put({ timeMicros, ...numbers, incomplete: incomplete === 1 });
    }
  }

  /** Moves the bars to the front, of larger columns unless they are at their largest. */
  #makeRoom(): void {
    const capacity = Math.min(this.#limit * 2, Math.max(FIRST_CAPACITY, this.#capacity, this.length * 2));
    if (capacity === this.#capacity) {
      // In place: pages that are new to the process cost more than the copying.
      for (let from = 0; from < this.#values.length; from += capacity) {
        this.#values.copyWithin(from, from + this.#start, from + this.#end);
      }
      this.#end -= this.#start;
      this.#start = 0;
      return;
    }
    const values = new Float64Array(capacity * COLUMNS);
    for (let column = 0; column < COLUMNS; column += 1) {
      const from = column * this.#capacity;
      values.set(this.#values.subarray(from + this.#start, from + this.#end), column * capacity);
    }
    this.#values = values;
    this.#capacity = capacity;
    this.#end -= this.#start;
    this.#start = 0;
  }

  #bar(at: number): BarView {
    const values = this.#values;
    const capacity = this.#capacity;
    return {
      symbol: this.#symbol,
      timeMicros: values[at]!,
      open: values[at + Column.open * capacity]!,
      high: values[at + Column.high * capacity]!,
      low: values[at + Column.low * capacity]!,
      close: values[at + Column.close * capacity]!,
      volume: values[at + Column.volume * capacity]!,
      vwap: values[at + Column.vwap * capacity]!,
      tradeCount: values[at + Column.tradeCount * capacity]!,
      incomplete: values[at + Column.incomplete * capacity] === 1,
    };
  }
}
