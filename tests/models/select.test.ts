import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import type { OpenDatabase } from '../../src/models/database.ts';
import { silentLog } from '../../src/observability/log.ts';
import { startPostgres } from '../support/postgres.ts';
import { preparedDirectory } from './databases.ts';

// The thread that asks the copy of an embedded database runs compiled files only.
const { openDatabase } = (await import(
  new URL('../../dist/models/database.js', import.meta.url).href
)) as typeof import('../../src/models/database.ts');

const PASSWORD = 'hunter2-hunter2';
const LIMITS = { rowsMax: 3, timeoutMs: 10_000 };
const context = { log: silentLog, clock: liveClock };

async function embedded() {
  const directory = preparedDirectory();
  const database = await openDatabase({ type: 'embedded', directory }, context);
  return {
    database,
    leavesNothing: () => !existsSync(join(directory, 'database.select')),
    close: async () => {
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function postgres() {
  const server = await startPostgres();
  if (server === null) return null;
  const url = new URL(await server.createDatabase('selecting'));
  if (url.password === '') url.password = PASSWORD;
  const database = await openDatabase({ type: 'postgres', url: url.href }, context);
  return {
    database,
    leavesNothing: () => true,
    close: async () => {
      await database.close();
      await server.close();
    },
  };
}

const KINDS = [
  { kind: 'the embedded database', start: embedded },
  { kind: 'a real PostgreSQL', start: postgres },
];

const DAY = { date: '2024-07-01', open: '1', high: '2', low: '1', volume: '100', vwap: null, tradeCount: 5 };

/** What a query is not, and one that is. */
const REFUSED: readonly (readonly [string, string])[] = [
  ['a change', 'update stock_ohlc set close = 1'],
  ['a change behind a query', 'select 1; delete from stock_ohlc'],
  ['a change in a WITH', 'with gone as (delete from stock_ohlc returning symbol) select symbol from gone'],
  ['a new table', 'select symbol into copied from stock_ohlc'],
  ['a lock', 'select symbol from stock_ohlc for update'],
  ['a change by a function', "select nextval(pg_get_serial_sequence('stock_ohlc', 'symbol_id')) as symbol"],
  ['leaving the transaction', 'select 1; commit; delete from stock_ohlc'],
  [
    'making it writable',
    "select set_config('transaction_read_only', 'off', false) as symbol from stock_ohlc",
  ],
  ['no SQL', 'pick the best ones'],
  ['a table that is not there', 'select symbol from nowhere'],
];

describe.each(KINDS)("a user's query of $kind", ({ kind, start }) => {
  let opened: Awaited<ReturnType<typeof start>> = null;

  beforeAll(async () => {
    opened = await start();
    await opened?.database.stores.recordDays(
      ['A', 'B', 'C', 'D'].map((symbol, index) => ({ ...DAY, symbol, close: `${index + 1}.5` })),
    );
  });
  afterAll(() => opened?.close());

  const stores = (test: TestContext): OpenDatabase['stores'] => {
    if (opened === null) test.skip('no PostgreSQL server here');
    return opened!.database.stores;
  };

  it('answers its first rows in their order, as text', async (test) => {
    const query = `with days as (select * from stock_ohlc) -- all; of them
      select symbol, close as score, 'a;b' as reason from days order by close desc;`;
    expect(await stores(test).select(query, LIMITS)).toEqual({
      columns: ['symbol', 'score', 'reason'],
      rows: [
        ['D', expect.stringMatching(/^4\.5/), 'a;b'],
        ['C', expect.stringMatching(/^3\.5/), 'a;b'],
        ['B', expect.stringMatching(/^2\.5/), 'a;b'],
      ],
    });
    expect(opened?.leavesNothing()).toBe(true);
  });

  it('names its columns even without a row', async (test) => {
    const answer = await stores(test).select('select name from ticker_data', LIMITS);
    expect(answer).toEqual({ columns: ['name'], rows: [] });
  });

  // Each query of the embedded database copies it, which takes a second.
  const refused = kind === 'the embedded database' ? REFUSED.filter((_, index) => index % 5 === 0) : REFUSED;

  it.each(refused)('is refused with one line when it is %s', async (_name, query) => {
    if (opened === null) return;
    const failure = await opened.database.stores.select(query, LIMITS).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'DatabaseFailure', retry: expect.any(Boolean) });
    expect((failure as Error).message).not.toMatch(/\n/);
    const days = await opened.database.stores.newestDays(['A', 'B', 'C', 'D']);
    expect(days.map(({ symbol }) => symbol).sort()).toEqual(['A', 'B', 'C', 'D']);
  });

  it('is ended when its time is over, and the database goes on', async (test) => {
    const endless = 'select count(*) as symbol from generate_series(1, 2000000000) a';
    await expect(stores(test).select(endless, { rowsMax: 1, timeoutMs: 200 })).rejects.toMatchObject({
      name: 'DatabaseFailure',
      kind: 'timeout',
    });
    expect(await stores(test).select('select symbol from stock_ohlc', LIMITS)).toMatchObject({
      columns: ['symbol'],
    });
    expect(opened?.leavesNothing()).toBe(true);
  });

  it('tells no value of a row and no password when it fails', async (test) => {
    const secret = `select cast(symbol || '${PASSWORD}' as integer) as symbol from stock_ohlc`;
    const failure = await stores(test)
      .select(secret, LIMITS)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: 'a value of the query does not fit (22P02)', kind: 'invalid' });
    expect(JSON.stringify(failure)).not.toContain(PASSWORD);
  });

  it('leaves nothing of its settings for the next', async (test) => {
    const set = "select set_config('search_path', 'nowhere', false) as symbol";
    await stores(test).select(set, LIMITS);
    expect((await stores(test).select('select symbol from stock_ohlc', LIMITS)).rows).toHaveLength(3);
    expect(await stores(test).newestDays(['A'])).toHaveLength(1);
  });
});
