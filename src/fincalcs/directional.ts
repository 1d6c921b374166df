/** Whether a market trends, and which way. Welles Wilder, "New Concepts in Technical Trading Systems", 1978. */
import { Aroon as AROON } from 'trading-signals';
import { Wilder } from './averages.ts';
import { type Candle, CandleIndicator, period } from './indicator.ts';
import { TrueRange } from './range.ts';

export interface AdxFigures {
  /** Average directional index, 0 to 100: how strong the trend is, either way. */
  readonly adx: number;
  /** +DI, 0 to 100: the share of movement that went up. */
  readonly plus: number;
  /** -DI, 0 to 100: the share that went down. */
  readonly minus: number;
}

/**
 * Average directional index. Of each candle the larger of (high - previous high) and (previous low - low) counts, when
 * it is positive; a tie counts for neither side. DI = 100 sum(moves) / sum(true range) by Wilder's running sums, DX =
 * 100 |plus - minus| / (plus + minus), ADX = Wilder's average of DX.
 *
 * Ours, because trading-signals counts ties for both sides and begins a candle earlier. As TA-Lib ADX, PLUS_DI and
 * MINUS_DI: the running sums begin with `period` - 1 candles.
 */
export class Adx extends CandleIndicator<AdxFigures> {
  readonly #count: number;
  readonly #trueRange = new TrueRange();
  readonly #average: Wilder;
  #previous: Candle | undefined;
  #seen = 0;
  #ranges = 0;
  #ups = 0;
  #downs = 0;

  constructor(count = 14) {
    super({ adx: Number.NaN, plus: Number.NaN, minus: Number.NaN });
    this.#count = period(count, 2);
    this.#average = new Wilder(count);
  }

  protected next(candle: Candle): AdxFigures | null {
    const previous = this.#previous;
    this.#previous = candle;
    const range = this.#trueRange.update(candle);
    if (previous === undefined) return null;
    const up = candle.high - previous.high;
    const down = previous.low - candle.low;
    // The first sums are whole; from then on each loses its share before it gains.
    this.#seen += 1;
    const kept = this.#seen < this.#count ? 1 : 1 - 1 / this.#count;
    this.#ranges = this.#ranges * kept + range;
    this.#ups = this.#ups * kept + (up > 0 && up > down ? up : 0);
    this.#downs = this.#downs * kept + (down > 0 && down > up ? down : 0);
    if (this.#seen < this.#count) return null;
    const plus = this.#ranges > 0 ? (100 * this.#ups) / this.#ranges : 0;
    const minus = this.#ranges > 0 ? (100 * this.#downs) / this.#ranges : 0;
    this.#average.update(plus + minus > 0 ? (100 * Math.abs(plus - minus)) / (plus + minus) : 0);
    return this.#average.isReady ? { adx: this.#average.value, plus, minus } : null;
  }
}

export interface AroonFigures {
  /** 100 when the highest high of the period is the newest candle's, 0 when it is the oldest's. */
  readonly up: number;
  /** Likewise of the lowest low. */
  readonly down: number;
}

/** How long ago the last high and low were, over `period` + 1 candles. Tushar Chande, 1995; TA-Lib AROON. */
export class Aroon extends CandleIndicator<AroonFigures> {
  readonly #aroon: AROON;

  constructor(count = 14) {
    super({ up: Number.NaN, down: Number.NaN });
    this.#aroon = new AROON(period(count));
  }

  protected next(candle: Candle): AroonFigures | null {
    const figures = this.#aroon.update(candle, false);
    return figures === null ? null : { up: figures.aroonUp, down: figures.aroonDown };
  }
}
