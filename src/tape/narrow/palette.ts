/** Numbers the combinations of kind, flags, tape and conditions in a block, in the order in which they come. */
import type { Batch } from '../batch.ts';
import { PALETTE_MAX, traitsWord } from './layout.ts';
import type { Target } from './numbers.ts';

const SLOT_BITS = 10;
const SLOTS = 2 ** SLOT_BITS;
/** Odd numbers that spread their factors' bits. */
const SPREAD = 0x9e_37_79_b1;
const SPREAD_AGAIN = 0x85_eb_ca_6b;
/** In a slot that is taken: a word may be 0. */
const TAKEN = 2 ** 30;

/** Open addressing; at most a quarter of the slots is ever taken. */
export class Palette {
  /** {@link traitsWord} and conditions of each entry. */
  readonly entries = new Uint32Array(2 * PALETTE_MAX);
  readonly #words = new Uint32Array(SLOTS);
  readonly #conditions = new Uint32Array(SLOTS);
  readonly #numbers = new Uint8Array(SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * Writes the number of each row's entry from byte `at` on, and answers whether there were enough of them. The entries
   * are of these rows only.
   */
  number(batch: Batch, from: number, to: number, { bytes }: Target, at: number): boolean {
    this.#words.fill(0);
    this.#size = 0;
    const { kind, flags, tape, conditions } = batch;
    const slotWords = this.#words;
    const slotConditions = this.#conditions;
    const numbers = this.#numbers;
    const place = at - from;
    for (let row = from; row < to; row += 1) {
      const word = traitsWord(kind[row]!, flags[row]!, tape[row]!) | TAKEN;
      const codes = conditions[row]!;
      let slot = Math.imul(Math.imul(word, SPREAD) ^ codes, SPREAD_AGAIN) >>> (32 - SLOT_BITS);
      if (slotWords[slot] !== word || slotConditions[slot] !== codes) {
        slot = this.#slotOf(slot, word, codes);
        if (slot === -1) return false;
      }
      bytes[place + row] = numbers[slot]!;
    }
    return true;
  }

  /** The slot of a combination that did not stand in the first place for it; -1 where no number is left. */
  #slotOf(first: number, word: number, codes: number): number {
    const words = this.#words;
    let slot = first;
    while (words[slot] !== 0) {
      if (words[slot] === word && this.#conditions[slot] === codes) return slot;
      slot = (slot + 1) % SLOTS;
    }
    if (this.#size === PALETTE_MAX) return -1;
    words[slot] = word;
    this.#conditions[slot] = codes;
    this.#numbers[slot] = this.#size;
    this.entries[2 * this.#size] = word & ~TAKEN;
    this.entries[2 * this.#size + 1] = codes;
    this.#size += 1;
    return slot;
  }
}
