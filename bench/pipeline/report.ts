/** What the threads of a pipeline tell the measuring thread, and what it makes of that. */

/**
 * `openbell` runs the naive pipeline's strategy: one over all symbols. `openbellUnits` gives each of the 11,000
 * symbols a unit with a state of its own. `openbellTransport` is ours up to a bare handler in place of the host.
 */
export type PipelineName = 'rawDrain' | 'naive' | 'openbell' | 'openbellUnits' | 'openbellTransport';

/** Posted by the thread at the pipeline's end. */
export type Progress =
  | { readonly type: 'thread'; readonly role: 'producer' | 'consumer'; readonly threadId: number }
  | { readonly type: 'begin' }
  | { readonly type: 'block' }
  /** `events` were shown to the strategy since the begin. */
  | { readonly type: 'end'; readonly events: number };

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
}
