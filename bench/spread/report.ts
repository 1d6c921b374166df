/** By the number of consumers. */
export interface SpreadReport {
  readonly spread: readonly Spread[];
}

/** What one run over so many consumers measures. CPU times are of all events sent, by the threads that are named. */
export interface Spread {
  readonly consumers: number;
  readonly events: number;
  readonly shown: number;
  readonly conflated: number;
  readonly dropped: number;
  readonly eventsPerSecond: number;
  /** Over all threads of the process. */
  readonly cpuMicrosPerEvent: number;
  readonly producerCpuMicrosPerEvent: number;
  /** All consumers together. */
  readonly consumersCpuMicrosPerEvent: number;
  /** Of the busiest consumer, in microseconds of its own events: a symbol's consumer makes no difference to its cost. */
  readonly busiestCpuMicrosPerOwnEvent: number;
}
