/** The rows of `algo_run`. */
import { and, desc, eq, inArray, isNull, ne } from 'drizzle-orm';
import { assert } from '../../domain/assert.ts';
import type { Backend } from '../backend.ts';
import type { Environment, RunRow, Stores } from '../contract.ts';
import { algoRun } from '../schema/runs.ts';
import { conditionOf, rowLimit } from './rows.ts';

const ABANDONED = 'abandoned: its process ended without saying so';

type RunStores = Pick<Stores, 'startRun' | 'endRun' | 'endRuns' | 'endAbandonedRuns' | 'listRuns'>;

export function createRunStores(backend: Backend): RunStores {
  const { queries, presence } = backend;
  return {
    async startRun(run) {
      await presence.claim(run.batchId);
      const [row] = await queries
        .insert(algoRun)
        .values({
          algoName: run.strategy,
          algoEnv: run.environment,
          buildNumber: run.version,
          parameters: run.parameters,
          startTime: run.startedAt,
          batchId: run.batchId,
          instanceId: run.instanceId,
          consumer: run.consumer,
          portfolioId: run.portfolioId ?? null,
        })
        .onConflictDoUpdate({
          target: [algoRun.batchId, algoRun.instanceId, algoRun.consumer],
          // It runs again, or still does, perhaps with other parameters since the plan was read again.
          set: { endTime: null, endReason: null, buildNumber: run.version, parameters: run.parameters },
        })
        .returning({ algoRunId: algoRun.algoRunId });
      assert(row !== undefined, 'an insert without a row');
      return String(row.algoRunId);
    },

    async endRun(algoRunId, endedAt, reason) {
      await queries
        .update(algoRun)
        .set({ endTime: endedAt, endReason: reason })
        .where(and(eq(algoRun.algoRunId, Number(algoRunId)), isNull(algoRun.endTime)));
    },

    async endRuns(batchId, endedAt, reason) {
      const rows = await queries
        .update(algoRun)
        .set({ endTime: endedAt, endReason: reason })
        .where(and(eq(algoRun.batchId, batchId), isNull(algoRun.endTime)))
        .returning({ algoRunId: algoRun.algoRunId });
      await presence.release(batchId);
      return rows.length;
    },

    async endAbandonedRuns(exceptBatchId, endedAt) {
      const open = await queries
        .selectDistinct({ batchId: algoRun.batchId })
        .from(algoRun)
        .where(and(isNull(algoRun.endTime), ne(algoRun.batchId, exceptBatchId)));
      const dead = await presence.unclaimed(open.map((row) => row.batchId));
      if (dead.length === 0) return 0;
      const rows = await queries
        .update(algoRun)
        .set({ endTime: endedAt, endReason: ABANDONED })
        .where(and(inArray(algoRun.batchId, [...dead]), isNull(algoRun.endTime)))
        .returning({ algoRunId: algoRun.algoRunId });
      return rows.length;
    },

    async listRuns(filter) {
      const rows = await queries
        .select()
        .from(algoRun)
        .where(conditionOf(filter, { moment: algoRun.startTime }))
        .orderBy(desc(algoRun.startTime), desc(algoRun.algoRunId))
        .limit(rowLimit(filter));
      return rows.map(
        (row): RunRow => ({
          batchId: row.batchId,
          algoRunId: String(row.algoRunId),
          strategy: row.algoName,
          instanceId: row.instanceId,
          environment: row.algoEnv as Environment,
          consumer: row.consumer,
          version: row.buildNumber,
          startedAt: row.startTime,
          endedAt: row.endTime,
          endReason: row.endReason,
        }),
      );
    },
  };
}
