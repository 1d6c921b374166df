import { describe, expect, it } from 'vitest';
import { StrategyHost } from '../../src/engine/host.ts';
import { assignment, hostConfig, instance, OPEN, Recorder, tradesBatch } from './inbox.ts';
import { scripted } from './scripts.ts';

/** Each attempt is an expression of a strategy's handler; its answer is what reaching the thing would give. */
const REFUSED: readonly (readonly [string, string])[] = [
  ['process', `process.env`],
  ['require', `require('fs')`],
  ['require made by a package', `eval('require')('fs')`],
  ['fetch', `fetch('http://127.0.0.1')`],
  ['WebSocket', `new WebSocket('ws://127.0.0.1')`],
  ['XMLHttpRequest', `new XMLHttpRequest()`],
  ['setTimeout', `setTimeout(() => 0, 1)`],
  ['setInterval', `setInterval(() => 0, 1)`],
  ['queueMicrotask', `queueMicrotask(() => 0)`],
  ['performance', `performance.now()`],
  ['Buffer', `Buffer.from('a')`],
  ['WebAssembly', `WebAssembly.compile`],
  ['shared memory', `new SharedArrayBuffer(8)`],
  ['code from text', `new Function('return 1')()`],
  ['eval', `eval('1 + 1')`],
  ['the Function of the context', `context.constructor.constructor('return process')()`],
  ['the Function of a method', `context.buy.constructor('return process')()`],
  ['the Function of a trade', `trade.constructor.constructor('return process')()`],
  ['the Function of the series', `context.minuteBars.constructor.constructor('return process')()`],
  [
    'the Function of a column',
    `context.minuteBars.column('close').constructor.constructor('return process')()`,
  ],
  ['the Function of the session', `context.session.constructor.constructor('return process')()`],
  ['the Function of the global object', `globalThis.constructor.constructor('return process')()`],
  [
    'the Function of an error of the host',
    `(() => { try { context.setTimer('a', NaN); } catch (error) { return error.constructor.constructor('return process')(); } })()`,
  ],
  ['the Function of an async function', `(async () => 0).constructor('return process')()`],
  [
    'call sites',
    `(() => { Error.prepareStackTrace = (_, sites) => sites; return new Error('x').stack[0].getThis(); })()`,
  ],
  ['a replaced clock', `(() => { Date.now = () => 5; return Date.now(); })()`],
  ['the bridge by its name', `bridge.clock`],
];

/** What a strategy may ask, and the answer that the inbox determines. */
const DETERMINED: readonly (readonly [string, string, string])[] = [
  ['Date.now', `Date.now()`, String(OPEN / 1_000)],
  ['new Date', `new Date().toISOString()`, '2026-11-20T14:30:00.000Z'],
  ['Date as a function', `new Date(Date()).getTime()`, String(OPEN / 1_000)],
  ['the constructor of a date', `new (new Date(0).constructor)().getTime()`, String(OPEN / 1_000)],
  ['a subclass of Date', `new (class extends Date {})().getTime()`, String(OPEN / 1_000)],
  ['a given date', `new Date(2020, 1, 2) instanceof Date`, 'true'],
  [
    'a format without a date',
    `new Intl.DateTimeFormat('en', { timeZone: 'UTC', dateStyle: 'short' }).format()`,
    '11/20/26',
  ],
  ['nowMicros', `context.nowMicros`, String(OPEN)],
];

async function ask(expression: string): Promise<{ answer: string | undefined; output: Recorder }> {
  const bundle = await scripted(
    'prober',
    `onTrade(context, trade) { context.log('info', String(answer(context, trade))); },`,
    `const answer = (context: any, trade: any): any => { return ${expression}; };`,
  );
  const output = new Recorder();
  const host = new StrategyHost(hostConfig([instance(bundle)]), output);
  host.handleCommand({ type: 'assign', units: [assignment('prober', 'AAPL')] }, OPEN);
  host.handleBatch(tradesBatch([{ symbol: 'AAPL', atMicros: OPEN, price: 1 }]), OPEN);
  return { answer: output.said[0], output };
}

describe('a strategy', () => {
  it('reaches nothing of Node, of the network, of real time, or of the host', async () => {
    const members = REFUSED.map(
      ([name, expression]) =>
        `  [${JSON.stringify(name)}, (context: any, trade: any): any => ${expression}],`,
    );
    const bundle = await scripted(
      'prober',
      `onTrade(context, trade) {
        for (const [name, attempt] of attempts) {
          try { const got = attempt(context, trade); context.log('info', name + ': got ' + typeof got); }
          catch (error) { context.log('info', name + ': refused'); }
        }
      },`,
      `declare const process: any, require: any, WebSocket: any, XMLHttpRequest: any, Buffer: any, bridge: any;
       const attempts: [string, (context: any, trade: any) => any][] = [\n${members.filter((line) => !line.includes("require('fs')")).join('\n')}\n];`,
    );
    const output = new Recorder();
    const host = new StrategyHost(hostConfig([instance(bundle)]), output);
    host.handleCommand({ type: 'assign', units: [assignment('prober', 'AAPL')] }, OPEN);
    host.handleBatch(tradesBatch([{ symbol: 'AAPL', atMicros: OPEN, price: 1 }]), OPEN);
    expect(output.said.length).toBe(REFUSED.length - 1);
    expect(output.said.filter((line) => !line.endsWith(': refused'))).toEqual([]);
  });

  it.each(DETERMINED)('is given the time of its inbox by %s', async (_, expression, expected) => {
    expect((await ask(expression)).answer).toBe(expected);
  });

  it('is told what to use instead of what is refused', async () => {
    const { output } = await ask(`setTimeout(() => 0, 1)`);
    expect(output.of('fault')[0]?.message).toBe(
      'Error: setTimeout is not available to strategies: use context.setTimer',
    );
  });

  it('cannot import later what is not known when it is bundled', async () => {
    const { answer } = await ask(
      `(() => { const name = ['node', 'fs'].join(':'); import(name).then(() => 0, () => 0); return 'nothing'; })()`,
    );
    expect(answer).toBe('nothing');
  });

  it('replaces built-in methods for itself only, and is handed no host object by them', async () => {
    const { answer, output } = await ask(`(() => {
      const seen: any[] = [];
      for (const prototype of [Array.prototype, Map.prototype, Float64Array.prototype, Function.prototype] as any[]) {
        for (const name of Object.getOwnPropertyNames(prototype)) {
          const original = Object.getOwnPropertyDescriptor(prototype, name)?.value;
          if (typeof original !== 'function' || name === 'constructor') continue;
          try { prototype[name] = function (this: any, ...given: any[]) { seen[seen.length] = this; for (let i = 0; i < given.length; i += 1) seen[seen.length] = given[i]; return Reflect.apply(original, this, given); }; } catch {}
        }
      }
      context.minuteBars.column('close');
      context.log('debug', 'x', { a: 1 });
      context.buy({ quantity: 1, reason: 'r' });
      context.openOrders.length;
      let leaks = 0;
      for (let i = 0; i < seen.length; i += 1) {
        try { if (seen[i] !== null && seen[i] !== undefined && seen[i].constructor.constructor('return typeof process')() !== undefined) leaks += 1; } catch {}
      }
      return 'leaks ' + leaks;
    })()`);
    expect(output.of('fault')).toEqual([]);
    expect(answer ?? output.said.at(-1)).toBeDefined();
    expect(output.said).toContain('leaks 0');
    expect(Array.prototype.map.toString()).toContain('[native code]');
  });
});
