/**
 * The messages between threads: plain data in closed unions, one union for each direction of each port.
 *
 * | port                 | from -> to                        | back                                  |
 * |----------------------|-----------------------------------|---------------------------------------|
 * | market               | sealed batch buffers, transferred | the same buffers, empty: the credits  |
 * | orders               | `Intent[]` from a consumer        | `DeskEvent[]`                         |
 * | recording            | `RecordMessage` to the recorder   | empty buffers: the credits            |
 * | control of a thread  | `...Command` from the trader      | `...Report`                           |
 * | database             | `DatabaseCall` (models)            | `DatabaseAnswer`                      |
 */
import type { PlainUserError } from '../domain/exit.ts';
import type { Bar, Session } from '../domain/market.ts';
import type {
  Account,
  Denial,
  Fill,
  Intent,
  JsonObject,
  Order,
  Position,
  RiskState,
} from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { StateRow } from '../models/contract.ts';
import type { ThreadMeasurements } from '../observability/vitals.ts';
import type { ConnectionState, StreamCounters, Subscription } from '../providers/contract.ts';

/** What the desk tells a consumer, in the order in which it happened. */
export type DeskEvent =
  | { readonly type: 'order'; readonly order: Order }
  | { readonly type: 'fill'; readonly fill: Fill; readonly order: Order; readonly position: Position }
  | { readonly type: 'denial'; readonly denial: Denial }
  | { readonly type: 'position'; readonly position: Position }
  | { readonly type: 'account'; readonly account: Account; readonly riskState: RiskState }
  /** Told to both: events of the unit went to `from` before this one, and go to `to` after it. */
  | ({ readonly type: 'handover' } & Handover);

/** From now on the orders of a unit are those of another consumer. */
export interface Handover {
  readonly moveId: number;
  readonly unit: Unit;
  readonly from: string;
  readonly to: string;
}

/** Intents, or word that a unit has left: in the order in which they happened at the consumer. */
export type IntentMessage = readonly Intent[] | Handover;
export type DeskMessage = readonly DeskEvent[];

/** The unit of placement: a strategy instance and a symbol, or `*` for a strategy over all its symbols. */
export interface Unit {
  readonly instanceId: string;
  readonly symbol: string;
}

// --- producer ---------------------------------------------------------------------------------------------------

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

// --- consumer ---------------------------------------------------------------------------------------------------

/** A unit to run, with all it needs to go on where it was. */
export interface UnitAssignment extends Unit {
  readonly algoRunId: string;
  /** Symbols of a universe; the one symbol otherwise. */
  readonly symbols: readonly string[];
  /** JSON text of the saved state, null for a new unit. */
  readonly state: string | null;
  /** The last sequence used in a client order id of this unit and batch. */
  readonly orderSequence: number;
  readonly positions: readonly Position[];
  readonly openOrders: readonly Order[];
  /** Never to be shown again today: what is held of them is closed. */
  readonly rejectedSymbols: readonly string[];
  /** The move it comes by, with what it brings along; `moved` is null where that was lost with its consumer. */
  readonly arrival?: { readonly moveId: number; readonly moved: MovedUnit | null };
}

/** A symbol as a unit had it where it was, as far as it can be asked for nowhere else. */
export interface MovedSymbol {
  readonly symbol: string;
  /** JSON of the closed bars, oldest first. */
  readonly minuteBars: string;
  readonly dailyBars: string;
  /** Last price and quote, and the bar under way: of use where nobody looks at the symbol yet. */
  readonly figures: readonly number[];
  readonly forming: readonly number[];
  /** It waited for bars that a gap had cost: they are fetched again where it comes. */
  readonly awaitsHistory: boolean;
  /** Events that were too old to be shown, of which it was not told yet. */
  readonly stale: {
    readonly fromMicros: EpochMicros;
    readonly toMicros: EpochMicros;
    readonly count: number;
  } | null;
  readonly cancelling: readonly string[];
  readonly closing: { readonly reason: string; readonly attempts: number } | null;
}

/** A unit that has left a consumer, on its way to another. */
export interface MovedUnit {
  readonly moveId: number;
  /** It had begun: it goes on and does not begin again. */
  readonly isRunning: boolean;
  /** Saved state and timers, JSON text. */
  readonly state: string | null;
  readonly symbols: readonly MovedSymbol[];
  /** What the desk told after it had left and before it knew of that. */
  readonly deskEvents: readonly DeskEvent[];
}

export type HistoryAnswer =
  | { readonly ok: true; readonly minuteBars: readonly Bar[]; readonly dailyBars: readonly Bar[] }
  | { readonly ok: false; readonly message: string };

export type ConsumerCommand =
  /** The ports come along in the transfer list; a second one replaces a port whose other side was started again. */
  | {
      readonly type: 'attach';
      readonly market?: import('node:worker_threads').MessagePort;
      readonly orders?: import('node:worker_threads').MessagePort;
      /** To the recorder: stands in the first `attach`, where the inbox is recorded. */
      readonly recording?: import('node:worker_threads').MessagePort;
    }
  | { readonly type: 'assign'; readonly units: readonly UnitAssignment[] }
  | { readonly type: 'unassign'; readonly units: readonly Unit[] }
  /** The unit leaves at the barrier of that number, for the consumer `to`. Answered by `move_ready`. */
  | { readonly type: 'leave'; readonly moveId: number; readonly unit: Unit; readonly to: string }
  /** The unit comes: from the barrier of that number on its rows are held for it. Answered by `move_ready`. */
  | {
      readonly type: 'expect';
      readonly moveId: number;
      readonly unit: Unit;
      readonly symbols: readonly string[];
    }
  /** The move does not take place. */
  | { readonly type: 'abandon'; readonly moveId: number }
  /** New symbols of a universe unit, whole. */
  | { readonly type: 'symbols'; readonly unit: Unit; readonly symbols: readonly string[] }
  | {
      readonly type: 'history';
      readonly requestId: number;
      readonly symbol: string;
      readonly answer: HistoryAnswer;
    }
  | { readonly type: 'session'; readonly session: Session }
  | { readonly type: 'account'; readonly account: Account; readonly riskState: RiskState }
  /** No new intents; answer with the last states and `stopped`. */
  | { readonly type: 'stop' };

/** What one unit cost in the period, by samples. */
export interface UnitLoad extends Unit {
  readonly events: number;
  /** Time in its handlers and on the way to them. */
  readonly micros: number;
}

/** What a consumer's units cost in the newest period; the costliest by name, so that it is bounded. */
export interface ConsumerLoad {
  readonly periodMs: number;
  readonly units: readonly UnitLoad[];
  /** All others together. */
  readonly rest: { readonly units: number; readonly events: number; readonly micros: number };
}

export type ConsumerReport =
  | { readonly type: 'ready' }
  | {
      readonly type: 'heartbeat';
      readonly beat: number;
      readonly eventsShown: number;
      readonly eventsStale: number;
      readonly units: number;
      /** Age of the newest event shown when it was shown, in milliseconds. */
      readonly lagMs: number;
      readonly heapUsedBytes: number;
      readonly measurements?: ThreadMeasurements;
      readonly load?: ConsumerLoad;
    }
  /** Ready for the barrier of that number. */
  | { readonly type: 'move_ready'; readonly moveId: number }
  /** The barrier was read and the unit has left: the desk is told by the orders port. */
  | { readonly type: 'leaving'; readonly handover: Handover }
  /** The desk knows it too: nothing of the unit is here any more. Null when it was not here or had failed. */
  | { readonly type: 'left'; readonly moveId: number; readonly moved: MovedUnit | null }
  /** The unit has come and has been shown what was held for it, so many rows. */
  | {
      readonly type: 'arrived';
      readonly moveId: number;
      readonly rowsHeld: number;
      readonly rowsConflated: number;
      readonly rowsDropped: number;
    }
  | {
      readonly type: 'history_request';
      readonly requestId: number;
      readonly symbol: string;
      readonly minuteBars: number;
      readonly dailyBars: number;
      /** Bars that start at or after this moment are not wanted. */
      readonly toMicros: EpochMicros;
    }
  | { readonly type: 'states'; readonly states: readonly StateRow[] }
  /** A handler threw: the strategy no longer runs for this symbol. */
  | {
      readonly type: 'fault';
      readonly unit: Unit;
      readonly symbol: string;
      readonly handler: string;
      readonly message: string;
      readonly stack: string;
    }
  /** The strategy asked not to be called for the symbol again today. */
  | { readonly type: 'rejected'; readonly unit: Unit; readonly symbol: string; readonly reason: string }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn';
      readonly unit: Unit;
      readonly message: string;
      readonly fields: JsonObject;
    }
  | { readonly type: 'stopped' };

/**
 * What a consumer is doing, shared with the trader, so that a blocked one can be named: an Int32Array over a
 * SharedArrayBuffer. `unit` is the index into the list of instance ids, -1 when idle.
 */
export const ACTIVITY = { unit: 0, beat: 1, length: 2 } as const;

// --- desk -------------------------------------------------------------------------------------------------------

export type DeskCommand =
  | {
      readonly type: 'attach';
      readonly consumer: string;
      readonly port: import('node:worker_threads').MessagePort;
    }
  | { readonly type: 'detach'; readonly consumer: string }
  /** As a consumer tells it by its orders port: for one that died on the way. */
  | { readonly type: 'handover'; readonly handover: Handover }
  /** Replaces the port from a producer, or to a database thread, that was started again. */
  | { readonly type: 'market'; readonly port: import('node:worker_threads').MessagePort }
  | { readonly type: 'database'; readonly port: import('node:worker_threads').MessagePort }
  | { readonly type: 'session'; readonly session: Session }
  /** Ask for the state of units, to hand them to a (restarted) consumer. */
  | { readonly type: 'units'; readonly requestId: number; readonly units: readonly Unit[] }
  | { readonly type: 'halt'; readonly reason: string }
  | { readonly type: 'resume' }
  | { readonly type: 'liquidate'; readonly reason: string; readonly instanceIds: readonly string[] | null }
  | { readonly type: 'status'; readonly requestId: number }
  /** No new risk; cancel what is open; write everything down; answer `stopped`. */
  | { readonly type: 'stop'; readonly reason: string };

export interface DeskStatus {
  readonly riskState: RiskState;
  readonly riskReason: string | null;
  readonly brokerConnected: boolean;
  readonly reconciled: boolean;
  readonly account: Account | null;
  readonly positions: readonly (Position & {
    readonly marketPrice: number | null;
    readonly unrealizedPnl: number | null;
  })[];
  readonly openOrders: readonly Order[];
  readonly recentFills: readonly Fill[];
  readonly ordersSubmitted: number;
  readonly denials: number;
  readonly rowsWaiting: number;
  readonly measurements?: ThreadMeasurements;
}

export interface UnitState extends Unit {
  readonly orderSequence: number;
  readonly positions: readonly Position[];
  readonly openOrders: readonly Order[];
}

export type Severity = 'info' | 'warning' | 'critical';

export type DeskReport =
  | { readonly type: 'ready'; readonly account: Account }
  | { readonly type: 'units'; readonly requestId: number; readonly units: readonly UnitState[] }
  | { readonly type: 'status'; readonly requestId: number; readonly status: DeskStatus }
  | {
      readonly type: 'alert';
      readonly severity: Severity;
      readonly code: string;
      readonly message: string;
      readonly fields: JsonObject;
    }
  | { readonly type: 'failed'; readonly error: PlainUserError }
  | { readonly type: 'stopped'; readonly openOrders: number; readonly rowsWaiting: number };

// --- recorder ---------------------------------------------------------------------------------------------------

export type RecorderCommand =
  /** `market`, `desk`, or `consumer` and its name; a second port of a source replaces the first. */
  | {
      readonly type: 'attach';
      readonly source: string;
      readonly port: import('node:worker_threads').MessagePort;
    }
  /** The date (`YYYY-MM-DD`) of the session that is next or has begun. */
  | { readonly type: 'session'; readonly date: string }
  | { readonly type: 'stop' };

/** What was recorded of one source since the start. */
export interface RecordingSourceCounters {
  readonly source: string;
  readonly rows: number;
  /** Before they are packed. */
  readonly bytes: number;
  /** Rows that found no buffer because the disk was too slow. */
  readonly rowsLost: number;
  /** Tapes begun. */
  readonly segments: number;
}

export type RecorderReport =
  | { readonly type: 'ready' }
  | {
      readonly type: 'statistics';
      readonly sources: readonly RecordingSourceCounters[];
      /** Why nothing is recorded any more; null while all is well. */
      readonly failure: string | null;
      /** What packing closed tapes has saved. */
      readonly bytesPackedAway: number;
      readonly tapesRemoved: number;
    }
  | {
      readonly type: 'trouble';
      readonly code: 'recording_behind' | 'recording_stopped';
      readonly message: string;
    }
  | { readonly type: 'stopped' };

// --- database ---------------------------------------------------------------------------------------------------

export type { DatabaseAnswer, DatabaseCall } from '../models/messages.ts';
