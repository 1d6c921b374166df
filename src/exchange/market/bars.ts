/** Folding trades into bars, and bars into longer bars. */
import { type EpochMicros, MICROS_PER_MINUTE } from '../../domain/time.ts';
import { effectOf } from './conditions.ts';
import type { BarRow } from './events.ts';

/** What the fold reads of a trade. */
export interface FoldedTrade {
  readonly timeMicros: EpochMicros;
  readonly nanos: number;
  readonly price: number;
  readonly size: number;
  readonly conditions: readonly string[];
}

export function minuteOf(moment: EpochMicros): EpochMicros {
  return Math.floor(moment / MICROS_PER_MINUTE) * MICROS_PER_MINUTE;
}

/**
 * A bar under construction. The order in which trades arrive does not matter: open and close are those of the
 * earliest and the latest trade, so that a late one lands where it belongs.
 */
export class BarFold {
  readonly timeMicros: EpochMicros;
  #open = Number.NaN;
  #high = Number.NEGATIVE_INFINITY;
  #low = Number.POSITIVE_INFINITY;
  #close = Number.NaN;
  #openKey = Number.POSITIVE_INFINITY;
  #closeKey = Number.NEGATIVE_INFINITY;
  #volume = 0;
  #notional = 0;
  #tradeCount = 0;

  constructor(timeMicros: EpochMicros) {
    this.timeMicros = timeMicros;
  }

  add(trade: FoldedTrade): void {
    const effect = effectOf(trade.conditions);
    if (effect.countsInVolume) {
      this.#volume += trade.size;
      this.#notional += trade.size * trade.price;
      this.#tradeCount += 1;
    }
    if (effect.movesRange) {
      this.#high = Math.max(this.#high, trade.price);
      this.#low = Math.min(this.#low, trade.price);
    }
    if (!effect.movesLast) return;
    // Relative to the bar, so that microseconds and nanoseconds fit one double.
    const key = trade.timeMicros - this.timeMicros + trade.nanos / 1_000;
    if (key < this.#openKey) {
      this.#openKey = key;
      this.#open = trade.price;
    }
    if (key >= this.#closeKey) {
      this.#closeKey = key;
      this.#close = trade.price;
    }
  }

  /** Undefined while no trade has set a price. */
  row(): BarRow | undefined {
    if (Number.isNaN(this.#open) || this.#volume === 0) return undefined;
    return {
      timeMicros: this.timeMicros,
      open: this.#open,
      high: Math.max(this.#high, this.#open, this.#close),
      low: Math.min(this.#low, this.#open, this.#close),
      close: this.#close,
      volume: roundTo(this.#volume, 9),
      tradeCount: this.#tradeCount,
      vwap: roundTo(this.#notional / this.#volume, 6),
    };
  }
}

/** The bar of all trades of one minute, or undefined when none sets a price. */
export function foldTrades(timeMicros: EpochMicros, trades: Iterable<FoldedTrade>): BarRow | undefined {
  const fold = new BarFold(timeMicros);
  for (const trade of trades) fold.add(trade);
  return fold.row();
}

/** Joins bars, oldest first, into one that starts at `timeMicros`. Undefined for none. */
export function joinBars(timeMicros: EpochMicros, bars: readonly BarRow[]): BarRow | undefined {
  const first = bars[0];
  const last = bars.at(-1);
  if (first === undefined || last === undefined) return undefined;
  let high = Number.NEGATIVE_INFINITY;
  let low = Number.POSITIVE_INFINITY;
  let volume = 0;
  let notional = 0;
  let tradeCount = 0;
  for (const bar of bars) {
    high = Math.max(high, bar.high);
    low = Math.min(low, bar.low);
    volume += bar.volume;
    notional += bar.volume * bar.vwap;
    tradeCount += bar.tradeCount;
  }
  return {
    timeMicros,
    open: first.open,
    high,
    low,
    close: last.close,
    volume: roundTo(volume, 9),
    tradeCount,
    vwap: volume === 0 ? last.close : roundTo(notional / volume, 6),
  };
}

/** Rounds a floating-point number to at most `places` decimals. */
export function roundTo(value: number, places: number): number {
  const scale = 10 ** places;
  const rounded = Math.round(value * scale) / scale;
  return Number.isFinite(rounded) ? rounded : value;
}
