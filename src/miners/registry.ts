/** Which miners there are, and what their parameters must be. */
import type { Violation } from '../domain/exit.ts';
import type { JsonObject } from '../domain/order.ts';
import { clusters } from './builtin/clusters.ts';
import { constituents } from './builtin/constituents.ts';
import { dailyBars } from './builtin/dailyBars.ts';
import { gainLoss } from './builtin/gainLoss.ts';
import { tickerData } from './builtin/tickerData.ts';
import type { AnyMiner } from './contract.ts';

export const builtinMiners: readonly AnyMiner[] = [dailyBars, tickerData, constituents, clusters, gainLoss];

export function findMiner(name: string): AnyMiner | undefined {
  return builtinMiners.find((miner) => miner.name === name);
}

export type MinerParameters =
  /** `parameters` are complete with the schema's defaults. */
  | { readonly ok: true; readonly parameters: unknown }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** @param path where the parameters stand in the plan, such as `miners.days.parameters`. */
export function checkMinerParameters(miner: AnyMiner, parameters: JsonObject, path: string): MinerParameters {
  const checked = miner.parameters.safeParse(parameters);
  if (checked.success) return { ok: true, parameters: checked.data };
  const violations = checked.error.issues.flatMap((issue): Violation[] => {
    const isUnknown = issue.code === 'unrecognized_keys';
    const places = isUnknown ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return places.map((place) => ({
      path: [path, ...place.map(String)].join('.'),
      found: JSON.stringify(valueAt(parameters, place)) ?? 'nothing',
      allowed: isUnknown ? `a parameter of ${miner.name}` : issue.message,
    }));
  });
  return { ok: false, violations };
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null)?.[key], value);
}
