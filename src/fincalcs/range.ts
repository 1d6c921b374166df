/** How far prices move within a candle, in the price's unit. */
import { getTrueRange } from 'trading-signals';
import { Wilder } from './averages.ts';
import { type Candle, CandleIndicator } from './indicator.ts';

/**
 * max(high, previous close) - min(low, previous close); the first candle has none. Welles Wilder, 1978; TA-Lib TRANGE.
 */
export class TrueRange extends CandleIndicator {
  #previousClose: number | undefined;

  constructor() {
    super(Number.NaN);
  }

  protected next(candle: Candle): number | null {
    const previousClose = this.#previousClose;
    this.#previousClose = candle.close;
    return previousClose === undefined ? null : getTrueRange(candle, previousClose);
  }
}

/** Average true range: Wilder's smoothing of the true range, which begins with the second candle. TA-Lib ATR. */
export class Atr extends CandleIndicator {
  readonly #trueRange = new TrueRange();
  readonly #average: Wilder;

  constructor(count = 14) {
    super(Number.NaN);
    this.#average = new Wilder(count);
  }

  protected next(candle: Candle): number | null {
    this.#average.update(this.#trueRange.update(candle));
    return this.#average.isReady ? this.#average.value : null;
  }
}
