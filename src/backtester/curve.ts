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
  // Of the sessions' returns: their number, mean and sum of squared distances from it (Welford).
  #sessions = 0;
  #mean = 0;
  #squares = 0;
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
    this.#sessions += 1;
    const distance = change - this.#mean;
    this.#mean += distance / this.#sessions;
    this.#squares += distance * (change - this.#mean);
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

  #keep(atMicros: EpochMicros, equity: number): void {
    this.#skipped = 0;
    this.#points.push({ atMicros, equity });
    if (this.#points.length < POINTS_MAX) return;
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
    this.#every *= 2;
  }
}
