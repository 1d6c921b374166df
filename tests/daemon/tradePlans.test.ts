/** Strategies that stand in the table trade_plan, followed by running daemons. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRow } from '../../src/models/contract.ts';
import { logOf, openWorkshop, readRows, statusOf, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { execute, type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const postgres = await startPostgres();

/** Says that it began, and buys once. */
const BUYER = `
  parameters: z.strictObject({ quantity: z.number().int().min(1).default(3) }),
  initialState: () => ({ trades: 0 }),
  onStart(context) {
    context.log('info', 'began', { quantity: context.parameters.quantity, trades: context.state.trades });
  },
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades === 3) context.buy({ quantity: context.parameters.quantity, reason: 'once' });
  },`;

describe.skipIf(postgres === null)('rows of trade_plan', () => {
  const server = postgres as RunningPostgres;
  const env = { DATABASE_URL: server?.url ?? '' };
  const workshops: Workshop[] = [];
  const daemons: Running[] = [];

  const start = async (name: string): Promise<{ workshop: Workshop; daemon: Running }> => {
    const workshop = openWorkshop(name);
    workshops.push(workshop);
    workshop.strategy('buyer', BUYER);
    const again = () => begin(workshop);
    return { workshop, daemon: await again() };
  };
  const begin = async (workshop: Workshop): Promise<Running> => {
    const plan = workshop.plan({
      mode: 'simulated',
      consumers: 1,
      record: false,
      strategies: [{ path: './buyer.ts', id: 'of-the-file', symbols: ['TSLA'] }],
      trade_plan: { enabled: true, poll: '1s' },
      simulation: { seed: 11, symbols: ['TSLA', 'NVDA', 'AMD'], rate: 200 },
    });
    const daemon = startOpenbell(['trade', plan, ...workshop.storage], env);
    daemons.push(daemon);
    await daemon.heard('Trading, batch', 90_000);
    return daemon;
  };
  const insert = async (name: string, parameters: object, more = 'current_date - 1, null') => {
    const rows = await execute(
      server.url,
      `insert into trade_plan (portfolio_id, strategy_name, parameters, start_date, expire_tstamp)
       values ('growth', '${name}', '${JSON.stringify(parameters)}', ${more}) returning trade_plan_id`,
    );
    return String(rows[0]?.trade_plan_id);
  };
  const audit = () =>
    execute(
      server.url,
      `select p.strategy_name as name, a.details ->> 'reason' as reason, a.ended_on is null as open
       from trade_plan_execution_audit a join trade_plan p using (trade_plan_id) order by 1`,
    );
  const began = (daemon: Running, id: string) =>
    logOf(daemon).filter(({ strategy, msg }) => msg === 'began' && String(strategy).startsWith(id));
  const runs = (workshop: Workshop) => openbellJson<RunRow[]>(['runs', ...workshop.storage], env);
  const alerts = async (workshop: Workshop) =>
    (await statusOf(workshop))?.alerts.filter(({ code }) => code === 'trade_plan_refused') ?? [];

  let first: { workshop: Workshop; daemon: Running };

  beforeAll(async () => {
    first = await start('plans');
    const made = await openbell(
      ['portfolio', 'create', 'growth', '--cash', '50000', ...first.workshop.storage],
      env,
    );
    expect(made.stderr).toBe('');
  }, 150_000);

  afterAll(async () => {
    for (const { child, finished } of daemons) {
      child.kill('SIGKILL');
      await finished;
    }
    for (const workshop of workshops) workshop.close();
    await postgres?.close();
  });

  it('run beside the strategies of the file once they are there, with the cash of their portfolio', async () => {
    await insert('Buyer', { path: './buyer.ts', symbols: ['NVDA'], parameters: { quantity: 5 } });
    await insert('Tomorrow', { path: './buyer.ts', symbols: ['NVDA'] }, 'current_date + 2, null');
    await insert(
      'Gone',
      { path: './buyer.ts', symbols: ['NVDA'] },
      "current_date - 9, now() - interval '1 day'",
    );
    await until(() => began(first.daemon, 'buyer-').length === 1, { what: 'the row to run' });
    expect(began(first.daemon, 'buyer-')[0]).toMatchObject({ symbol: 'NVDA', quantity: 5 });
    const trades = () => readRows(first.workshop, (rows) => rows.listTrades({ symbol: 'NVDA' }), server.url);
    await until(async () => (await trades()).length > 0, { what: 'a fill of the row', timeoutMs: 30_000 });
    expect((await trades()).reduce((sum, { qty }) => sum + Number(qty), 0)).toBe(5);
    expect(await audit()).toEqual([{ name: 'Buyer', reason: null, open: true }]);
    expect(began(first.daemon, 'tomorrow')).toEqual([]);
    expect(began(first.daemon, 'gone')).toEqual([]);
  });

  it('that are wrong are told once for each change, and harm no other', async () => {
    const id = await insert('Wrong', { path: './buyer.ts', symbols: ['GOOGL'], parameters: { quantity: 0 } });
    await until(async () => (await alerts(first.workshop)).length === 1, { what: 'the refusal' });
    expect((await alerts(first.workshop))[0]?.message).toContain(
      `is not placed: trade_plan ${id}.parameters.parameters.quantity: found 0`,
    );
    await execute(
      server.url,
      `update trade_plan set parameters = '{"path": "./buyer.ts", "symbols": ["GOOGL"]}' where trade_plan_id = '${id}'`,
    );
    await until(async () => (await alerts(first.workshop)).length === 2, { what: 'the second refusal' });
    expect((await alerts(first.workshop)).at(-1)?.message).toContain('GOOGL');
    expect((await audit()).map(({ name }) => name)).toEqual(['Buyer']);
    await execute(
      server.url,
      `update trade_plan set parameters = '{"path": "./buyer.ts", "symbols": ["AMD"]}' where trade_plan_id = '${id}'`,
    );
    await until(() => began(first.daemon, 'wrong-').length === 1, { what: 'the corrected row to run' });
  });

  it('run on one of two daemons', async () => {
    const second = await start('plans-two');
    await insert('Shared', { path: './buyer.ts', symbols: ['AMD'] });
    const count = () => began(first.daemon, 'shared-').length + began(second.daemon, 'shared-').length;
    await until(() => count() === 1, { what: 'the row to run' });
    await until(async () => (await audit()).length === 3, { what: 'its execution' });
    // Both have looked since.
    const looks = (await statusOf(second.workshop))?.uptimeMs ?? 0;
    await until(async () => ((await statusOf(second.workshop))?.uptimeMs ?? 0) > looks + 2_500, {
      what: 'the daemons to look again',
    });
    expect(count()).toBe(1);
    expect(began(second.daemon, 'buyer-')).toEqual([]);
    second.daemon.child.kill('SIGTERM');
    expect((await second.daemon.finished).exitCode).toBe(0);
  });

  it('that are changed begin anew, and those that expire end, with their positions managed until they are flat', async () => {
    await execute(
      server.url,
      `update trade_plan set parameters = parameters || '{"parameters": {"quantity": 7}}' where strategy_name = 'Buyer'`,
    );
    await until(() => began(first.daemon, 'buyer-').length === 2, { what: 'the changed row to begin anew' });
    expect(began(first.daemon, 'buyer-')[1]?.quantity).toBe(7);
    expect(Number(began(first.daemon, 'buyer-')[1]?.trades)).toBeGreaterThanOrEqual(3);
    await execute(server.url, "update trade_plan set expire_tstamp = now() where strategy_name = 'Wrong'");
    await until(async () => (await audit()).some(({ name, open }) => name === 'Wrong' && open === false), {
      what: 'the expired row to end',
    });
    expect(await audit()).toContainEqual({ name: 'Wrong', reason: 'expired', open: false });
  });

  it('go on after a restart in the execution that they have', async () => {
    const before = await audit();
    first.daemon.child.kill('SIGTERM');
    expect((await first.daemon.finished).exitCode).toBe(0);
    expect((await audit()).map(({ open }) => open)).not.toContain(true);
    first.daemon = await begin(first.workshop);
    await until(() => began(first.daemon, 'buyer-').length === 1, { what: 'the row to run again' });
    expect((await audit()).map(({ name }) => name)).toEqual(before.map(({ name }) => name));
    const open = (await audit()).filter((row) => row.open === true).map(({ name }) => name);
    expect(open).toEqual(['Buyer', 'Shared']);
    const ids = (await runs(first.workshop)).filter(({ instanceId }) => instanceId.startsWith('buyer-'));
    expect(new Set(ids.map(({ instanceId }) => instanceId)).size).toBe(1);
  });

  it('are taken over by another daemon when the one that had them has died', async () => {
    const second = await start('plans-three');
    expect(began(second.daemon, 'buyer-')).toEqual([]);
    first.daemon.child.kill('SIGKILL');
    await first.daemon.finished;
    await until(() => began(second.daemon, 'buyer-').length === 1, {
      what: 'the other daemon to run the row',
      timeoutMs: 30_000,
    });
  });
});
