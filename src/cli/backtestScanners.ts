/** The scanners of a plan whose picks its strategies take, ready for backtests. */
import type { OpenScanners } from '../backtester/scans/contract.ts';
import { liveClock } from '../clock/live.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { Log } from '../observability/log.ts';
import type { ScannerPlan, Tradeplan } from '../tradeplan/plan.ts';
import { backtestScanners } from '../trader/scanning/backtestScans.ts';
import { prepareScanners } from '../trader/scanning/scanners.ts';
import type { PreparedScanner } from '../trader/scanning/scanning.ts';

/** Undefined where no strategy takes picks. @throws {UserError} exit code 2 when a scanner of theirs is wrong. */
export async function scannersOf(plan: Tradeplan, log: Log): Promise<OpenScanners | undefined> {
  const wanted = new Set(plan.strategies.flatMap((strategy) => strategy.scanners));
  if (wanted.size === 0) return undefined;
  const plans = plan.scanners.filter(({ scannerId }) => wanted.has(scannerId));
  const scanners = await requireScanners(plan, plans);
  return backtestScanners({ plan, scanners, clock: liveClock, log });
}

/** @throws {UserError} exit code 2 when one is wrong. */
export async function requireScanners(
  plan: Tradeplan,
  plans: readonly ScannerPlan[],
): Promise<readonly PreparedScanner[]> {
  const { scanners, violations } = await prepareScanners(plans);
  if (violations.length === 0) return scanners;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `the scanners of ${plan.path} cannot be run`,
    remedy: 'Correct what is named above; `openbell check` looks again.',
    violations,
  });
}
