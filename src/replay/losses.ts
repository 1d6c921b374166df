/**
 * Rows that are missing on a machine's tapes. Those at the end of a daemon that was killed were never written: its
 * threads had not handed them to the recorder yet, and an inbox may name rows that the market's tape ends before.
 */
import { type EpochMicros, MICROS_PER_SECOND } from '../domain/time.ts';

/** Well above the time for which a row may wait to be written (`transport/recording.ts`). */
export const UNWRITTEN_MICROS = MICROS_PER_SECOND;

export class Losses {
  #rows = 0;
  #fromMicros: EpochMicros | null = null;

  /** @param lastMicros of the last entry that was whole. */
  note(rows: number, lastMicros: EpochMicros): void {
    this.#rows += rows;
    this.#fromMicros ??= lastMicros;
  }

  /** From here on nothing can be compared. */
  get areAny(): boolean {
    return this.#fromMicros !== null;
  }

  /** Rows whose loss means that a part of the session cannot be compared. */
  rows(end: { readonly isOrderly: boolean; readonly lastMicros: EpochMicros }): number {
    const isTornEnd = !end.isOrderly && end.lastMicros - (this.#fromMicros ?? 0) <= UNWRITTEN_MICROS;
    return isTornEnd ? 0 : this.#rows;
  }
}
