/** How many orders went out in the last minute. */
import { type EpochMicros, MICROS_PER_MINUTE } from '../../domain/time.ts';

export class OrderRate {
  /** Moments of the last minute, oldest first. */
  #moments: EpochMicros[] = [];

  count(nowMicros: EpochMicros): number {
    const from = nowMicros - MICROS_PER_MINUTE;
    let expired = 0;
    while (expired < this.#moments.length && this.#moments[expired]! <= from) expired += 1;
    if (expired > 0) this.#moments = this.#moments.slice(expired);
    return this.#moments.length;
  }

  add(nowMicros: EpochMicros): void {
    this.#moments.push(nowMicros);
  }
}
