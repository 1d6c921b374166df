/** Between the trader and a consumer. */
import type { Bar, Session } from '../../domain/market.ts';
import type { Account, JsonObject, Order, Position, RiskState } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { StateRow } from '../../models/contract.ts';
import type { ThreadMeasurements } from '../../observability/vitals.ts';
import type { DeskEvent, Handover } from './orders.ts';
import type { Unit } from './units.ts';

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
  /** When it left. */
  readonly atMicros: EpochMicros;
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
  /**
   * New symbols of a unit, whole; none: the unit ends. A symbol with a position or an open order stays. Answered by
   * `symbols`.
   */
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
  /** What the unit has left after the command `symbols`; none: it has ended. Not said of a unit that is not here. */
  | { readonly type: 'symbols'; readonly unit: Unit; readonly symbols: readonly string[] }
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
  /** A point that a strategy wants drawn. */
  | ({ readonly type: 'plot' } & PlotPoint)
  | { readonly type: 'stopped' };

/** A point of a strategy's own series of a symbol. */
export interface PlotPoint {
  readonly instanceId: string;
  readonly symbol: string;
  readonly series: string;
  readonly value: number;
  readonly atMicros: EpochMicros;
}

/**
 * What a consumer is doing, shared with the trader, so that a blocked one can be named: an Int32Array over a
 * SharedArrayBuffer. `unit` is the index into the list of instance ids, -1 when idle.
 */
export const ACTIVITY = { unit: 0, beat: 1, length: 2 } as const;
