/** A plan with the values of one trial. */
import type { BacktestInstance } from '../backtester/config.ts';
import type { JsonObject } from '../domain/order.ts';
import { checkParameters } from '../strategies/registry.ts';
import type { ParameterRange, Tradeplan } from '../tradeplan/plan.ts';
import type { Values } from './contract.ts';

export type AppliedTrial =
  | { readonly ok: true; readonly plan: Tradeplan; readonly instances: readonly BacktestInstance[] }
  /** What the strategy says of these parameters. */
  | { readonly ok: false; readonly reason: string };

export function applyValues(
  plan: Tradeplan,
  instances: readonly BacktestInstance[],
  values: Values,
): AppliedTrial {
  const { ranges } = plan.optimize;
  const given = (of: ParameterRange['of'], id: string): JsonObject =>
    Object.fromEntries(
      ranges.flatMap((range, index) =>
        range.of === of && range.id === id ? [[range.parameter, values[index]!]] : [],
      ),
    );
  const scanners = plan.scanners.map((scanner) => ({
    ...scanner,
    parameters: { ...scanner.parameters, ...given('scanner', scanner.scannerId) },
  }));
  const changed: BacktestInstance[] = [];
  for (const instance of instances) {
    const parameters = { ...instance.plan.parameters, ...given('strategy', instance.instanceId) };
    const checked = checkParameters(instance.bundle, parameters, instance.instanceId);
    if (!checked.ok) {
      const reason = checked.violations.map(({ path, found, allowed }) => `${path} is ${found}: ${allowed}`);
      return { ok: false, reason: reason.join('; ') };
    }
    changed.push({
      ...instance,
      parameters: checked.parameters,
      warmUp: checked.warmUp,
      plan: { ...instance.plan, parameters },
    });
  }
  return {
    ok: true,
    plan: { ...plan, scanners, strategies: changed.map((instance) => instance.plan) },
    instances: changed,
  };
}
