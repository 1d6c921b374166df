/** Reads a strategy file's default export: is it a strategy, what does it handle, do its parameters fit. */
import type { AnyStrategy } from '../contract.ts';
import type { GuestDescription, GuestParameters, GuestViolation } from './bridge.ts';

export const HANDLERS = [
  'onStart',
  'onTrade',
  'onQuote',
  'onBar',
  'onFill',
  'onOrder',
  'onDenial',
  'onGap',
  'onTimer',
] as const;
export type HandlerName = (typeof HANDLERS)[number];

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const CHANNELS: readonly unknown[] = ['trades', 'quotes', 'bars'];
const FOUND_CHARACTERS_MAX = 80;

/** @throws {TypeError} with one line that says what is wrong with the export. */
export function checkDefinition(exported: unknown): AnyStrategy {
  if (exported === undefined)
    refuse('has no default export; end the file with: export default defineStrategy({...})');
  if (isThenable(exported)) refuse('exports a promise; export the strategy itself');
  if (typeof exported !== 'object' || exported === null)
    refuse(`exports a ${typeof exported}, not a strategy`);
  const candidate = exported as Partial<Record<keyof AnyStrategy, unknown>>;
  if (typeof candidate.name !== 'string' || !NAME.test(candidate.name)) {
    refuse('needs a name of lower-case words joined by hyphens');
  }
  if (typeof candidate.description !== 'string') refuse('needs a description');
  if (candidate.scope !== 'symbol' && candidate.scope !== 'universe') {
    refuse("needs a scope: 'symbol' or 'universe'");
  }
  const channels = candidate.channels;
  if (!Array.isArray(channels) || !channels.every((channel) => CHANNELS.includes(channel))) {
    refuse("needs channels: a list of 'trades', 'quotes', 'bars'");
  }
  const schema = candidate.parameters as { safeParse?: unknown } | null | undefined;
  if (typeof schema?.safeParse !== 'function')
    refuse('needs parameters: a zod schema such as z.strictObject({})');
  if (typeof candidate.initialState !== 'function') refuse('needs a function initialState');
  for (const name of [...HANDLERS, 'warmUp'] as const) {
    const handler = candidate[name];
    if (handler !== undefined && typeof handler !== 'function')
      refuse(`has a ${name} that is not a function`);
  }
  return exported as AnyStrategy;
}

export function describeDefinition(definition: AnyStrategy): GuestDescription {
  return {
    name: definition.name,
    description: definition.description,
    scope: definition.scope,
    channels: definition.channels,
    handlers: HANDLERS.filter((name) => definition[name] !== undefined),
  };
}

export function checkParameters(definition: AnyStrategy, given: unknown): GuestParameters {
  const result = definition.parameters.safeParse(given);
  if (!result.success) {
    const violations: GuestViolation[] = [];
    for (const issue of result.error.issues) {
      const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
      const message = issue.message;
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) violations.push(violation([...path, key], 'no such parameter', given));
      } else violations.push(violation(path, message, given));
    }
    return { ok: false, violations };
  }
  const warmUp = definition.warmUp?.(result.data) ?? {};
  return {
    ok: true,
    value: result.data,
    warmUp: { minuteBars: barCount(warmUp.minuteBars), dailyBars: barCount(warmUp.dailyBars) },
  };
}

export function isThenable(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'object' && typeof value !== 'function') return false;
  return typeof (value as { then?: unknown }).then === 'function';
}

function violation(path: (string | number)[], message: string, given: unknown): GuestViolation {
  let at: unknown = given;
  for (const part of path) at = at === null || at === undefined ? undefined : (at as never)[part];
  const found = at === undefined ? 'nothing' : JSON.stringify(at);
  return { path, message, found: found.slice(0, FOUND_CHARACTERS_MAX) };
}

function barCount(count: unknown): number {
  return typeof count === 'number' && count > 0 ? Math.ceil(count) : 0;
}

function refuse(what: string): never {
  throw new TypeError(what);
}
