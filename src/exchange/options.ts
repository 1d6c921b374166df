/** What the local exchange can be told when it starts, its defaults and its limits. */
import type { Clock } from '../clock/clock.ts';
import type { ExchangeFaults } from './faults.ts';

/** The part of a pino-like logger that the exchange writes to: fields first, then the message. */
export interface ExchangeLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface ExchangeOptions {
  /** TCP port; 0 takes any free one. */
  readonly port: number;
  /** Address to listen on, 127.0.0.1 unless given. */
  readonly host?: string;
  /** The same seed, symbols, rate and start give the same synthetic market. */
  readonly seed: number;
  /** Stock tickers, and crypto pairs such as `BTC/USD`. Empty = about twenty well-known US stocks. */
  readonly symbols: readonly string[];
  /** Trades and quotes a second, over all symbols together. */
  readonly ratePerSecond: number;
  /** A tape file to play, restamped to now, instead of the synthetic market. */
  readonly tape?: string;
  /** Tape: skip this much of its beginning. */
  readonly tapeOffsetMs?: number;
  /** Tape: 2 plays it twice as fast. */
  readonly tapeSpeed?: number;
  /** Switches for misbehaving; all off unless named. Changed at run time by {@link RunningExchange.setFaults}. */
  readonly faults: Partial<ExchangeFaults>;
  readonly clock: Clock;
  readonly log: ExchangeLog;
  readonly keyId?: string;
  readonly secretKey?: string;
  /** The account's cash at the start, decimal text in USD. */
  readonly startCash?: string;
  /** 1 scales the synthetic market's volatility and trends; 0.5 makes it calmer, 2 wilder. */
  readonly liveliness?: number;
  /** How many halts a symbol has in an hour of the synthetic market, on average. */
  readonly haltsPerHour?: number;
  /** How long an order takes from the broker to the venue, from and to (uniform). */
  readonly latencyMs?: readonly [number, number];
  readonly shortingEnabled?: boolean;
  /** JSON on the trade-updates stream: in binary frames as Alpaca's paper sends it (default), or text as live. */
  readonly tradeUpdateFrames?: 'binary' | 'text';
  readonly sessions?: Partial<SessionShape>;
  readonly limits?: Partial<ExchangeLimits>;
}

/** How the simulated trading days lie around the start. */
export interface SessionShape {
  /** The running session opened this long before the start (rounded down to the minute). */
  readonly openedBeforeStartMinutes: number;
  readonly lengthMinutes: number;
  /** From a close to the next open. */
  readonly breakMinutes: number;
  /** Earlier days that have a daily bar. */
  readonly earlierDays: number;
  /** Of them, how many of the latest have minute bars too. */
  readonly earlierMinuteDays: number;
}

export const DEFAULT_SESSION_SHAPE: SessionShape = {
  openedBeforeStartMinutes: 60,
  lengthMinutes: 390,
  breakMinutes: 5,
  earlierDays: 20,
  earlierMinuteDays: 5,
};

export interface ExchangeLimits {
  /** Trades kept per symbol for the data REST; the oldest are forgotten. */
  readonly tradesPerSymbolMax: number;
  readonly quotesPerSymbolMax: number;
  /** Minute bars kept per symbol. */
  readonly barsPerSymbolMax: number;
  readonly symbolsMax: number;
  readonly eventsPerSecondMax: number;
  readonly openOrdersMax: number;
  /** Orders remembered in all; the oldest that have ended are forgotten. */
  readonly ordersMax: number;
  readonly activitiesMax: number;
  readonly requestBodyBytesMax: number;
  readonly httpConnectionsMax: number;
  /** Market-data connections that may be authenticated at a time: one more is answered 406. */
  readonly dataConnectionsMax: number;
  readonly tradingConnectionsMax: number;
  /** Symbols on trades and quotes together, over which a subscription is answered 405. */
  readonly subscribedSymbolsMax: number;
  /** Bytes that may wait for a slow client before it is cut off with 407. */
  readonly sendBufferBytesMax: number;
  /** Largest frame a client may send. */
  readonly clientFrameBytesMax: number;
  readonly authTimeoutMs: number;
  readonly requestsPerMinute: number;
}

export const DEFAULT_LIMITS: ExchangeLimits = {
  tradesPerSymbolMax: 100_000,
  quotesPerSymbolMax: 100_000,
  barsPerSymbolMax: 20_000,
  symbolsMax: 1_000,
  eventsPerSecondMax: 100_000,
  openOrdersMax: 2_000,
  ordersMax: 100_000,
  activitiesMax: 200_000,
  requestBodyBytesMax: 65_536,
  httpConnectionsMax: 256,
  dataConnectionsMax: 16,
  tradingConnectionsMax: 16,
  subscribedSymbolsMax: 2_000,
  sendBufferBytesMax: 16 * 1_048_576,
  clientFrameBytesMax: 1_048_576,
  authTimeoutMs: 10_000,
  requestsPerMinute: 200,
};

/** Keys that the exchange takes when none are given. They open nothing but this process, on loopback. */
export const DEFAULT_KEY_ID = 'PKLOCALEXCHANGE';
export const DEFAULT_SECRET_KEY = 'local-exchange-secret';
export const DEFAULT_START_CASH = '100000';
export const DEFAULT_LATENCY_MS: readonly [number, number] = [2, 10];
