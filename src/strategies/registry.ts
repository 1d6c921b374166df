/** What strategies there are and what their parameters must be: for the plan's check, at start, and for lists. */
import type { Violation } from '../domain/exit.ts';
import type { JsonObject } from '../domain/order.ts';
import type { StrategyBundle } from './bundle.ts';
import type { GuestDescription, GuestParameters, GuestViolation } from './guest/bridge.ts';
import { describeBundle, idleBridge, openRealm } from './realm.ts';

export { builtinNames } from './builtins.ts';

export type ParameterCheck =
  | {
      readonly ok: true;
      /** Complete with the schema's defaults, as plain data. */
      readonly parameters: JsonObject;
      readonly warmUp: { readonly minuteBars: number; readonly dailyBars: number };
    }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** What a bundle's strategy says of itself: scope, channels, handlers. */
export function describeStrategy(bundle: StrategyBundle): GuestDescription {
  return describeBundle(bundle);
}

/**
 * Checks a plan's `parameters:` by the strategy's own schema, inside a realm of its own.
 * @param path where the parameters stand in the plan, such as `strategies[0].parameters`.
 */
export function checkParameters(
  bundle: StrategyBundle,
  parameters: JsonObject,
  path = 'parameters',
): ParameterCheck {
  const { guest } = openRealm(bundle, idleBridge);
  const checked = JSON.parse(guest.checkParameters(JSON.stringify(parameters))) as GuestParameters;
  if (checked.ok) return { ok: true, parameters: checked.value as JsonObject, warmUp: checked.warmUp };
  return { ok: false, violations: checked.violations.map((violation) => toViolation(violation, path)) };
}

function toViolation(violation: GuestViolation, path: string): Violation {
  const inner = violation.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return { path: `${path}${inner}`, found: violation.found, allowed: violation.message };
}
