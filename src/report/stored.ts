/** A walk through a batch of the database: its fills, what earlier batches left it, and prices where there are any. */
import { type Decimal, decimalFromNumber, ZERO } from '../domain/decimal.ts';
import { type EpochMicros, parseMicros } from '../domain/time.ts';
import type { Environment, RowFilter, RunRow, TradeRow } from '../models/contract.ts';
import { ROWS_PER_LIST_MAX } from '../models/contract.ts';
import type { Batch } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { ReportFill } from './fill.ts';
import { walkPrices } from './prices.ts';
import { BatchSettings, type InstanceSettings } from './settings.ts';
import { BatchWalk } from './walk.ts';

/** Their accounts go on from batch to batch; a simulated one begins anew with each. */
const CARRIED: readonly Environment[] = ['PAPER', 'PROD'];

export interface RowSource {
  listRuns(filter: RowFilter): Promise<readonly RunRow[]>;
  listTrades(filter: RowFilter): Promise<readonly TradeRow[]>;
}

export interface StoredBatch {
  readonly batchId: string;
  readonly environment: Environment;
  /** Of a `REPLAY`: the batch whose market it was run on. */
  readonly repeatedBatchId: string | null;
  readonly instanceIds: readonly string[];
  readonly settings: readonly InstanceSettings[];
  readonly fromMicros: EpochMicros;
  /** Null while it runs. */
  readonly toMicros: EpochMicros | null;
  /** In the order of execution. */
  readonly fills: readonly ReportFill[];
  /** Of earlier batches of the same instances and environment. */
  readonly earlier: readonly ReportFill[];
  readonly notes: readonly string[];
}

/** @returns null when there is no such batch; the batches' ids when several begin so. */
export async function readBatch(
  rows: RowSource,
  idOrBeginning: string,
): Promise<StoredBatch | null | { readonly ambiguous: readonly string[] }> {
  const runs = await rows.listRuns({ limit: ROWS_PER_LIST_MAX });
  const ids = [...new Set(runs.map((run) => run.batchId))].filter((id) => id.startsWith(idOrBeginning));
  const batchId = ids.includes(idOrBeginning) ? idOrBeginning : ids[0];
  if (batchId === undefined) return null;
  if (ids.length > 1 && batchId !== idOrBeginning) return { ambiguous: ids };
  const own = runs.filter((run) => run.batchId === batchId);
  const environment = own[0]!.environment;
  const instanceIds = [...new Set(own.map((run) => run.instanceId))].sort();
  const instanceOf = new Map(runs.map((run) => [run.algoRunId, run.instanceId]));
  const settings = new BatchSettings(own);
  const fills = ordered(await rows.listTrades({ batchId, limit: ROWS_PER_LIST_MAX }), instanceOf, settings);
  const starts = own.map((run) => run.startedAt).sort();
  const ends = own.flatMap((run) => run.endedAt ?? []).sort();
  const isOver = ends.length === own.length;
  const earlier: TradeRow[] = [];
  if (CARRIED.includes(environment)) {
    const batches = new Set(runs.filter((run) => run.environment === environment).map((run) => run.batchId));
    for (const instanceId of instanceIds) {
      const found = await rows.listTrades({
        strategy: instanceId,
        until: starts[0]!,
        limit: ROWS_PER_LIST_MAX,
      });
      earlier.push(
        ...found.filter((row) => batches.has(row.batchId) && instanceOf.get(row.algoRunId) === instanceId),
      );
    }
  }
  return {
    batchId,
    environment,
    repeatedBatchId: own.find((run) => run.repeatedBatchId !== null)?.repeatedBatchId ?? null,
    instanceIds,
    settings: settings.list,
    fromMicros: parseMicros(starts[0]!)!,
    toMicros: isOver ? parseMicros(ends.at(-1)!)! : null,
    fills,
    earlier: ordered(earlier, instanceOf, settings),
    notes: [
      ...(fills.length >= ROWS_PER_LIST_MAX
        ? [`Only the newest ${ROWS_PER_LIST_MAX} fills are counted.`]
        : []),
      ...(isOver ? [] : ['The batch has not ended: this is how it stands.']),
    ],
  };
}

/** The most that was invested at once, by the prices of the fills; what percentages refer to when nothing else is known. */
export function investedMost(batch: StoredBatch): Decimal {
  const walk = new BatchWalk(ZERO, batch.fromMicros);
  for (const fill of batch.earlier) walk.carry(fill);
  for (const fill of batch.fills) walk.add(fill);
  walk.finish(batch.toMicros);
  return decimalFromNumber(walk.investedMax, 2);
}

export async function walkStored(
  batch: StoredBatch,
  of: {
    readonly startEquity: Decimal;
    /** In the order in which they were known; null = no prices. */
    readonly market: { readonly symbols: SymbolTable; readonly batches: AsyncIterable<Batch> } | null;
  },
): Promise<BatchWalk> {
  const walk = new BatchWalk(of.startEquity, batch.fromMicros);
  for (const fill of batch.earlier) walk.carry(fill);
  for (const fill of batch.fills) walk.add(fill);
  const endMicros = batch.toMicros ?? Number.POSITIVE_INFINITY;
  if (of.market !== null) {
    const { symbols, batches } = of.market;
    for await (const rows of batches) {
      let from = 0;
      while (from < rows.count && rows.receivedMicros(from) < batch.fromMicros) from += 1;
      let to = rows.count;
      while (to > from && rows.receivedMicros(to - 1) > endMicros) to -= 1;
      walkPrices(walk, rows, { from, to, symbols });
    }
  }
  walk.finish(batch.toMicros);
  return walk;
}

function ordered(
  rows: readonly TradeRow[],
  instanceOf: ReadonlyMap<string, string>,
  settings: BatchSettings,
): readonly ReportFill[] {
  return rows
    .toSorted((a, b) =>
      a.executedAt === b.executedAt
        ? Number(a.tradeId) - Number(b.tradeId)
        : a.executedAt < b.executedAt
          ? -1
          : 1,
    )
    .map((row) => ({
      ...row,
      instanceId: instanceOf.get(row.algoRunId) ?? row.algoRunId,
      settings: settings.numberAt(row.algoRunId, row.orderedAt ?? row.executedAt),
    }));
}
