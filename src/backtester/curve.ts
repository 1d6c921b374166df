/**
 * The equity curve, in floating-point numbers: for pictures and statistics, never for the ledger. It keeps a bounded
 * number of points however long the run: when they are too many every other one is dropped.
 */
import type { EpochMicros } from '../domain/time.ts';

export interface EquityPoint {
  readonly atMicros: EpochMicros;
  readonly equity: number;
}

const POINTS_MAX = 1_024;

export class EquityCurve {
  #points: EquityPoint[] = [];
  #every = 1;
  #skipped = 0;
  #peak: number;
  #drawdownMax = 0;
  #drawdownShareMax = 0;
  #lowest: number;
  #sessionStart: number;
  // Of the sessions' returns: their number, mean, and sums of powers of the distances from it (Welford, Terriberry).
  #sessions = 0;
  #mean = 0;
  #squares = 0;
  #cubes = 0;
  #fourths = 0;
  #squaresBelow = 0;

  constructor(start: EquityPoint) {
    this.#peak = start.equity;
    this.#lowest = start.equity;
    this.#sessionStart = start.equity;
    this.#points.push(start);
  }

  note(atMicros: EpochMicros, equity: number): void {
    if (equity > this.#peak) this.#peak = equity;
    else if (this.#peak - equity > this.#drawdownMax) {
      this.#drawdownMax = this.#peak - equity;
      this.#drawdownShareMax = Math.max(this.#drawdownShareMax, this.#drawdownMax / this.#peak);
    }
    if (equity < this.#lowest) this.#lowest = equity;
    this.#skipped += 1;
    if (this.#skipped >= this.#every) this.#keep(atMicros, equity);
  }

  /** A session ends: its return is one sample of the statistics. */
  endSession(equity: number): void {
    const change = equity / this.#sessionStart - 1;
    this.#sessionStart = equity;
    if (!Number.isFinite(change)) return;
    const before = this.#sessions;
    this.#sessions += 1;
    const count = this.#sessions;
    const distance = change - this.#mean;
    const step = distance / count;
    const spread = distance * step * before;
    this.#mean += step;
    this.#fourths +=
      spread * step * step * (count * count - 3 * count + 3) +
      6 * step * step * this.#squares -
      4 * step * this.#cubes;
    this.#cubes += spread * step * (count - 2) - 3 * step * this.#squares;
    this.#squares += spread;
    if (change < 0) this.#squaresBelow += change * change;
  }

  get points(): readonly EquityPoint[] {
    return this.#points;
  }

  get lowest(): number {
    return this.#lowest;
  }

  get peak(): number {
    return this.#peak;
  }

  /** Largest fall from a peak, in the account's currency, and the largest as a share of its peak. */
  get drawdown(): { readonly amount: number; readonly share: number } {
    return { amount: this.#drawdownMax, share: this.#drawdownShareMax };
  }

  get sessions(): number {
    return this.#sessions;
  }

  /**
   * Mean of the sessions' returns over their standard deviation (Sharpe), or over the root of the mean square of the
   * losing ones (Sortino), times the root of the sessions of a year; null where there are too few to say.
   */
  ratios(sessionsPerYear: number): { readonly sharpe: number | null; readonly sortino: number | null } {
    if (this.#sessions < 2) return { sharpe: null, sortino: null };
    const deviation = Math.sqrt(this.#squares / (this.#sessions - 1));
    const below = Math.sqrt(this.#squaresBelow / this.#sessions);
    const scale = Math.sqrt(sessionsPerYear);
    return {
      sharpe: deviation > 0 ? (this.#mean / deviation) * scale : null,
      sortino: below > 0 ? (this.#mean / below) * scale : null,
    };
  }

  /**
   * Of the sessions' returns: mean over standard deviation, not annualised, and the shape of their distribution
   * (skewness 0 and kurtosis 3 for a normal one). Null where there are too few sessions, or no movement.
   */
  shape(): { readonly sharpe: number; readonly skewness: number; readonly kurtosis: number } | null {
    if (this.#sessions < 2 || this.#squares <= 0) return null;
    const count = this.#sessions;
    return {
      sharpe: this.#mean / Math.sqrt(this.#squares / (count - 1)),
      skewness: (Math.sqrt(count) * this.#cubes) / this.#squares ** 1.5,
      kurtosis: (count * this.#fourths) / this.#squares ** 2,
    };
  }

  #keep(atMicros: EpochMicros, equity: number): void {
    this.#skipped = 0;
    this.#points.push({ atMicros, equity });
    if (this.#points.length < POINTS_MAX) return;
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
    this.#every *= 2;
  }
}
