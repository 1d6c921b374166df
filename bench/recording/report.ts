/** Our pipeline with and without a recorder of the market and the consumer's inbox. */
import type { Measured } from '../pipeline/report.ts';

export interface RecordingReport {
  readonly without: Measured;
  readonly with: Measured;
  /** Events per second with over without: the median of pairs that ran next to each other. */
  readonly throughputRatio: number;
  /** CPU time per event, the recorder's threads included. */
  readonly cpuRatio: number;
  readonly pairs: readonly number[];
}
