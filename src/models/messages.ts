/** What passes between the database thread and the others: plain data, one closed union for each direction. */
import type { MessagePort } from 'node:worker_threads';
import type { PlainUserError } from '../domain/exit.ts';
import type { LogTarget } from '../observability/log.ts';
import type { ThreadVitals } from '../observability/vitals.ts';
import type { DatabaseLocation, Stores } from './contract.ts';
import type { FailureKind } from './failure.ts';
import type { DatabaseLimits } from './limits.ts';

/** The worker's `workerData`. */
export interface DatabaseWorkerConfig {
  readonly location: DatabaseLocation;
  readonly limits: DatabaseLimits;
  readonly log: LogTarget;
  /** On every line of its log, such as the batch. */
  readonly logFields: Readonly<Record<string, string>>;
}

/** From the trader, over the worker's own port. */
export type DatabaseCommand =
  /** The port comes along in the transfer list; `client` names its user in the log. */
  | { readonly type: 'attach'; readonly client: string; readonly port: MessagePort }
  /** Copies the embedded database as it is at one moment into a new folder. */
  | { readonly type: 'snapshot'; readonly requestId: number; readonly directory: string }
  /** Finishes the calls that have come in, closes the database, answers `stopped`. */
  | { readonly type: 'stop' };

export type DatabaseReport =
  /** The database is open and its schema is the newest; calls are answered from now on. */
  | { readonly type: 'ready'; readonly migrations: MigrationStatus }
  /** It could not be opened, or broke down later (full disk): nothing else follows and the thread ends. */
  | { readonly type: 'failed'; readonly error: PlainUserError }
  | { readonly type: 'snapshot'; readonly requestId: number; readonly failure: string | null }
  /** Once a second. */
  | { readonly type: 'vitals'; readonly vitals: ThreadVitals }
  | { readonly type: 'stopped' };

/** Which reviewed migrations the database has, by tag, oldest first. */
export interface MigrationStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

export type StoreMethod = keyof Stores;

/** From a client over its port. */
export interface DatabaseCall {
  readonly callId: number;
  readonly method: StoreMethod;
  readonly parameters: readonly unknown[];
}

export type DatabaseAnswer =
  | { readonly callId: number; readonly ok: true; readonly value: unknown }
  | {
      readonly callId: number;
      readonly ok: false;
      readonly kind: FailureKind;
      readonly message: string;
      readonly retry: boolean;
    };
