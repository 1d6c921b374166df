import { sql } from 'drizzle-orm';
import { describe, expect, it, type TestContext } from 'vitest';
import { openPostgres } from '../../src/models/postgres.ts';
import { createStores } from '../../src/models/stores.ts';
import { CONTEXT, KINDS, suiteDatabase } from './databases.ts';

const AT = '2026-11-20T15:00:00.000000Z';
const TODAY = '2026-11-20';

describe.each(KINDS)('rows of trade_plan on $kind', ({ kind, start }) => {
  const database = suiteDatabase(start);

  const open = async (context: TestContext) => {
    const backend = await database.own(context);
    const stores = createStores(backend);
    const portfolio = {
      portfolioId: 'growth',
      assets: 'US_EQUITIES',
      size: '1',
      cash: '0',
      credit: '0',
    } as const;
    await stores.createPortfolio(portfolio);
    const query = async (text: string) => {
      const answer = await backend.queries.execute(sql.raw(text));
      return (answer as unknown as { rows: Record<string, unknown>[] }).rows;
    };
    const insert = async (name: string, startDate: string, more: { expires?: string } = {}) => {
      const expires = more.expires === undefined ? 'null' : `'${more.expires}'`;
      const rows = await query(
        `insert into trade_plan (portfolio_id, start_date, strategy_name, parameters, expire_tstamp)
         values ('growth', '${startDate}', '${name}', '{"name": "momentum-long", "symbols": ["AAPL"]}', ${expires})
         returning trade_plan_id`,
      );
      return String(rows[0]?.trade_plan_id);
    };
    const audit = () =>
      query(
        'select details, started_on, ended_on is null as open from trade_plan_execution_audit order by 2',
      );
    return { backend, stores, query, insert, audit };
  };

  it('are active from their date on until they expire, those that began first before others', async (context) => {
    const { backend, stores, insert } = await open(context);
    await insert('later', '2026-11-21');
    const today = await insert('today', TODAY);
    const before = await insert('before', '2026-01-02', { expires: '2026-11-20T15:00:00.000001Z' });
    await insert('gone', '2026-01-02', { expires: AT });
    const active = await stores.activeTradePlans({ date: TODAY, at: AT, limit: 10 });
    expect(active.map(({ tradePlanId }) => tradePlanId)).toEqual([before, today]);
    expect(active[1]).toMatchObject({
      portfolioId: 'growth',
      strategyName: 'today',
      parameters: { name: 'momentum-long', symbols: ['AAPL'] },
    });
    expect(await stores.activeTradePlans({ date: TODAY, at: AT, limit: 1 })).toHaveLength(1);
    await backend.close();
  });

  it('tell when they were changed', async (context) => {
    const { backend, stores, insert, query } = await open(context);
    const tradePlanId = await insert('one', TODAY);
    const modified = async () =>
      (await stores.activeTradePlans({ date: TODAY, at: AT, limit: 1 }))[0]?.modifiedAt ?? '';
    const first = await modified();
    await query(`update trade_plan set parameters = '{}' where trade_plan_id = '${tradePlanId}'`);
    expect((await modified()) > first).toBe(true);
    await backend.close();
  });

  it('are added, changed and listed, the newest first, with the living batch that runs them', async (context) => {
    const { backend, stores } = await open(context);
    const plan = (tradePlanId: string) => ({
      ...{ tradePlanId, portfolioId: 'growth', strategyName: 'Mine', startDate: TODAY, expiresAt: AT },
      parameters: { name: 'momentum-long', symbols: ['AAPL'] },
    });
    const [first, second] = ['0b1c2d3e-0000-4000-8000-000000000001', '0b1c2d3e-0000-4000-8000-000000000002'];
    expect(await stores.addTradePlan({ ...plan(first!), portfolioId: 'nobody' })).toBe(false);
    expect(await stores.addTradePlan(plan(first!))).toBe(true);
    expect(await stores.addTradePlan({ ...plan(first!), strategyName: 'Again' })).toBe(true);
    expect(await stores.addTradePlan({ ...plan(second!), expiresAt: null })).toBe(true);
    await stores.takeTradePlan({ tradePlanId: second!, batchId: 'b', environment: 'PAPER', takenAt: AT });
    const listed = await stores.listTradePlans();
    expect(listed).toMatchObject([
      { ...plan(second!), expiresAt: null, batchId: 'b' },
      { ...plan(first!), batchId: null },
    ]);
    expect(await stores.changeTradePlan({ tradePlanId: first!, expiresAt: null })).toBe(true);
    expect(await stores.changeTradePlan({ tradePlanId: first!, parameters: { path: './x.ts' } })).toBe(true);
    expect(await stores.changeTradePlan({ ...plan('0b1c2d3e-0000-4000-8000-000000000003') })).toBe(false);
    const [changed, ...others] = await stores.listTradePlans([first!]);
    expect(others).toEqual([]);
    expect(changed).toMatchObject({ ...plan(first!), expiresAt: null, parameters: { path: './x.ts' } });
    expect(changed!.modifiedAt > changed!.createdAt).toBe(true);
    await backend.close();
  });

  it('have one execution, which the next batch goes on with after the one before has ended or died', async (context) => {
    const { backend, stores, insert, audit } = await open(context);
    const tradePlanId = await insert('one', TODAY);
    const take = (batchId: string) =>
      stores.takeTradePlan({ tradePlanId, batchId, environment: 'PAPER', takenAt: AT });
    expect([await take('first'), await take('first')]).toEqual(['taken', 'taken']);
    expect(await audit()).toMatchObject([
      { details: { batchId: 'first', environment: 'PAPER' }, open: true },
    ]);
    const ending = { batchId: 'first', tradePlanIds: null, endedAt: AT, reason: 'SIGTERM' };
    expect([await stores.endTradePlans(ending), await stores.endTradePlans(ending)]).toEqual([1, 0]);
    expect(await audit()).toMatchObject([{ details: { batchId: 'first', reason: 'SIGTERM' }, open: false }]);
    expect(await take('second')).toBe('taken');
    expect(await audit()).toMatchObject([
      { details: { batchId: 'second', earlierBatchIds: ['first'] }, open: true },
    ]);
    await backend.close();
  });

  it('are closed alone where only some have expired', async (context) => {
    const { backend, stores, insert, audit } = await open(context);
    const ids = [await insert('one', TODAY), await insert('two', TODAY)];
    for (const tradePlanId of ids)
      await stores.takeTradePlan({ tradePlanId, batchId: 'a', environment: 'PAPER', takenAt: AT });
    const ending = { batchId: 'a', endedAt: AT, reason: 'expired' };
    expect(await stores.endTradePlans({ ...ending, tradePlanIds: [ids[0]!] })).toBe(1);
    expect(await stores.endTradePlans({ ...ending, tradePlanIds: [] })).toBe(0);
    expect((await audit()).filter(({ open: isOpen }) => isOpen === true)).toHaveLength(1);
    await backend.close();
  });

  it('are taken by one of two daemons that look at the same moment, and by the other when that one has died', async (context) => {
    // The embedded database has one owner; a PostgreSQL has as many as there are daemons.
    if (kind === 'the embedded database') return;
    const server = database.server(context);
    const url = await server.createDatabase('plans', 'migrated');
    const backends = await Promise.all([openPostgres(url, CONTEXT), openPostgres(url, CONTEXT)]);
    const [first, second] = backends.map((backend) => createStores(backend));
    await first!.createPortfolio({
      portfolioId: 'growth',
      assets: 'US_EQUITIES',
      size: '1',
      cash: '0',
      credit: '0',
    });
    await backends[0]!.queries.execute(
      sql.raw(
        `insert into trade_plan (portfolio_id, start_date, strategy_name, parameters)
         select 'growth', '${TODAY}', 'plan ' || n, '{}' from generate_series(1, 20) n`,
      ),
    );
    const rows = await first!.activeTradePlans({ date: TODAY, at: AT, limit: 100 });
    const take = async (stores: typeof first, batchId: string) => {
      const answers: string[] = [];
      for (const { tradePlanId } of rows) {
        const taking = { tradePlanId, batchId, environment: 'PAPER', takenAt: AT } as const;
        answers.push(await stores!.takeTradePlan(taking));
      }
      return answers;
    };
    const [a, b] = await Promise.all([take(first, 'a'), take(second, 'b')]);
    expect(a.map((one, index) => [one, b[index]].sort())).toEqual(rows.map(() => ['elsewhere', 'taken']));
    await backends[0]!.close();
    expect(await take(second, 'b')).toEqual(rows.map(() => 'taken'));
    await backends[1]!.close();
  });
});
