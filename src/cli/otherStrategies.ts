/** The strategies of a plan in place of those that a session was recorded with. */
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { HostConfig } from '../engine/config.ts';
import { loadTradeplan } from '../tradeplan/load.ts';
import { prepareStrategies } from '../trader/preparation.ts';

/** @throws {UserError} exit code 2 when the plan is wrong, or has not the strategies that were recorded. */
export async function otherStrategies(planPath: string): Promise<(config: HostConfig) => HostConfig> {
  const plan = loadTradeplan(planPath);
  const { instances, violations } = await prepareStrategies(plan);
  if (violations.length > 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `the strategies of ${planPath} cannot be run`,
      remedy: 'Correct what is named above; `openbell check` looks again.',
      violations,
    });
  }
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

function absent(planPath: string, instanceId: string): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `${planPath} has no strategy ${instanceId}, which the session ran`,
    remedy: 'Name it there by the same `id:`, with the code that is to be compared.',
  });
}
