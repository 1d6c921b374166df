/** What rows do to the exchange, to prices and to the memory of the past. */
import type { EpochMicros } from '../domain/time.ts';
import type { DeskInput } from '../execution/contract.ts';
import { tradingStatusOf } from '../execution/risk/tradingStatus.ts';
import { appendDefinition } from '../tape/append.ts';
import { Batch, EventKind, RowFlag } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { SimulatedBroker } from './broker.ts';
import type { SymbolState } from './fills/market.ts';
import type { PastBars } from './history.ts';
import type { Valuation } from './valuation.ts';

/** Batches of a run have this stream's symbol ids. */
export const STREAM = 1;
// A copy in this module: V8 folds its constants, and reads an imported one anew at each use.
const MINUTE_BAR = EventKind.minuteBar;
/** Longer than any symbol's text. */
const SYMBOL_BYTES = 64;

export class MarketSide {
  bars = 0;
  readonly #broker: SimulatedBroker;
  readonly #valuation: Valuation;
  readonly #past: PastBars;
  readonly #symbols: SymbolTable;
  #defined = 1;

  constructor(parts: {
    readonly broker: SimulatedBroker;
    readonly valuation: Valuation;
    readonly past: PastBars;
    readonly symbols: SymbolTable;
  }) {
    this.#broker = parts.broker;
    this.#valuation = parts.valuation;
    this.#past = parts.past;
    this.#symbols = parts.symbols;
  }

  /** Names new symbols to the broker; answers a batch that names them to a host, null when there are none. */
  define(): Batch | null {
    const symbols = this.#symbols;
    if (this.#defined === symbols.size) return null;
    const batch = Batch.create({ rows: symbols.size, heapBytes: symbols.size * SYMBOL_BYTES }, STREAM);
    for (; this.#defined < symbols.size; this.#defined += 1) {
      this.#broker.define(this.#defined, symbols.textOf(this.#defined));
      appendDefinition(batch, this.#defined, symbols.textOf(this.#defined));
    }
    return batch;
  }

  /**
   * Shows the exchange a row: orders that were there before it are filled. A bar's close is no price yet: what deals at
   * its open is told before anybody can know how it ended; see {@link close}.
   */
  exchange(batch: Batch, row: number, atMicros: EpochMicros): void {
    switch (batch.kind[row]!) {
      case EventKind.minuteBar:
        this.#broker.onBar(batch, row, batch.timeMicros(row));
        return;
      case EventKind.trade: {
        if ((batch.flags[row]! & RowFlag.notLast) !== 0) return;
        const market = this.#broker.market(batch.symbolId[row]!);
        this.#broker.onTrade(market, batch.n0[row]!, batch.n1[row]!, atMicros);
        this.#valuation.price(market, atMicros);
        return;
      }
      case EventKind.quote: {
        const market = this.#broker.market(batch.symbolId[row]!);
        this.#broker.onQuote(market, batch, row, atMicros);
        this.#valuation.price(market, atMicros);
        return;
      }
    }
  }

  /** What is known when the row's moment has come: a bar's close, and one more bar of the past. */
  close(batch: Batch, row: number, atMicros: EpochMicros): void {
    const kind = batch.kind[row]!;
    if (kind === MINUTE_BAR) {
      this.#closeOf(this.#broker.market(batch.symbolId[row]!), batch.n3[row]!, atMicros);
    }
    if (this.#past.isIdle) return;
    const symbol = this.#symbols.textOf(batch.symbolId[row]!);
    if (kind === MINUTE_BAR) this.#past.bar(symbol, batch, row);
    else if (kind === EventKind.dailyBar) this.#past.dailyBar(symbol, batch, row);
    else if (kind === EventKind.trade) this.#past.trade(symbol, batch, row);
  }

  /**
   * Rows that meet no order, in one go: of each moment first what {@link exchange} does, then what {@link close} does.
   */
  pass(batch: Batch, from: number, to: number): void {
    const { baseMicros, receivedNs, kind, symbolId, n3 } = batch;
    const isPastKept = !this.#past.isIdle;
    for (let row = from; row < to; ) {
      const ns = receivedNs[row]!;
      const atMicros = baseMicros + Math.floor(ns / 1_000);
      const end = row + 1;
      if ((end === to || receivedNs[end] !== ns) && !isPastKept) {
        // The usual row of a backtest, alone in its moment, where there is no order for the exchange to fill.
        if (kind[row] === MINUTE_BAR) {
          this.#closeOf(this.#broker.market(symbolId[row]!), n3[row]!, atMicros);
        } else this.exchange(batch, row, atMicros);
        row = end;
        continue;
      }
      row = this.#moment(batch, row, to, atMicros);
    }
  }

  #moment(batch: Batch, from: number, to: number, atMicros: EpochMicros): number {
    const { receivedNs } = batch;
    let end = from + 1;
    while (end < to && receivedNs[end] === receivedNs[from]) end += 1;
    for (let row = from; row < end; row += 1) this.exchange(batch, row, atMicros);
    for (let row = from; row < end; row += 1) this.close(batch, row, atMicros);
    return end;
  }

  #closeOf(market: SymbolState, close: number, atMicros: EpochMicros): void {
    this.bars += 1;
    market.last = close;
    this.#valuation.price(market, atMicros);
  }

  /** A trading status, for the broker at once and as the desk's input; null when the row is none. */
  status(batch: Batch, row: number): DeskInput | null {
    const id = batch.symbolId[row]!;
    const tape = batch.tape[row] === 0 ? '' : String.fromCharCode(batch.tape[row]!);
    const status = tradingStatusOf(String.fromCharCode(batch.code0[row]!), tape);
    if (status === undefined) return null;
    this.#broker.setStatus(id, status);
    return { type: 'trading_status', symbol: this.#broker.market(id).symbol, status };
  }
}
