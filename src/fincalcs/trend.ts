/** Which way prices go, by a straight line through them. */
import { LinearRegression } from 'trading-signals';
import { NumberIndicator, period } from './indicator.ts';

export interface TrendFigures {
  /** Of the least-squares line through the last prices, in the price's unit per value. TA-Lib LINEARREG_SLOPE. */
  readonly slope: number;
  /** The slope in percent of the mean price, per value: comparable between instruments. */
  readonly percent: number;
  /** How much of the prices' variance the line explains, 0 to 1; 0 where nothing moved. */
  readonly rSquared: number;
}

/** Prices are exact to this share of themselves only. */
const ROUNDING = 1e-12;

/** Ordinary least squares of the last `period` prices against 0, 1, 2 ... */
export class Trend extends NumberIndicator<TrendFigures> {
  readonly #regression: LinearRegression;

  constructor(count = 20) {
    super({ slope: Number.NaN, percent: Number.NaN, rSquared: Number.NaN });
    this.#regression = new LinearRegression(period(count, 2));
  }

  protected next(price: number): TrendFigures | null {
    const line = this.#regression.update(price, false);
    if (line === null) return null;
    const prices = this.#regression.prices;
    const mean = prices.reduce((sum, value) => sum + value, 0) / prices.length;
    const total = prices.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    // The line's own variance is slope^2 times that of 0 ... n - 1.
    const explained = (line.slope ** 2 * (prices.length ** 3 - prices.length)) / 12;
    const percent = mean === 0 ? 0 : (100 * line.slope) / mean;
    const isFlat = total <= prices.length * (mean * ROUNDING) ** 2;
    return { slope: line.slope, percent, rSquared: isFlat ? 0 : Math.min(1, explained / total) };
  }
}

export type TrendDirection = 'unknown' | 'sharp-down' | 'down' | 'flat' | 'up' | 'sharp-up';

export interface TrendThresholds {
  /** Percent per value, either way, up to which a trend is flat; default 0.01. */
  readonly flat?: number;
  /** Percent per value beyond which it is sharp; default 0.1. */
  readonly sharp?: number;
}

/** Names a trend. `unknown` while there is none yet. The defaults are made for minutes. */
export function trendDirection(
  { percent }: Pick<TrendFigures, 'percent'>,
  { flat = 0.01, sharp = 0.1 }: TrendThresholds = {},
): TrendDirection {
  if (Number.isNaN(percent)) return 'unknown';
  const size = Math.abs(percent);
  if (size <= flat) return 'flat';
  const way = percent > 0 ? 'up' : 'down';
  return size > sharp ? `sharp-${way}` : way;
}
