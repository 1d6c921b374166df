/** Between the trader and the producer. */
import type { PlainUserError } from '../../domain/exit.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { ThreadMeasurements } from '../../observability/vitals.ts';
import type { ConnectionState, StreamCounters, Subscription } from '../../providers/contract.ts';

/** Which events of a symbol a receiver wants. */
export interface Route {
  readonly symbol: string;
  readonly trades: boolean;
  readonly quotes: boolean;
  readonly bars: boolean;
}

/** A receiver's routes, whole. */
export interface RoutesOf {
  readonly receiver: string;
  readonly routes: readonly Route[];
}

export type ProducerCommand =
  /** The port comes along in the transfer list. `receiver` is a consumer's name or `desk`. */
  | {
      readonly type: 'attach';
      readonly receiver: string;
      readonly port: import('node:worker_threads').MessagePort;
      /** Small batches come no closer together than this; 0 = as soon as they can. */
      readonly spacingMs: number;
    }
  /** The receiver has ended. Its routes stay, so that its successor can be attached under the same name. */
  | { readonly type: 'detach'; readonly receiver: string }
  /** The receiver's routes, whole; the symbol `*` means all. What no receiver wants any more is unsubscribed. */
  | { readonly type: 'route'; readonly receiver: string; readonly routes: readonly Route[] }
  /**
   * A unit moves: both receivers get a barrier, a row that says `moveId`, and new routes from there on. Answered by
   * `moved`.
   */
  | {
      readonly type: 'move';
      readonly moveId: number;
      readonly from: RoutesOf;
      readonly to: RoutesOf;
    }
  /** Record all that the feed sends by this port to the recorder. */
  | { readonly type: 'record'; readonly port: import('node:worker_threads').MessagePort }
  /** Whether the market is open: a silent feed is told from a closed market by it. */
  | { readonly type: 'session'; readonly phase: 'open' | 'closed' }
  | { readonly type: 'stop' };

/**
 * A receiver's market events by fate since the start, at any moment:
 * `received = sent + conflated + droppedOverflow + droppedDetached + waiting + inFlight`, in total and per kind.
 * Definitions and gaps are the port's own words and are not counted.
 */
export interface FlowCounts {
  /** Routed to the receiver. */
  readonly received: number;
  /** Shown: the receiver has given their batch back. */
  readonly sent: number;
  /** Replaced by a newer quote, book or day's bar of the same symbol while waiting. */
  readonly conflated: number;
  /** No room any more while waiting. The receiver was told by a gap. */
  readonly droppedOverflow: number;
  /** The receiver was not there, or ended before it gave their batch back. Its successor is told by a gap. */
  readonly droppedDetached: number;
  readonly waiting: number;
  /** In a batch that is being filled or has not come back. */
  readonly inFlight: number;
}

export interface ReceiverCounters extends FlowCounts {
  readonly receiver: string;
  /** Buffers at hand. */
  readonly credits: number;
  /** By kind's name (`trade`, `quote`, `minuteBar` ...); kinds never received are left out. */
  readonly kinds: Readonly<Record<string, FlowCounts>>;
}

export type ProducerReport =
  | { readonly type: 'ready' }
  | {
      readonly type: 'connection';
      readonly state: ConnectionState;
      readonly detail: string;
      readonly atMicros: EpochMicros;
    }
  /** Events of all symbols may be missing between these moments. Receivers were told in-band. */
  | {
      readonly type: 'gap';
      readonly fromMicros: EpochMicros;
      readonly toMicros: EpochMicros;
      readonly reason: 'disconnected' | 'slow_client';
    }
  /** Whether the barriers were set and the routes changed; not when one of the receivers is not there. */
  | { readonly type: 'moved'; readonly moveId: number; readonly isDone: boolean }
  /** Symbols that are wanted but that the feed does not give. */
  | { readonly type: 'unacknowledged'; readonly missing: Subscription; readonly detail: string }
  | {
      readonly type: 'statistics';
      readonly stream: StreamCounters;
      readonly receivers: readonly ReceiverCounters[];
      readonly lastEventMicros: EpochMicros | null;
      readonly symbols: number;
      readonly measurements?: ThreadMeasurements;
    }
  | { readonly type: 'failed'; readonly error: PlainUserError }
  | { readonly type: 'stopped' };
