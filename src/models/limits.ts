/** How much the database may be asked for at once, and how long it may take. */
export interface DatabaseLimits {
  /** Connections of the pool to a PostgreSQL. The embedded database has one. */
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  /** A statement that runs longer is ended by the server. */
  readonly statementTimeoutMs: number;
  /** How long a start waits while another process migrates. */
  readonly migrationLockTimeoutMs: number;
  /** Calls of one client that are not answered yet. */
  readonly callsInFlightMax: number;
  /** After this long a client gives its call up. */
  readonly callTimeoutMs: number;
}

export const DATABASE_LIMITS: DatabaseLimits = {
  connectionsMax: 4,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 30_000,
  migrationLockTimeoutMs: 60_000,
  callsInFlightMax: 256,
  callTimeoutMs: 45_000,
};
