/**
 * What the environment, the plan and `--live` together allow. Modes fail closed: a half of a mode is a violation, and
 * what comes out names every address and key that may be used, so that nothing else ever has to read the environment.
 */
import type { Violation } from '../domain/exit.ts';
import type { Mode, Tradeplan } from './plan.ts';

export type LogLevelName = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Where Alpaca's protocols are spoken and how to enter. Addresses have no slash at their end. */
export interface AlpacaAccess {
  readonly keyId: string;
  readonly secretKey: string;
  /** Trading REST; its trade-updates WebSocket is `/stream` on the same host, with `ws` for `http`. */
  readonly baseUrl: string;
  readonly dataUrl: string;
  /** Base of the market-data WebSocket; the feed's path is appended. */
  readonly streamUrl: string;
}

/** What commands need that read no plan: where the data are and how much is logged. */
export interface Storage {
  /** Absolute. */
  readonly dataDirectory: string;
  readonly logLevel: LogLevelName;
  /** Null = the embedded database in the data directory. A secret. */
  readonly databaseUrl: string | null;
}

export interface Environment extends Storage {
  readonly mode: Mode;
  /** `algo_env` of the rows. */
  readonly algoEnvironment: 'SIMULATED' | 'PAPER' | 'PROD';
  /** Null in `simulated` mode before the local exchange was started. */
  readonly alpaca: AlpacaAccess | null;
}

export interface EnvironmentInput {
  readonly plan: Tradeplan;
  /** `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether `--live` was given. */
  readonly isLiveFlagSet: boolean;
  /** The `APCA_*` variables that the local exchange told, null before it was started and in the other modes. */
  readonly exchangeEnv?: Readonly<Record<string, string>> | null;
  /** `--data-dir` and `--log-level`, which win over the environment. */
  readonly options?: { readonly dataDirectory?: string; readonly logLevel?: string };
}

export type EnvironmentResult =
  | { readonly ok: true; readonly environment: Environment; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly violations: readonly Violation[] };
