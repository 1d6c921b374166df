/** Stops that trail a trend, in the price's unit. */
import { SuperTrend as SUPERTREND } from 'trading-signals';
import { type Candle, CandleIndicator, period } from './indicator.ts';

/**
 * Parabolic stop and reverse: while long, sar += acceleration (highest high - sar), never above the last two lows; a
 * low under it turns it short, from the highest high on, and the other way round. The acceleration grows by `step`
 * with each new extreme, up to `max`, and begins anew at each turn. Welles Wilder, 1978; TA-Lib SAR.
 *
 * Ours, because that of trading-signals needs `structuredClone`, which strategies do not have.
 */
export class ParabolicSar extends CandleIndicator {
  readonly #step: number;
  readonly #max: number;
  #previous: Candle | undefined;
  #isLong = true;
  #sar = Number.NaN;
  #extreme = Number.NaN;
  #acceleration: number;

  constructor({ step = 0.02, max = 0.2 } = {}) {
    super(Number.NaN);
    this.#step = step;
    this.#max = max;
    this.#acceleration = step;
  }

  protected next({ open, high, low, close, volume }: Candle): number | null {
    const candle: Candle = { open, high, low, close, volume };
    const previous = this.#previous;
    this.#previous = candle;
    if (previous === undefined) return null;
    if (Number.isNaN(this.#sar)) this.#begin(previous, candle);
    if (this.#isLong ? low <= this.#sar : high >= this.#sar) return this.#turn(previous, candle);
    const shown = this.#sar;
    const reached = this.#isLong ? high > this.#extreme : low < this.#extreme;
    if (reached) {
      this.#extreme = this.#isLong ? high : low;
      this.#acceleration = Math.min(this.#max, this.#acceleration + this.#step);
    }
    this.#advance(previous, candle);
    return shown;
  }

  /** Long, unless the second candle fell further than it rose. */
  #begin(previous: Candle, candle: Candle): void {
    const [up, down] = [candle.high - previous.high, previous.low - candle.low];
    this.#isLong = !(down > 0 && down > up);
    this.#extreme = this.#isLong ? candle.high : candle.low;
    this.#sar = this.#isLong ? previous.low : previous.high;
  }

  #turn(previous: Candle, candle: Candle): number {
    const shown = this.#isLong
      ? Math.max(this.#extreme, previous.high, candle.high)
      : Math.min(this.#extreme, previous.low, candle.low);
    this.#isLong = !this.#isLong;
    this.#sar = shown;
    this.#acceleration = this.#step;
    this.#extreme = this.#isLong ? candle.high : candle.low;
    this.#advance(previous, candle);
    return shown;
  }

  /** Where it stands for the next candle. */
  #advance(previous: Candle, candle: Candle): void {
    const next = this.#sar + this.#acceleration * (this.#extreme - this.#sar);
    this.#sar = this.#isLong
      ? Math.min(next, previous.low, candle.low)
      : Math.max(next, previous.high, candle.high);
  }
}

export interface SuperTrendFigures {
  /** Below the price in a rise, above it in a fall. */
  readonly stop: number;
  /** 1 in a rise, -1 in a fall. */
  readonly direction: number;
}

/**
 * Olivier Seban's: the middle of the candle and `multiple` average true ranges to the side, never moved against the
 * trend.
 */
export class SuperTrend extends CandleIndicator<SuperTrendFigures> {
  readonly #superTrend: SUPERTREND;

  constructor({ period: count = 10, multiple = 3 } = {}) {
    super({ stop: Number.NaN, direction: Number.NaN });
    this.#superTrend = new SUPERTREND({ interval: period(count), multiplier: multiple });
  }

  protected next(candle: Candle): SuperTrendFigures | null {
    const figures = this.#superTrend.update(candle, false);
    if (figures === null) return null;
    return { stop: figures.supertrend, direction: figures.trend === 'BULLISH' ? 1 : -1 };
  }
}
