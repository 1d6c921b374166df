/** How two instruments move together. */
import { type Indicator, period, Window } from './indicator.ts';

/** Prices of two instruments at one moment. */
export interface PairPrices {
  readonly first: number;
  readonly second: number;
}

export interface PairFigures {
  /** Units of log price of the first per unit of the second, by least squares: the hedge ratio by value. */
  readonly ratio: number;
  /** ln(first) - ratio ln(second) - intercept, of the newest pair: about the share by which the first is too dear. */
  readonly spread: number;
  /** The spread in standard deviations of the line's residuals; NaN where all lie on the line. */
  readonly zScore: number;
  /** Pearson's correlation of the log prices, -1 to 1. */
  readonly correlation: number;
}

const EMPTY: PairFigures = {
  ratio: Number.NaN,
  spread: Number.NaN,
  zScore: Number.NaN,
  correlation: Number.NaN,
};

/** Residuals of a line are exact to this share of the values only. */
const ROUNDING = 1e-12;

/**
 * The least-squares line ln(first) = intercept + ratio ln(second) through the last `period` pairs of prices, and how
 * far the newest pair lies off it. In logs, so that neither price's unit matters. Evan Gatev, William Goetzmann and
 * Geert Rouwenhorst, "Pairs Trading: Performance of a Relative-Value Arbitrage Rule", 2006.
 */
export class Pair implements Indicator<PairPrices, PairFigures> {
  readonly #first: Window;
  readonly #second: Window;
  #value = EMPTY;

  constructor(count = 60) {
    this.#first = new Window(period(count, 3));
    this.#second = new Window(count);
  }

  get value(): PairFigures {
    return this.#value;
  }

  get isReady(): boolean {
    return this.#first.isFull;
  }

  /** What is not above 0 counts nothing. */
  update({ first, second }: PairPrices): PairFigures {
    if (!(first > 0 && second > 0 && Number.isFinite(first + second))) return this.#value;
    this.#first.push(Math.log(first));
    this.#second.push(Math.log(second));
    if (this.#first.isFull) this.#value = this.#regress();
    return this.#value;
  }

  #regress(): PairFigures {
    const count = this.#first.length;
    const [meanFirst, meanSecond] = [this.#first.mean(), this.#second.mean()];
    let products = 0;
    for (let index = 0; index < count; index += 1) {
      products += (this.#first.at(index) - meanFirst) * (this.#second.at(index) - meanSecond);
    }
    const [varianceFirst, varianceSecond] = [this.#first.variance(), this.#second.variance()];
    if (varianceSecond === 0) return EMPTY;
    const covariance = products / count;
    const ratio = covariance / varianceSecond;
    const spread = this.#first.at(count - 1) - meanFirst - ratio * (this.#second.at(count - 1) - meanSecond);
    const residual = Math.sqrt(Math.max(0, varianceFirst - ratio * covariance));
    const isOnLine = residual <= ROUNDING * Math.max(1, Math.abs(meanFirst));
    return {
      ratio,
      spread,
      zScore: isOnLine ? Number.NaN : spread / residual,
      correlation: varianceFirst === 0 ? 0 : covariance / Math.sqrt(varianceFirst * varianceSecond),
    };
  }
}
