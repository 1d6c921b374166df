/** What a recorder thread is told when it starts: plain data, handed over as its `workerData`. */
import type { LogTarget } from '../observability/log.ts';

export interface RecorderConfig {
  /** Folders of sessions lie in it, and the tapes in those. */
  readonly directory: string;
  readonly batchId: string;
  /** The feed's name, for the head of a tape. */
  readonly feed: string;
  /** Date of the session under way or next, `YYYY-MM-DD`; later ones come by the `session` command. */
  readonly session: string;
  readonly limits: RecorderLimits;
  readonly log: LogTarget;
}

export interface RecorderLimits {
  /** A tape that is longer is closed, and the next begun. */
  readonly segmentBytesMax: number;
  /** Tapes of sessions that are older are removed. */
  readonly ageMaxMs: number;
  /** Beyond it the oldest closed tapes are removed. */
  readonly totalBytesMax: number;
  /** Recording stops before the disk has less than this left: the journal needs it more. */
  readonly freeBytesMin: number;
  /** Packing waits while more rows a second are recorded: the processor is needed elsewhere. */
  readonly packingRowsPerSecondMax: number;
  readonly statisticsPeriodMs: number;
  /** How often old tapes are looked for, beside each time that one is closed. */
  readonly retentionPeriodMs: number;
  /** How long packing may take when the daemon stops; what is left is packed after the next start. */
  readonly stopPackingMs: number;
}

export const DEFAULT_RECORDER_LIMITS = {
  packingRowsPerSecondMax: 500_000,
  statisticsPeriodMs: 1_000,
  retentionPeriodMs: 600_000,
  stopPackingMs: 1_000,
} as const;
