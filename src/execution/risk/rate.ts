/** How many orders went out in the last minute. */
import { Fifo } from '../../domain/fifo.ts';
import { type EpochMicros, MICROS_PER_MINUTE } from '../../domain/time.ts';

export class OrderRate {
  /** Moments of the last minute, oldest first. */
  readonly #moments = new Fifo<EpochMicros>();

  count(nowMicros: EpochMicros): number {
    const from = nowMicros - MICROS_PER_MINUTE;
    for (let oldest = this.#moments.oldest; oldest !== undefined; oldest = this.#moments.oldest) {
      if (oldest > from) break;
      this.#moments.shift();
    }
    return this.#moments.size;
  }

  add(nowMicros: EpochMicros): void {
    this.#moments.push(nowMicros);
  }
}
