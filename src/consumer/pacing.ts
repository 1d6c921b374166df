/**
 * How many rows a consumer takes before it looks at the clock, and when it lets its thread do something else. Nearly
 * always it takes a whole batch; after slow rows only a few at a time, so that heartbeats, commands and fills wait a
 * fraction of a second and not for all of a batch that takes seconds. A single row cannot be interrupted.
 */

/** After so many milliseconds of rows the thread does something else. */
const TURN_MAX_MS = 50;
/** More than a batch has. */
const ALL_ROWS = 65_536;
/** After slow rows at most so many are taken before the clock is looked at. */
const SLOW_ROWS_MAX = 32;
/** So many batches without slow rows, and whole batches are taken again. */
const QUICK_BATCHES = 256;

export class Pacing {
  /** How many rows to take next. */
  rows = ALL_ROWS;
  #turnMs = 0;
  #quickBatches = 0;

  /** To be told how long the rows took. Answers whether the thread is to do something else now. */
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
