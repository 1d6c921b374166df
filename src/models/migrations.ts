/** The reviewed migrations that lie at the top of the project, and which of them a database has. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { assert } from '../domain/assert.ts';
import { EXIT_UNEXPECTED, EXIT_UNREACHABLE, EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { Queries } from './backend.ts';
import { failureFrom } from './failure.ts';
import type { MigrationStatus } from './messages.ts';

/** Two levels up both from `src/models` and from `dist/models`. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));

/** The key of the advisory lock under which a PostgreSQL is migrated: `openbell` in ASCII. */
export const MIGRATION_LOCK_KEY = 0x6f70656e62656c6cn;

interface Journal {
  readonly entries: readonly { readonly tag: string; readonly when: number }[];
}

/** Tags and their times, in the order in which they are applied. */
export function readJournal(folder: string = MIGRATIONS_FOLDER): Journal['entries'] {
  return (JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')) as Journal).entries;
}

/** Which migrations `queries`' database has. A database without any is simply all pending. */
export async function readMigrationStatus(queries: Queries): Promise<MigrationStatus> {
  const journal = readJournal();
  const applied = await readAppliedTimes(queries);
  const known = new Set(journal.map((entry) => entry.when));
  const newer = [...applied].filter((when) => !known.has(when));
  if (newer.length > 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `the database has ${newer.length} migration(s) that this version of openbell does not know`,
      remedy: 'run the newer openbell that migrated it, or give this one a database of its own',
    });
  }
  return {
    applied: journal.filter((entry) => applied.has(entry.when)).map((entry) => entry.tag),
    pending: journal.filter((entry) => !applied.has(entry.when)).map((entry) => entry.tag),
  };
}

/** Runs what is pending by `apply` (Drizzle's migrator) and makes sure that nothing was left out. */
export async function applyMigrations(
  queries: Queries,
  apply: () => Promise<void>,
): Promise<MigrationStatus> {
  const before = await readMigrationStatus(queries);
  if (before.pending.length === 0) return before;
  try {
    await apply();
  } catch (error) {
    throw migrationError(error);
  }
  const after = await readMigrationStatus(queries);
  // Drizzle's migrator silently skips what is older than the last one applied.
  assert(after.pending.length === 0, `migrations were skipped: ${after.pending.join(', ')}`);
  return after;
}

async function readAppliedTimes(queries: Queries): Promise<Set<number>> {
  // Not in a catalogue query's own terms: to_regclass answers null where the table is missing.
  const [found] = await rowsOf<{ found: boolean }>(
    queries,
    sql`select to_regclass('drizzle.__drizzle_migrations') is not null as found`,
  );
  if (!found?.found) return new Set();
  const rows = await rowsOf<{ created_at: string | number }>(
    queries,
    sql`select created_at from drizzle.__drizzle_migrations`,
  );
  return new Set(rows.map((row) => Number(row.created_at)));
}

async function rowsOf<Row>(queries: Queries, query: ReturnType<typeof sql>): Promise<Row[]> {
  return ((await queries.execute(query)) as { rows: Row[] }).rows;
}

function migrationError(error: unknown): UserError {
  const failure = failureFrom(error);
  if (/already exists/.test(failure.message)) {
    return new UserError({
      exitCode: EXIT_USAGE,
      cause: `the database already holds something of that name: ${failure.message}`,
      remedy: 'give openbell a database of its own (createdb openbell) and name it in DATABASE_URL',
    });
  }
  return new UserError({
    exitCode: failure.kind === 'broken' ? EXIT_UNEXPECTED : EXIT_UNREACHABLE,
    cause: `the database could not be migrated: ${failure.message}`,
    remedy:
      failure.kind === 'refused'
        ? 'let the user of DATABASE_URL create schemas and tables in that database'
        : 'nothing was changed; put the cause right and start again',
  });
}
