/**
 * One interface for everything that is calculated over a stream, so that strategies see no difference between what
 * comes from a library and what is ours. Each takes one value at a time and keeps a window of fixed size at most; a
 * column is the same object fed with all values, so both ways give the same figures.
 */
export interface Indicator<Input, Value = number> {
  /** The figure after the last input. NaN (or a record of NaN) until there was enough input. */
  readonly value: Value;
  /** Whether {@link value} is a figure. */
  readonly isReady: boolean;
  /** Takes the next input and answers the new {@link value}. An input that is not finite counts nothing. */
  update(input: Input): Value;
}

/** Prices of an interval in the instrument's currency, volume in shares (or units). A `BarView` is one. */
export interface Candle {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

abstract class Calculation<Input, Value> implements Indicator<Input, Value> {
  #value: Value;
  #isReady = false;

  constructor(empty: Value) {
    this.#value = empty;
  }

  get value(): Value {
    return this.#value;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  update(input: Input): Value {
    if (!this.isUsable(input)) return this.#value;
    const next = this.next(input);
    if (next !== null) {
      this.#value = next;
      this.#isReady = true;
    }
    return this.#value;
  }

  protected abstract isUsable(input: Input): boolean;

  /** The figure after this input; null while there was not enough. */
  protected abstract next(input: Input): Value | null;
}

/** An indicator of prices or other plain numbers. */
export abstract class NumberIndicator<Value = number> extends Calculation<number, Value> {
  protected isUsable(input: number): boolean {
    return Number.isFinite(input);
  }
}

/** An indicator of candles. */
export abstract class CandleIndicator<Value = number> extends Calculation<Candle, Value> {
  protected isUsable({ open, high, low, close, volume }: Candle): boolean {
    return Number.isFinite(open + high + low + close + volume);
  }
}

/**
 * What a candle's trades cost on average: its own VWAP, or the typical price (high + low + close) / 3 where its source
 * told none (undefined or NaN).
 */
export function averagePrice({
  high,
  low,
  close,
  vwap = Number.NaN,
}: Pick<Candle, 'high' | 'low' | 'close'> & { readonly vwap?: number }): number {
  return Number.isFinite(vwap) ? vwap : (high + low + close) / 3;
}

/** @throws {RangeError} when a period is not a whole number of at least `min`. */
export function period(count: number, min = 1): number {
  if (Number.isInteger(count) && count >= min) return count;
  throw new RangeError(`a period must be a whole number of at least ${min}, found ${count}`);
}

/** @throws {RangeError} when a length of time is not a whole number of microseconds above 0. */
export function assertInterval(micros: number): number {
  if (Number.isSafeInteger(micros) && micros > 0) return micros;
  throw new RangeError(`an interval must be a whole number of microseconds above 0, found ${micros}`);
}

/** The indicator after each of the inputs; the indicator should be new. */
export function column<Input>(indicator: Indicator<Input>, inputs: Iterable<Input>): Float64Array {
  return Float64Array.from(inputs as Iterable<never>, (input) => indicator.update(input));
}

/** As {@link column}, for indicators of several figures: a column for each. */
export function columns<Input, Name extends string>(
  indicator: Indicator<Input, Readonly<Record<Name, number>>>,
  inputs: Iterable<Input>,
): Record<Name, Float64Array> {
  const rows = Array.from(inputs, (input) => indicator.update(input));
  const names = Object.keys(rows[0] ?? indicator.value) as Name[];
  const entries = names.map((name) => [name, Float64Array.from(rows, (row) => row[name])]);
  return Object.fromEntries(entries) as Record<Name, Float64Array>;
}

/** Candles of columns of the same length, one after the other. */
export function* candlesOf(
  from: Readonly<Record<keyof Candle, ArrayLike<number>>>,
): Generator<Candle, void, undefined> {
  for (let index = 0; index < from.close.length; index += 1) {
    yield {
      open: from.open[index]!,
      high: from.high[index]!,
      low: from.low[index]!,
      close: from.close[index]!,
      volume: from.volume[index]!,
    };
  }
}

/** The bars of a series such as `context.minuteBars`, oldest first. */
export function* barsOf<Bar>(series: {
  readonly length: number;
  at(index: number): Bar | undefined;
}): Generator<Bar, void, undefined> {
  for (let index = 0; index < series.length; index += 1) {
    const bar = series.at(index);
    if (bar !== undefined) yield bar;
  }
}

/** The newest `size` numbers. */
export class Window {
  readonly #values: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#values = new Float64Array(period(size));
  }

  get isFull(): boolean {
    return this.#count >= this.#values.length;
  }

  get length(): number {
    return Math.min(this.#count, this.#values.length);
  }

  push(value: number): void {
    this.#values[this.#count % this.#values.length] = value;
    this.#count += 1;
  }

  /** 0 is the oldest that is kept. */
  at(index: number): number {
    const from = this.isFull ? this.#count : 0;
    return this.#values[(from + index) % this.#values.length]!;
  }

  mean(): number {
    let sum = 0;
    for (let index = 0; index < this.length; index += 1) sum += this.#values[index]!;
    return sum / this.length;
  }

  /** Mean square of the distances from the mean, by two passes: nothing is lost in large sums. */
  variance(): number {
    const mean = this.mean();
    let sum = 0;
    for (let index = 0; index < this.length; index += 1) sum += (this.#values[index]! - mean) ** 2;
    return sum / this.length;
  }
}
