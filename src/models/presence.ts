/** Claims on batches. See `Presence` in backend.ts. */
import type pg from 'pg';
import type { Presence } from './backend.ts';

/** For a database with one owner: every batch but our own is dead. */
export function createSolePresence(): Presence {
  const claimed = new Set<string>();
  return {
    async claim(batchId) {
      claimed.add(batchId);
    },
    async release(batchId) {
      claimed.delete(batchId);
    },
    async unclaimed(batchIds) {
      return batchIds.filter((batchId) => !claimed.has(batchId));
    },
  };
}

const LOCK_KEY = `hashtextextended('openbell batch ' || $1, 0)`;

/**
 * For a shared PostgreSQL: a claim is a shared advisory lock of one session that is kept for nothing else, so that it
 * ends with the process. When that session breaks, the next call opens another and takes the locks again.
 */
export function createAdvisoryPresence(pool: pg.Pool): Presence & { close(): Promise<void> } {
  const claims = new Map<string, Promise<void>>();
  let session: Promise<pg.PoolClient> | null = null;
  let isClosed = false;

  const connect = async (): Promise<pg.PoolClient> => {
    const client = await pool.connect();
    client.once('end', () => {
      if (isClosed) return;
      session = null;
      client.release(true);
    });
    for (const batchId of claims.keys()) await lock(client, batchId);
    return client;
  };
  const connected = (): Promise<pg.PoolClient> => {
    if (session !== null) return session;
    const attempt = connect();
    session = attempt;
    attempt.catch(() => {
      if (session === attempt) session = null;
    });
    return attempt;
  };

  return {
    claim(batchId) {
      const running = claims.get(batchId);
      if (running !== undefined) return running;
      // Asked for before it is listed, or a new session would take the lock once for the list and once for us.
      const claim = connected().then((client) => lock(client, batchId));
      claims.set(batchId, claim);
      claim.catch(() => claims.delete(batchId));
      return claim;
    },
    async release(batchId) {
      if (!claims.delete(batchId)) return;
      const client = await connected();
      await client.query(`select pg_advisory_unlock_shared(${LOCK_KEY})`, [batchId]);
    },
    async unclaimed(batchIds) {
      const client = await connected();
      const free: string[] = [];
      for (const batchId of batchIds) {
        if (claims.has(batchId)) continue;
        const text = `select pg_try_advisory_lock(${LOCK_KEY}) as free`;
        const answer = await client.query<{ free: boolean }>(text, [batchId]);
        if (answer.rows[0]?.free !== true) continue;
        free.push(batchId);
        await client.query(`select pg_advisory_unlock(${LOCK_KEY})`, [batchId]);
      }
      return free;
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      const client = await session?.catch(() => null);
      // The server notices an ended session in its own time; the next daemon should not have to wait for that.
      await client?.query('select pg_advisory_unlock_all()').catch(() => {});
      client?.release(true);
    },
  };
}

async function lock(client: pg.PoolClient, batchId: string): Promise<void> {
  await client.query(`select pg_try_advisory_lock_shared(${LOCK_KEY})`, [batchId]);
}
