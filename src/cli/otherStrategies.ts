/** The strategies of a plan in place of those that a session was recorded with. */
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { HostConfig } from '../engine/config.ts';
import { loadTradeplan } from '../tradeplan/load.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import { type PreparedInstance, prepareStrategies } from '../trader/preparation.ts';

/** @throws {UserError} exit code 2 when the plan is wrong, or has not the strategies that were recorded. */
export async function otherStrategies(planPath: string): Promise<(config: HostConfig) => HostConfig> {
  const { instances } = await strategiesOf(planPath);
  const others = new Map(instances.map((instance) => [instance.instanceId, instance]));
  return (config) => ({
    ...config,
    instances: config.instances.map((recorded) => {
      const other = others.get(recorded.instanceId);
      if (other === undefined) throw absent(planPath, recorded.instanceId);
      const { bundle, plan: strategy } = other;
      const { parameters, windows, isIntraday } = strategy;
      return { ...recorded, bundle, parameters, windows, isIntraday };
    }),
  });
}

/** A plan's strategies. @throws {UserError} exit code 2 when the plan or a strategy is wrong. */
export async function strategiesOf(
  planPath: string,
): Promise<{ readonly plan: Tradeplan; readonly instances: readonly PreparedInstance[] }> {
  const plan = loadTradeplan(planPath);
  const { instances, violations } = await prepareStrategies(plan);
  if (violations.length === 0) return { plan, instances };
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `the strategies of ${planPath} cannot be run`,
    remedy: 'Correct what is named above; `openbell check` looks again.',
    violations,
  });
}

function absent(planPath: string, instanceId: string): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `${planPath} has no strategy ${instanceId}, which the session ran`,
    remedy: 'Name it there by the same `id:`, with the code that is to be compared.',
  });
}
