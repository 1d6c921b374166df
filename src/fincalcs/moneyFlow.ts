/** Volume with a direction: whether shares were bought or sold. */
import { AD, CMF, MFI } from 'trading-signals';
import { type Candle, CandleIndicator, period } from './indicator.ts';

/**
 * On-balance volume, in shares: the running sum of volume, added when the close rose and taken away when it fell. It
 * begins with the first candle's volume, as TA-Lib OBV. Joe Granville, 1963.
 */
export class Obv extends CandleIndicator {
  #previousClose: number | undefined;
  #sum = 0;

  constructor() {
    super(Number.NaN);
  }

  protected next({ close, volume }: Candle): number {
    const previous = this.#previousClose ?? Number.NEGATIVE_INFINITY;
    this.#previousClose = close;
    this.#sum += Math.sign(close - previous) * volume;
    return this.#sum;
  }
}

/**
 * Accumulation and distribution, in shares: the running sum of volume ((close - low) - (high - close)) / (high - low).
 * Marc Chaikin; TA-Lib AD.
 */
export class AccumulationDistribution extends CandleIndicator {
  readonly #ad = new AD();

  constructor() {
    super(Number.NaN);
  }

  protected next(candle: Candle): number | null {
    return this.#ad.update(candle, false);
  }
}

/** Chaikin money flow, -1 to 1: what {@link AccumulationDistribution} gained in `period` candles, over their volume. */
export class ChaikinMoneyFlow extends CandleIndicator {
  readonly #cmf: CMF;

  constructor(count = 20) {
    super(Number.NaN);
    this.#cmf = new CMF(period(count));
  }

  protected next(candle: Candle): number | null {
    return this.#cmf.update(candle, false);
  }
}

/**
 * Money flow index, 0 to 100: the share of typical price x volume that came with rising typical prices; 50 where none
 * came with a change. TA-Lib MFI, which says 0 then.
 */
export class Mfi extends CandleIndicator {
  readonly #mfi: MFI;

  constructor(count = 14) {
    super(Number.NaN);
    this.#mfi = new MFI(period(count));
  }

  protected next(candle: Candle): number | null {
    return this.#mfi.update(candle, false);
  }
}
