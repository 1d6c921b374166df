/** The rows of `algo_run`. */
import { isDeepStrictEqual } from 'node:util';
import { and, asc, desc, eq, inArray, isNull, ne } from 'drizzle-orm';
import { assert } from '../../domain/assert.ts';
import type { JsonObject } from '../../domain/order.ts';
import type { Backend, Queries } from '../backend.ts';
import type { Environment, NewRun, RunRow, RunSettings, Stores } from '../contract.ts';
import { algoRun, algoRunSettings } from '../schema/runs.ts';
import { conditionOf, rowLimit } from './rows.ts';

const ABANDONED = 'abandoned: its process ended without saying so';

/** Far below the protocol's 65,535 parameters. */
const IDS_PER_QUERY = 10_000;

type RunStores = Pick<Stores, 'startRun' | 'endRun' | 'endRuns' | 'endAbandonedRuns' | 'listRuns'>;

export function createRunStores(backend: Backend): RunStores {
  const { queries, presence } = backend;
  return {
    async startRun(run) {
      await presence.claim(run.batchId);
      return await queries.transaction(async (transaction) => {
        const algoRunId = await writeRun(transaction, run);
        await noteSettings(transaction, algoRunId, run);
        return String(algoRunId);
      });
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
      const settings = await settingsOf(
        queries,
        rows.map((row) => row.algoRunId),
      );
      const repeated = await batchIdsOf(
        queries,
        rows.flatMap(({ refAlgoRun }) => refAlgoRun ?? []),
      );
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
          repeatedBatchId: repeated.get(row.refAlgoRun ?? -1) ?? null,
          settings: settings.get(row.algoRunId) ?? [],
        }),
      );
    },
  };
}

async function writeRun(queries: Queries, run: NewRun): Promise<number> {
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
      refAlgoRun: await repeatedRun(queries, run),
    })
    .onConflictDoUpdate({
      target: [algoRun.batchId, algoRun.instanceId, algoRun.consumer],
      // It runs again, or still does, perhaps with other parameters since the plan was read again.
      set: { endTime: null, endReason: null, buildNumber: run.version, parameters: run.parameters },
    })
    .returning({ algoRunId: algoRun.algoRunId });
  assert(row !== undefined, 'an insert without a row');
  return row.algoRunId;
}

/** Null where the run repeats none, or one whose rows are not here. */
async function repeatedRun(queries: Queries, run: NewRun): Promise<number | null> {
  if (run.repeatedBatchId === undefined) return null;
  const [row] = await queries
    .select({ algoRunId: algoRun.algoRunId })
    .from(algoRun)
    .where(and(eq(algoRun.batchId, run.repeatedBatchId), eq(algoRun.instanceId, run.instanceId)))
    .orderBy(algoRun.algoRunId)
    .limit(1);
  return row?.algoRunId ?? null;
}

async function batchIdsOf(
  queries: Queries,
  algoRunIds: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  if (algoRunIds.length === 0) return new Map();
  const rows = await queries
    .select({ algoRunId: algoRun.algoRunId, batchId: algoRun.batchId })
    .from(algoRun)
    .where(inArray(algoRun.algoRunId, [...algoRunIds]));
  return new Map(rows.map((row) => [row.algoRunId, row.batchId]));
}

/** Only where they are others than the last ones. */
async function noteSettings(queries: Queries, algoRunId: number, run: NewRun): Promise<void> {
  const [last] = await queries
    .select()
    .from(algoRunSettings)
    .where(eq(algoRunSettings.algoRunId, algoRunId))
    .orderBy(desc(algoRunSettings.since))
    .limit(1);
  // As the database has them: numbers and the order of keys may have been written otherwise.
  const given = JSON.parse(JSON.stringify(run.parameters)) as unknown;
  if (last?.buildNumber === run.version && isDeepStrictEqual(last.parameters, given)) return;
  const { version: buildNumber, parameters, startedAt: since } = run;
  await queries
    .insert(algoRunSettings)
    .values({ algoRunId, since, buildNumber, parameters })
    .onConflictDoUpdate({
      target: [algoRunSettings.algoRunId, algoRunSettings.since],
      set: { buildNumber, parameters },
    });
}

async function settingsOf(
  queries: Queries,
  algoRunIds: readonly number[],
): Promise<ReadonlyMap<number, readonly RunSettings[]>> {
  const settings = new Map<number, RunSettings[]>();
  for (let start = 0; start < algoRunIds.length; start += IDS_PER_QUERY) {
    const rows = await queries
      .select()
      .from(algoRunSettings)
      .where(inArray(algoRunSettings.algoRunId, algoRunIds.slice(start, start + IDS_PER_QUERY)))
      .orderBy(asc(algoRunSettings.since));
    for (const { algoRunId, since, buildNumber, parameters } of rows) {
      const known = settings.get(algoRunId) ?? [];
      known.push({ since, version: buildNumber, parameters: parameters as JsonObject });
      settings.set(algoRunId, known);
    }
  }
  return settings;
}
