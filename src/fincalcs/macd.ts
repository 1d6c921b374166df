/** Moving average convergence and divergence: how fast and slow averages part. */
import { Ema } from './averages.ts';
import { NumberIndicator } from './indicator.ts';

export interface MacdFigures {
  /** Fast minus slow average, in the price's unit. */
  readonly macd: number;
  /** Exponential average of `macd`. */
  readonly signal: number;
  /** `macd` minus `signal`. */
  readonly histogram: number;
}

/**
 * Gerald Appel's: macd = ema(fast) - ema(slow), signal = ema(macd, signal). All three begin together, when the signal
 * has its first value. As in TA-Lib both averages begin at the slow one's first value: the fast one's begins with the
 * mean of the `fast` values before it.
 */
export class Macd extends NumberIndicator<MacdFigures> {
  readonly #fast: Ema;
  readonly #slow: Ema;
  readonly #signal: Ema;
  #toSkip: number;

  constructor({ fast = 12, slow = 26, signal = 9 } = {}) {
    super({ macd: Number.NaN, signal: Number.NaN, histogram: Number.NaN });
    if (!(fast < slow)) throw new RangeError(`fast (${fast}) must be shorter than slow (${slow})`);
    this.#fast = new Ema(fast);
    this.#slow = new Ema(slow);
    this.#signal = new Ema(signal);
    this.#toSkip = slow - fast;
  }

  protected next(price: number): MacdFigures | null {
    if (this.#toSkip > 0) this.#toSkip -= 1;
    else this.#fast.update(price);
    if (!Number.isFinite(this.#slow.update(price))) return null;
    const macd = this.#fast.value - this.#slow.value;
    const signal = this.#signal.update(macd);
    return this.#signal.isReady ? { macd, signal, histogram: macd - signal } : null;
  }
}
