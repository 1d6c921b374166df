/** Which combinations of values a search tries. */
import { seededRandom } from '../clock/chance.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { OptimizePlan } from '../tradeplan/plan.ts';
import type { Values } from './contract.ts';

/**
 * Every combination, or as many different ones as the plan draws by its seed.
 * @throws {UserError} exit code 2: no ranges, or more combinations than the plan allows.
 */
export function trialsOf(optimize: OptimizePlan): readonly Values[] {
  const { ranges, search, trialsMax, seed } = optimize;
  if (ranges.length === 0) {
    throw usage(
      'the plan names no parameters to try',
      'Name ranges under `optimize:`, see tradeplan.example.yaml.',
    );
  }
  const combinations = ranges.reduce((product, { values }) => product * values.length, 1);
  const isAll = combinations <= trialsMax;
  if (search === 'grid' && !isAll) {
    throw usage(
      `the grid has ${combinations.toLocaleString('en-US')} combinations, optimize.max_trials is ${trialsMax.toLocaleString('en-US')}`,
      'Try fewer values, allow more trials, or draw some of them with `search: random`.',
    );
  }
  if (combinations > Number.MAX_SAFE_INTEGER) {
    throw usage('there are more combinations than can be counted', 'Try fewer values.');
  }
  if (isAll) return Array.from({ length: combinations }, (_, index) => combinationAt(optimize, index));
  return drawn(combinations, trialsMax, seed).map((index) => combinationAt(optimize, index));
}

/** The last range turns fastest. */
function combinationAt({ ranges }: OptimizePlan, index: number): Values {
  let left = index;
  return ranges
    .toReversed()
    .map(({ values }) => {
      const value = values[left % values.length]!;
      left = Math.floor(left / values.length);
      return value;
    })
    .toReversed();
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
