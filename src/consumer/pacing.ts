/**
 * How many rows a consumer takes before it lets its thread do something else. Nearly always a whole batch; where
 * strategies are slow only so many as take a short time, so that heartbeats, commands and fills are not held up by a
 * batch that takes seconds.
 */

/** Longer than this no turn should last, in milliseconds. */
const TURN_MAX_MS = 50;
/** More than a batch has. */
const ALL_ROWS = 65_536;
/** At most so many at once where strategies are slow: then it is looked at the clock. */
const SLOW_ROWS_MAX = 32;
/** Batches without a slow row before whole batches are taken again. */
const QUICK_BATCHES = 256;

export class Pacing {
  /** So many rows are to be taken next. */
  rows = ALL_ROWS;
  #turnMs = 0;
  #quickBatches = 0;

  /** That many rows took so long. Answers whether it is time for something else. */
  took(rows: number, elapsedMs: number): boolean {
    this.#turnMs += elapsedMs;
    if (elapsedMs > TURN_MAX_MS) {
      this.#quickBatches = 0;
      this.rows = Math.min(SLOW_ROWS_MAX, Math.max(1, Math.floor((rows * TURN_MAX_MS) / elapsedMs)));
    } else if (this.rows < SLOW_ROWS_MAX && elapsedMs < TURN_MAX_MS / 2) {
      this.rows = Math.min(SLOW_ROWS_MAX, this.rows * 2);
    }
    if (this.#turnMs < TURN_MAX_MS) return false;
    this.#turnMs = 0;
    return true;
  }

  batchEnded(): void {
    this.#turnMs = 0;
    if (this.rows === ALL_ROWS) return;
    this.#quickBatches += 1;
    if (this.#quickBatches >= QUICK_BATCHES) this.rows = ALL_ROWS;
  }
}
