/** What the data has shown of one symbol, and our orders that stand in it. */
import type { Side } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { SimulatedOrder } from './order.ts';

export class SymbolState {
  readonly symbol: string;
  /** In the order of their arrival. Another list for each change: who goes through one is not disturbed. */
  orders: readonly SimulatedOrder[] = [];
  /** Last price: of a trade, or a bar's close; NaN before the first. */
  last = Number.NaN;
  /** 0 where the side has no quote, or the quote is crossed. */
  bid = 0;
  ask = 0;
  /** What is displayed, less what our orders have taken since the quote. */
  bidSize = 0;
  askSize = 0;
  /** Orders deal with the finest data there is: quotes before trades before bars. */
  hasQuotes = false;
  hasTrades = false;
  isHalted = false;
  /** Signed. For the equity curve only; the ledger has the exact one. */
  held = 0;
  /** What `held` is valued at. */
  mark = Number.NaN;
  /** Scratch: the worst price of what lies ahead, as far as somebody has looked. */
  worst = Number.NaN;
  /** When the newest of it was known. */
  atMicros: EpochMicros = 0;
  /** The desk has not been told the newest price. */
  isUntold = false;

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  /** A crossed or locked quote gives no price to deal at. */
  quote(bid: number, bidSize: number, ask: number, askSize: number): void {
    const isCrossed = bid > 0 && ask > 0 && bid >= ask;
    this.hasQuotes = true;
    this.bid = isCrossed ? 0 : bid;
    this.ask = isCrossed ? 0 : ask;
    this.bidSize = bidSize;
    this.askSize = askSize;
  }

  /** The side that an order deals with: buyers take the ask. 0 = there is none. */
  opposite(side: Side): number {
    return side === 'buy' ? this.ask : this.bid;
  }

  displayed(side: Side): number {
    return side === 'buy' ? this.askSize : this.bidSize;
  }

  take(side: Side, quantity: number): void {
    if (side === 'buy') this.askSize = Math.max(0, this.askSize - quantity);
    else this.bidSize = Math.max(0, this.bidSize - quantity);
  }

  /** Of two prices the one at which what is held is worth less; one that is not known does not count. */
  worse(price: number, other: number): number {
    if (Number.isNaN(price)) return other;
    const isWorse = this.held > 0 ? other < price : other > price;
    return isWorse ? other : price;
  }

  /** What a share is worth: the side that it could be sold to, or bought back from; else the last price. */
  worth(): number {
    const side = this.held >= 0 ? this.bid : this.ask;
    return side > 0 ? side : this.last;
  }
}
