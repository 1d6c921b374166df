/** Reads all data of a search once, into memory that all workers share. */
import { createHash } from 'node:crypto';
import type { BacktestInstance } from '../backtester/config.ts';
import { openPlannedData, type PlannedFiles } from '../backtester/data/planned.ts';
import type { Sources } from '../backtester/data/sources.ts';
import { STREAM } from '../backtester/marketSide.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import { Batch } from '../tape/batch.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import type { SharedData } from './contract.ts';

/** @throws {UserError} exit code 2 when the data cannot be used, has none of the plan's symbols, or is too large. */
export async function shareData(
  plan: Tradeplan,
  instances: readonly BacktestInstance[],
  { onProgress, ...files }: PlannedFiles & { readonly onProgress?: (share: number) => void },
): Promise<SharedData> {
  const { sources, symbols, missing, firstMicros, lastMicros } = await openPlannedData(
    plan,
    instances,
    files,
    (share) => onProgress?.(share / 2),
  );
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
  of: { readonly bytesMax: number; readonly onProgress: ((share: number) => void) | undefined },
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
