/** The surface of a search: how trials do over the values of two parameters, whatever the others are. */
import type { ParameterRange } from '../tradeplan/plan.ts';
import type { TrialResult } from './search.ts';
import { ownerOf } from './session.ts';

/** Trials that share the values of both axes. */
export interface SurfaceCell {
  /** Places in the axes' values. */
  readonly column: number;
  readonly row: number;
  readonly mean: number;
  readonly best: number;
  /** Trials with a score. */
  readonly count: number;
}

export interface Surface {
  readonly across: ParameterRange;
  /** Null where the search has one range only. */
  readonly down: ParameterRange | null;
  /** Those without a trial that has a score are missing. */
  readonly cells: readonly SurfaceCell[];
}

/** One for each pair of ranges, in the plan's order, at most `surfacesMax`. */
export function surfacesOf(
  ranges: readonly ParameterRange[],
  trials: readonly TrialResult[],
  surfacesMax: number,
): readonly Surface[] {
  const varied = ranges.filter(({ values }) => values.length > 1);
  const [only] = varied;
  if (only === undefined) return [];
  if (varied.length === 1) return [surfaceOf(only, null, trials)];
  const pairs = varied.flatMap((across, index) =>
    varied.slice(index + 1).map((down): readonly [ParameterRange, ParameterRange] => [across, down]),
  );
  return pairs.slice(0, surfacesMax).map(([across, down]) => surfaceOf(across, down, trials));
}

function surfaceOf(
  across: ParameterRange,
  down: ParameterRange | null,
  trials: readonly TrialResult[],
): Surface {
  const scores = new Map<number, number[]>();
  for (const trial of trials) {
    if (trial.score === null) continue;
    const place = placeOf(down, trial) * across.values.length + placeOf(across, trial);
    const known = scores.get(place);
    if (known === undefined) scores.set(place, [trial.score]);
    else known.push(trial.score);
  }
  const cells = [...scores].map(([place, values]) => ({
    column: place % across.values.length,
    row: Math.floor(place / across.values.length),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    best: values.reduce((most, value) => Math.max(most, value)),
    count: values.length,
  }));
  return { across, down, cells };
}

function placeOf(range: ParameterRange | null, { parameters }: TrialResult): number {
  if (range === null) return 0;
  const owner = parameters[ownerOf(range)] as Readonly<Record<string, unknown>>;
  return range.values.indexOf(owner[range.parameter] as number);
}
