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

/**
 * Folds one symbol's trades into the bar under way. A bar takes the trades with start <= time < start + period;
 * starts are multiples of the period since the epoch. A trade older than the bar under way cannot be told to anyone
 * any more: it is counted in {@link lateTrades} and left out.
 *
 * The fields are read in place while the bar grows; `timeMicros` and the prices are NaN while there is none.
 */
export class BarBuilder {
  timeMicros = Number.NaN;
  open = Number.NaN;
  high = Number.NaN;
  low = Number.NaN;
  close = Number.NaN;
  volume = 0;
  /** Sum of price x size of the trades that count in volume. */
  notional = 0;
  tradeCount = 0;
  incomplete = false;
  lateTrades = 0;
  readonly periodMicros: number;
  #endMicros = Number.POSITIVE_INFINITY;
  #closedMicros = Number.NEGATIVE_INFINITY;
  #missedUntilMicros = Number.NEGATIVE_INFINITY;

  constructor(periodMicros: number = MINUTE_MICROS) {
    this.periodMicros = periodMicros;
  }

  /** End of the bar under way, exclusive; infinite when there is none. */
  get endMicros(): number {
    return this.#endMicros;
  }

  /** Whether a trade at that moment closes the bar under way: {@link take} it first. */
  closesAt(timeMicros: number): boolean {
    return timeMicros >= this.#endMicros;
  }

  /** Adds a trade. `effects` is a sum of {@link TradeEffect}. */
  add(timeMicros: number, price: number, size: number, effects: number): void {
    if (timeMicros < this.#closedMicros || timeMicros < this.timeMicros) {
      this.lateTrades += 1;
      return;
    }
    if (Number.isNaN(this.timeMicros)) this.#begin(timeMicros);
    if ((effects & TradeEffect.last) !== 0) {
      if (Number.isNaN(this.open)) this.open = price;
      this.close = price;
    }
    if ((effects & TradeEffect.range) !== 0) {
      if (!(this.high >= price)) this.high = price;
      if (!(this.low <= price)) this.low = price;
    }
    if ((effects & TradeEffect.volume) !== 0) {
      this.volume += size;
      this.notional += price * size;
    }
    this.tradeCount += 1;
  }

  /** Trades until that moment were missed: bars that start before it are incomplete. */
  missedUntil(timeMicros: number): void {
    this.#missedUntilMicros = Math.max(this.#missedUntilMicros, timeMicros);
    if (this.timeMicros < timeMicros) this.incomplete = true;
  }

  /**
   * Closes the bar under way. Undefined when there is none, or when no trade in it had the right to set a price (its
   * volume belongs to no bar then, as on the consolidated tape).
   */
  take(): BuiltBar | undefined {
    if (Number.isNaN(this.timeMicros)) return undefined;
    const hasPrice = !Number.isNaN(this.open);
    const bar: BuiltBar = {
      timeMicros: this.timeMicros,
      open: this.open,
      high: Number.isNaN(this.high) ? Math.max(this.open, this.close) : this.high,
      low: Number.isNaN(this.low) ? Math.min(this.open, this.close) : this.low,
      close: this.close,
      volume: this.volume,
      vwap: this.volume > 0 ? this.notional / this.volume : this.close,
      tradeCount: this.tradeCount,
      incomplete: this.incomplete,
    };
    this.#closedMicros = this.#endMicros;
    this.#clear();
    return hasPrice ? bar : undefined;
  }

  #begin(timeMicros: number): void {
    this.timeMicros = Math.floor(timeMicros / this.periodMicros) * this.periodMicros;
    this.#endMicros = this.timeMicros + this.periodMicros;
    this.incomplete = this.timeMicros < this.#missedUntilMicros;
  }

  #clear(): void {
    this.timeMicros = Number.NaN;
    this.open = Number.NaN;
    this.high = Number.NaN;
    this.low = Number.NaN;
    this.close = Number.NaN;
    this.volume = 0;
    this.notional = 0;
    this.tradeCount = 0;
    this.incomplete = false;
    this.#endMicros = Number.POSITIVE_INFINITY;
  }
}
