import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEmbeddedBackend } from '../../src/models/embedded.ts';
import { MIGRATION_LOCK_KEY, MIGRATIONS_FOLDER, readJournal } from '../../src/models/migrations.ts';
import { openPostgres } from '../../src/models/postgres.ts';
import { archiveOf } from '../support/folder.ts';
import { execute, type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { CONTEXT } from './databases.ts';

const tags = readJournal().map((entry) => entry.tag);

describe('the migrations', () => {
  it('grow newer from first to last, because the migrator silently skips an older one', () => {
    const times = readJournal().map((entry) => entry.when);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  });

  it('are exactly the files of the folder', () => {
    const files = readdirSync(MIGRATIONS_FOLDER).filter((name) => name.endsWith('.sql'));
    expect(files.sort()).toEqual(tags.map((tag) => `${tag}.sql`));
  });

  it('make the tables that the schema in TypeScript describes', async () => {
    const drizzleKit = createRequire(import.meta.url)('drizzle-kit/api') as typeof import('drizzle-kit/api');
    const folder = new URL('../../src/models/schema/', import.meta.url);
    const modules = readdirSync(folder).map((name) => import(new URL(name, folder).href));
    const schema = Object.assign({}, ...(await Promise.all(modules))) as Record<string, unknown>;
    const last = readJournal().length - 1;
    const file = `${MIGRATIONS_FOLDER}/meta/${String(last).padStart(4, '0')}_snapshot.json`;
    const snapshot = JSON.parse(readFileSync(file, 'utf8'));
    expect(
      await drizzleKit.generateMigration(snapshot, drizzleKit.generateDrizzleJson(schema, snapshot.id)),
    ).toEqual([]);
  });

  it('are all applied to an empty embedded database, and nothing happens the second time', async () => {
    const pglite = await PGlite.create({ loadDataDir: archiveOf('initial') });
    const backend = createEmbeddedBackend(pglite, { folder: null, release: () => {} });
    expect(await backend.migrationStatus()).toEqual({ applied: [], pending: tags });
    expect(await backend.migrate()).toEqual({ applied: tags, pending: [] });
    expect(await backend.migrate()).toEqual({ applied: tags, pending: [] });
    await pglite.query(
      `insert into drizzle.__drizzle_migrations (hash, created_at) values ('x', 9999999999999)`,
    );
    await expect(backend.migrate()).rejects.toMatchObject({
      exitCode: 2,
      remedy: expect.stringContaining('newer'),
    });
    await backend.close();
  });
});

describe('the migrations on a real PostgreSQL', () => {
  let server: RunningPostgres | null = null;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await server?.close();
  });

  it('are applied once when several daemons start at the same moment', async (context) => {
    if (server === null) return context.skip('no PostgreSQL server here');
    const url = await server.createDatabase('contended');
    const backends = await Promise.all([1, 2, 3].map(() => openPostgres(url, CONTEXT)));
    const answers = await Promise.all(backends.map((backend) => backend.migrate()));
    expect(answers).toEqual([1, 2, 3].map(() => ({ applied: tags, pending: [] })));
    const rows = await execute(url, 'select count(*)::int as count from drizzle.__drizzle_migrations');
    expect(rows).toEqual([{ count: tags.length }]);
    await Promise.all(backends.map((backend) => backend.close()));
  });

  it('wait for another that migrates, and say so when it takes too long', async (context) => {
    if (server === null) return context.skip('no PostgreSQL server here');
    const url = await server.createDatabase('held');
    const holder = await openPostgres(url, { ...CONTEXT, limits: { ...CONTEXT.limits, connectionsMax: 1 } });
    await holder.queries.execute(`select pg_advisory_lock(${MIGRATION_LOCK_KEY})`);
    const limits = { ...CONTEXT.limits, migrationLockTimeoutMs: 50 };
    const late = await openPostgres(url, { ...CONTEXT, limits });
    await expect(late.migrate()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('another openbell has been migrating'),
    });
    await holder.close();
    expect(await late.migrate()).toMatchObject({ pending: [] });
    await late.close();
  });

  it('leave a database alone that holds tables of someone else', async (context) => {
    if (server === null) return context.skip('no PostgreSQL server here');
    const url = await server.createDatabase('foreign');
    await execute(url, 'create table algo_run (algo_run_id serial primary key)');
    const backend = await openPostgres(url, CONTEXT);
    await expect(backend.migrate()).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('algo_run'),
    });
    expect(await execute(url, `select to_regclass('new_trades') as found`)).toEqual([{ found: null }]);
    await backend.close();
  });

  it('are refused to a user who may not create tables, with what to do', async (context) => {
    if (server === null) return context.skip('no PostgreSQL server here');
    const url = await server.createDatabase('guarded');
    await execute(url, `create user visitor password 'visitor'`);
    const backend = await openPostgres(url.replace(/\/\/[^@]+@/, '//visitor:visitor@'), CONTEXT);
    await expect(backend.migrate()).rejects.toMatchObject({
      exitCode: 3,
      remedy: expect.stringContaining('let the user of DATABASE_URL create'),
    });
    await backend.close();
  });
});
