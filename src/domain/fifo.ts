/**
 * First in, first out, in a ring that grows: taking the oldest costs the same however many there are, where an array's
 * `shift` moves all that are behind it.
 */
const FIRST_CAPACITY = 16;

export class Fifo<Kept> {
  /** A power of two, so that places are found by a mask. */
  #ring: (Kept | undefined)[] = new Array<Kept | undefined>(FIRST_CAPACITY).fill(undefined);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** What {@link shift} would take out. */
  get oldest(): Kept | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }

  push(entry: Kept): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = entry;
    this.#size += 1;
  }

  /** The oldest, taken out; undefined when there is none. */
  shift(): Kept | undefined {
    if (this.#size === 0) return undefined;
    const entry = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    return entry;
  }

  #grow(): void {
    const { length } = this.#ring;
    const ring = new Array<Kept | undefined>(length * 2).fill(undefined);
    for (let index = 0; index < length; index += 1)
      ring[index] = this.#ring[(this.#head + index) & (length - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
