/** What the venue's process is told and tells, and the sizes of trades by which strategies know marks. */

/** A trade of this size or more is to be answered with an order of {@link markQuantity} shares. */
export const MARK_SIZE = 1_000;
/** A trade of more than this and less than {@link MARK_SIZE} makes the strategy hold up its thread, for so many turns more. */
export const BLOCK_SIZE = 500;
export const BLOCK_TURNS_MAX = MARK_SIZE - BLOCK_SIZE - 1;
/** With an order of this quantity the strategy says that it goes on. No mark has it. */
export const UNBLOCKED_QUANTITY = 99;
/** By an order's quantity its mark is found again among the last so many of its symbol. */
const QUANTITIES = 50;

export function markQuantity(size: number): number {
  return 1 + (size % QUANTITIES);
}

export interface VenueOptions {
  /** Symbols by group: each group's orders are measured by themselves. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly eventsPerSecond: number;
  /** In each group. */
  readonly marksPerSecond: number;
}

/** Milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** An order request: when it came (microseconds since the epoch), and how long after its mark was sent. */
export interface Arrival {
  readonly atMicros: number;
  readonly ageMs: number;
}

export interface GroupFigures {
  readonly marks: number;
  readonly orders: number;
  readonly latencyMs: Percentiles;
  /** The newest, oldest first. */
  readonly arrivals: readonly Arrival[];
  /** When the strategy went on after it was last held up, in microseconds since the epoch; null: not yet. */
  readonly unblockedMicros: number | null;
}

export type VenueCommand =
  /** Forget what was measured so far. */
  | { readonly type: 'measure' }
  | { readonly type: 'block'; readonly symbol: string; readonly turns: number }
  | { readonly type: 'figures' };

export type VenueReport =
  | { readonly type: 'ready'; readonly env: Readonly<Record<string, string>> }
  | {
      readonly type: 'figures';
      readonly groups: Readonly<Record<string, GroupFigures>>;
      readonly events: number;
      readonly framesHeldBack: number;
    };
