/** What the venue's process is told and tells, and the sizes of trades by which strategies know marks. */

/** A trade of this size is to be answered with an order. */
export const MARK_SIZE = 777;
/** A trade of this size makes the strategy hold up its thread. */
export const BLOCK_SIZE = 888;

export interface VenueOptions {
  readonly symbols: readonly string[];
  readonly markedSymbols: readonly string[];
  readonly eventsPerSecond: number;
  readonly marksPerSecond: number;
}

/** Milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export type VenueCommand =
  /** Forget what was measured so far. */
  | { readonly type: 'measure' }
  | { readonly type: 'block'; readonly symbol: string }
  | { readonly type: 'figures' };

export type VenueReport =
  | { readonly type: 'ready'; readonly env: Readonly<Record<string, string>> }
  | {
      readonly type: 'figures';
      readonly orders: number;
      readonly marks: number;
      readonly latencyMs: Percentiles;
      readonly events: number;
      readonly framesHeldBack: number;
    };
