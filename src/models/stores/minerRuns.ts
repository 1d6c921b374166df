/** The rows of `miner_run`; an open one whose process is alive is what keeps a second process from the same work. */
import { and, desc, eq, gte, inArray, isNull, lt, sql } from 'drizzle-orm';
import { assert } from '../../domain/assert.ts';
import type { Backend } from '../backend.ts';
import type { MinerEndReason, MinerRunRow, MiningStores } from '../mining.ts';
import { minerRun } from '../schema/runs.ts';
import { rowId, rowLimit } from './rows.ts';

type MinerRunStores = Pick<
  MiningStores,
  'startMinerRun' | 'noteMinerRun' | 'endMinerRun' | 'minerHistory' | 'listMinerRuns'
>;

const ABANDONED: MinerEndReason = 'abandoned';

export function createMinerRunStores(backend: Backend): MinerRunStores {
  const { queries, presence } = backend;
  return {
    async startMinerRun(run) {
      await presence.claim(run.batchId);
      return await queries.transaction(async (transaction) => {
        // Held until the transaction ends, so that of two processes that look at the same moment one sees the other.
        await transaction.execute(
          sql`select pg_advisory_xact_lock(hashtextextended('openbell miner ' || ${run.minerId}, 0))`,
        );
        const open = (
          await transaction
            .select()
            .from(minerRun)
            .where(and(eq(minerRun.minerId, run.minerId), isNull(minerRun.endTime)))
        ).map(toRow);
        const dead = new Set(await presence.unclaimed(open.map((row) => row.batchId)));
        const other = open.find((row) => row.batchId !== run.batchId && !dead.has(row.batchId));
        if (other !== undefined) {
          return { type: 'busy', batchId: other.batchId, startedAt: other.startedAt };
        }
        const startedMs = Date.parse(run.startedAt);
        const own = open.find(
          (row) => row.batchId === run.batchId && Date.parse(row.startedAt) === startedMs,
        );
        if (own !== undefined) return { type: 'started', minerRunId: own.minerRunId };
        if (open.length > 0) {
          // Their processes died, or could not tell the database that they had ended.
          await transaction
            .update(minerRun)
            .set({ endTime: run.startedAt, endReason: ABANDONED })
            .where(
              inArray(
                minerRun.minerRunId,
                open.map((row) => rowId(row.minerRunId)),
              ),
            );
        }
        const [row] = await transaction
          .insert(minerRun)
          .values({
            batchId: run.batchId,
            minerId: run.minerId,
            minerName: run.miner,
            parameters: run.parameters,
            startTime: run.startedAt,
          })
          .returning({ minerRunId: minerRun.minerRunId });
        assert(row !== undefined, 'an insert without a row');
        return { type: 'started', minerRunId: String(row.minerRunId) };
      });
    },

    async noteMinerRun(minerRunId, { rows, progress }) {
      await queries
        .update(minerRun)
        .set({ rowsWritten: rows, progress })
        .where(and(eq(minerRun.minerRunId, rowId(minerRunId)), isNull(minerRun.endTime)));
    },

    async endMinerRun(minerRunId, { endedAt, reason, error, rows }) {
      await queries
        .update(minerRun)
        .set({ endTime: endedAt, endReason: reason, error, rowsWritten: rows })
        .where(and(eq(minerRun.minerRunId, rowId(minerRunId)), isNull(minerRun.endTime)));
    },

    async minerHistory() {
      return await queries
        .select({
          minerId: minerRun.minerId,
          startedAt: sql<string>`max(${minerRun.startTime})`.mapWith(minerRun.startTime),
          doneAt: sql<
            string | null
          >`max(${minerRun.startTime}) filter (where ${minerRun.endReason} = 'done')`.mapWith(
            minerRun.startTime,
          ),
        })
        .from(minerRun)
        .groupBy(minerRun.minerId);
    },

    async listMinerRuns(filter) {
      const { batchId, since, until } = filter;
      const rows = await queries
        .select()
        .from(minerRun)
        .where(
          and(
            batchId === undefined ? undefined : eq(minerRun.batchId, batchId),
            since === undefined ? undefined : gte(minerRun.startTime, since),
            until === undefined ? undefined : lt(minerRun.startTime, until),
          ),
        )
        .orderBy(desc(minerRun.startTime), desc(minerRun.minerRunId))
        .limit(rowLimit(filter));
      return rows.map(toRow);
    },
  };
}

function toRow(row: typeof minerRun.$inferSelect): MinerRunRow {
  return {
    minerRunId: String(row.minerRunId),
    batchId: row.batchId,
    minerId: row.minerId,
    miner: row.minerName,
    startedAt: row.startTime,
    endedAt: row.endTime,
    endReason: row.endReason as MinerEndReason | null,
    error: row.error,
    rows: row.rowsWritten,
    progress: row.progress,
  };
}
