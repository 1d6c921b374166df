/** Bands around a price, all in its unit. */
import { BollingerBands, DonchianChannels } from 'trading-signals';
import { Ema } from './averages.ts';
import { type Candle, CandleIndicator, NumberIndicator, period } from './indicator.ts';
import { Atr } from './range.ts';

export interface ChannelFigures {
  readonly lower: number;
  readonly middle: number;
  readonly upper: number;
}

const EMPTY: ChannelFigures = { lower: Number.NaN, middle: Number.NaN, upper: Number.NaN };

/**
 * John Bollinger's: the mean of `period` prices, and `deviations` of their standard deviation to each side. TA-Lib
 * BBANDS.
 */
export class Bollinger extends NumberIndicator<ChannelFigures> {
  readonly #bands: BollingerBands;

  constructor({ period: count = 20, deviations = 2 } = {}) {
    super(EMPTY);
    this.#bands = new BollingerBands(period(count, 2), deviations);
  }

  protected next(price: number): ChannelFigures | null {
    return this.#bands.update(price, false);
  }
}

/**
 * Chester Keltner's, as Linda Raschke draws it: an exponential average of closes, and `multiple` average true ranges
 * to each side.
 */
export class Keltner extends CandleIndicator<ChannelFigures> {
  readonly #middle: Ema;
  readonly #range: Atr;
  readonly #multiple: number;

  constructor({ period: count = 20, rangePeriod = 10, multiple = 2 } = {}) {
    super(EMPTY);
    this.#middle = new Ema(count);
    this.#range = new Atr(rangePeriod);
    this.#multiple = multiple;
  }

  protected next(candle: Candle): ChannelFigures | null {
    const middle = this.#middle.update(candle.close);
    const away = this.#multiple * this.#range.update(candle);
    if (!this.#middle.isReady || !this.#range.isReady) return null;
    return { lower: middle - away, middle, upper: middle + away };
  }
}

/** Richard Donchian's: highest high and lowest low of `period` candles, the newest included. */
export class Donchian extends CandleIndicator<ChannelFigures> {
  readonly #channels: DonchianChannels;

  constructor(count = 20) {
    super(EMPTY);
    this.#channels = new DonchianChannels(period(count));
  }

  protected next(candle: Candle): ChannelFigures | null {
    return this.#channels.update(candle, false);
  }
}
