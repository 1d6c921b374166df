import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import type { UserError } from '../../src/domain/exit.ts';
import { openDatabase } from '../../src/models/database.ts';
import { DATABASE_LIMITS } from '../../src/models/limits.ts';
import { silentLog } from '../../src/observability/log.ts';
import { execute, type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { anOrder, aRun } from './rows.ts';

const PASSWORD = /a b\/c@d|a%20b%2Fc%40d|hunter2/;

let server: RunningPostgres | null = null;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server?.close();
});

function running(context: TestContext): RunningPostgres {
  if (server === null) context.skip('no PostgreSQL server here');
  return server as RunningPostgres;
}

const open = (url: string, limits = {}) =>
  openDatabase(
    { type: 'postgres', url },
    { log: silentLog, clock: liveClock, limits: { ...DATABASE_LIMITS, ...limits } },
  );

async function refusalOf(url: string, limits = {}): Promise<UserError> {
  const error = await open(url, limits).then(
    async (database) => {
      await database.close();
      throw new Error('it was opened');
    },
    (refusal: UserError) => refusal,
  );
  expect(JSON.stringify([error, error.stack])).not.toMatch(PASSWORD);
  return error;
}

describe('a PostgreSQL that cannot be used', () => {
  it.each([
    ['no URL at all', 'localhost/openbell'],
    ['of another kind', 'mysql://me:hunter2@localhost/openbell'],
    ['without a database', 'postgres://me:hunter2@localhost'],
    ['with a port that is none', 'postgres://me:hunter2@localhost:port/openbell'],
  ])('is a wrong DATABASE_URL when it is %s: exit 2, and nothing of it is shown', async (_, url) => {
    const error = await refusalOf(url);
    expect(error).toMatchObject({ exitCode: 2, violations: [{ path: 'DATABASE_URL' }] });
    expect(error.remedy).toContain('postgres://user:password@host:5432/database');
  });

  it('is named with host, port and database when nobody listens there: exit 3', async () => {
    const error = await refusalOf('postgres://me:hunter2@127.0.0.1:1/openbell');
    expect(error).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('"openbell" at 127.0.0.1:1: '),
    });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('is given up when it never answers', async () => {
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const error = await refusalOf(`postgres://me:hunter2@127.0.0.1:${port}/openbell`, {
      connectTimeoutMs: 50,
    });
    expect(error).toMatchObject({ exitCode: 3, message: expect.stringMatching(/timeout|terminated/i) });
    await new Promise((resolve) => silent.close(resolve));
  });

  it('says that the password is wrong, without the password', async (context) => {
    const { url } = running(context);
    const error = await refusalOf(url.replace(/:[^:@]+@/, ':hunter2@'));
    expect(error).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('password authentication failed'),
    });
    expect(error.remedy).toContain('check user, password');
  });

  it('says that the database does not exist', async (context) => {
    const { url } = running(context);
    const error = await refusalOf(url.replace(/[^/]+$/, 'nowhere'));
    expect(error).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('"nowhere" does not exist'),
    });
  });
});

describe('a PostgreSQL that two daemons share', () => {
  it('keeps the runs of both: only those of a daemon that is gone are abandoned', async (context) => {
    const url = await running(context).createDatabase('shared');
    const living = await open(url);
    const starting = await open(url);
    await living.stores.startRun(aRun({ batchId: 'living' }));
    await starting.stores.startRun(aRun({ batchId: 'starting' }));
    const endedAt = '2026-11-20T22:00:00Z';
    expect(await starting.stores.endAbandonedRuns('starting', endedAt)).toBe(0);
    await living.close();
    expect(await starting.stores.endAbandonedRuns('starting', endedAt)).toBe(1);
    expect(await starting.stores.listRuns({ batchId: 'living' })).toMatchObject([
      { endReason: expect.stringContaining('abandoned') },
    ]);
    await starting.close();
  });

  it('still knows who lives after their connections were cut', async (context) => {
    const url = await running(context).createDatabase('cut');
    const living = await open(url);
    const starting = await open(url);
    const algoRunId = await living.stores.startRun(aRun({ batchId: 'living' }));
    await execute(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'cut' and application_name = 'openbell'`,
    );
    // The first call after the cut may be the one that notices it; it says that another try is sensible.
    const order = anOrder({ algoRunId, batchId: 'living' });
    await expect
      .poll(() =>
        living.stores.recordOrders([order]).then(
          () => 'recorded',
          (failure) => failure.retry,
        ),
      )
      .toBe('recorded');
    await expect
      .poll(() => living.stores.startRun(aRun({ batchId: 'living', consumer: 'B' })).then(Number, () => 0))
      .toBeGreaterThan(0);
    await expect
      .poll(() => starting.stores.endAbandonedRuns('starting', '2026-11-20T22:00:00Z').catch(() => -1))
      .toBe(0);
    await Promise.all([living.close(), starting.close()]);
  });
});
