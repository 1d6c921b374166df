/** What the stores stand on: one shape for the embedded database and a real PostgreSQL. */
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { SelectedRows, SelectLimits } from './contract.ts';
import type { MigrationStatus } from './messages.ts';

/** Drizzle over either driver. */
export type Queries = PgDatabase<PgQueryResultHKT>;

export interface Backend {
  readonly queries: Queries;
  readonly presence: Presence;
  migrationStatus(): Promise<MigrationStatus>;
  /**
   * Brings the schema up to date; of several processes that start at once, one does it and the others wait.
   * @throws {UserError} when the database holds something else, or is newer than this program.
   */
  migrate(): Promise<MigrationStatus>;
  /** Copies the database, as it is at one moment, into a folder that does not exist yet. Embedded only. */
  snapshot(directory: string): Promise<void>;
  /** As the store of that name. */
  select(query: string, limits: SelectLimits): Promise<SelectedRows>;
  close(): Promise<void>;
}

/**
 * Who is alive. A batch is claimed while its daemon runs; the claim ends with its process, however that ends. So a
 * daemon that starts can tell the open runs of a dead one from those of another that shares the database.
 */
export interface Presence {
  claim(batchId: string): Promise<void>;
  release(batchId: string): Promise<void>;
  /** Those of `batchIds` that nobody claims. */
  unclaimed(batchIds: readonly string[]): Promise<readonly string[]>;
}
