/**
 * How much of a best Sharpe ratio is the luck of having tried often: Bailey and Lopez de Prado, The Deflated Sharpe
 * Ratio, Journal of Portfolio Management 40(5), 2014. Ratios are those of single returns, never annualised.
 */
import { normalProbability, normalQuantile } from './normal.ts';

const EULER_MASCHERONI = 0.577_215_664_901_532_9;

/** The Sharpe ratio to be expected of the best of so many trials of which none has any skill. */
export function expectedMaximumSharpe(trials: number, sharpeVariance: number): number {
  if (trials < 2) return 0;
  const typical = normalQuantile(1 - 1 / trials);
  const rare = normalQuantile(1 - 1 / (trials * Math.E));
  return Math.sqrt(sharpeVariance) * ((1 - EULER_MASCHERONI) * typical + EULER_MASCHERONI * rare);
}

export interface SharpeSample {
  readonly sharpe: number;
  /** Of the returns: 0 for a normal distribution. */
  readonly skewness: number;
  /** Not in excess: 3 for a normal distribution. */
  readonly kurtosis: number;
  /** Returns that it is made of. */
  readonly count: number;
}

/** The probability that the true Sharpe ratio is above `benchmark`; null where the sample is too thin or too odd. */
export function probabilisticSharpe(sample: SharpeSample, benchmark: number): number | null {
  const { sharpe, skewness, kurtosis, count } = sample;
  const variance = 1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe * sharpe;
  if (count < 2 || !(variance > 0)) return null;
  return normalProbability(((sharpe - benchmark) * Math.sqrt(count - 1)) / Math.sqrt(variance));
}

/** {@link probabilisticSharpe} against the best that so many trials without skill would have come to. */
export function deflatedSharpe(
  sample: SharpeSample,
  tried: { readonly trials: number; readonly sharpeVariance: number },
): number | null {
  return probabilisticSharpe(sample, expectedMaximumSharpe(tried.trials, tried.sharpeVariance));
}
