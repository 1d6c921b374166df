/** The rows of `optimizer_run`. */
import { and, desc, eq, gt, isNotNull, sql } from 'drizzle-orm';
import type { JsonObject } from '../../domain/order.ts';
import type { Queries } from '../backend.ts';
import { OPTIMIZER_RUNS_PER_PAGE, type OptimizerRunRow, type OptimizerStores } from '../optimizing.ts';
import { optimizerRun } from '../schema/runs.ts';

type OptimizerRunStores = Pick<OptimizerStores, keyof OptimizerStores>;

export function createOptimizerStores(queries: Queries): OptimizerRunStores {
  return {
    async recordOptimizerRun({ sessionId, batchId, parameters, outcome }) {
      await queries
        .insert(optimizerRun)
        .values({ optimizerSessionId: sessionId, batchId, parameters, outcome })
        .onConflictDoNothing();
    },

    async optimizerRunsAfter(sessionId, batchId) {
      const rows = await queries
        .select()
        .from(optimizerRun)
        .where(
          and(
            eq(optimizerRun.optimizerSessionId, sessionId),
            isNotNull(optimizerRun.outcome),
            batchId === null ? undefined : gt(optimizerRun.batchId, batchId),
          ),
        )
        .orderBy(optimizerRun.batchId)
        .limit(OPTIMIZER_RUNS_PER_PAGE);
      return rows.map(toRow);
    },

    async optimizerRunsOfStage(stage) {
      const rows = await queries
        .select()
        .from(optimizerRun)
        .where(sql`${optimizerRun.outcome} ->> 'stage' = ${stage}`)
        .orderBy(desc(optimizerRun.optimizerRunId))
        .limit(OPTIMIZER_RUNS_PER_PAGE);
      return rows.map(toRow);
    },
  };
}

function toRow(row: typeof optimizerRun.$inferSelect): OptimizerRunRow {
  return {
    sessionId: row.optimizerSessionId,
    batchId: row.batchId,
    parameters: row.parameters as JsonObject,
    outcome: row.outcome as JsonObject,
  };
}
