/** Ids that were seen, the newest so many of them: for telling apart what is told twice. */
import { Fifo } from '../domain/fifo.ts';

export class RememberedIds {
  readonly #ids = new Set<string>();
  /** A set's own order would do, but it steps over all that was deleted before it comes to its oldest. */
  readonly #oldestFirst = new Fifo<string>();
  readonly #max: number;

  /** @param max the oldest are forgotten beyond it. */
  constructor(max: number) {
    this.#max = max;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    this.#oldestFirst.push(id);
    if (this.#ids.size <= this.#max) return;
    const oldest = this.#oldestFirst.shift();
    if (oldest !== undefined) this.#ids.delete(oldest);
  }
}
