/** Whether a row is young enough to be shown. */
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../domain/time.ts';
import type { Batch } from '../tape/batch.ts';
import type { HostConfig } from './config.ts';

export class Freshness {
  readonly #ageMaxMicros: number;
  readonly #lagMaxNs: number;
  /** Rows of the batch received before this, in nanoseconds from its base, are too old. */
  oldestNs = 0;

  constructor({ eventAgeMaxMs, feedDelayMs, feedLagMaxMs }: HostConfig) {
    this.#ageMaxMicros = eventAgeMaxMs * MICROS_PER_MILLISECOND;
    this.#lagMaxNs = (feedDelayMs + feedLagMaxMs) * 1_000_000;
  }

  begin(batch: Batch, takenMicros: EpochMicros): void {
    this.oldestNs = (takenMicros - this.#ageMaxMicros - batch.baseMicros) * 1_000;
  }

  /** @param spanMicros how long after its time stamp the row is complete. */
  isFresh(batch: Batch, row: number, spanMicros: number): boolean {
    const rowNs = batch.receivedNs[row]!;
    return rowNs >= this.oldestNs && rowNs - batch.timeNs[row]! - spanMicros * 1_000 <= this.#lagMaxNs;
  }
}
