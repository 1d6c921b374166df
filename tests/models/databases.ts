/** Both kinds of database for one suite: PGlite in memory from a snapshot, and databases copied from a template. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, type TestContext } from 'vitest';
import { newId } from '../../src/clock/chance.ts';
import type { Backend } from '../../src/models/backend.ts';
import { createEmbeddedBackend } from '../../src/models/embedded.ts';
import { DATABASE_LIMITS } from '../../src/models/limits.ts';
import { openPostgres } from '../../src/models/postgres.ts';
import { silentLog } from '../../src/observability/log.ts';
import { beginFolder, prepareFolder } from '../support/folder.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';

export interface TestDatabases {
  /** A new database with all migrations; null where this kind is not installed. */
  open(): Promise<Backend> | null;
  /** What several processes can share; null for the embedded one, which has one owner. */
  readonly server: RunningPostgres | null;
  close(): Promise<void>;
}

const PGLITE = new URL('../../node_modules/@electric-sql/pglite/package.json', import.meta.url);
const CACHE = new URL('../../node_modules/.cache/openbell/', import.meta.url);

/** An embedded database fresh from initdb. That costs seconds, so it is done once and kept beside the packages. */
export async function initialSnapshot(): Promise<Blob> {
  const { version } = JSON.parse(readFileSync(PGLITE, 'utf8')) as { version: string };
  const file = new URL(`pglite-${version}.tar`, CACHE);
  if (existsSync(file)) return new Blob([readFileSync(file)]);
  const pglite = await PGlite.create();
  const snapshot = await pglite.dumpDataDir('none');
  await pglite.close();
  mkdirSync(CACHE, { recursive: true });
  const unfinished = new URL(`${newId()}.tar`, CACHE);
  writeFileSync(unfinished, new Uint8Array(await snapshot.arrayBuffer()));
  renameSync(unfinished, file);
  return snapshot;
}

/** A data directory whose embedded database is past initdb, without our tables. */
export async function initialDirectory(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'openbell-data-'));
  await prepareFolder();
  beginFolder(directory);
  return directory;
}

export async function embeddedDatabases(): Promise<TestDatabases> {
  const first = await PGlite.create({ loadDataDir: await initialSnapshot() });
  await createEmbeddedBackend(first, { folder: null, release: () => {} }).migrate();
  const snapshot = await first.dumpDataDir('none');
  await first.close();
  return {
    server: null,
    open: async () => {
      const pglite = await PGlite.create({ loadDataDir: snapshot });
      await pglite.exec("set timezone = 'UTC'");
      return createEmbeddedBackend(pglite, { folder: null, release: () => {} });
    },
    close: () => Promise.resolve(),
  };
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
