/** Everything of one symbol that a strategy can look at, read from the host's market state when asked. */
import type { BarSeries, BarView, OpenOrderView, PositionView, QuoteView, SymbolView } from '../contract.ts';
import type { SymbolMarketState } from './bridge.ts';
import { middle } from './rows.ts';
import { Series } from './series.ts';

const { freeze } = Object;
const NO_ORDERS: readonly OpenOrderView[] = freeze([]);

export class GuestSymbol implements SymbolView {
  readonly symbol: string;
  readonly #market: SymbolMarketState;
  readonly #minuteBars: Series;
  readonly #dailyBars: Series;
  readonly #position: GuestPosition;
  #openOrders = NO_ORDERS;
  readonly #readOpenOrders: () => readonly OpenOrderView[];
  /** They are others than those that were read last. */
  #haveOrdersChanged = false;

  constructor(market: SymbolMarketState, barsMax: number, readOpenOrders: () => readonly OpenOrderView[]) {
    this.#readOpenOrders = readOpenOrders;
    this.symbol = market.symbol;
    this.#market = market;
    this.#minuteBars = new Series(market.symbol, barsMax);
    this.#dailyBars = new Series(market.symbol, barsMax);
    this.#position = new GuestPosition(market);
  }

  get minuteBars(): BarSeries {
    return this.#minuteBars;
  }

  get dailyBars(): BarSeries {
    return this.#dailyBars;
  }

  get formingBar(): BarView | undefined {
    const bar = this.#market.forming;
    if (Number.isNaN(bar.open)) return undefined;
    return {
      symbol: this.symbol,
      timeMicros: bar.timeMicros,
      open: bar.open,
      high: bar.high,
      low: bar.low,
      close: bar.close,
      volume: bar.volume,
      vwap: bar.volume > 0 ? bar.notional / bar.volume : bar.close,
      tradeCount: bar.tradeCount,
      incomplete: bar.incomplete,
    };
  }

  get lastPrice(): number {
    return this.#market.lastPrice;
  }

  get quote(): QuoteView | undefined {
    const { bidPrice, bidSize, askPrice, askSize, quoteMicros } = this.#market;
    if (Number.isNaN(quoteMicros)) return undefined;
    return {
      symbol: this.symbol,
      timeMicros: quoteMicros,
      bidPrice,
      bidSize,
      askPrice,
      askSize,
      mid: middle(bidPrice, askPrice),
    };
  }

  get position(): PositionView {
    return this.#position;
  }

  get openOrders(): readonly OpenOrderView[] {
    if (this.#haveOrdersChanged) {
      this.#haveOrdersChanged = false;
      const read = this.#readOpenOrders;
      this.#openOrders = freeze(read().map((order) => freeze(order)));
    }
    return this.#openOrders;
  }

  /** For the guest alone. A private static, so that what a strategy holds gives no way to write. */
  static minuteSeries(of: GuestSymbol): Series {
    return of.#minuteBars;
  }

  static dailySeries(of: GuestSymbol): Series {
    return of.#dailyBars;
  }

  static setPosition(of: GuestSymbol, quantity: number, averagePrice: number, realizedPnl: number): void {
    GuestPosition.set(of.#position, quantity, averagePrice, realizedPnl);
  }

  static changeOpenOrders(of: GuestSymbol): void {
    of.#haveOrdersChanged = true;
  }
}

class GuestPosition implements PositionView {
  readonly #market: SymbolMarketState;
  #quantity = 0;
  #averagePrice = 0;
  #realizedPnl = 0;

  constructor(market: SymbolMarketState) {
    this.#market = market;
  }

  get quantity(): number {
    return this.#quantity;
  }

  get averagePrice(): number {
    return this.#averagePrice;
  }

  get realizedPnl(): number {
    return this.#realizedPnl;
  }

  get unrealizedPnl(): number {
    const { lastPrice } = this.#market;
    if (this.#quantity === 0 || Number.isNaN(lastPrice)) return 0;
    return (lastPrice - this.#averagePrice) * this.#quantity;
  }

  static set(of: GuestPosition, quantity: number, averagePrice: number, realizedPnl: number): void {
    of.#quantity = quantity;
    of.#averagePrice = averagePrice;
    of.#realizedPnl = realizedPnl;
  }
}
