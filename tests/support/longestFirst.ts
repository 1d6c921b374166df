/**
 * The order of the files. Vitest begins with those that took longest the last time; a fresh checkout, which has no last
 * time, begins with those of most bytes, and is left with one process at work on a file that takes a minute.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take more than ten seconds, the longest first. */
const LONGEST = [
  'docs/tutorial',
  'daemon/kill',
  'deployment/container',
  'replay/session',
  'daemon/trade',
  'daemon/tradePlans',
  'daemon/scanners',
  'replay/scanners',
  'daemon/portfolioKill',
  'daemon/recording',
  'daemon/reload',
  'daemon/plan',
  'backtester/optimizeCommand',
  'daemon/lifecycle',
  'history/fetch',
  'daemon/disk',
  'models/embedded',
  'backtester/prove',
  'daemon/outage',
  'daemon/spread',
  'daemon/paper',
  'models/select',
  'cli/portfolio',
  'daemon/strategies',
  'report/commands',
  'daemon/plots',
  'daemon/miners',
  'daemon/tape',
  'daemon/portfolio',
  'backtester/scanners',
  'cli/commands',
].map((name) => `/tests/${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.findIndex((end) => moduleId.endsWith(end));
  return rank === -1 ? LONGEST.length : rank;
}
