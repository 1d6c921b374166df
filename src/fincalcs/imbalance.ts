/** Volume order imbalance: whether buyers or sellers press on the best prices. */
import { type Indicator, period } from './indicator.ts';

/** Best prices with their sizes; a `QuoteView` is one. */
export interface BestPrices {
  readonly bidPrice: number;
  readonly bidSize: number;
  readonly askPrice: number;
  readonly askSize: number;
}

export interface ImbalanceFigures {
  /** Of the newest quote against the one before, in the unit of the sizes; above 0 buyers press. */
  readonly imbalance: number;
  /** Exponential average of it. */
  readonly average: number;
}

/**
 * imbalance = bid part - ask part. The bid part is 0 where the bid price fell, the change of its size where it stayed,
 * and its size where it rose; the ask part is 0 where the ask price rose, the change of its size where it stayed, and
 * its size where it fell. Average: += (imbalance - average) * 2 / (period + 1), from the first imbalance on. Darryl
 * Shen, "Order Imbalance Based Strategy in High Frequency Trading", Oxford, 2015.
 *
 * A quote without two sides, or crossed, counts nothing, and the next one is compared with the last that counted.
 */
export class VolumeOrderImbalance implements Indicator<BestPrices, ImbalanceFigures> {
  readonly #weight: number;
  #bidPrice = Number.NaN;
  #bidSize = 0;
  #askPrice = Number.NaN;
  #askSize = 0;
  #imbalance = Number.NaN;
  #average = Number.NaN;

  constructor(count = 100) {
    this.#weight = 2 / (period(count) + 1);
  }

  get value(): ImbalanceFigures {
    return { imbalance: this.#imbalance, average: this.#average };
  }

  get isReady(): boolean {
    return !Number.isNaN(this.#average);
  }

  update({ bidPrice, bidSize, askPrice, askSize }: BestPrices): ImbalanceFigures {
    if (!(bidPrice > 0) || !(askPrice >= bidPrice) || !(bidSize >= 0) || !(askSize >= 0)) return this.value;
    if (!Number.isNaN(this.#bidPrice)) {
      const bid = pressure(bidPrice - this.#bidPrice, bidSize, this.#bidSize);
      const ask = pressure(this.#askPrice - askPrice, askSize, this.#askSize);
      this.#imbalance = bid - ask;
      this.#average = Number.isNaN(this.#average)
        ? this.#imbalance
        : this.#average + (this.#imbalance - this.#average) * this.#weight;
    }
    this.#bidPrice = bidPrice;
    this.#bidSize = bidSize;
    this.#askPrice = askPrice;
    this.#askSize = askSize;
    return this.value;
  }
}

/** @param gain how far the side's price moved towards the other side. */
function pressure(gain: number, size: number, sizeBefore: number): number {
  if (gain < 0) return 0;
  return gain > 0 ? size : size - sizeBefore;
}
