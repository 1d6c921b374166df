/** Which combinations of values a search tries, and in what order. */
import { seededRandom } from '../clock/chance.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { OptimizePlan } from '../tradeplan/plan.ts';
import type { Values } from './contract.ts';
import { propose, type Seen } from './parzen.ts';

/** Trials of a learning search that are drawn before it knows anything. */
const DRAWN_FIRST = 16;
/** Trials chosen on the same knowledge, so that threads have work: the same number on every machine. */
const TRIALS_PER_ROUND = 8;

/** Says what to try next. The same answers lead to the same questions. */
export interface Sampler {
  /** Trials that it will ask for, all together. */
  readonly total: number;
  /** Asked again with the scores of all asked for so far, in their order; empty when nothing is left to try. */
  next(scores: readonly (number | null)[]): readonly Values[];
}

/**
 * Every combination, as many different ones as the plan draws by its seed, or those that what was learned speaks for.
 * @throws {UserError} exit code 2: no ranges, or more combinations than the plan allows.
 */
export function samplerOf(optimize: OptimizePlan): Sampler {
  const { ranges, search, trialsMax, seed } = optimize;
  const combinations = combinationsOf(optimize);
  if (combinations <= trialsMax) {
    return allAtOnce(Array.from({ length: combinations }, (_, index) => combinationAt(optimize, index)));
  }
  if (search === 'random') {
    return allAtOnce(drawn(combinations, trialsMax, seed).map((index) => combinationAt(optimize, index)));
  }
  const first = drawn(combinations, Math.min(DRAWN_FIRST, trialsMax), seed);
  const random = seededRandom(seed);
  const asked = first.map((index) => placesAt(optimize, index));
  const tried = new Set(asked.map(String));
  const valuesOf = (places: readonly number[]) => ranges.map(({ values }, index) => values[places[index]!]!);
  return {
    total: trialsMax,
    next: (scores) => {
      if (scores.length === 0) return asked.map(valuesOf);
      const seen: Seen[] = scores.map((score, index) => ({ places: asked[index]!, score }));
      const round: Values[] = [];
      while (round.length < TRIALS_PER_ROUND && asked.length < trialsMax) {
        const places =
          propose(ranges, seen, { isTried: (candidate) => tried.has(String(candidate)), random }) ??
          firstUntried(optimize, tried);
        asked.push(places);
        tried.add(String(places));
        // Until its score is known it counts as bad, so that a round does not try one place eight times.
        seen.push({ places, score: null });
        round.push(valuesOf(places));
      }
      return round;
    },
  };
}

function allAtOnce(trials: readonly Values[]): Sampler {
  return { total: trials.length, next: (scores) => (scores.length === 0 ? trials : []) };
}

function combinationsOf({ ranges, search, trialsMax }: OptimizePlan): number {
  if (ranges.length === 0) {
    throw usage(
      'the plan names no parameters to try',
      'Name ranges under `optimize:`, see tradeplan.example.yaml.',
    );
  }
  const combinations = ranges.reduce((product, { values }) => product * values.length, 1);
  if (search === 'grid' && combinations > trialsMax) {
    throw usage(
      `the grid has ${combinations.toLocaleString('en-US')} combinations, optimize.max_trials is ${trialsMax.toLocaleString('en-US')}`,
      'Try fewer values, allow more trials, or try some of them with `search: random` or `tpe`.',
    );
  }
  if (combinations > Number.MAX_SAFE_INTEGER) {
    throw usage('there are more combinations than can be counted', 'Try fewer values.');
  }
  return combinations;
}

function combinationAt(optimize: OptimizePlan, index: number): Values {
  const places = placesAt(optimize, index);
  return optimize.ranges.map(({ values }, range) => values[places[range]!]!);
}

/** The last range turns fastest. */
function placesAt({ ranges }: OptimizePlan, index: number): readonly number[] {
  let left = index;
  return ranges
    .toReversed()
    .map(({ values }) => {
      const place = left % values.length;
      left = Math.floor(left / values.length);
      return place;
    })
    .toReversed();
}

/** There is one: fewer are asked for than there are combinations. */
function firstUntried(optimize: OptimizePlan, tried: ReadonlySet<string>): readonly number[] {
  for (let index = 0; ; index += 1) {
    const places = placesAt(optimize, index);
    if (!tried.has(String(places))) return places;
  }
}

/** `count` different numbers below `total` (Floyd 1987, Communications of the ACM 30(9)). */
function drawn(total: number, count: number, seed: number): readonly number[] {
  const random = seededRandom(seed);
  // One draw has 32 bits: two make a number of 53.
  const wide = () => (Math.floor(random() * 2 ** 26) * 2 ** 27 + Math.floor(random() * 2 ** 27)) / 2 ** 53;
  const chosen = new Set<number>();
  for (let last = total - count; last < total; last += 1) {
    const candidate = Math.floor(wide() * (last + 1));
    chosen.add(chosen.has(candidate) ? last : candidate);
  }
  return [...chosen];
}

function usage(cause: string, remedy: string): UserError {
  return new UserError({ exitCode: EXIT_USAGE, cause, remedy });
}
