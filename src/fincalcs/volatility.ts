/** How much prices scatter. */
import { NumberIndicator, period, Window } from './indicator.ts';

/**
 * Standard deviation of the last `period` prices about their mean, in the price's unit; of the whole (divided by n),
 * as TA-Lib STDDEV, not of a sample.
 */
export class StandardDeviation extends NumberIndicator {
  readonly #window: Window;

  constructor(count = 20) {
    super(Number.NaN);
    this.#window = new Window(period(count, 2));
  }

  protected next(price: number): number | null {
    this.#window.push(price);
    return this.#window.isFull ? Math.sqrt(this.#window.variance()) : null;
  }
}

/**
 * Standard deviation of the changes of the last `period` steps, in percent per step: of a sample (divided by n - 1), so
 * that it estimates the volatility that made them. Needs `period` + 1 prices, all above 0.
 */
export class Volatility extends NumberIndicator {
  readonly #changes: Window;
  #previous: number | undefined;

  constructor(count = 20) {
    super(Number.NaN);
    this.#changes = new Window(period(count, 2));
  }

  protected next(price: number): number | null {
    if (this.#previous !== undefined) this.#changes.push((100 * (price - this.#previous)) / this.#previous);
    this.#previous = price;
    if (!this.#changes.isFull) return null;
    const count = this.#changes.length;
    return Math.sqrt((this.#changes.variance() * count) / (count - 1));
  }
}

/**
 * A volatility per step as one per year, by the square root of time: 252 steps for days, 98,280 for minutes of stocks.
 */
export function annualized(volatilityPercent: number, stepsPerYear: number): number {
  return volatilityPercent * Math.sqrt(stepsPerYear);
}
