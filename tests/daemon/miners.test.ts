/** Miners as people run them: by the command, and by a daemon that has them in its plan. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { MinerRunRow } from '../../src/models/mining.ts';
import type { MineResult } from '../../src/trader/mining/mining.ts';
import { logOf, openWorkshop, statusOf } from '../support/daemon.ts';
import { openbell, openbellJson, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

const TIMEOUT_MS = 120_000;
const SYMBOLS = ['AAPL', 'KO', 'MSFT', 'PEP'];

describe('miners', () => {
  const workshop = openWorkshop('miners');
  afterAll(() => workshop.close());

  const runs = () => openbellJson<MinerRunRow[]>(['mined', ...workshop.storage]);
  const plan = () => {
    writeFileSync(
      join(workshop.directory, 'index.csv'),
      'symbol,name,sector\nAAPL,Apple,Technology\nKO,Coca-Cola,Food\n',
    );
    return workshop.plan({
      mode: 'simulated',
      miners: {
        days: { name: 'daily-bars', parameters: { symbols: SYMBOLS, days: 60 } },
        'ticker-data': {},
        members: { name: 'constituents', parameters: { index: 'TWO', file: './index.csv' } },
        clusters: { parameters: { days: 10, min_correlation: 0 } },
        'gain-loss': {},
      },
      simulation: { symbols: SYMBOLS },
    });
  };

  it(
    'of the command collect once, and nothing a second time',
    async () => {
      const path = plan();
      const mine = async () => {
        const { exitCode, stdout, stderr } = await openbell(['mine', path, '--json', ...workshop.storage]);
        expect([exitCode, stderr.includes('"level":"error"')]).toEqual([0, false]);
        return JSON.parse(stdout) as MineResult[];
      };
      const first = await mine();
      expect(first.map(({ minerId, outcome, message }) => [minerId, outcome, message])).toEqual(
        ['days', 'ticker-data', 'members', 'clusters', 'gain-loss'].map((minerId) => [minerId, 'done', null]),
      );
      const rows = (results: readonly MineResult[]) => results.map((result) => result.rows);
      expect(first[0]?.rows).toBeGreaterThan(SYMBOLS.length * 10);
      expect(
        rows(first)
          .slice(1, 4)
          .every((count) => count > 0),
      ).toBe(true);
      expect(rows(await mine())).toEqual([0, 0, 0, 0, 0]);
      const kept = await runs();
      expect(kept).toHaveLength(10);
      const { stdout } = await openbell(['mined', '--limit', '1', ...workshop.storage]);
      expect(stdout).toMatch(
        /^miner +started[^\n]*\ngain-loss +\d{4}-[^\n]* done +0 [^\n]*\n\n1 runs of miners, 0 failed\n$/,
      );
      expect(new Set(kept.map(({ endReason }) => endReason))).toEqual(new Set(['done']));
    },
    TIMEOUT_MS,
  );

  it(
    'of a daemon run in it, each recorded with its batch, and the command leaves them to it',
    async () => {
      const daemon = startOpenbell(['trade', plan(), ...workshop.storage]);
      await daemon.heard('Trading, batch', 60_000);
      const mined = () =>
        logOf(daemon).filter(({ msg, miner }) => msg === 'miner done' && miner !== undefined);
      await until(() => mined().length === 5, { what: 'the five miners', timeoutMs: 60_000 });
      const batchId = (await statusOf(workshop))?.batchId;
      // Asked of the daemon, which owns the database.
      const own = (await runs()).filter((run) => run.batchId === batchId);
      const refused = await openbell(['mine', plan(), ...workshop.storage]);
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain('It runs the miners of its plan itself');
      daemon.child.kill('SIGTERM');
      expect((await daemon.finished).exitCode).toBe(0);
      expect(own.map(({ minerId, endReason }) => `${minerId} ${endReason}`).sort()).toEqual(
        ['clusters', 'days', 'gain-loss', 'members', 'ticker-data'].map((minerId) => `${minerId} done`),
      );
    },
    TIMEOUT_MS,
  );
});
