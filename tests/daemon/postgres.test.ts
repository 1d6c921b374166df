import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { logOf, openWorkshop, type Workshop } from '../support/daemon.ts';
import { openbellJson, startOpenbell } from '../support/openbell.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const postgres = await startPostgres();

/** What `psql` prints: a line for each row, columns parted by `|`. */
function psql(url: string, query: string): readonly string[] {
  const text = execFileSync('psql', ['-X', '-q', '-t', '-A', url, '-c', query], { encoding: 'utf8' });
  return text.split('\n').filter((line) => line !== '');
}

describe.skipIf(postgres === null)('openbell trade with DATABASE_URL', () => {
  const server = postgres as RunningPostgres;
  let workshop: Workshop;

  beforeAll(() => {
    workshop = openWorkshop('postgres');
  });

  afterAll(async () => {
    workshop.close();
    await postgres?.close();
  });

  it('leaves runs, fills, orders and picks where psql reads them, and the password nowhere', async () => {
    const env = { DATABASE_URL: server.url };
    const daemon = startOpenbell(['trade', workshop.plan(quickPlan()), ...workshop.storage], env);
    try {
      await daemon.heard('Trading, batch');
      await until(() => hasRoundTrip(server.url), { what: 'a round trip in new_trades', timeoutMs: 90_000 });
      daemon.child.kill('SIGTERM');
      const { exitCode, stdout, stderr } = await daemon.finished;
      expect(exitCode).toBe(0);
      expect(`${stdout}${stderr}`).not.toContain('c@d');
      expect(`${stdout}${stderr}`).not.toContain('c%40d');
    } finally {
      daemon.child.kill('SIGKILL');
    }
    const runs = psql(
      server.url,
      'select algo_name, algo_env, end_reason from algo_run where end_time is not null',
    );
    expect(new Set(runs)).toEqual(
      new Set(['momentum-long|SIMULATED|SIGTERM', 'vwap-reversion|SIMULATED|SIGTERM']),
    );
    expect(psql(server.url, 'select 1 from algo_run where end_time is null')).toEqual([]);
    const symbols = psql(server.url, 'select distinct symbol from trending_tickers');
    expect(symbols.length).toBeGreaterThan(0);
    // What was filled of each order is what its trades add up to, exactly.
    const differing = psql(
      server.url,
      `select o.client_order_id from orders o
       left join (select client_order_id, sum(qty) as qty from new_trades group by 1) t using (client_order_id)
       where o.filled_qty <> coalesce(t.qty, 0)`,
    );
    expect(differing).toEqual([]);
    const fills = logOf(daemon).filter(({ msg }) => msg === 'fill').length;
    expect(psql(server.url, 'select 1 from new_trades')).toHaveLength(fills);
    expect(await openbellJson<unknown[]>(['trades', ...workshop.storage], env)).toHaveLength(fills);
  }, 120_000);
});

/** The example's plan with positions that are closed after some seconds. */
function quickPlan(): Record<string, unknown> {
  const plan = parse(readFileSync('tradeplan.example.yaml', 'utf8')) as {
    strategies: { parameters: Record<string, unknown> }[];
  };
  for (const { parameters } of plan.strategies)
    Object.assign(parameters, { holdSecondsMax: 2, pauseSeconds: 1 });
  return plan;
}

function hasRoundTrip(url: string): boolean {
  const query = `select 1 from new_trades group by algo_run_id, symbol having count(distinct operation) = 2`;
  try {
    return psql(url, query).length > 0;
  } catch {
    // The tables are made by the daemon.
    return false;
  }
}
