/** What the threads of a pipeline tell the measuring thread, and what it makes of that. */

/**
 * `openbell` runs the naive pipeline's strategy: one over all symbols. `openbellUnits` gives each of the 11,000
 * symbols a unit with a state of its own. `openbellTransport` is ours up to a bare handler in place of the host.
 * `openbellRecorded` is `openbell` with a recorder of the market and the consumer's inbox.
 */
export type PipelineName =
  | 'rawDrain'
  | 'naive'
  | 'openbell'
  | 'openbellUnits'
  | 'openbellTransport'
  | 'openbellRecorded';

/** Posted by the thread at the pipeline's end. */
export type Progress =
  | { readonly type: 'thread'; readonly role: 'producer' | 'consumer'; readonly threadId: number }
  | { readonly type: 'begin' }
  | { readonly type: 'block' }
  /** `events` were shown to the strategy since the begin. */
  | { readonly type: 'end'; readonly events: number };

/** Warm-up included. */
export interface Recorded {
  readonly rows: number;
  readonly bytes: number;
  readonly rowsLost: number;
}

export interface Measured {
  /** Sent between the marks. */
  readonly events: number;
  /** Handed to the strategy. */
  readonly shown: number;
  readonly conflated: number;
  readonly dropped: number;
  readonly eventsPerSecond: number;
  /** Over all threads of the process, the main thread and the collector's included. */
  readonly cpuMicrosPerEvent: number;
  readonly producerCpuMicrosPerEvent: number | null;
  readonly consumerCpuMicrosPerEvent: number | null;
  readonly eventsPerCpuSecond: number;
  /** Null where nothing was recorded. */
  readonly recorded: Recorded | null;
}

/** All pipelines over one workload. */
export interface Comparison {
  readonly rawDrain: Measured;
  readonly naive: Measured;
  readonly openbell: Measured;
  readonly openbellTransport: Measured;
  readonly openbellUnits: Measured;
  /** Events per CPU second, ours over the naive pipeline's. */
  readonly ratioToNaive: number;
  readonly transportRatioToNaive: number;
  readonly unitsRatioToNaive: number;
}
