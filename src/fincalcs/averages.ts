/**
 * Moving averages of prices, in the price's unit.
 *
 * The sums come from trading-signals; the exponential ones begin with the mean of the first `period` values, as
 * TA-Lib's do, where the library begins with the first value and needs some hundred more to agree.
 */
import { EMA, HMA, KAMA, SMA, WMA, WSMA } from 'trading-signals';
import { NumberIndicator, period } from './indicator.ts';

/** Simple: the mean of the last `period` values. TA-Lib SMA. */
export class Sma extends NumberIndicator {
  readonly #sma: SMA;

  constructor(count: number) {
    super(Number.NaN);
    this.#sma = new SMA(period(count));
  }

  protected next(price: number): number | null {
    return this.#sma.update(price, false);
  }
}

/** Linearly weighted: the newest of `period` values counts `period` times, the oldest once. TA-Lib WMA. */
export class Wma extends NumberIndicator {
  readonly #wma: WMA;

  constructor(count: number) {
    super(Number.NaN);
    this.#wma = new WMA(period(count));
  }

  protected next(price: number): number | null {
    return this.#wma.update(price, false);
  }
}

/** Hull's: wma(2 wma(n / 2) - wma(n), sqrt(n)); follows turns faster. Alan Hull, 2005. */
export class Hma extends NumberIndicator {
  readonly #hma: HMA;

  constructor(count: number) {
    super(Number.NaN);
    this.#hma = new HMA(period(count, 2));
  }

  protected next(price: number): number | null {
    return this.#hma.update(price, false);
  }
}

/** Exponential: value += (price - value) * 2 / (period + 1), from the mean of the first values on. TA-Lib EMA. */
export class Ema extends NumberIndicator {
  readonly #first: SMA;
  readonly #ema: EMA;
  #seen = 0;
  readonly #count: number;

  constructor(count: number) {
    super(Number.NaN);
    this.#count = period(count);
    this.#first = new SMA(count);
    this.#ema = new EMA(count);
  }

  protected next(price: number): number | null {
    this.#seen += 1;
    if (this.#seen > this.#count) return this.#ema.update(price, false);
    const mean = this.#first.update(price, false);
    return mean === null ? null : this.#ema.update(mean, false);
  }
}

/** Welles Wilder's smoothing: value += (price - value) / period, from the mean of the first values on. */
export class Wilder extends NumberIndicator {
  readonly #wsma: WSMA;

  constructor(count: number) {
    super(Number.NaN);
    this.#wsma = new WSMA(period(count));
  }

  protected next(price: number): number | null {
    return this.#wsma.update(price, false);
  }
}

/**
 * Adaptive: exponential with a weight between 2 / 31 and 2 / 3, squared, by how straight the last `period` steps went.
 * Perry Kaufman, "Smarter Trading", 1995; TA-Lib KAMA.
 */
export class Kama extends NumberIndicator {
  readonly #kama: KAMA;
  #toSkip: number;

  constructor(count: number) {
    super(Number.NaN);
    this.#toSkip = period(count);
    this.#kama = new KAMA(count);
  }

  protected next(price: number): number | null {
    const average = this.#kama.update(price, false);
    this.#toSkip -= 1;
    // The library answers the first price that it could begin with as an average.
    return this.#toSkip < 0 ? average : null;
  }
}

/** Double exponential: 2 ema - ema(ema). Patrick Mulloy, 1994; TA-Lib DEMA. */
export class Dema extends NumberIndicator {
  readonly #once: Ema;
  readonly #twice: Ema;

  constructor(count: number) {
    super(Number.NaN);
    this.#once = new Ema(count);
    this.#twice = new Ema(count);
  }

  protected next(price: number): number | null {
    const once = this.#once.update(price);
    const twice = this.#twice.update(once);
    return this.#twice.isReady ? 2 * once - twice : null;
  }
}

/** Triple exponential: 3 ema - 3 ema(ema) + ema(ema(ema)). Patrick Mulloy, 1994; TA-Lib TEMA. */
export class Tema extends NumberIndicator {
  readonly #once: Ema;
  readonly #twice: Ema;
  readonly #thrice: Ema;

  constructor(count: number) {
    super(Number.NaN);
    this.#once = new Ema(count);
    this.#twice = new Ema(count);
    this.#thrice = new Ema(count);
  }

  protected next(price: number): number | null {
    const once = this.#once.update(price);
    const twice = this.#twice.update(once);
    const thrice = this.#thrice.update(twice);
    return this.#thrice.isReady ? 3 * once - 3 * twice + thrice : null;
  }
}
