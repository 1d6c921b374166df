/** What a replay answers. */
import type { Fields } from '../execution/fields.ts';

export interface Difference {
  /** `consumer A` or `desk`. */
  readonly machine: string;
  /** Which decision of the machine it is, counted from 1. */
  readonly index: number;
  /** The machine's own time. */
  readonly at: string;
  /** What the machine was told before it decided. */
  readonly event: string;
  /** Null where only the replay decided something. */
  readonly recorded: Fields | null;
  /** Null where the replay decided nothing. */
  readonly replayed: Fields | null;
  /** Names of the fields that differ. */
  readonly fields: readonly string[];
}

export interface MachineReplay {
  readonly machine: string;
  /** First and last moment of its inbox. */
  readonly from: string;
  readonly to: string;
  /** Batches of the market and other entries of the inbox. */
  readonly entries: number;
  /** Rows of the market. */
  readonly events: number;
  /** Decisions that were compared and are equal. */
  readonly equal: number;
  /** The machine stops being compared at its first. */
  readonly difference: Difference | null;
  /** Rows that the recorder lost, or that are no longer there: what follows cannot be compared. */
  readonly rowsLost: number;
  /** Decisions at the end of a machine that was killed, which stand on one of the two tapes only. */
  readonly unconfirmed: number;
  /** Strategies that threw. */
  readonly faults: readonly string[];
}

export interface ReplayResult {
  readonly batchId: string;
  readonly environment: 'REPLAY';
  /** Every decision that was recorded was made again, and no other; nothing was lost. */
  readonly isEqual: boolean;
  readonly decisions: number;
  /** The earliest. */
  readonly firstDifference: Difference | null;
  readonly machines: readonly MachineReplay[];
}
