/** The messages between the trader and a user's scanner, which runs in a thread of its own. */
import type { Violation } from '../../domain/exit.ts';
import type { JsonObject } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { Candidate } from '../../scanners/contract.ts';
import type { ScanQueries } from './scanQueries.ts';

/** What a scan knows without asking. */
export type ScanFacts = Pick<ScanQueries, 'nowMicros' | 'session' | 'minutesSinceOpen' | 'instruments'>;
export type QueryName = 'snapshots' | 'dailyBars' | 'minuteBars' | 'sessionVolumes' | 'select';

/** The thread's `workerData`. */
export interface ScannerJob {
  /** The bundle: a script whose value is a function that answers the definition. */
  readonly source: string;
  readonly path: string;
  /** Where the parameters stand in the plan. */
  readonly parametersPath: string;
  readonly parameters: JsonObject;
  /** Null = only say what the scanner is and whether the parameters are right. */
  readonly facts: ScanFacts | null;
  /** What the scanner's own `Date` and `Math.random` go by. */
  readonly nowMicros: EpochMicros;
  readonly seed: number;
}

export type ScannerMessage =
  | {
      readonly type: 'described';
      readonly name: string;
      /** Complete with the scanner's defaults, where they are right. */
      readonly parameters: JsonObject;
      readonly violations: readonly Violation[];
    }
  | {
      readonly type: 'query';
      readonly queryId: number;
      readonly name: QueryName;
      readonly parameters: readonly unknown[];
    }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn';
      readonly message: string;
      readonly fields: JsonObject;
    }
  | { readonly type: 'found'; readonly candidates: readonly Candidate[] }
  | { readonly type: 'failed'; readonly message: string };

export type QueryAnswer =
  | { readonly queryId: number; readonly ok: true; readonly value: unknown }
  | { readonly queryId: number; readonly ok: false; readonly message: string };
