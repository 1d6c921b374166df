/** Where in the market table the symbols of a stream stand, by the stream's own ids. */
import type { HostCore } from './core.ts';

const SLOTS_MIN = 1_024;

export class Slots {
  readonly #core: HostCore;
  #names: string[] = [];
  #stream = Number.NaN;
  #isKnown = true;
  /** By symbol id; -1: no unit of this host looks at it. Replaced when it grows. */
  byId = new Int32Array(0);

  constructor(core: HostCore) {
    this.#core = core;
  }

  /** A unit came or went: which symbols are looked at is asked anew. */
  forget(): void {
    this.#isKnown = false;
  }

  /** Each stream numbers its symbols anew. */
  follow(streamId: number): void {
    if (streamId === this.#stream) return;
    this.#stream = streamId;
    this.#names = [];
    this.byId.fill(-1);
  }

  /** Before the rows of a batch. */
  begin(): void {
    if (!this.#isKnown) this.look();
  }

  look(): void {
    this.#isKnown = true;
    this.#names.forEach((name, symbolId) => {
      this.byId[symbolId] = this.#core.markets.get(name)?.slot ?? -1;
    });
  }

  define(symbolId: number, symbol: string): void {
    this.#names[symbolId] = symbol;
    if (symbolId >= this.byId.length) {
      const byId = new Int32Array(Math.max(SLOTS_MIN, symbolId * 2)).fill(-1);
      byId.set(this.byId);
      this.byId = byId;
    }
    this.byId[symbolId] = this.#core.markets.get(symbol)?.slot ?? -1;
  }

  /** -1: no unit of this host looks at the symbol. */
  of(symbolId: number): number {
    return symbolId < this.byId.length ? this.byId[symbolId]! : -1;
  }

  nameOf(symbolId: number): string | undefined {
    return this.#names[symbolId];
  }

  idOf(symbol: string): number {
    return this.#names.indexOf(symbol);
  }
}
