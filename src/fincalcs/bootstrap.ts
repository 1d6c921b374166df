/**
 * What the same trades could have come to: as many, drawn from them with replacement, again and again (the bootstrap,
 * Efron 1979, The Annals of Statistics 7(1)). It shows how much of a result hangs on few trades and on their order.
 * Trades are taken as independent of each other: losses that come in runs by their nature fall deeper than this says.
 */

/** How often the trades are drawn again, unless they are so many that it would take long. */
const RUNS = 1_000;
const RUNS_MIN = 100;
/** Single draws over all runs: some tens of milliseconds. */
const DRAWS_MAX = 2_000_000;
/** With fewer there is nothing to draw from. */
const TRADES_MIN = 10;
/** The same trades are drawn in the same way each time. */
export const RESAMPLE_SEED = 1;

export interface Resampled {
  readonly runs: number;
  /** Of the final equity: a twentieth of the runs ends below the first, half below the second, and so on. */
  readonly finalEquity: { readonly p5: number; readonly p50: number; readonly p95: number };
  /** Of the largest fall from a peak, in percent of that peak. */
  readonly maxDrawdownPercent: { readonly p50: number; readonly p95: number };
  /** Of the runs, those that end below the starting equity. */
  readonly lossPercent: number;
}

/**
 * @param gains of each trade, after fees, in money; each stands for itself, its size does not follow the equity.
 * @param count trades of a run; more than there are gains where these are a selection.
 * @param random uniform numbers in [0, 1), seeded, so that the answer can be had again.
 * @returns null with fewer than ten trades.
 */
export function resample(
  gains: readonly number[],
  of: { readonly count: number; readonly startEquity: number; readonly random: () => number },
): Resampled | null {
  const { count, startEquity, random } = of;
  if (gains.length < TRADES_MIN || startEquity <= 0) return null;
  const runs = Math.max(RUNS_MIN, Math.min(RUNS, Math.floor(DRAWS_MAX / count)));
  const finals = new Float64Array(runs);
  const falls = new Float64Array(runs);
  let losses = 0;
  for (let run = 0; run < runs; run += 1) {
    let equity = startEquity;
    let peak = equity;
    let fall = 0;
    for (let draw = 0; draw < count; draw += 1) {
      equity += gains[Math.floor(random() * gains.length)]!;
      if (equity > peak) peak = equity;
      else if ((peak - equity) / peak > fall) fall = (peak - equity) / peak;
    }
    finals[run] = equity;
    falls[run] = fall * 100;
    if (equity < startEquity) losses += 1;
  }
  finals.sort();
  falls.sort();
  return {
    runs,
    finalEquity: { p5: atRank(finals, 0.05), p50: atRank(finals, 0.5), p95: atRank(finals, 0.95) },
    maxDrawdownPercent: { p50: atRank(falls, 0.5), p95: atRank(falls, 0.95) },
    lossPercent: rounded((losses / runs) * 100),
  };
}

/** The nearest rank: the smallest value that this share of all does not exceed. */
function atRank(sorted: Float64Array, share: number): number {
  return rounded(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!);
}

/** To hundredths: more would claim to know what chance decides. */
function rounded(value: number): number {
  return Number(value.toFixed(2));
}
