import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import type { JsonObject } from '../../src/domain/order.ts';
import { silentLog } from '../../src/observability/log.ts';
import { ScannerRunner } from '../../src/trader/scanning/scanning.ts';
import { type Day, instrument, marketOf, PlainHistory } from './market.ts';

// A scanner's thread runs compiled files only.
const { prepareScanners } = (await import(
  new URL('../../dist/trader/scanning/scanners.js', import.meta.url).href
)) as typeof import('../../src/trader/scanning/scanners.ts');

const folder = mkdtempSync(join(tmpdir(), 'openbell-scanner-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function written(text: string): string {
  files += 1;
  const path = join(folder, `scanner${files}.ts`);
  writeFileSync(path, text);
  return path;
}

const scannerText = (body: string) => `
import { defineScanner, z, type Candidate } from 'openbell/scanners';
export default defineScanner({
  name: 'mine',
  description: 'Mine.',
  parameters: z.strictObject({ symbol: z.string().default('A') }),
  async scan(context): Promise<readonly Candidate[]> { ${body} },
});`;

const prepare = (path: string, parameters: JsonObject = {}) =>
  prepareScanners([
    {
      ...{ scannerId: 'own', name: null, path, parameters, picksMax: 5 },
      schedules: [{ type: 'once' as const }],
    },
  ]);

const DAYS: readonly Day[] = ['A', 'B'].map((symbol) => ({
  ...{ symbol, previousClose: 10, previousVolume: 1, open: 10, last: 11, volume: 5 },
  hasTraded: false,
}));

async function scanOnce(path: string, parameters: JsonObject = {}, scanTimeoutMs = 20_000) {
  const { scanners, violations } = await prepare(path, parameters);
  expect(violations).toEqual([]);
  const runner = new ScannerRunner({
    ...{ scanners, clock: liveClock, log: silentLog, batchId: 'b', scanTimeoutMs },
    market: marketOf(new PlainHistory({ days: DAYS }), [instrument('A'), instrument('B')]),
    onPicks: () => undefined,
    recordPicks: async () => undefined,
  });
  const [result] = await runner.scanNow();
  return result;
}

describe("a user's scanner", () => {
  it('in TypeScript runs without a build step, asks the market and is ranked', async () => {
    const path = written(
      scannerText(`
        const all = await context.snapshots();
        const price = all.get(context.parameters.symbol)?.lastPrice ?? 0;
        return context.instruments.map(({ symbol }, index) => ({ symbol, score: index, reason: 'at ' + price }));`),
    );
    expect(await scanOnce(path, { symbol: 'B' })).toEqual({
      ...{ ok: true, scannerId: 'own' },
      picks: [
        { symbol: 'B', score: 1, reason: 'at 10', rank: 1 },
        { symbol: 'A', score: 0, reason: 'at 10', rank: 2 },
      ],
    });
  });

  it('that throws fails with its message', async () => {
    const path = written(scannerText("throw new Error('no ' + context.parameters.symbol);"));
    expect(await scanOnce(path)).toEqual({ ok: false, scannerId: 'own', message: 'no A' });
  });

  it('that blocks its thread is ended when its time is over', async () => {
    const path = written(scannerText('for (;;);'));
    expect(await scanOnce(path, {}, 300)).toMatchObject({ ok: false, message: 'no answer within 300 ms' });
  });

  it.each([
    [
      "the network: fetch('http://127.0.0.1')",
      "await fetch('http://127.0.0.1'); return [];",
      /fetch is not available/,
    ],
    [
      'keys: process.env',
      'return [{ symbol: process.env.HOME, score: 1, reason: "" }];',
      /process is not defined/,
    ],
    ['code from text', "return new Function('return []')();", /Code generation/],
  ])('reaches no %s', async (_name, body, message) => {
    const result = await scanOnce(written(scannerText(`// @ts-nocheck\n${body}`)));
    expect(result?.ok === false ? result.message : 'it succeeded').toMatch(message);
  });

  it('has the time of its scan and no clock of its own', async () => {
    const path = written(
      scannerText(
        "return Date.now() === Math.floor(context.nowMicros / 1000) ? [{ symbol: 'A', score: 1, reason: 'same' }] : [];",
      ),
    );
    expect(await scanOnce(path)).toMatchObject({ ok: true, picks: [{ reason: 'same' }] });
  });
});

describe("a scanner's file", () => {
  it.each([
    ['is not there', () => join(folder, 'none.ts'), /a file that exists/],
    ['does not parse', () => written('export default {'), /without errors: .*\(line 1\)/],
    ['imports a module of Node', () => written("import 'node:fs';"), /"node:fs" is a module of Node.js/],
    ['exports no scanner', () => written('export default 5;'), /no scanner: export default defineScanner/],
    ['throws while it is loaded', () => written("throw new Error('early');"), /early/],
  ])('that %s is a violation of its path', async (_name, path, allowed) => {
    const { scanners, violations } = await prepare(path());
    expect(scanners).toEqual([]);
    expect(violations).toEqual([expect.objectContaining({ path: 'scanners.own.path' })]);
    expect(violations[0]?.allowed).toMatch(allowed);
  });

  it('tells the parameters that it has in fact, with its own defaults', async () => {
    const { scanners } = await prepare(written(scannerText('return [];')));
    expect(scanners.map(({ parameters }) => parameters)).toEqual([{ symbol: 'A' }]);
  });

  it('has its parameters checked by its own schema', async () => {
    const { violations } = await prepare(written(scannerText('return [];')), { symbol: 5, colour: 'red' });
    expect(violations.map((one) => one.path)).toEqual([
      'scanners.own.parameters.symbol',
      'scanners.own.parameters.colour',
    ]);
  });
});
