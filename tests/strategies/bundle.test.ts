import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/domain/exit.ts';
import { bundleStrategy, type StrategyBundle } from '../../src/strategies/bundle.ts';
import { builtinNames, checkParameters, describeStrategy } from '../../src/strategies/registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'openbell-bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BODY = `scope: 'symbol', channels: ['trades'], parameters: z.strictObject({}), initialState: () => ({})`;

function bundle(name: string, text: string): Promise<StrategyBundle> {
  writeFileSync(join(folder, name), text);
  return bundleStrategy({ name: null, path: name, baseDirectory: folder });
}

async function refusalOf(promise: Promise<unknown>): Promise<UserError> {
  const error: unknown = await promise.then(
    () => new Error('was not refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw error;
  expect(error.exitCode).toBe(2);
  expect(error.message).not.toContain('\n');
  return error;
}

describe('a strategy bundle', () => {
  it('is made of every built-in', async () => {
    for (const name of builtinNames) {
      const made = await bundleStrategy({ name, path: null, baseDirectory: folder });
      expect(made.name).toBe(name);
      expect(made.version).toMatch(/^[0-9a-f]{64}$/);
      expect(readFileSync(made.path, 'utf8').trimEnd().split('\n').length).toBeLessThan(150);
      expect(checkParameters(made, {})).toMatchObject({ ok: true });
      expect(describeStrategy(made).channels).toContain('bars');
      expect(Buffer.byteLength(made.source)).toBeLessThan(250_000);
    }
  });

  it('holds what the strategy uses of ours and no more, and is the same script each time', async () => {
    const request = { name: 'momentum-long', path: null, baseDirectory: folder };
    const made = await bundleStrategy(request);
    expect((await bundleStrategy(request)).source).toBe(made.source);
    expect(Buffer.byteLength(made.source)).toBeLessThan(250_000);
    // Of trading-signals' indicators only those that it uses.
    expect(made.source).not.toMatch(/class (Ichimoku|BollingerBands|StochasticOscillator)/i);
  });

  it('can use every calculation in its realm, which has nothing of Node', async () => {
    const made = await bundle(
      'calculations.ts',
      `import * as openbell from 'openbell';
       const { defineStrategy, z } = openbell;
       const candles = Array.from({ length: 300 }, (_, index) => ({
         timeMicros: index * 6e7, open: 100, high: 102 + Math.sin(index), low: 98, close: 100 + Math.sin(index / 7), volume: 5,
       }));
       const of = (make, pick) => { const made = make(); for (const candle of candles) made.update(pick(candle)); return made.isReady; };
       const { Sma, Ema, Wma, Hma, Dema, Tema, Wilder, Kama, Macd, Rsi, RateOfChange, Momentum, Bollinger, Trend, StandardDeviation, Volatility } = openbell;
       const { Stochastic, WilliamsR, Cci, Adx, Aroon, ParabolicSar, SuperTrend, Keltner, Donchian, Atr, TrueRange, Obv, AccumulationDistribution, ChaikinMoneyFlow, Mfi, Patterns } = openbell;
       const prices = { Sma, Ema, Wma, Hma, Dema, Tema, Wilder, Kama, Macd, Rsi, RateOfChange, Momentum, Bollinger, Trend, StandardDeviation, Volatility };
       const bars = { Stochastic, WilliamsR, Cci, Adx, Aroon, ParabolicSar, SuperTrend, Keltner, Donchian, Atr, TrueRange, Obv, AccumulationDistribution, ChaikinMoneyFlow, Mfi, Patterns };
       const periods = new Set(['Sma', 'Ema', 'Wma', 'Hma', 'Dema', 'Tema', 'Wilder', 'Kama']);
       const failed = [
         ...Object.entries(prices).filter(([name, Made]) => !of(() => (periods.has(name) ? new Made(9) : new Made()), ({ close }) => close)),
         ...Object.entries(bars).filter(([, Made]) => !of(() => new Made(), (candle) => candle)),
       ].map(([name]) => name);
       const levels = openbell.supportResistance(candles, 100, { intervalMicros: 3e8 });
       const pair = new openbell.Pair(9);
       for (const { high, close } of candles) pair.update({ first: high, second: close });
       const others = [levels.resistances.length > 0, pair.isReady, openbell.resample(candles, { intervalMicros: 3e8 }).length,
         openbell.isEligibleQuote('C', ['N']), openbell.tradeUse('C', ['I']).movesLast];
       export default defineStrategy({ name: 'c', description: JSON.stringify([failed, others]), ${BODY} });`,
    );
    expect(JSON.parse(describeStrategy(made).description)).toEqual([[], [true, true, 60, false, false]]);
  });

  it('takes a TypeScript file with enums, private fields and imports without extension', async () => {
    writeFileSync(
      join(folder, 'sizes.ts'),
      `export enum Size { small = 10 } export const size: number = Size.small;`,
    );
    const made = await bundle(
      'typed.ts',
      `import { defineStrategy, z } from 'openbell';
       import { size } from './sizes';
       class Counter { #n = 0; constructor(readonly step: number) {} next() { return (this.#n += this.step); } }
       export default defineStrategy({ name: 'typed', description: String(new Counter(size).next()), ${BODY} });`,
    );
    expect(describeStrategy(made).description).toBe('10');
  });

  it('has the same version for the same text elsewhere, and another for another text', async () => {
    const text = (name: string) =>
      `import { defineStrategy, z } from 'openbell';
       // a comment
       export default defineStrategy({ name: '${name}', description: 'd', ${BODY} });`;
    mkdirSync(join(folder, 'elsewhere'));
    const here = await bundle('version.ts', text('one'));
    const there = await bundle('elsewhere/version.ts', text('one'));
    const other = await bundle('version.ts', text('two'));
    expect(there.version).toBe(here.version);
    expect(other.version).not.toBe(here.version);
  });

  it.each([
    'node:fs',
    'fs',
    'fs/promises',
    'net',
    'http',
    'node:https',
    'child_process',
    'worker_threads',
    'node:vm',
    'process',
  ])('refuses an import of %s with the file and the line', async (module) => {
    const error = await refusalOf(
      bundle(
        'reaching.ts',
        `import { z } from 'openbell';\nimport * as reached from '${module}';\nexport default reached;`,
      ),
    );
    expect(error.message).toContain(`"${module}" is a module of Node.js`);
    expect(error.message).toContain(`${join(folder, 'reaching.ts')}:2:`);
  });

  it('refuses a require and a dynamic import of a Node module, too', async () => {
    expect((await refusalOf(bundle('r.js', `export default require('fs');`))).message).toContain('"fs"');
    expect((await refusalOf(bundle('d.ts', `export default import('node:net');`))).message).toContain(
      '"node:net"',
    );
  });

  it.each([
    ['does not parse', `export default {`, 'broken.ts:1:'],
    ['imports what is not there', `import './missing.ts'; export default {};`, './missing.ts'],
    ['waits at the top', `await 1; export default {};`, 'op-level await'],
    ['exports nothing', `export const strategy = 1;`, 'has no default export'],
    ['exports a promise', `export default (async () => ({}))();`, 'exports a promise'],
    ['exports a number', `export default 7;`, 'exports a number'],
    ['has no name', `export default {};`, 'needs a name'],
    [
      'has a handler that is no function',
      `import { z } from 'openbell'; export default { name: 'a', description: 'b', ${BODY}, onTrade: 1 };`,
      'onTrade that is not a function',
    ],
    ['throws while it is loaded', `throw new Error('no luck');`, 'throws while it is loaded: no luck'],
    ['never ends loading', `for (;;) {}`, 'throws while it is loaded'],
  ])('says in one line what is wrong with a file that %s', async (_, text, message) => {
    const error = await refusalOf(bundle('broken.ts', text));
    expect(error.message).toContain(message);
  });

  it('says what to do when there is no such file or built-in', async () => {
    const file = await refusalOf(bundleStrategy({ name: null, path: 'no.ts', baseDirectory: folder }));
    expect(file.message).toContain(join(folder, 'no.ts'));
    const builtin = await refusalOf(bundleStrategy({ name: 'no', path: null, baseDirectory: folder }));
    expect(builtin.remedy).toContain('momentum-long');
  });

  it('checks parameters by the strategy itself and names every violation with its path', async () => {
    const made = await bundle(
      'parameters.ts',
      `import { defineStrategy, z } from 'openbell';
       export default defineStrategy({ name: 'p', description: 'd', ${BODY.replace('z.strictObject({})', 'z.strictObject({ size: z.number().positive(), levels: z.array(z.number()).default([1]) })')} });`,
    );
    expect(checkParameters(made, { size: 2 })).toMatchObject({
      ok: true,
      parameters: { size: 2, levels: [1] },
    });
    const bad = checkParameters(made, { size: -1, levels: [1, 'x'], sise: 3 }, 'strategies[0].parameters');
    expect(bad).toMatchObject({
      ok: false,
      violations: expect.arrayContaining([
        expect.objectContaining({ path: 'strategies[0].parameters.size', found: '-1' }),
        expect.objectContaining({ path: 'strategies[0].parameters.levels[1]', found: '"x"' }),
        expect.objectContaining({ path: 'strategies[0].parameters.sise', found: '3' }),
      ]),
    });
  });
});
