/** What a provider is told: plain data, so that it can be handed to a worker. */
import type { AssetClass } from '../domain/market.ts';

/** The live stream's time-outs and limits. */
export interface StreamLimits {
  /** From the first byte of the connection to the upgraded WebSocket. */
  readonly handshakeTimeoutMs: number;
  /** From the upgrade to `authenticated`; the server itself gives up after 10 s. */
  readonly authTimeoutMs: number;
  /** From a subscribe or unsubscribe request to its acknowledgement. */
  readonly acknowledgeTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
  /** Largest frame taken, in bytes. A larger one closes the connection. */
  readonly frameBytesMax: number;
  /** Symbols of one subscribe request, over all its channels. */
  readonly subscribeSymbolsMax: number;
  /** First delay before connecting again; doubled with each failure. */
  readonly reconnectDelayMs: number;
  readonly reconnectDelayMaxMs: number;
  /** The same after HTTP 429 at the handshake, or where the account's other connection is still counted. */
  readonly throttledDelayMs: number;
  readonly throttledDelayMaxMs: number;
  /** How long a connection must have been live before the delays start small again. */
  readonly stableAfterMs: number;
  /** First wait before asking again on the same connection after `connection limit exceeded`; grows by itself. */
  readonly connectionLimitDelayMs: number;
  readonly connectionLimitDelayMaxMs: number;
  /** For how long to ask again on the same connection; a half-dead session is counted for about 90 s. */
  readonly connectionLimitHoldMs: number;
  /** No trade and no quote for this long in an open market: the connection is dead though pongs come. */
  readonly silenceMaxMs: number;
  /** The same where only bars are subscribed: they come once a minute, and only where something traded. */
  readonly barSilenceMaxMs: number;
  /** The limit is doubled after each reconnect that brought no event, up to this (a market-wide halt is silent too). */
  readonly silenceCeilingMs: number;
  /** Symbols that are never silent for long while their market is open. */
  readonly liquidSymbols: readonly string[];
  /** So many symbols together count as one liquid one. */
  readonly liquidSymbolCount: number;
  /** At most one log line on damaged elements in this time. */
  readonly damageLogIntervalMs: number;
  readonly closeTimeoutMs: number;
}

/** History requests' time-outs and limits. */
export interface HistoryLimits {
  /** One request from sending to its last byte. */
  readonly requestTimeoutMs: number;
  /** Tries of one page, the first included; only where a retry is sensible. */
  readonly attemptsMax: number;
  readonly retryDelayMs: number;
  /** The longest wait for the server's rate limit to be reset before a page is given up. */
  readonly retryDelayMaxMs: number;
  /** Rows of one page, over all symbols (Alpaca's most is 10,000). */
  readonly pageRows: number;
  /** Pages of one call; beyond it the call fails rather than answer a part. */
  readonly pagesMax: number;
  readonly symbolsPerRequest: number;
  /** The same for snapshots, which have one page: so that a whole market leaves room below the rate limit. */
  readonly snapshotSymbolsPerRequest: number;
  readonly concurrentRequestsMax: number;
  /** Requests waiting for the rate limiter; beyond it a call fails at once. */
  readonly queueDepthMax: number;
  /** How long a request may wait for the rate limiter. */
  readonly queueTimeoutMs: number;
  readonly requestsPerMinuteMax: number;
}

export interface ProviderConfig {
  readonly provider: 'alpaca';
  /** `iex`, `sip`, `delayed_sip`, `boats`, `overnight`, `test` for stocks; `crypto` or a location such as `us-1`. */
  readonly feed: string;
  readonly assetClass: AssetClass;
  /** Base of the market-data WebSocket; the feed's path (`/v2/iex`) is appended. */
  readonly streamUrl: string;
  /** Base of the data REST. */
  readonly dataUrl: string;
  readonly keyId: string;
  readonly secretKey: string;
  readonly stream: StreamLimits;
  readonly history: HistoryLimits;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  handshakeTimeoutMs: 10_000,
  authTimeoutMs: 10_000,
  acknowledgeTimeoutMs: 10_000,
  pingIntervalMs: 10_000,
  pongTimeoutMs: 5_000,
  frameBytesMax: 16 * 1_024 * 1_024,
  // 400 symbols of at most 12 characters, quoted, stay below 8 KiB; the server refuses messages over 16 KiB.
  subscribeSymbolsMax: 400,
  reconnectDelayMs: 500,
  reconnectDelayMaxMs: 60_000,
  throttledDelayMs: 10_000,
  throttledDelayMaxMs: 300_000,
  stableAfterMs: 30_000,
  connectionLimitDelayMs: 500,
  connectionLimitDelayMaxMs: 5_000,
  connectionLimitHoldMs: 100_000,
  silenceMaxMs: 30_000,
  barSilenceMaxMs: 150_000,
  silenceCeilingMs: 900_000,
  liquidSymbols: [
    'SPY',
    'QQQ',
    'AAPL',
    'NVDA',
    'TSLA',
    'AMD',
    'MSFT',
    'AMZN',
    'BTC/USD',
    'ETH/USD',
    'FAKEPACA',
  ],
  liquidSymbolCount: 25,
  damageLogIntervalMs: 10_000,
  closeTimeoutMs: 2_000,
};

export const DEFAULT_HISTORY_LIMITS: HistoryLimits = {
  requestTimeoutMs: 30_000,
  attemptsMax: 4,
  retryDelayMs: 500,
  retryDelayMaxMs: 60_000,
  pageRows: 10_000,
  pagesMax: 200,
  symbolsPerRequest: 100,
  // Symbols of at most 5 letters with an encoded comma: 4 KB of the 8 KB that servers commonly take as an address.
  snapshotSymbolsPerRequest: 500,
  concurrentRequestsMax: 4,
  queueDepthMax: 10_000,
  queueTimeoutMs: 300_000,
  requestsPerMinuteMax: 200,
};

/** Where the provider is and how to enter; limits that are left out take their defaults. */
export interface ProviderOptions extends Omit<ProviderConfig, 'stream' | 'history'> {
  readonly stream?: Partial<StreamLimits>;
  readonly history?: Partial<HistoryLimits>;
}

export function providerConfig(options: ProviderOptions): ProviderConfig {
  return {
    ...options,
    stream: { ...DEFAULT_STREAM_LIMITS, ...options.stream },
    history: { ...DEFAULT_HISTORY_LIMITS, ...options.history },
  };
}
