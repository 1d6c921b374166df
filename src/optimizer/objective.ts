/** Which trial is better. */
import type { Objective } from '../tradeplan/plan.ts';
import type { Figures, TrialOutcome } from './contract.ts';

/** More is better; null where the figure has no meaning, so that the trial cannot be the best. */
export function scoreOf(outcome: TrialOutcome, objective: Objective): number | null {
  if (outcome.type === 'refused' || outcome.figures.faults > 0) return null;
  return figureOf(outcome.figures, objective);
}

function figureOf({ metrics }: Figures, objective: Objective): number | null {
  switch (objective) {
    case 'sharpe':
      return metrics.sharpe;
    case 'sortino':
      return metrics.sortino;
    case 'return':
      return metrics.returnPercent;
    case 'profit_factor':
      return metrics.profitFactor;
    case 'return_by_drawdown':
      return metrics.maxDrawdownPercent > 0 ? metrics.returnPercent / metrics.maxDrawdownPercent : null;
  }
}

/** Best first; those without a score last; equal ones in the order of the trials. */
export function ranked<Entry extends { readonly score: number | null }>(
  entries: readonly Entry[],
): readonly Entry[] {
  return entries.toSorted((one, other) => {
    if (one.score === null || other.score === null)
      return Number(one.score === null) - Number(other.score === null);
    return other.score - one.score;
  });
}
