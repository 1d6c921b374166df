/** Bars from trades. */

/**
 * What a trade's sale conditions let it do to a bar, as bits. Closing and opening prints, odd lots, late reports and
 * the like move only some of a bar's figures (CTA and UTP specifications, tables of sale conditions).
 */
export const TradeEffect = {
  /** Sets open and close. */
  last: 1,
  /** Sets high and low. */
  range: 2,
  /** Counts in volume and in the volume-weighted average price. */
  volume: 4,
  all: 7,
} as const;

export const MINUTE_MICROS = 60_000_000;

export interface BuiltBar {
  /** Start of the bar, microseconds since the epoch. */
  readonly timeMicros: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number;
  readonly tradeCount: number;
  readonly incomplete: boolean;
}

// A bar under way is one row of 64 bytes, so that a trade touches one or two cache lines. As an object each of its
// numbers was boxed in a place of its own; with 11,000 symbols in turn nearly each of them was a cache miss.
const FIGURES = 8;
const Figure = {
  timeMicros: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  volume: 5,
  notional: 6,
  tradeCount: 7,
} as const;
type Figure = (typeof Figure)[keyof typeof Figure];

// What is only looked at when a bar begins, ends or is asked for.
const MARGINS = 3;
const Margin = { closedMicros: 0, missedUntilMicros: 1, lateTrades: 2 } as const;

/** The bars under way of many symbols: the rules of {@link BarBuilder}, which is one row of it. */
export class BarTable {
  readonly periodMicros: number;
  #figures = new Float64Array(0);
  #margins = new Float64Array(0);

  constructor(periodMicros: number = MINUTE_MICROS) {
    this.periodMicros = periodMicros;
  }

  /** Makes room for so many rows; what stands in the present ones stays. */
  grow(rows: number): void {
    const before = this.#figures.length / FIGURES;
    const figures = this.#figures;
    const margins = this.#margins;
    this.#figures = new Float64Array(rows * FIGURES);
    this.#figures.set(figures);
    this.#margins = new Float64Array(rows * MARGINS);
    this.#margins.set(margins);
    for (let row = before; row < rows; row += 1) this.reset(row);
  }

  /** Forgets everything of a row. */
  reset(row: number): void {
    this.#clear(row);
    this.#margins[row * MARGINS + Margin.closedMicros] = Number.NEGATIVE_INFINITY;
    this.#margins[row * MARGINS + Margin.missedUntilMicros] = Number.NEGATIVE_INFINITY;
    this.#margins[row * MARGINS + Margin.lateTrades] = 0;
  }

  /** A figure of the bar under way. */
  figure(row: number, figure: Figure): number {
    return this.#figures[row * FIGURES + figure]!;
  }

  /** Brings a row's figures into the cache; what it answers means nothing. */
  touch(row: number): number {
    const at = row * FIGURES;
    return this.#figures[at]! + this.#figures[at + Figure.tradeCount]!;
  }

  /** Whether a trade at that moment closes the bar under way: {@link take} it first. False when there is none. */
  closesAt(row: number, timeMicros: number): boolean {
    return timeMicros >= this.#figures[row * FIGURES]! + this.periodMicros;
  }

  /** Adds a trade, and answers whether a bar began with it. All by position: it is called for every trade. */
  add(row: number, timeMicros: number, price: number, size: number, effects: number): boolean {
    const figures = this.#figures;
    const at = row * FIGURES;
    const begins = !(timeMicros >= figures[at]!);
    if (begins && !this.#begin(row, timeMicros)) return false;
    if ((effects & TradeEffect.last) !== 0) {
      if (Number.isNaN(figures[at + Figure.open]!)) figures[at + Figure.open] = price;
      figures[at + Figure.close] = price;
    }
    if ((effects & TradeEffect.range) !== 0) {
      if (!(figures[at + Figure.high]! >= price)) figures[at + Figure.high] = price;
      if (!(figures[at + Figure.low]! <= price)) figures[at + Figure.low] = price;
    }
    if ((effects & TradeEffect.volume) !== 0) {
      figures[at + Figure.volume]! += size;
      figures[at + Figure.notional]! += price * size;
    }
    figures[at + Figure.tradeCount]! += 1;
    return begins;
  }

  missedUntil(row: number, timeMicros: number): void {
    const at = row * MARGINS + Margin.missedUntilMicros;
    this.#margins[at] = Math.max(this.#margins[at]!, timeMicros);
  }

  isIncomplete(row: number): boolean {
    return this.figure(row, Figure.timeMicros) < this.#margins[row * MARGINS + Margin.missedUntilMicros]!;
  }

  lateTrades(row: number): number {
    return this.#margins[row * MARGINS + Margin.lateTrades]!;
  }

  take(row: number): BuiltBar | undefined {
    const figure = (name: keyof typeof Figure) => this.figure(row, Figure[name]);
    const timeMicros = figure('timeMicros');
    if (Number.isNaN(timeMicros)) return undefined;
    const [open, close, volume] = [figure('open'), figure('close'), figure('volume')];
    const bar: BuiltBar = {
      timeMicros,
      open,
      high: Number.isNaN(figure('high')) ? Math.max(open, close) : figure('high'),
      low: Number.isNaN(figure('low')) ? Math.min(open, close) : figure('low'),
      close,
      volume,
      vwap: volume > 0 ? figure('notional') / volume : close,
      tradeCount: figure('tradeCount'),
      incomplete: this.isIncomplete(row),
    };
    this.#margins[row * MARGINS + Margin.closedMicros] = timeMicros + this.periodMicros;
    this.#clear(row);
    return Number.isNaN(open) ? undefined : bar;
  }

  /** All of a row, to be put into another table by {@link restore}. */
  save(row: number): number[] {
    return [
      ...this.#figures.subarray(row * FIGURES, (row + 1) * FIGURES),
      ...this.#margins.subarray(row * MARGINS, (row + 1) * MARGINS),
    ];
  }

  restore(row: number, saved: readonly number[]): void {
    this.#figures.set(saved.slice(0, FIGURES), row * FIGURES);
    this.#margins.set(saved.slice(FIGURES), row * MARGINS);
  }

  /** False when the trade is older than the bar under way or than the end of the last one. */
  #begin(row: number, timeMicros: number): boolean {
    const at = row * FIGURES;
    const margins = row * MARGINS;
    if (!Number.isNaN(this.#figures[at]!) || timeMicros < this.#margins[margins + Margin.closedMicros]!) {
      this.#margins[margins + Margin.lateTrades]! += 1;
      return false;
    }
    this.#figures[at] = Math.floor(timeMicros / this.periodMicros) * this.periodMicros;
    return true;
  }

  #clear(row: number): void {
    const at = row * FIGURES;
    this.#figures.fill(Number.NaN, at, at + Figure.volume);
    this.#figures.fill(0, at + Figure.volume, at + FIGURES);
  }
}

/**
 * Folds one symbol's trades into the bar under way. A bar takes the trades with start <= time < start + period;
 * starts are multiples of the period since the epoch. A trade older than the bar under way cannot be told to anyone
 * any more: it is counted in {@link lateTrades} and left out.
 *
 * The figures are read in place while the bar grows; `timeMicros` and the prices are NaN while there is none.
 */
export class BarBuilder {
  readonly #table: BarTable;
  readonly #row: number;

  /** A builder of its own for a period, or one row of a table. */
  constructor(period: number | BarTable = MINUTE_MICROS, row = 0) {
    if (typeof period === 'number') {
      this.#table = new BarTable(period);
      this.#table.grow(row + 1);
    } else this.#table = period;
    this.#row = row;
  }

  get periodMicros(): number {
    return this.#table.periodMicros;
  }

  get timeMicros(): number {
    return this.#table.figure(this.#row, Figure.timeMicros);
  }

  get open(): number {
    return this.#table.figure(this.#row, Figure.open);
  }

  get high(): number {
    return this.#table.figure(this.#row, Figure.high);
  }

  get low(): number {
    return this.#table.figure(this.#row, Figure.low);
  }

  get close(): number {
    return this.#table.figure(this.#row, Figure.close);
  }

  get volume(): number {
    return this.#table.figure(this.#row, Figure.volume);
  }

  /** Sum of price x size of the trades that count in volume. */
  get notional(): number {
    return this.#table.figure(this.#row, Figure.notional);
  }

  get tradeCount(): number {
    return this.#table.figure(this.#row, Figure.tradeCount);
  }

  /** Trades of it were missed. */
  get incomplete(): boolean {
    return this.#table.isIncomplete(this.#row);
  }

  get lateTrades(): number {
    return this.#table.lateTrades(this.#row);
  }

  /** End of the bar under way, exclusive; infinite when there is none. */
  get endMicros(): number {
    const { timeMicros } = this;
    return Number.isNaN(timeMicros) ? Number.POSITIVE_INFINITY : timeMicros + this.periodMicros;
  }

  /** Whether a trade at that moment closes the bar under way: {@link take} it first. */
  closesAt(timeMicros: number): boolean {
    return this.#table.closesAt(this.#row, timeMicros);
  }

  /** Adds a trade. `effects` is a sum of {@link TradeEffect}. */
  add(timeMicros: number, price: number, size: number, effects: number): void {
    this.#table.add(this.#row, timeMicros, price, size, effects);
  }

  /** Trades until that moment were missed: bars that start before it are incomplete. */
  missedUntil(timeMicros: number): void {
    this.#table.missedUntil(this.#row, timeMicros);
  }

  /**
   * Closes the bar under way. Undefined when there is none, or when no trade in it had the right to set a price (its
   * volume belongs to no bar then, as on the consolidated tape).
   */
  take(): BuiltBar | undefined {
    return this.#table.take(this.#row);
  }
}
