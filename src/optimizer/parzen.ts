/**
 * A search that learns: the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kégl 2011, "Algorithms for
 * hyper-parameter optimization", section 4). The trials so far are divided into the best and the others; values are
 * likely where the best are dense and the others are not. Each range is looked at by itself.
 */
import type { Random } from '../clock/chance.ts';
import type { ParameterRange } from '../tradeplan/plan.ts';

/** Of the trials so far, those that count as the best. */
const BEST_SHARE = 0.1;
/** Drawn where the best are dense; the likeliest of them is tried. */
const CANDIDATES = 24;
/** Draws for one candidate that has not been tried, before it is given up. */
const DRAWS_MAX = 50;

/** Of the kernel, in places: a value always speaks a little for its next neighbours. */
const WIDTH_MIN = 0.5;

/** A trial by the places of its values in their ranges. */
export interface Seen {
  readonly places: readonly number[];
  /** Null counts among the worst. */
  readonly score: number | null;
}

/** How likely each value of a range is, by place: of the best, and of the others. Both sum to one. */
interface Densities {
  readonly best: readonly number[];
  readonly others: readonly number[];
}

/**
 * The places of a trial to make next, or null when none was found that is new.
 * @param seen with those under way, whose score is null.
 */
export function propose(
  ranges: readonly ParameterRange[],
  seen: readonly Seen[],
  of: { readonly isTried: (places: readonly number[]) => boolean; readonly random: Random },
): readonly number[] | null {
  const sorted = seen.toSorted((a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity));
  const bestCount = Math.max(1, Math.ceil(sorted.length * BEST_SHARE));
  const densities = ranges.map(
    (range, index): Densities => ({
      best: densityOf(range, placesOf(sorted.slice(0, bestCount), index)),
      others: densityOf(range, placesOf(sorted.slice(bestCount), index)),
    }),
  );
  let chosen: readonly number[] | null = null;
  let highest = -Infinity;
  for (let count = 0; count < CANDIDATES; count += 1) {
    const candidate = newCandidate(densities, of);
    if (candidate === null) break;
    const likelihood = likelihoodOf(candidate, densities);
    if (likelihood > highest) {
      highest = likelihood;
      chosen = candidate;
    }
  }
  return chosen;
}

function placesOf(seen: readonly Seen[], index: number): readonly number[] {
  return seen.map(({ places }) => places[index]!);
}

/**
 * Numbers lend weight to their neighbours, by a normal kernel whose width follows Scott's rule (Scott 1992,
 * "Multivariate density estimation"); other values stand for themselves. A flat part with the weight of one trial keeps
 * every value possible.
 */
function densityOf({ values }: ParameterRange, places: readonly number[]): readonly number[] {
  const isOrdered = values.every((value) => typeof value === 'number');
  const width = isOrdered ? Math.max(WIDTH_MIN, deviationOf(places) * (places.length + 1) ** -0.2) : 0;
  const weights = values.map(() => 1 / values.length);
  for (const place of places) {
    const kernel = values.map((_, at) =>
      width === 0 ? Number(at === place) : Math.exp(-0.5 * ((at - place) / width) ** 2),
    );
    const sum = kernel.reduce((total, weight) => total + weight, 0);
    for (const [at, weight] of kernel.entries()) weights[at]! += weight / sum;
  }
  return weights.map((weight) => weight / (places.length + 1));
}

function deviationOf(places: readonly number[]): number {
  const mean = places.reduce((sum, place) => sum + place, 0) / Math.max(1, places.length);
  return Math.sqrt(places.reduce((sum, place) => sum + (place - mean) ** 2, 0) / Math.max(1, places.length));
}

function newCandidate(
  densities: readonly Densities[],
  of: { readonly isTried: (places: readonly number[]) => boolean; readonly random: Random },
): readonly number[] | null {
  for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
    const places = densities.map(({ best }) => drawn(best, of.random()));
    if (!of.isTried(places)) return places;
  }
  return null;
}

function drawn(density: readonly number[], share: number): number {
  let sum = 0;
  for (const [place, weight] of density.entries()) {
    sum += weight;
    if (share < sum) return place;
  }
  return density.length - 1;
}

/** The logarithm of how much likelier the best have these values than the others. */
function likelihoodOf(places: readonly number[], densities: readonly Densities[]): number {
  return densities.reduce(
    (sum, { best, others }, index) => sum + Math.log(best[places[index]!]! / others[places[index]!]!),
    0,
  );
}
