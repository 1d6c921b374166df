/** Round trips drawn again by chance, in one line for people. */
import type { Resampled } from '../fincalcs/bootstrap.ts';

export function resampledText(resampled: Resampled | null): string {
  if (resampled === null) return 'too few to say';
  const { runs, finalEquity, maxDrawdownPercent, lossPercent } = resampled;
  return (
    `${runs.toLocaleString('en-US')} times: equity ${finalEquity.p5} to ${finalEquity.p95} (5 % to 95 %), ` +
    `largest fall ${maxDrawdownPercent.p50} % (95 %: ${maxDrawdownPercent.p95} %), a loss in ${lossPercent} %`
  );
}
