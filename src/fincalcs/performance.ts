/**
 * How well an account did, from its equity at equal steps (days). Definitions as in docs/REPORT.md. Numbers in, numbers
 * out; null where a figure has no meaning (no steps, nothing lost, no movement), never NaN or infinity.
 */

/** Change from each step to the next, as a share; a step from zero or less has none and is left out. */
export function returnsOf(equities: readonly number[]): readonly number[] {
  const returns: number[] = [];
  for (let step = 1; step < equities.length; step += 1) {
    const before = equities[step - 1]!;
    if (before > 0) returns.push(equities[step]! / before - 1);
  }
  return returns;
}

/** Mean of the returns over their sample standard deviation, times the root of the steps of a year. No risk-free rate. */
export function sharpeRatio(returns: readonly number[], stepsPerYear: number): number | null {
  if (returns.length < 2) return null;
  const mean = meanOf(returns);
  const squares = returns.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return ratio(mean, Math.sqrt(squares / (returns.length - 1)), stepsPerYear);
}

/** Like {@link sharpeRatio}, over the root of the mean square of the losing returns, winning ones counting as zero. */
export function sortinoRatio(returns: readonly number[], stepsPerYear: number): number | null {
  if (returns.length < 2) return null;
  const squares = returns.reduce((sum, value) => sum + Math.min(0, value) ** 2, 0);
  return ratio(meanOf(returns), Math.sqrt(squares / returns.length), stepsPerYear);
}

/** The yearly growth, as a share, that makes `end` of `start` in that many years. */
export function annualReturn(start: number, end: number, years: number): number | null {
  if (start <= 0 || end <= 0 || years <= 0) return null;
  const growth = (end / start) ** (1 / years) - 1;
  return Number.isFinite(growth) ? growth : null;
}

/** Yearly growth over the largest fall, both as shares. */
export function calmarRatio(growth: number | null, drawdownShare: number): number | null {
  return growth === null || drawdownShare <= 0 ? null : growth / drawdownShare;
}

/** Sum of the gains over the sum of the losses. */
export function profitFactor(grossProfit: number, grossLoss: number): number | null {
  return grossLoss === 0 ? null : grossProfit / Math.abs(grossLoss);
}

/** The deepest and the longest fall from a peak, told equity by equity. */
export class Drawdown {
  /** In money, and as a share of the peak; each the largest of its kind. */
  amount = 0;
  share = 0;
  /** From a peak until it is reached again, or until now; in the unit of `at`. */
  longest = 0;
  #peak = Number.NEGATIVE_INFINITY;
  #peakAt = 0;
  #isBelow = false;

  /** @returns the fall from the highest equity so far, as a share of it. */
  note(at: number, equity: number): number {
    if (equity >= this.#peak) {
      // At a new peak the fall that ends here counts in full.
      if (this.#peak !== Number.NEGATIVE_INFINITY && this.#isBelow) this.#lengthen(at);
      this.#isBelow = false;
      this.#peak = equity;
      this.#peakAt = at;
      return 0;
    }
    this.#isBelow = true;
    this.#lengthen(at);
    const fall = this.#peak - equity;
    const share = this.#peak > 0 ? fall / this.#peak : 0;
    if (fall > this.amount) this.amount = fall;
    if (share > this.share) this.share = share;
    return share;
  }

  #lengthen(at: number): void {
    this.longest = Math.max(this.longest, at - this.#peakAt);
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A deviation that is rounding error beside the mean is none: equal returns have no ratio. */
function ratio(mean: number, deviation: number, stepsPerYear: number): number | null {
  return deviation > Math.abs(mean) * 1e-12 ? (mean / deviation) * Math.sqrt(stepsPerYear) : null;
}
