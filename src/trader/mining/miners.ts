/** The plan's miners with their code found and their parameters checked. */
import type { Violation } from '../../domain/exit.ts';
import type { MinedRows, MinerContext } from '../../miners/contract.ts';
import { builtinMiners, checkMinerParameters, findMiner } from '../../miners/registry.ts';
import type { MinerPlan } from '../../tradeplan/plan.ts';

/** A miner of the plan that can run. */
export interface PreparedMiner {
  readonly plan: MinerPlan;
  mine(context: Omit<MinerContext<unknown>, 'parameters'>): AsyncIterable<MinedRows>;
}

/** Every miner that can run, and everything that is wrong with the others. */
export function prepareMiners(plans: readonly MinerPlan[]): {
  readonly miners: readonly PreparedMiner[];
  readonly violations: readonly Violation[];
} {
  const miners: PreparedMiner[] = [];
  const violations: Violation[] = [];
  for (const plan of plans) {
    const path = `miners.${plan.minerId}`;
    const miner = findMiner(plan.name);
    if (miner === undefined) {
      const names = builtinMiners.map(({ name }) => name).join(', ');
      violations.push({ path: `${path}.name`, found: plan.name, allowed: `a built-in miner: ${names}` });
      continue;
    }
    const checked = checkMinerParameters(miner, plan.parameters, `${path}.parameters`);
    if (!checked.ok) {
      violations.push(...checked.violations);
      continue;
    }
    const { parameters } = checked;
    miners.push({ plan, mine: (context) => miner.mine({ ...context, parameters }) });
  }
  return { miners, violations };
}
