/** What tells us prices: a live stream, decoded into batches, and history over requests. */
import type { Random } from '../clock/chance.ts';
import type { Clock } from '../clock/clock.ts';
import type { Bar, Quote, Session, Snapshot, Trade } from '../domain/market.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { Log } from '../observability/log.ts';
import type { Batch } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';

/** What an adapter takes from its thread. */
export interface ProviderContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Symbols wanted on each channel of a stream. `*` means all. */
export interface Subscription {
  readonly trades: readonly string[];
  readonly quotes: readonly string[];
  readonly bars: readonly string[];
}

export type ConnectionState =
  | 'connecting'
  | 'authenticating'
  | 'live'
  | 'degraded'
  | 'waiting'
  | 'closed'
  | 'failed';

/** What a stream tells of itself, beside its events. */
export type StreamNotice =
  | { readonly type: 'state'; readonly state: ConnectionState; readonly detail: string }
  /** Data may be missing that would have come between these moments: the stream was not connected or not alive. */
  | {
      readonly type: 'gap';
      readonly fromMicros: EpochMicros;
      readonly toMicros: EpochMicros;
      readonly reason: 'disconnected' | 'slow_client';
    }
  /** Symbols that are wanted but that the feed does not acknowledge. */
  | { readonly type: 'unacknowledged'; readonly missing: Subscription; readonly detail: string }
  /** A person must act: wrong keys, a feed that the account may not use. The stream has stopped. */
  | { readonly type: 'fatal'; readonly detail: string; readonly remedy: string };

export interface StreamListener {
  /** Events were decoded and wait for {@link MarketStream.flush}. Told once, until they were taken. */
  onPending(): void;
  /**
   * Decoded events, in order, when a batch is full and at {@link MarketStream.flush}. Symbol ids are those of
   * {@link MarketStream.symbols}. Answers the batch to be written next: this one, when its rows were copied, or
   * another of the same size in exchange for it.
   */
  onBatch(batch: Batch): Batch;
  onNotice(notice: StreamNotice): void;
}

/** What was seen on the wire so far; all counts only grow. */
export interface StreamCounters {
  readonly frames: number;
  readonly bytes: number;
  readonly events: number;
  readonly damagedElements: number;
  readonly unknownKinds: number;
  readonly unknownFields: number;
  readonly reconnects: number;
}

/** A live market-data stream. It reconnects by itself, without end, until closed or fatally refused. */
export interface MarketStream {
  readonly symbols: SymbolTable;
  readonly counters: StreamCounters;
  open(listener: StreamListener): void;
  /** Hands over what was decoded: to be called at the end of the turn of the event loop that read the sockets. */
  flush(): void;
  /** Sets what is wanted, whole; differences are sent when connected, and all again after every reconnect. */
  want(subscription: Subscription): void;
  /**
   * Says whether the market is open, so that a feed gone silent can be told from a closed market. Until it is
   * called, stocks count as closed; crypto and test feeds are always open.
   */
  setSession?(phase: 'open' | 'closed'): void;
  close(): Promise<void>;
}

/** How prices before a split or a dividend are told: as they were, or in today's shares and money. */
export type BarAdjustment = 'raw' | 'split' | 'dividend' | 'all';

export interface BarsRequest {
  readonly symbols: readonly string[];
  readonly interval: 'minute' | 'day';
  /** Inclusive. */
  readonly fromMicros: EpochMicros;
  /** Exclusive: a bar that starts here is not wanted. */
  readonly toMicros: EpochMicros;
  /** At most this many of the newest bars per symbol. */
  readonly limitPerSymbol?: number;
  /** Of stocks; by splits unless it says otherwise: what a strategy compares with the prices it sees now. */
  readonly adjustment?: BarAdjustment;
}

/** History over requests. Answers are sorted by time, oldest first. */
export interface HistoryProvider {
  bars(request: BarsRequest, signal?: AbortSignal): Promise<Outcome<ReadonlyMap<string, readonly Bar[]>>>;
  trades(
    symbol: string,
    fromMicros: EpochMicros,
    toMicros: EpochMicros,
    signal?: AbortSignal,
  ): Promise<Outcome<readonly Trade[]>>;
  quotes(
    symbol: string,
    fromMicros: EpochMicros,
    toMicros: EpochMicros,
    signal?: AbortSignal,
  ): Promise<Outcome<readonly Quote[]>>;
  snapshots(
    symbols: readonly string[],
    signal?: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, Snapshot>>>;
}

/** The broker's or provider's own calendar and clock. */
export interface SessionSource {
  /** Sessions whose date lies in the range (`YYYY-MM-DD`, both inclusive), in order. */
  sessions(fromDate: string, toDate: string): Promise<Outcome<readonly Session[]>>;
  /** The exchange's own time now, to measure how far our clock is off. */
  now(): Promise<Outcome<EpochMicros>>;
}
