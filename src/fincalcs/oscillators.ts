/** Figures that swing between bounds or around zero and say whether a move is overdone. From trading-signals. */
import { CCI, MOM, ROC, RSI, StochasticOscillator, WilliamsR as WILLR } from 'trading-signals';
import { type Candle, CandleIndicator, NumberIndicator, period } from './indicator.ts';

/**
 * Relative strength index, 0 to 100: 100 - 100 / (1 + gain / loss), both averaged by Wilder's smoothing; 100 when
 * nothing fell. Welles Wilder, "New Concepts in Technical Trading Systems", 1978; TA-Lib RSI.
 */
export class Rsi extends NumberIndicator {
  readonly #rsi: RSI;

  constructor(count = 14) {
    super(Number.NaN);
    this.#rsi = new RSI(period(count));
  }

  protected next(price: number): number | null {
    return this.#rsi.update(price, false);
  }
}

/** Change over `period` values, in percent of the earlier one. TA-Lib ROC. */
export class RateOfChange extends NumberIndicator {
  readonly #roc: ROC;

  constructor(count = 10) {
    super(Number.NaN);
    this.#roc = new ROC(period(count));
  }

  protected next(price: number): number | null {
    const share = this.#roc.update(price, false);
    return share === null ? null : share * 100;
  }
}

/** Change over `period` values, in the price's unit. TA-Lib MOM. */
export class Momentum extends NumberIndicator {
  readonly #mom: MOM;

  constructor(count = 10) {
    super(Number.NaN);
    this.#mom = new MOM(period(count));
  }

  protected next(price: number): number | null {
    return this.#mom.update(price, false);
  }
}

export interface StochasticFigures {
  /** Where the close lies between the lowest low (0, also where nothing moved) and the highest high (100), smoothed. */
  readonly k: number;
  /** Mean of the last `k`. */
  readonly d: number;
}

/** George Lane's slow stochastic: k over `period` candles, its mean over `smooth`, d over `signal`. TA-Lib STOCH. */
export class Stochastic extends CandleIndicator<StochasticFigures> {
  readonly #stochastic: StochasticOscillator;

  constructor({ period: count = 14, smooth = 3, signal = 3 } = {}) {
    super({ k: Number.NaN, d: Number.NaN });
    this.#stochastic = new StochasticOscillator({
      kPeriod: period(count),
      kSlowingPeriod: period(smooth),
      dPeriod: period(signal),
    });
  }

  protected next(candle: Candle): StochasticFigures | null {
    const figures = this.#stochastic.update(candle, false);
    return figures === null ? null : { k: figures.stochK, d: figures.stochD };
  }
}

/**
 * Larry Williams' %R, -100 (at the lowest low of `period` candles, or where nothing moved) to 0 (at the highest high).
 * TA-Lib WILLR.
 */
export class WilliamsR extends CandleIndicator {
  readonly #williams: WILLR;

  constructor(count = 14) {
    super(Number.NaN);
    this.#williams = new WILLR(period(count));
  }

  protected next(candle: Candle): number | null {
    return this.#williams.update(candle, false);
  }
}

/**
 * Commodity channel index: (typical - sma(typical)) / (0.015 mean deviation), typical = (high + low + close) / 3;
 * 0 while nothing moves. Donald Lambert, 1980; TA-Lib CCI.
 */
export class Cci extends CandleIndicator {
  readonly #cci: CCI;

  constructor(count = 20) {
    super(Number.NaN);
    this.#cci = new CCI(period(count, 2));
  }

  protected next(candle: Candle): number | null {
    const figure = this.#cci.update(candle, false);
    if (figure === null) return null;
    return Number.isFinite(figure) ? figure : 0;
  }
}
