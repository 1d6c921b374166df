/** Symbol ids of one stream. An id belongs to its stream only and is never reused within it. Id 0 means none. */
export class SymbolTable {
  readonly #idBySymbol = new Map<string, number>();
  readonly #symbolById: string[] = [''];

  /** The symbol's id, given now if it is new. Ids count from 1. */
  intern(symbol: string): number {
    const known = this.#idBySymbol.get(symbol);
    if (known !== undefined) return known;
    const id = this.#symbolById.length;
    this.#symbolById.push(symbol);
    this.#idBySymbol.set(symbol, id);
    return id;
  }

  /** Takes over a definition that came in-band. */
  define(id: number, symbol: string): void {
    this.#symbolById[id] = symbol;
    this.#idBySymbol.set(symbol, id);
  }

  idOf(symbol: string): number | undefined {
    return this.#idBySymbol.get(symbol);
  }

  /** The symbol's text, empty for an id nobody defined. */
  textOf(id: number): string {
    return this.#symbolById[id] ?? '';
  }

  /** One more than the highest id. */
  get size(): number {
    return this.#symbolById.length;
  }
}
