/** What is missing of a market, as strategies are told. */
import type { EpochMicros } from '../domain/time.ts';
import { type Batch, GapReason } from '../tape/batch.ts';

const GAP_REASONS = {
  [GapReason.disconnected]: 'disconnected',
  [GapReason.overflow]: 'overflow',
  [GapReason.stale]: 'stale',
  [GapReason.slowClient]: 'slow_client',
  [GapReason.consumerRestarted]: 'consumer_restarted',
} as const;

export interface Gap {
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  readonly count: number | null;
  readonly reason: (typeof GAP_REASONS)[GapReason];
}

export function gapOfRow(batch: Batch, row: number): Gap {
  const count = batch.n1[row]!;
  return {
    fromMicros: batch.timeMicros(row),
    toMicros: batch.baseMicros + Math.floor(batch.n0[row]! / 1_000),
    count: Number.isNaN(count) ? null : count,
    reason: GAP_REASONS[batch.code0[row]! as GapReason] ?? 'disconnected',
  };
}
