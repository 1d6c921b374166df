/**
 * What market events touch, as plain numbers: one row of figures and route, and a row of the minute under way, for each
 * symbol. With 11,000 symbols in turn an event costs what its cache misses cost. With objects and boxed numbers, here
 * and in the guest, an event cost 1.9 us; with rows here and a short way in the guest 0.6 us.
 */
import { BarTable } from '../fincalcs/bars.ts';

/** Figures of a symbol: the first six numbers of its row of 64 bytes, a cache line. */
export const Figure = {
  lastPrice: 0,
  bidPrice: 1,
  bidSize: 2,
  askPrice: 3,
  askSize: 4,
  quoteMicros: 5,
  length: 8,
} as const;

/**
 * Where a symbol's events go: the last four words of the same row. Unit, place and instance are those of its viewer when
 * it has exactly one.
 */
export const Route = {
  /** {@link RouteFlag} bits below {@link INSTANCE_SHIFT}, the instance above. */
  flags: 12,
  unit: 13,
  place: 14,
  /** Stale events since the last one that was shown. */
  staleCount: 15,
  length: 16,
} as const;

export const INSTANCE_SHIFT = 4;

export const RouteFlag = {
  /** The one viewer is shown trades. */
  trades: 1,
  quotes: 2,
  /** There are several viewers: ask the market's lists. */
  several: 4,
  /** Somebody's minute bars are built from trades. */
  builtBars: 8,
} as const;

const FIRST_SLOTS = 64;

export class MarketTable {
  readonly bars = new BarTable();
  /** The same bytes as numbers and as words. Replaced when the table grows: do not keep them from row to row. */
  figures = new Float64Array(0);
  routes = new Int32Array(0);
  readonly #slots = new Map<string, number>();
  #capacity = 0;

  /**
   * An empty slot for the symbol. A symbol that comes back has the slot it had, because a strategy may still hold a
   * view of it.
   */
  take(symbol: string): number {
    const slot = this.#slots.get(symbol) ?? this.#slots.size;
    this.#slots.set(symbol, slot);
    if (slot >= this.#capacity) this.#grow();
    const at = slot * Figure.length;
    this.figures.fill(0, at, at + Figure.length);
    this.figures[at + Figure.lastPrice] = Number.NaN;
    this.figures[at + Figure.quoteMicros] = Number.NaN;
    this.bars.reset(slot);
    return slot;
  }

  figure(slot: number, figure: number): number {
    return this.figures[slot * Figure.length + figure]!;
  }

  /** The symbol's figures and its bar under way, to be put into another host's table by {@link restore}. */
  save(slot: number): { readonly figures: number[]; readonly forming: number[] } {
    const at = slot * Figure.length;
    // Behind the figures lies the route, which is this host's own.
    return {
      figures: [...this.figures.slice(at, at + Figure.quoteMicros + 1)],
      forming: this.bars.save(slot),
    };
  }

  restore(
    slot: number,
    saved: { readonly figures: readonly number[]; readonly forming: readonly number[] },
  ): void {
    this.figures.set(saved.figures, slot * Figure.length);
    this.bars.restore(slot, saved.forming);
  }

  #grow(): void {
    this.#capacity = Math.max(FIRST_SLOTS, this.#capacity * 2);
    const { figures } = this;
    this.figures = new Float64Array(this.#capacity * Figure.length);
    this.figures.set(figures);
    this.routes = new Int32Array(this.figures.buffer);
    this.bars.grow(this.#capacity);
  }
}
