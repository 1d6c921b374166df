/** The volume-weighted average price of a session, or since any moment, and how far prices lie from it. */
import type { ChannelFigures } from './channels.ts';
import { averagePrice, type Candle, type Indicator } from './indicator.ts';

/**
 * Streaming VWAP with its volume-weighted standard deviation:
 *
 *     vwap  = sum(v p) / sum(v)
 *     sigma = sqrt(sum(v (p - vwap)^2) / sum(v))
 *     z(p)  = (p - vwap) / sigma
 *
 * Updated by West's incremental algorithm (D. H. D. West, "Updating mean and variance estimates: an improved method",
 * CACM 22(9), 1979), which does not lose the variance in the rounding of large sums.
 */
export class SessionVwap {
  #volume = 0;
  #vwap = Number.NaN;
  #weightedSquares = 0;

  /** Adds a trade, or a bar by its typical price or its own VWAP. What has no volume or no price counts nothing. */
  add(price: number, volume: number): void {
    if (!(volume > 0) || !Number.isFinite(price) || !Number.isFinite(volume)) return;
    if (this.#volume === 0) this.#vwap = price;
    this.#volume += volume;
    const distance = price - this.#vwap;
    this.#vwap += (distance * volume) / this.#volume;
    this.#weightedSquares += volume * distance * (price - this.#vwap);
  }

  /** A new session begins. */
  reset(): void {
    this.#volume = 0;
    this.#vwap = Number.NaN;
    this.#weightedSquares = 0;
  }

  /** NaN before the first volume. */
  get value(): number {
    return this.#vwap;
  }

  get volume(): number {
    return this.#volume;
  }

  /** Standard deviation in the price's unit; NaN before the first volume. */
  get deviation(): number {
    return this.#volume > 0 ? Math.sqrt(Math.max(0, this.#weightedSquares) / this.#volume) : Number.NaN;
  }

  /** How many standard deviations a price lies above the VWAP; NaN while there is no deviation. */
  zScore(price: number): number {
    const { deviation } = this;
    return deviation > 0 ? (price - this.#vwap) / deviation : Number.NaN;
  }

  /** The VWAP and so many standard deviations to each side of it. */
  bands(deviations: number): ChannelFigures {
    const away = deviations * this.deviation;
    return { lower: this.#vwap - away, middle: this.#vwap, upper: this.#vwap + away };
  }
}

/** A candle with the moment at which it starts, microseconds since the epoch. */
export interface TimedCandle extends Candle {
  readonly timeMicros: number;
  /** Its own volume-weighted average price, where it is known. */
  readonly vwap?: number;
}

/**
 * The VWAP of all candles that start at or after an anchor (an open, an announcement, a low), with bands. A candle
 * counts by its own VWAP, or by its typical price (high + low + close) / 3. With the session's open as anchor it is the
 * session's VWAP. Brian Shannon, "Maximum Trading Gains with Anchored VWAP", 2022.
 */
export class AnchoredVwap implements Indicator<TimedCandle, ChannelFigures> {
  readonly #vwap = new SessionVwap();
  readonly #deviations: number;
  #anchorMicros: number;

  constructor({ anchorMicros, deviations = 2 }: { anchorMicros: number; deviations?: number }) {
    this.#anchorMicros = anchorMicros;
    this.#deviations = deviations;
  }

  get anchorMicros(): number {
    return this.#anchorMicros;
  }

  /** Begins anew at another anchor, such as the next session's open. */
  moveAnchor(anchorMicros: number): void {
    this.#anchorMicros = anchorMicros;
    this.#vwap.reset();
  }

  get isReady(): boolean {
    return this.#vwap.volume > 0;
  }

  get value(): ChannelFigures {
    return this.#vwap.bands(this.#deviations);
  }

  update(candle: TimedCandle): ChannelFigures {
    if (candle.timeMicros >= this.#anchorMicros) {
      this.#vwap.add(averagePrice(candle), candle.volume);
    }
    return this.value;
  }
}
