/** How far something has fallen from the highest that it was worth. */
import { type Decimal, decimal, divide, maximum, subtract, ZERO } from '../../domain/decimal.ts';

/** A mark that has risen by less than this share of the limit is not written down: the limit is that exact at a restart. */
const KEPT_STEPS = decimal('100');

export class HighWater {
  readonly #limit: Decimal;
  #highest: Decimal | null = null;
  #kept: Decimal | null = null;

  constructor(limit: Decimal) {
    this.#limit = limit;
  }

  get limit(): Decimal {
    return this.#limit;
  }

  get highest(): Decimal | null {
    return this.#highest;
  }

  /** From the journal. */
  restore(highest: Decimal): void {
    this.#highest = maximum(this.#highest ?? highest, highest);
    this.#kept = highest;
  }

  /** Takes what it is worth now, and answers how far below the mark that is. */
  watch(value: Decimal): Decimal {
    this.#highest = this.#highest === null ? value : maximum(this.#highest, value);
    return subtract(this.#highest, value);
  }

  /** From here on. */
  beginAnew(value: Decimal | null): void {
    this.#highest = value;
  }

  /** Whether the mark has risen so far that it should be written down; asked before it is. */
  get isDue(): boolean {
    if (this.#highest === null || this.#highest === this.#kept) return false;
    return this.#kept === null || subtract(this.#highest, this.#kept) >= divide(this.#limit, KEPT_STEPS);
  }

  noteKept(): void {
    this.#kept = this.#highest;
  }
}

/** True where a fall of that size has reached the limit. */
export function isReached(fall: Decimal, limit: Decimal): boolean {
  return fall > ZERO && fall >= limit;
}
