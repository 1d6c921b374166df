/** Closed bars of one symbol as columns, oldest first, at most so many. */
import type { BarSeries, BarView } from '../contract.ts';

type ColumnName = 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap';

export interface BarValues extends Omit<BarView, 'symbol'> {}

const FIRST_CAPACITY = 128;
const COLUMNS = ['timeMicros', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'tradeCount'] as const;
type Columns = Record<(typeof COLUMNS)[number], Float64Array>;
/** Of all series without a bar: 11,000 units would otherwise begin with 190 MB of empty columns. */
const NO_COLUMNS = columnsOf(0);

/**
 * The columns are contiguous: bars are appended behind, and when the room is used up the newest `limit` of them move
 * to the front, so that an append costs the same on average however long the series is.
 */
export class Series implements BarSeries {
  readonly #symbol: string;
  readonly #limit: number;
  #columns = NO_COLUMNS;
  #incomplete = new Uint8Array(0);
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
    return this.#columns[name].slice(from, this.#end);
  }

  /** Appends a bar, replaces the one of the same time, or inserts it where it belongs. */
  put(bar: BarValues): void {
    const times = this.#columns.timeMicros;
    let at = this.#end;
    while (at > this.#start && times[at - 1]! > bar.timeMicros) at -= 1;
    if (at > this.#start && times[at - 1] === bar.timeMicros) {
      this.#write(at - 1, bar);
      return;
    }
    // Older than everything in a series that is full: it would be the first to go.
    if (at === this.#start && this.length === this.#limit) return;
    if (this.#end === this.#incomplete.length) {
      const moved = this.#start;
      this.#makeRoom();
      at -= moved - this.#start;
    }
    if (at < this.#end) {
      for (const name of COLUMNS) this.#columns[name].copyWithin(at + 1, at, this.#end);
      this.#incomplete.copyWithin(at + 1, at, this.#end);
    }
    this.#end += 1;
    this.#write(at, bar);
    if (this.length > this.#limit) this.#start += 1;
  }

  #write(at: number, bar: BarValues): void {
    const columns = this.#columns;
    columns.timeMicros[at] = bar.timeMicros;
    columns.open[at] = bar.open;
    columns.high[at] = bar.high;
    columns.low[at] = bar.low;
    columns.close[at] = bar.close;
    columns.volume[at] = bar.volume;
    columns.vwap[at] = bar.vwap;
    columns.tradeCount[at] = bar.tradeCount;
    this.#incomplete[at] = bar.incomplete ? 1 : 0;
    this.#newest = undefined;
  }

  /** Moves the bars to the front, of larger columns unless they are at their largest. */
  #makeRoom(): void {
    const capacity = Math.min(
      this.#limit * 2,
      Math.max(FIRST_CAPACITY, this.#incomplete.length, this.length * 2),
    );
    const columns = columnsOf(capacity);
    for (const name of COLUMNS) columns[name].set(this.#columns[name].subarray(this.#start, this.#end));
    const incomplete = new Uint8Array(capacity);
    incomplete.set(this.#incomplete.subarray(this.#start, this.#end));
    this.#columns = columns;
    this.#incomplete = incomplete;
    this.#end -= this.#start;
    this.#start = 0;
  }

  #bar(at: number): BarView {
    const columns = this.#columns;
    return {
      symbol: this.#symbol,
      timeMicros: columns.timeMicros[at]!,
      open: columns.open[at]!,
      high: columns.high[at]!,
      low: columns.low[at]!,
      close: columns.close[at]!,
      volume: columns.volume[at]!,
      vwap: columns.vwap[at]!,
      tradeCount: columns.tradeCount[at]!,
      incomplete: this.#incomplete[at] === 1,
    };
  }
}

function columnsOf(capacity: number): Columns {
  return {
    timeMicros: new Float64Array(capacity),
    open: new Float64Array(capacity),
    high: new Float64Array(capacity),
    low: new Float64Array(capacity),
    close: new Float64Array(capacity),
    volume: new Float64Array(capacity),
    vwap: new Float64Array(capacity),
    tradeCount: new Float64Array(capacity),
  };
}
