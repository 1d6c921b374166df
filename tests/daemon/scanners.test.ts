import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { openEmbedded } from '../../src/models/embedded.ts';
import { logOf, openWorkshop, statusOf, type Workshop } from '../support/daemon.ts';
import { openbell, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** Picks three symbols for some seconds, then one of them for as long, and so on, by the time of the scan. */
const ROTATING = `
import { defineScanner, z } from 'openbell/scanners';
export default defineScanner({
  name: 'rotating',
  description: 'Picks three symbols, then one.',
  parameters: z.strictObject({}),
  scan() {
    const symbols = Math.floor(Date.now() / 15_000) % 2 === 0 ? ['AAPL', 'MSFT', 'NVDA'] : ['AAPL'];
    return symbols.map((symbol, index) => ({ symbol, score: -index, reason: 'number ' + (index + 1) }));
  },
});`;

/** Buys NVDA and keeps it. */
const HOLDER = `
  initialState: () => ({ hasBought: false }),
  onStart(context) {
    context.log('info', 'began');
  },
  onTrade(context) {
    if (context.symbol !== 'NVDA' || context.state.hasBought) return;
    context.state.hasBought = true;
    context.buy({ quantity: 5, reason: 'to hold something' });
  },`;

describe("a scanner's picks", () => {
  let workshop: Workshop;
  let daemon: Running;

  beforeAll(async () => {
    workshop = openWorkshop('scanners');
    writeFileSync(join(workshop.directory, 'rotating.ts'), ROTATING);
    const plan = workshop.plan({
      mode: 'simulated',
      consumers: 2,
      scanners: { rotating: { path: 'rotating.ts', every: '1s' } },
      strategies: [{ path: workshop.strategy('holder', HOLDER), scanners: ['rotating'] }],
      simulation: { seed: 7, symbols: ['AAPL', 'MSFT', 'NVDA', 'KO'], rate: 200 },
    });
    daemon = startOpenbell(['trade', plan, ...workshop.storage]);
    await daemon.heard('Trading, batch');
  });

  afterAll(async () => {
    daemon.child.kill('SIGKILL');
    await daemon.finished;
    workshop.close();
  });

  const status = () => statusOf(workshop);
  const units = async () =>
    (await status())?.consumers.reduce((sum, consumer) => sum + consumer.units, 0) ?? 0;
  const beginnings = (symbol: string) =>
    logOf(daemon).filter((line) => line.msg === 'began' && line.symbol === symbol).length;

  it('come and go: what is flat leaves, what is held stays, and both are taken up again', async () => {
    await until(async () => (await units()) === 3, { what: 'three units', timeoutMs: 60_000 });
    const holds = async () => {
      const desk = (await status())?.desk;
      return desk?.positions.some(({ symbol, qty }) => symbol === 'NVDA' && qty === '5') ?? false;
    };
    await until(holds, { what: 'a position in NVDA', timeoutMs: 60_000 });
    await until(async () => (await units()) === 2, { what: 'MSFT to leave', timeoutMs: 60_000 });
    expect(await holds()).toBe(true);
    await until(async () => (await units()) === 3, { what: 'MSFT to come back', timeoutMs: 60_000 });
    expect(beginnings('MSFT')).toBeGreaterThanOrEqual(2);
    expect([beginnings('AAPL'), beginnings('NVDA')]).toEqual([1, 1]);
  });

  it('stand in trending_tickers with scanner, rank and reason', async () => {
    daemon.child.kill('SIGTERM');
    expect((await daemon.finished).exitCode).toBe(0);
    const backend = await openEmbedded(join(workshop.directory, 'data'), {
      clock: liveClock,
      onBroken: (error) => {
        throw error;
      },
    });
    try {
      const { rows } = (await backend.queries.execute(
        sql`select distinct scanner_name, symbol, rank, reason from trending_tickers order by rank`,
      )) as unknown as { rows: unknown[] };
      expect(rows).toEqual([
        { scanner_name: 'rotating', symbol: 'AAPL', rank: 1, reason: 'number 1' },
        { scanner_name: 'rotating', symbol: 'MSFT', rank: 2, reason: 'number 2' },
        { scanner_name: 'rotating', symbol: 'NVDA', rank: 3, reason: 'number 3' },
      ]);
    } finally {
      await backend.close();
    }
  });
});

describe('scanners that ask the database', () => {
  it('take turns at it from the command line, and say in one line what is wrong', async () => {
    const workshop = openWorkshop('sql');
    const query = (text: string) => ({ name: 'sql', parameters: { query: text } });
    const plan = workshop.plan({
      mode: 'simulated',
      scanners: {
        given: query("select 'AAPL' as symbol, 5 as score, 'because' as reason"),
        nameless: query('select 1 as close'),
      },
      simulation: { symbols: ['AAPL', 'MSFT'] },
    });
    try {
      const { exitCode, stdout } = await openbell(['scan', plan, '--json', ...workshop.storage]);
      expect(JSON.parse(stdout)).toEqual([
        {
          ...{ ok: true, scannerId: 'given' },
          picks: [{ symbol: 'AAPL', score: 5, reason: 'because', rank: 1 }],
        },
        {
          ...{ ok: false, scannerId: 'nameless' },
          message: 'the query answers no column `symbol`, only: close',
        },
      ]);
      expect(exitCode).toBe(3);
    } finally {
      workshop.close();
    }
  });
});
