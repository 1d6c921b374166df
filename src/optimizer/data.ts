/** Reads all data of a search once, into memory that all workers share. */
import { createHash } from 'node:crypto';
import type { BacktestInstance } from '../backtester/config.ts';
import { openSources, type Sources, type SourcesOptions } from '../backtester/data/sources.ts';
import { STREAM } from '../backtester/marketSide.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import { Batch } from '../tape/batch.ts';
import { SymbolTable } from '../tape/symbols.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import type { SharedData } from './contract.ts';

const MICROS_PER_MS = 1_000;

export interface DataOptions {
  readonly paths: readonly string[];
  /** Whose events CSV files without a symbol column have; left out, the plan's only symbol. */
  readonly symbol?: string;
  readonly timeZone?: string;
  readonly barTime?: 'start' | 'end';
  readonly onProgress?: (share: number) => void;
}

/** @throws {UserError} exit code 2 when the data cannot be used, has none of the plan's symbols, or is too large. */
export async function shareData(
  plan: Tradeplan,
  instances: readonly BacktestInstance[],
  options: DataOptions,
): Promise<SharedData> {
  const symbols = new SymbolTable();
  const planned = new Set(instances.flatMap((instance) => instance.symbols));
  const [only] = planned;
  const { onProgress } = options;
  const how: SourcesOptions = {
    paths: options.paths,
    symbols,
    symbol: options.symbol ?? (planned.size === 1 ? only : undefined),
    timeZone: options.timeZone ?? 'UTC',
    barTime: options.barTime ?? 'start',
    barMicros: plan.backtest.barIntervalMs * MICROS_PER_MS,
    badData: plan.backtest.badData,
    onProgress: (share) => onProgress?.(share / 2),
  };
  const sources = await openSources(how);
  const { firstMicros, lastMicros } = sources;
  const missing = [...planned].filter((symbol) => symbols.idOf(symbol) === undefined);
  if (firstMicros === null || lastMicros === null || missing.length === planned.size) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${options.paths.join(', ')} has no events of ${[...planned].slice(0, 10).join(', ')}`,
      remedy: "Name files with the plan's symbols, or say with --symbol whose data a CSV file is.",
    });
  }
  for (const symbol of missing) symbols.intern(symbol);
  const copied = await copy(sources, { bytesMax: plan.optimize.dataBytesMax, onProgress });
  return {
    ...copied,
    symbols: Array.from({ length: symbols.size - 1 }, (_, index) => symbols.textOf(index + 1)),
    missing,
    hasBars: sources.hasBars,
    span: { fromMicros: firstMicros, toMicros: lastMicros },
    report: sources.report(),
  };
}

async function copy(
  sources: Sources,
  of: { readonly bytesMax: number; readonly onProgress: DataOptions['onProgress'] },
): Promise<Pick<SharedData, 'buffers' | 'rows' | 'bytes' | 'digest'>> {
  const buffers: SharedArrayBuffer[] = [];
  const digest = createHash('sha256');
  let rows = 0;
  let bytes = 0;
  for await (const batch of sources.batches()) {
    if (batch.count === 0) continue;
    const buffer = Batch.share(batch, STREAM);
    bytes += buffer.byteLength;
    if (bytes > of.bytesMax) {
      throw new UserError({
        exitCode: EXIT_USAGE,
        cause: `the decoded data is larger than optimize.max_data_mb allows (${of.bytesMax / 1_024 / 1_024} MiB)`,
        remedy: 'Name less data, or allow more if the memory is there.',
      });
    }
    buffers.push(buffer);
    digest.update(new Uint8Array(buffer));
    rows += batch.count;
    of.onProgress?.(0.5 + rows / Math.max(1, sources.rows) / 2);
  }
  return { buffers, rows, bytes, digest: digest.digest('hex') };
}
