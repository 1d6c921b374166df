/** Both kinds of database for one suite: PGlite in memory from an archive, and databases copied from a template. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, type TestContext } from 'vitest';
import type { Backend } from '../../src/models/backend.ts';
import { createEmbeddedBackend } from '../../src/models/embedded.ts';
import { DATABASE_LIMITS } from '../../src/models/limits.ts';
import { openPostgres } from '../../src/models/postgres.ts';
import { silentLog } from '../../src/observability/log.ts';
import { archiveOf, beginFolder } from '../support/folder.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';

export interface TestDatabases {
  /** A new database with all migrations; null where this kind is not installed. */
  open(): Promise<Backend> | null;
  /** What several processes can share; null for the embedded one, which has one owner. */
  readonly server: RunningPostgres | null;
  close(): Promise<void>;
}

/** A data directory with an embedded database that has all tables. */
export function preparedDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'openbell-data-'));
  beginFolder(directory);
  return directory;
}

export function embeddedDatabases(): Promise<TestDatabases> {
  return Promise.resolve({
    server: null,
    open: async () => {
      const pglite = await PGlite.create({ loadDataDir: archiveOf('migrated') });
      await pglite.exec("set timezone = 'UTC'");
      return createEmbeddedBackend(pglite, { folder: null, release: () => {} });
    },
    close: () => Promise.resolve(),
  });
}

export async function postgresDatabases(): Promise<TestDatabases> {
  const server = await startPostgres();
  if (server === null) return { server, open: () => null, close: () => Promise.resolve() };
  const template = await openPostgres(await server.createDatabase('migrated'), CONTEXT);
  await template.migrate();
  await template.close();
  let count = 0;
  return {
    server,
    open: async () => {
      count += 1;
      return openPostgres(await server.createDatabase(`test_${count}`, 'migrated'), CONTEXT);
    },
    close: () => server.close(),
  };
}

export const CONTEXT = { limits: DATABASE_LIMITS, log: silentLog };

/** For suites that both kinds of database have to pass: `describe.each(KINDS)('...', ({ start }) => ...)`. */
export const KINDS = [
  { kind: 'the embedded database', start: embeddedDatabases },
  { kind: 'a real PostgreSQL', start: postgresDatabases },
];

export interface SuiteDatabase {
  /** The database that the suite's tests share. Skips the test where this kind is not installed. */
  shared(context: TestContext): Backend;
  /** A new one, which the test closes. */
  own(context: TestContext): Promise<Backend>;
  /** Skips the test where none runs, and with the embedded database. */
  server(context: TestContext): RunningPostgres;
}

/** To be called within a suite, before its tests. */
export function suiteDatabase(start: () => Promise<TestDatabases>): SuiteDatabase {
  let databases: TestDatabases;
  let backend: Backend | null = null;
  beforeAll(async () => {
    databases = await start();
    backend = await databases.open();
  });
  afterAll(async () => {
    await backend?.close();
    await databases.close();
  });
  return {
    shared: (context) => backend ?? context.skip(MISSING),
    own: (context) => databases.open() ?? context.skip(MISSING),
    server: (context) => databases.server ?? context.skip(MISSING),
  };
}

const MISSING = 'no PostgreSQL server here';
