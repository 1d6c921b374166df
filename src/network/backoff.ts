/** Growing, jittered delays between tries of the same thing. */
import type { Random } from '../clock/chance.ts';

/** Each delay lies within this share of its middle, so that many clients do not come back at once. */
const JITTER = 0.2;

export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: Random;
  #failures = 0;

  constructor(options: { firstMs: number; maxMs: number; random: Random }) {
    this.#firstMs = options.firstMs;
    this.#maxMs = options.maxMs;
    this.#random = options.random;
  }

  /** The delay before the next try, in milliseconds: doubled each time, give or take a fifth, up to the most. */
  next(): number {
    const middleMs = Math.min(this.#firstMs * 2 ** this.#failures, this.#maxMs);
    this.#failures += 1;
    return Math.min(middleMs * (1 - JITTER + 2 * JITTER * this.#random()), this.#maxMs);
  }

  reset(): void {
    this.#failures = 0;
  }
}
