/** Opens the database, whichever it is, and brings its schema up to date. */
import type { Clock } from '../clock/clock.ts';
import type { UserError } from '../domain/exit.ts';
import type { Log } from '../observability/log.ts';
import type { Backend } from './backend.ts';
import type { DatabaseLocation, Stores } from './contract.ts';
import { openEmbedded } from './embedded.ts';
import { DATABASE_LIMITS, type DatabaseLimits } from './limits.ts';
import type { MigrationStatus } from './messages.ts';
import { openPostgres } from './postgres.ts';
import { createStores } from './stores.ts';

export interface OpenDatabase {
  readonly stores: Stores;
  migrationStatus(): Promise<MigrationStatus>;
  /** Applies what is pending. Already done unless the database was opened with `migrations: 'leave'`. */
  migrate(): Promise<MigrationStatus>;
  /** Copies the embedded database into a folder that does not exist yet. */
  snapshot(directory: string): Promise<void>;
  /** Lets go of the database. An embedded one that is not closed keeps the process alive. */
  close(): Promise<void>;
}

export interface OpenDatabaseOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly limits?: DatabaseLimits;
  /** `apply` unless said otherwise. With `leave` the stores may meet tables that do not exist. */
  readonly migrations?: 'apply' | 'leave';
  /** Called once when an open embedded database has broken down, such as on a full disk: nothing works any more. */
  readonly onBroken?: (error: UserError) => void;
}

/**
 * Opens the database in this thread: for the database worker, and for commands while no daemon runs. Queries to the
 * embedded database block the thread.
 * @throws {UserError} exit 2: malformed URL, directory in use or not writable, database of a newer version;
 * exit 3: server unreachable or refusing, disk full.
 */
export async function openDatabase(
  location: DatabaseLocation,
  options: OpenDatabaseOptions,
): Promise<OpenDatabase> {
  const backend = await openBackend(location, options);
  try {
    const status = await (options.migrations === 'leave' ? backend.migrationStatus() : backend.migrate());
    options.log.debug({ location: location.type, migrations: status.applied.length }, 'database open');
  } catch (error) {
    await backend.close();
    throw error;
  }
  return {
    stores: createStores(backend),
    migrationStatus: () => backend.migrationStatus(),
    migrate: () => backend.migrate(),
    snapshot: (directory) => backend.snapshot(directory),
    close: () => backend.close(),
  };
}

function openBackend(location: DatabaseLocation, options: OpenDatabaseOptions): Promise<Backend> {
  const limits = options.limits ?? DATABASE_LIMITS;
  switch (location.type) {
    case 'embedded':
      return openEmbedded(location.directory, {
        clock: options.clock,
        onBroken: options.onBroken ?? (() => {}),
      });
    case 'postgres':
      return openPostgres(location.url, { limits, log: options.log });
  }
}
