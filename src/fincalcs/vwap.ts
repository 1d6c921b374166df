/** The volume-weighted average price of a session and how far prices lie from it. */

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
}
