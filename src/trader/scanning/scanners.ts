/** The plan's scanners with their code found and their parameters checked. */
import type { Clock } from '../../clock/clock.ts';
import { liveClock } from '../../clock/live.ts';
import type { Violation } from '../../domain/exit.ts';
import type { JsonObject } from '../../domain/order.ts';
import { builtinScanners, checkScannerParameters, findScanner } from '../../scanners/registry.ts';
import type { ScannerPlan, Tradeplan } from '../../tradeplan/plan.ts';
import { openScannerFile } from './scannerFile.ts';
import type { PreparedScanner } from './scanning.ts';

export interface PreparedScanners {
  readonly scanners: readonly PreparedScanner[];
  readonly violations: readonly Violation[];
}

/** Every scanner that can run, and everything that is wrong with the others. */
export async function prepareScanners(
  plans: readonly ScannerPlan[],
  clock: Clock = liveClock,
): Promise<PreparedScanners> {
  const scanners: PreparedScanner[] = [];
  const violations: Violation[] = [];
  for (const plan of plans) {
    const prepared = await prepareScanner(plan, clock);
    if (Array.isArray(prepared)) violations.push(...(prepared as readonly Violation[]));
    else scanners.push(prepared as PreparedScanner);
  }
  return { scanners, violations };
}

/** The plan with the versions of its scanners' files: what is recorded of a session says which code picked. */
export function withVersions(plan: Tradeplan, prepared: readonly PreparedScanner[]): Tradeplan {
  const versions = new Map(prepared.map((scanner) => [scanner.plan.scannerId, scanner.version]));
  const scanners = plan.scanners.map((scanner): ScannerPlan => {
    const version = versions.get(scanner.scannerId) ?? '';
    return version === '' ? scanner : { ...scanner, version };
  });
  return { ...plan, scanners };
}

async function prepareScanner(
  plan: ScannerPlan,
  clock: Clock,
): Promise<PreparedScanner | readonly Violation[]> {
  const path = `scanners.${plan.scannerId}`;
  if (plan.path !== null) {
    const { parameters } = plan;
    const opened = await openScannerFile({ path: plan.path, planPath: path, parameters, clock });
    return opened.ok ? { plan, ...opened.file } : opened.violations;
  }
  const scanner = findScanner(plan.name ?? '');
  if (scanner === undefined) {
    const names = builtinScanners.map(({ name }) => name).join(', ');
    const allowed = `a built-in scanner as \`name\`: ${names}; or your own by \`path\``;
    return [{ path: `${path}.name`, found: plan.name ?? 'nothing', allowed }];
  }
  const checked = checkScannerParameters(scanner, plan.parameters, `${path}.parameters`);
  if (!checked.ok) return checked.violations;
  return {
    plan,
    name: scanner.name,
    version: '',
    parameters: checked.parameters as JsonObject,
    scan: async (context) => scanner.scan({ ...context, parameters: checked.parameters }),
  };
}
