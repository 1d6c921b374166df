/**
 * The market as the desk takes it: a batch at a time, its prices put where risk finds them. A price leads to no action
 * by itself, so no input is made of each: at 50,000 events a second that alone took as much time as decoding them.
 */
import { type Batch, EventKind, RowFlag } from '../../tape/batch.ts';
import { SymbolTable } from '../../tape/symbols.ts';
import type { Prices, SymbolPrices } from './prices.ts';
import { tradingStatusOf } from './tradingStatus.ts';

/** The rows of one port: symbol ids are that port's own. */
export class MarketRows {
  readonly symbols = new SymbolTable();
  readonly #prices: Prices;
  /** By symbol id. */
  readonly #bySymbol: (SymbolPrices | undefined)[] = [];

  constructor(prices: Prices) {
    this.#prices = prices;
  }

  take(batch: Batch): void {
    const { baseMicros, count, kind, symbolId, receivedNs } = batch;
    for (let row = 0; row < count; row += 1) {
      const rowKind = kind[row]!;
      if (rowKind === EventKind.definition) {
        this.#define(symbolId[row]!, batch.heapText(row));
        continue;
      }
      const prices = this.#bySymbol[symbolId[row]!];
      if (prices === undefined) continue;
      const atMicros = baseMicros + Math.floor(receivedNs[row]! / 1_000);
      if (rowKind === EventKind.quote) {
        prices.bid = batch.n0[row]!;
        prices.ask = batch.n2[row]!;
        if (atMicros > prices.quoteMicros) prices.quoteMicros = atMicros;
      } else if (rowKind === EventKind.trade && (batch.flags[row]! & RowFlag.notLast) === 0) {
        prices.last = batch.n0[row]!;
        if (atMicros > prices.tradeMicros) prices.tradeMicros = atMicros;
      } else if (rowKind === EventKind.status) this.#status(batch, row, prices);
    }
  }

  #define(symbolId: number, symbol: string): void {
    this.symbols.define(symbolId, symbol);
    this.#bySymbol[symbolId] = this.#prices.of(symbol);
  }

  #status(batch: Batch, row: number, prices: SymbolPrices): void {
    const code = String.fromCharCode(batch.code0[row]!);
    const tape = batch.tape[row] === 0 ? '' : String.fromCharCode(batch.tape[row]!);
    prices.status = tradingStatusOf(code, tape) ?? prices.status;
  }
}
