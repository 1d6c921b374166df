/** What a broker is told: plain data, so that it can be handed to a worker. */
import type { AssetClass } from '../domain/market.ts';

/** Time-outs and limits of the order path and of the trade-updates stream. */
export interface BrokerLimits {
  readonly connectTimeoutMs: number;
  /** From sending to the answer's last byte. Waiting for the rate limiter does not count. */
  readonly requestTimeoutMs: number;
  /** How long an order or a cancel may wait for the rate limiter before it is given up unsent. */
  readonly queueTimeoutMs: number;
  /** The same for reads. */
  readonly readQueueTimeoutMs: number;
  /** Requests waiting for the rate limiter, over all lanes; beyond it a request is given up unsent. */
  readonly queueDepthMax: number;
  /** The account's limit; the server's `X-Ratelimit-*` headers correct it. */
  readonly requestsPerMinuteMax: number;
  /** Of these kept back for cancels and reducing orders. */
  readonly requestsReserved: number;
  readonly connectionsMax: number;
  /** Largest answer read, in bytes (the list of all assets is several MB). */
  readonly answerBytesMax: number;
  /** Tries of a read, the first included. Requests that change something are sent once. */
  readonly readAttemptsMax: number;
  readonly retryDelayMs: number;
  readonly retryDelayMaxMs: number;
  readonly handshakeTimeoutMs: number;
  /** From the upgrade to the confirmed `listening`. */
  readonly listenTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
  readonly frameBytesMax: number;
  readonly reconnectDelayMs: number;
  readonly reconnectDelayMaxMs: number;
  /** The same after HTTP 429 at the handshake. */
  readonly throttledDelayMs: number;
  readonly throttledDelayMaxMs: number;
  readonly stableAfterMs: number;
  readonly closeTimeoutMs: number;
}

export interface AlpacaBrokerConfig {
  readonly broker: 'alpaca';
  /** Base of the trading REST; its trade-updates WebSocket is `/stream` on the same host. */
  readonly baseUrl: string;
  readonly keyId: string;
  readonly secretKey: string;
  /** Which instruments to list. */
  readonly assetClass: AssetClass;
  readonly limits: BrokerLimits;
}

/** The broker that fills orders itself from the market it is shown. */
export interface PaperBrokerConfig {
  readonly broker: 'paper';
  /** Decimal text. */
  readonly startingCash: string;
  readonly currency: string;
  /** From the order's acceptance to the first event that may fill it. Missing = `DEFAULT_PAPER_LATENCY_MS`. */
  readonly latencyMs?: number;
}

export const DEFAULT_PAPER_LATENCY_MS = 20;

export type BrokerConfig = AlpacaBrokerConfig | PaperBrokerConfig;

export const DEFAULT_BROKER_LIMITS: BrokerLimits = {
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  queueTimeoutMs: 5_000,
  readQueueTimeoutMs: 60_000,
  queueDepthMax: 1_000,
  requestsPerMinuteMax: 200,
  requestsReserved: 20,
  connectionsMax: 8,
  answerBytesMax: 64 * 1_024 * 1_024,
  readAttemptsMax: 3,
  retryDelayMs: 250,
  retryDelayMaxMs: 60_000,
  handshakeTimeoutMs: 10_000,
  listenTimeoutMs: 10_000,
  pingIntervalMs: 10_000,
  pongTimeoutMs: 5_000,
  frameBytesMax: 4 * 1_024 * 1_024,
  reconnectDelayMs: 500,
  reconnectDelayMaxMs: 60_000,
  throttledDelayMs: 10_000,
  throttledDelayMaxMs: 300_000,
  stableAfterMs: 30_000,
  closeTimeoutMs: 2_000,
};

/** Where Alpaca is and how to enter; limits that are left out take their defaults. */
export interface AlpacaBrokerOptions extends Omit<AlpacaBrokerConfig, 'broker' | 'limits'> {
  readonly limits?: Partial<BrokerLimits>;
}

export function alpacaBrokerConfig(options: AlpacaBrokerOptions): AlpacaBrokerConfig {
  return { ...options, broker: 'alpaca', limits: { ...DEFAULT_BROKER_LIMITS, ...options.limits } };
}
