/** What happens on the simulated market, as plain values, before any encoding. */
import type { EpochMicros } from '../../domain/time.ts';

/** A moment with nanoseconds: whole microseconds, and 0 to 999 nanoseconds on top. */
export interface Moment {
  readonly timeMicros: EpochMicros;
  readonly nanos: number;
}

export interface TradeEvent extends Moment {
  readonly kind: 'trade';
  readonly symbol: string;
  /** Counts from 1 per symbol; crypto ids on the wire are beyond 2^53, see {@link wireTradeId}. */
  readonly id: number;
  readonly price: number;
  readonly size: number;
  readonly exchange: string;
  readonly conditions: readonly string[];
  readonly tape: string;
  /** Which side took: `B`, `S`. Sent for crypto; for stocks it only moves our own orders' queue. */
  readonly taker: 'B' | 'S';
}

export interface QuoteEvent extends Moment {
  readonly kind: 'quote';
  readonly symbol: string;
  readonly bidPrice: number;
  readonly bidSize: number;
  readonly bidExchange: string;
  readonly askPrice: number;
  readonly askSize: number;
  readonly askExchange: string;
  readonly conditions: readonly string[];
  readonly tape: string;
}

export interface BarEvent {
  readonly kind: 'bar';
  /** `b` a closed minute, `u` the same again after a late trade, `d` the day so far. */
  readonly channel: 'b' | 'u' | 'd';
  readonly symbol: string;
  readonly bar: BarRow;
}

/** Its time is the start of the bar. */
export interface BarRow {
  readonly timeMicros: EpochMicros;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly tradeCount: number;
  readonly vwap: number;
}

export interface StatusEvent extends Moment {
  readonly kind: 'status';
  readonly symbol: string;
  readonly halted: boolean;
  readonly code: string;
  readonly message: string;
  readonly reasonCode: string;
  readonly reason: string;
  readonly tape: string;
}

export interface LuldEvent extends Moment {
  readonly kind: 'luld';
  readonly symbol: string;
  readonly up: number;
  readonly down: number;
  readonly indicator: string;
  readonly tape: string;
}

/** A trade was taken back (`C`) or reported by mistake (`E`). */
export interface CancelEvent extends Moment {
  readonly kind: 'cancel';
  readonly symbol: string;
  readonly id: number;
  readonly exchange: string;
  readonly price: number;
  readonly size: number;
  readonly action: 'C' | 'E';
  readonly tape: string;
}

export interface CorrectionEvent extends Moment {
  readonly kind: 'correction';
  readonly symbol: string;
  readonly exchange: string;
  readonly original: { readonly id: number; readonly price: number; readonly size: number };
  readonly corrected: { readonly id: number; readonly price: number; readonly size: number };
  readonly conditions: readonly string[];
  readonly tape: string;
}

/** What a market's source produces; bars are folded from it. */
export type TickEvent = TradeEvent | QuoteEvent | StatusEvent | CancelEvent | CorrectionEvent;
export type MarketEvent = TickEvent | BarEvent | LuldEvent;

/** A tick and when it is reported: the same as its own time, but for late trades. */
export interface Report {
  readonly at: EpochMicros;
  readonly event: TickEvent;
}

/** Where ticks come from: the synthetic market, or a tape. */
export interface TickSource {
  /** What is reported after the last call and up to the moment (included), in order of report. */
  advanceTo(moment: EpochMicros): Report[];
  /** Lets time pass without ticks, after the computer slept. */
  skipTo(moment: EpochMicros): void;
}

/** A crypto pair is written with a slash. */
export function isCrypto(symbol: string): boolean {
  return symbol.includes('/');
}

const CRYPTO_ID_BASE = 8_012_479_237_000_000_000n;

/** The id as it goes over the wire: crypto ids exceed 2^53, as Alpaca's do. */
export function wireTradeId(symbol: string, id: number): number | bigint {
  return isCrypto(symbol) ? CRYPTO_ID_BASE + BigInt(id) : id;
}
