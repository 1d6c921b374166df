/**
 * A realm: a JavaScript context of its own for one strategy instance. It has the language's built-ins and nothing of
 * Node's: no modules, no process, no network, no timers, no clock but the host's, no code made from text.
 *
 * It keeps honest code deterministic and careless code away from brokers and keys. It is no wall against an author
 * who attacks the engine itself; run only strategies that you would run as a program.
 */
import { constants, createContext, Script } from 'node:vm';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { StrategyBundle } from './bundle.ts';
import type { Guest, GuestDescription, HostBridge } from './guest/bridge.ts';

/** How long loading a strategy's module may take: it declares things, it does not compute. */
const LOAD_TIMEOUT_MS = 5_000;
const LOAD_NAME = 'openbellLoad';
const loadScript = new Script(`${LOAD_NAME}()`);

export interface Realm {
  readonly guest: Guest;
  readonly description: GuestDescription;
}

/**
 * Evaluates a bundle in a new realm.
 * @throws {UserError} exit code 2 when the module throws while it is loaded or its default export is no strategy.
 */
export function openRealm(bundle: Pick<StrategyBundle, 'path' | 'source'>, bridge: HostBridge): Realm {
  // Not contextified: an ordinary global object, so that `Math` costs what it costs anywhere, not an interceptor.
  const context = createContext(constants.DONT_CONTEXTIFY, {
    name: bundle.path,
    codeGeneration: { strings: false, wasm: false },
    // A queue of its own: what a strategy leaves to a promise never runs between the host's own steps.
    microtaskMode: 'afterEvaluate',
  });
  const script = new Script(bundle.source, { filename: bundle.path });
  const create = script.runInContext(context, { timeout: LOAD_TIMEOUT_MS }) as (bridge: HostBridge) => Guest;
  try {
    const guest = create(bridge);
    // Only what is run as a script can be given a time limit, so the guest's own function is called by one.
    Object.defineProperty(context, LOAD_NAME, { value: guest.describe, configurable: true });
    const description = loadScript.runInContext(context, { timeout: LOAD_TIMEOUT_MS }) as string;
    Reflect.deleteProperty(context, LOAD_NAME);
    return { guest, description: JSON.parse(description) as GuestDescription };
  } catch (error) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${bundle.path} ${textOf(error)}`,
      remedy: 'correct the file; `openbell template strategy NAME` writes one that works',
    });
  }
}

/** Reads a bundle's definition without running anything of it but its module. */
export function describeBundle(bundle: Pick<StrategyBundle, 'path' | 'source'>): GuestDescription {
  return openRealm(bundle, idleBridge).description;
}

/** A host without a market, for reading definitions and checking parameters. Its time is the epoch. */
export const idleBridge: HostBridge = {
  clock: { nowMicros: 0, sequence: 0, isPaused: false },
  random: () => 0.5,
  isWindowOpen: () => false,
  order: () => '',
  openOrders: () => '[]',
  cancel: () => undefined,
  replace: () => '',
  flatten: () => undefined,
  reject: () => undefined,
  setTimer: () => undefined,
  cancelTimer: () => undefined,
  log: () => undefined,
  plot: () => undefined,
};

function textOf(error: unknown): string {
  // An error of the realm is no instance of this one's Error.
  const { name, message } = error as { name?: unknown; message?: unknown };
  if (typeof message !== 'string') return `throws while it is loaded: ${String(error)}`;
  return name === 'TypeError' && /^(has|needs|exports) /.test(message)
    ? message
    : `throws while it is loaded: ${message}`;
}
