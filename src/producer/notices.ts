/** Rows between the events that tell a receiver something: what is missing, and where units move. */
import type { EpochMicros } from '../domain/time.ts';
import { type Batch, EventKind, type GapReason } from '../tape/batch.ts';

export interface GapNotice {
  /** 0 = all symbols. */
  readonly symbolId: number;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  /** NaN when nobody knows. */
  readonly count: number;
  readonly reason: GapReason;
}

/** Writes the gap behind the batch's last row; it has room. */
export function appendGap(batch: Batch, gap: GapNotice): void {
  const row = batch.count;
  batch.clearRow(row, EventKind.gap, gap.symbolId);
  batch.timeNs[row] = (gap.fromMicros - batch.baseMicros) * 1_000;
  // It is told now: after the row before it, whatever times the missing events carried.
  batch.receivedNs[row] = row === 0 ? 0 : batch.receivedNs[row - 1]!;
  batch.n0[row] = (gap.toMicros - batch.baseMicros) * 1_000;
  batch.n1[row] = gap.count;
  batch.code0[row] = gap.reason;
  batch.count += 1;
}

/** Writes the place in the line where the units of that move change their consumer; the batch has room. */
export function appendBarrier(batch: Batch, moveId: number): void {
  const row = batch.count;
  batch.clearRow(row, EventKind.barrier, 0);
  batch.n0[row] = moveId;
  batch.count += 1;
}
