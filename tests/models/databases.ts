/** Both kinds of database for one suite: PGlite in memory from a snapshot, and databases copied from a template. */
import { PGlite } from '@electric-sql/pglite';
import type { Backend } from '../../src/models/backend.ts';
import { createEmbeddedBackend } from '../../src/models/embedded.ts';
import { DATABASE_LIMITS } from '../../src/models/limits.ts';
import { openPostgres } from '../../src/models/postgres.ts';
import { silentLog } from '../../src/observability/log.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';

export interface TestDatabases {
  /** A new database with all migrations; null where this kind is not installed. */
  open(): Promise<Backend> | null;
  close(): Promise<void>;
}

export async function embeddedDatabases(): Promise<TestDatabases> {
  const first = await PGlite.create();
  await createEmbeddedBackend(first, { folder: null, release: () => {} }).migrate();
  const snapshot = await first.dumpDataDir('none');
  await first.close();
  return {
    open: async () => {
      const pglite = await PGlite.create({ loadDataDir: snapshot });
      await pglite.exec("set timezone = 'UTC'");
      return createEmbeddedBackend(pglite, { folder: null, release: () => {} });
    },
    close: () => Promise.resolve(),
  };
}

export async function postgresDatabases(): Promise<TestDatabases & { server: RunningPostgres | null }> {
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
