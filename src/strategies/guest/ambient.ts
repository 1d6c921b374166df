/**
 * Makes a realm's globals deterministic before the strategy's own code is evaluated: "now" is the context's time,
 * chance is seeded, and what would reach outside refuses with a message that says what to use instead.
 */
export interface Ambient {
  nowMs(): number;
  random(): number;
  write(level: string, message: string): void;
}

const REFUSALS: Readonly<Record<string, string>> = {
  setTimeout: 'use context.setTimer',
  setInterval: 'use context.setTimer',
  setImmediate: 'use context.setTimer',
  queueMicrotask: 'handlers are synchronous',
  fetch: 'a strategy reaches no network',
  WebSocket: 'a strategy reaches no network',
  XMLHttpRequest: 'a strategy reaches no network',
  EventSource: 'a strategy reaches no network',
  require: 'import at the top of the file',
  importScripts: 'import at the top of the file',
};

/** Would bring in real time, the garbage collector's moments, other threads, or code without a check. */
const REMOVED = ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry'];

export function installAmbient(ambient: Ambient): void {
  const realm = globalThis as unknown as Record<string, unknown>;
  for (const [name, instead] of Object.entries(REFUSALS)) {
    define(realm, name, () => {
      throw new Error(`${name} is not available to strategies: ${instead}`);
    });
  }
  for (const name of REMOVED) delete realm[name];
  define(Math as unknown as Record<string, unknown>, 'random', () => ambient.random());
  define(realm, 'Date', contextDate(ambient));
  define(realm, 'console', contextConsole(ambient));
  installFormats(ambient);
  // With a formatter of its own a strategy would be handed the call sites of our functions.
  Object.defineProperty(Error, 'prepareStackTrace', { value: undefined, writable: false });
}

function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: false, enumerable: false, configurable: false });
}

function contextDate(ambient: Ambient): unknown {
  const RealDate = Date;
  const construct = Reflect.construct;
  // A function, not a class: `Date()` without `new` answers text.
  function ContextDate(this: unknown, ...given: unknown[]): unknown {
    if (new.target === undefined) return new RealDate(ambient.nowMs()).toString();
    return construct(RealDate, given.length === 0 ? [ambient.nowMs()] : given, new.target);
  }
  Object.defineProperties(ContextDate, {
    name: { value: 'Date' },
    length: { value: 7 },
    prototype: { value: RealDate.prototype, writable: false },
    now: { value: () => Math.floor(ambient.nowMs()) },
    parse: { value: RealDate.parse },
    UTC: { value: RealDate.UTC },
  });
  Object.defineProperty(RealDate.prototype, 'constructor', { value: ContextDate, writable: false });
  return ContextDate;
}

/** `Intl` formats the real now when it is given no date. */
function installFormats(ambient: Ambient): void {
  const prototype = Intl.DateTimeFormat.prototype;
  const formatToParts = Reflect.get(prototype, 'formatToParts') as (
    date: Date | number,
  ) => Intl.DateTimeFormatPart[];
  const format = Object.getOwnPropertyDescriptor(prototype, 'format');
  const call = Reflect.apply;
  Object.defineProperty(prototype, 'format', {
    get(this: Intl.DateTimeFormat) {
      const bound = format?.get?.call(this) as (date: Date | number) => string;
      return (date?: Date | number) => bound(date === undefined ? ambient.nowMs() : date);
    },
    configurable: false,
  });
  Object.defineProperty(prototype, 'formatToParts', {
    value(this: Intl.DateTimeFormat, date?: Date | number) {
      return call(formatToParts, this, [date === undefined ? ambient.nowMs() : date]);
    },
    writable: false,
    configurable: false,
  });
}

function contextConsole(ambient: Ambient): unknown {
  const say =
    (level: string) =>
    (...parts: unknown[]) =>
      ambient.write(level, parts.map((part) => (typeof part === 'string' ? part : inspect(part))).join(' '));
  return Object.freeze({
    debug: say('debug'),
    log: say('info'),
    info: say('info'),
    warn: say('warn'),
    error: say('warn'),
  });
}

function inspect(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
