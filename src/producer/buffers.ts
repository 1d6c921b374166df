/** The buffers of one receiver: those at hand are its credits. */
import { Batch } from '../tape/batch.ts';
import type { ProducerLimits } from './config.ts';

export class Buffers {
  readonly #limits: ProducerLimits;
  #atHand: Batch[] = [];
  /** At hand, being filled or under way. */
  #made = 0;

  constructor(limits: ProducerLimits) {
    this.#limits = limits;
  }

  get atHand(): number {
    return this.#atHand.length;
  }

  /** Makes those of a receiver that has come. */
  make(): void {
    this.#made = this.#limits.creditsPerReceiver;
    this.#atHand = Array.from({ length: this.#made }, () => Batch.create(this.#limits.batch));
  }

  /** The receiver is gone, and with it those that it held. */
  clear(): void {
    this.#atHand = [];
  }

  take(): Batch | undefined {
    return this.#atHand.pop();
  }

  put(buffer: ArrayBuffer): void {
    this.#atHand.push(new Batch(buffer));
  }

  /** More for a receiver that answers again: what only time can work off needs fewer round trips. */
  makeFor(rowsWaiting: number): void {
    const { batch, creditsCatchingUp } = this.#limits;
    const batchesWaiting = rowsWaiting / batch.rows;
    for (; this.#made < creditsCatchingUp && this.#atHand.length < batchesWaiting; this.#made += 1)
      this.#atHand.push(Batch.create(batch));
  }

  /** It has caught up. */
  dropMore(): void {
    for (; this.#made > this.#limits.creditsPerReceiver && this.#atHand.length > 0; this.#made -= 1)
      this.#atHand.pop();
  }
}
