/** Between the trader and the recorder. */

export type RecorderCommand =
  /** `market`, `desk`, or `consumer` and its name; a second port of a source replaces the first. */
  | {
      readonly type: 'attach';
      readonly source: string;
      readonly port: import('node:worker_threads').MessagePort;
    }
  /** The date (`YYYY-MM-DD`) of the session that is next or has begun. */
  | { readonly type: 'session'; readonly date: string }
  | { readonly type: 'stop' };

/** What was recorded of one source since the start. */
export interface RecordingSourceCounters {
  readonly source: string;
  readonly rows: number;
  /** Before they are packed. */
  readonly bytes: number;
  /** Rows that found no buffer because the disk was too slow. */
  readonly rowsLost: number;
  /** Tapes begun. */
  readonly segments: number;
}

export type RecorderReport =
  | { readonly type: 'ready' }
  | {
      readonly type: 'statistics';
      readonly sources: readonly RecordingSourceCounters[];
      /** Why nothing is recorded any more; null while all is well. */
      readonly failure: string | null;
      /** What packing closed tapes has saved. */
      readonly bytesPackedAway: number;
      readonly tapesRemoved: number;
    }
  | {
      readonly type: 'trouble';
      readonly code: 'recording_behind' | 'recording_stopped';
      readonly message: string;
    }
  | { readonly type: 'stopped' };
