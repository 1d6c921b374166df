/** The local exchange: Alpaca's protocols over loopback, on one port. Here its parts are built and joined. */
import type { ExchangeFaults } from './faults.ts';
import type { ExchangeOptions } from './options.ts';

export type { ExchangeFaults } from './faults.ts';
export type { ExchangeLog, ExchangeOptions } from './options.ts';

/** Counts since the start; connections are those open now. */
export interface ExchangeStatistics {
  readonly trades: number;
  readonly quotes: number;
  readonly bars: number;
  readonly requests: number;
  readonly ordersAccepted: number;
  readonly ordersOpen: number;
  readonly fills: number;
  readonly dataConnections: number;
  readonly tradingConnections: number;
  readonly dataFramesSent: number;
  readonly slowClientsCut: number;
}

export interface RunningExchange {
  readonly port: number;
  /** What a client's environment must hold to reach this exchange. */
  readonly env: {
    readonly APCA_API_BASE_URL: string;
    readonly APCA_API_DATA_URL: string;
    readonly APCA_API_STREAM_URL: string;
    readonly APCA_API_KEY_ID: string;
    readonly APCA_API_SECRET_KEY: string;
  };
  readonly symbols: readonly string[];
  statistics(): ExchangeStatistics;
  /** Switches faults on and off; what is not named stays as it is. */
  setFaults(changes: Partial<ExchangeFaults>): void;
  /** Cuts every open connection of a stream without a closing handshake. */
  disconnect(stream: 'data' | 'trading'): void;
  /** Ends every connection and frees the port. */
  close(): Promise<void>;
}

/**
 * Starts the exchange; resolves when its port is open and its history stands.
 * @throws {UserError} when an option is out of range (exit 2), the tape cannot be read (2), or the port is taken (3).
 */
export function startExchange(_options: ExchangeOptions): Promise<RunningExchange> {
  return Promise.reject(new Error('the local exchange is being built'));
}
