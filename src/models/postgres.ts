/** A real PostgreSQL, by a bounded pool of connections. */
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { EXIT_UNREACHABLE, EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { Log } from '../observability/log.ts';
import type { Backend } from './backend.ts';
import { DatabaseFailure, failureFrom } from './failure.ts';
import type { DatabaseLimits } from './limits.ts';
import { applyMigrations, MIGRATION_LOCK_KEY, MIGRATIONS_FOLDER, readMigrationStatus } from './migrations.ts';
import { createAdvisoryPresence } from './presence.ts';
import { type Send, selectRows } from './select.ts';

const IDLE_TIMEOUT_MS = 60_000;
/** How much longer than the server's own limit we wait for its word that a statement was ended. */
const STATEMENT_GRACE_MS = 5_000;

/** One statement at a time, rows as lists, every value as text. The types lack `queryMode`. */
const EXTENDED = { queryMode: 'extended', rowMode: 'array', types: { getTypeParser: () => String } };

/**
 * Connects once, to know that it can be done.
 * @throws {UserError} exit 2 for a URL that is none, exit 3 when the server cannot be reached or refuses us.
 */
export async function openPostgres(
  url: string,
  context: { limits: DatabaseLimits; log: Log },
): Promise<Backend> {
  const { limits, log } = context;
  const place = describeUrl(url);
  const pool = new pg.Pool({
    connectionString: url,
    max: limits.connectionsMax,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: limits.statementTimeoutMs,
    query_timeout: limits.statementTimeoutMs + STATEMENT_GRACE_MS,
    application_name: 'openbell',
    keepAlive: true,
    // Typed as if it answered nothing; the pool waits for the promise (pg-pool, `_afterConnect`).
    onConnect: prepareSession as (client: pg.ClientBase) => void,
  });
  // A connection may break while nobody uses it, or while it only holds locks: there is no call to reject then, and
  // an error event without a listener would end the process. The pool replaces it.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.warn({ reason: error.message }, 'a database connection was lost'));
  });
  pool.on('error', () => {
    // Told by the connection itself, above.
  });
  try {
    await pool.query('select 1');
  } catch (error) {
    await pool.end();
    throw connectionError(place, error);
  }

  const queries = drizzle(pool);
  const presence = createAdvisoryPresence(pool);
  return {
    queries,
    presence,
    migrationStatus: () => readMigrationStatus(queries),
    async migrate() {
      const client = await pool.connect();
      try {
        const session = drizzle(client);
        await session.execute(
          sql.raw(`set statement_timeout = 0; set lock_timeout = ${limits.migrationLockTimeoutMs}`),
        );
        await takeMigrationLock(client, place);
        return await applyMigrations(session, () =>
          migrate(session, { migrationsFolder: MIGRATIONS_FOLDER }),
        );
      } finally {
        // Ending the session gives the lock back, whatever state it is in.
        client.release(true);
      }
    },
    async select(query, { rowsMax, timeoutMs }) {
      const client = await pool.connect();
      try {
        await client.query(`set statement_timeout = ${timeoutMs}`);
        const send: Send = (text) => client.query({ text, ...EXTENDED } as pg.QueryArrayConfig);
        return await selectRows(send, query, rowsMax);
      } finally {
        // Nothing that the query did to its session may reach another user of the pool.
        client.release(true);
      }
    },
    snapshot() {
      const message = 'a PostgreSQL needs no snapshot: connect to it';
      return Promise.reject(new DatabaseFailure('invalid', message));
    },
    async close() {
      await presence.close();
      await pool.end();
    },
  };
}

async function prepareSession(client: pg.ClientBase): Promise<void> {
  await client.query("set datestyle = 'ISO, YMD'; set timezone = 'UTC'");
}

async function takeMigrationLock(client: pg.PoolClient, place: string): Promise<void> {
  try {
    await client.query({ text: 'select pg_advisory_lock($1)', values: [MIGRATION_LOCK_KEY.toString()] });
  } catch (error) {
    const failure = failureFrom(error);
    if (failure.kind !== 'busy') throw connectionError(place, error);
    throw new UserError({
      exitCode: EXIT_UNREACHABLE,
      cause: `another openbell has been migrating ${place} for too long`,
      remedy: 'wait until it is done, or end it, and start again',
    });
  }
}

/** `database "openbell" at db.example.com:5432`: all that may be said of a URL, without user and password. */
function describeUrl(url: string): string {
  const wrong = (allowed: string) =>
    new UserError({
      exitCode: EXIT_USAGE,
      cause: 'DATABASE_URL is not the URL of a PostgreSQL',
      remedy: 'write it as postgres://user:password@host:5432/database, special characters percent-encoded',
      violations: [{ path: 'DATABASE_URL', found: '[not shown: it may hold a password]', allowed }],
    });
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw wrong('postgres://user:password@host:5432/database');
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') {
    throw wrong('a URL that begins with postgres:// or postgresql://');
  }
  const name = decodeURIComponent(parsed.pathname.slice(1));
  if (name === '') throw wrong("the database's name after the host: postgres://host:5432/database");
  const host = parsed.searchParams.get('host') ?? (parsed.hostname === '' ? 'localhost' : parsed.hostname);
  return `database "${name}" at ${host}:${parsed.port === '' ? '5432' : parsed.port}`;
}

function connectionError(place: string, error: unknown): UserError {
  const failure = failureFrom(error);
  const cause = `${place}: ${failure.message}`;
  switch (failure.kind) {
    case 'refused':
      return new UserError({
        exitCode: EXIT_UNREACHABLE,
        cause: `the ${cause}`,
        remedy: 'check user, password and database name in DATABASE_URL, and that the user may connect',
      });
    case 'unreachable':
    case 'timeout':
    case 'busy':
    case 'disk_full':
    case 'read_only':
    case 'invalid':
    case 'schema':
    case 'overloaded':
    case 'closed':
    case 'broken':
      return new UserError({
        exitCode: EXIT_UNREACHABLE,
        cause: `cannot use the ${cause}`,
        remedy: 'start PostgreSQL or correct DATABASE_URL; without it openbell uses its embedded database',
      });
  }
}
