/** What a receiver must still be told is missing: one open gap per symbol, from the first dropped event to the last. */
import type { EpochMicros } from '../domain/time.ts';

const FIRST_SYMBOLS = 1_024;

export interface DroppedSpan {
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  /** NaN when nobody knows how many. */
  readonly count: number;
}

export class GapLedger {
  #from = new Float64Array(FIRST_SYMBOLS);
  #to = new Float64Array(FIRST_SYMBOLS);
  /** 0 = no open gap. */
  #count = new Float64Array(FIRST_SYMBOLS);
  /** Symbols with an open gap, in the order in which they opened, and some whose gap was closed since. */
  #listed: number[] = [];
  #isListed = new Uint8Array(FIRST_SYMBOLS);
  #open = 0;

  /** How many symbols have an open gap. */
  get size(): number {
    return this.#open;
  }

  /** Widens the symbol's gap, or opens it. Symbol id 0 stands for all symbols. */
  record(symbolId: number, span: DroppedSpan): void {
    if (symbolId >= this.#count.length) this.#grow(symbolId);
    const count = this.#count[symbolId]!;
    if (count === 0) {
      this.#open += 1;
      this.#from[symbolId] = span.fromMicros;
      this.#to[symbolId] = span.toMicros;
      if (this.#isListed[symbolId] === 0) {
        this.#isListed[symbolId] = 1;
        this.#listed.push(symbolId);
      }
    } else {
      if (span.fromMicros < this.#from[symbolId]!) this.#from[symbolId] = span.fromMicros;
      if (span.toMicros > this.#to[symbolId]!) this.#to[symbolId] = span.toMicros;
    }
    this.#count[symbolId] = count + span.count;
  }

  isOpen(symbolId: number): boolean {
    // NaN, an unknown number, is open too.
    return symbolId < this.#count.length && this.#count[symbolId] !== 0;
  }

  /** The symbol's gap, which is closed by this. The caller has checked {@link isOpen}. */
  take(symbolId: number): DroppedSpan {
    const span = {
      fromMicros: this.#from[symbolId]!,
      toMicros: this.#to[symbolId]!,
      count: this.#count[symbolId]!,
    };
    this.#count[symbolId] = 0;
    this.#open -= 1;
    return span;
  }

  /** A symbol with an open gap. Only where {@link size} is not 0. */
  first(): number {
    for (;;) {
      const symbolId = this.#listed.at(-1)!;
      if (this.isOpen(symbolId)) return symbolId;
      this.#isListed[symbolId] = 0;
      this.#listed.pop();
    }
  }

  clear(): void {
    this.#count.fill(0);
    this.#isListed.fill(0);
    this.#listed = [];
    this.#open = 0;
  }

  #grow(symbolId: number): void {
    const size = Math.max(symbolId + 1, this.#count.length * 2);
    const grow = (column: Float64Array<ArrayBuffer>) => {
      const grown = new Float64Array(size);
      grown.set(column);
      return grown;
    };
    this.#from = grow(this.#from);
    this.#to = grow(this.#to);
    this.#count = grow(this.#count);
    const isListed = new Uint8Array(size);
    isListed.set(this.#isListed);
    this.#isListed = isListed;
  }
}
