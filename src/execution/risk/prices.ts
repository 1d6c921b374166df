/** What the market says of each symbol, as far as risk needs it: the latest quote, the last trade, its status. */
import { type Decimal, decimalFromNumber } from '../../domain/decimal.ts';
import type { TradingStatus } from '../../domain/market.ts';
import type { Side } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';

export interface SymbolPrices {
  bid: number;
  ask: number;
  last: number;
  /** When the producer received the newest of each. */
  quoteMicros: EpochMicros;
  tradeMicros: EpochMicros;
  status: TradingStatus;
}

/** A price to judge an order by. */
export interface Reference {
  /** Middle of a sound quote, else the last trade. */
  readonly middle: Decimal;
  /** What a market order of that side would pay: the opposite side of a sound quote, else the last trade. */
  readonly opposite: Decimal;
  readonly ageMs: number;
}

const MICROS_PER_MS = 1_000;
const PRICE_PLACES = 9;

export class Prices {
  readonly #bySymbol = new Map<string, SymbolPrices>();

  quote(symbol: string, bid: number, ask: number, atMicros: EpochMicros): void {
    const prices = this.of(symbol);
    prices.bid = bid;
    prices.ask = ask;
    prices.quoteMicros = Math.max(prices.quoteMicros, atMicros);
  }

  trade(symbol: string, price: number, atMicros: EpochMicros): void {
    const prices = this.of(symbol);
    prices.last = price;
    prices.tradeMicros = Math.max(prices.tradeMicros, atMicros);
  }

  setStatus(symbol: string, status: TradingStatus): void {
    this.of(symbol).status = status;
  }

  status(symbol: string): TradingStatus {
    return this.#bySymbol.get(symbol)?.status ?? 'unknown';
  }

  /**
   * Undefined before the first price. An empty, crossed or locked quote gives no price: then only a trade does, as old
   * as it is itself, however fresh the quotes are. So it does where the quotes have stopped and trades go on.
   */
  reference(
    symbol: string,
    side: Side,
    { nowMicros, ageMaxMs }: { readonly nowMicros: EpochMicros; readonly ageMaxMs: number },
  ): Reference | undefined {
    const prices = this.#bySymbol.get(symbol);
    if (prices === undefined) return undefined;
    const quoteAgeMs = (nowMicros - prices.quoteMicros) / MICROS_PER_MS;
    const tradeAgeMs = (nowMicros - prices.tradeMicros) / MICROS_PER_MS;
    const hasTrade = prices.last > 0;
    if (isSound(prices) && (quoteAgeMs <= ageMaxMs || !hasTrade || quoteAgeMs <= tradeAgeMs)) {
      const middle = decimalFromNumber((prices.bid + prices.ask) / 2, PRICE_PLACES);
      const opposite = decimalFromNumber(side === 'buy' ? prices.ask : prices.bid);
      return { middle, opposite, ageMs: quoteAgeMs };
    }
    if (!hasTrade) return undefined;
    const last = decimalFromNumber(prices.last);
    return { middle: last, opposite: last, ageMs: tradeAgeMs };
  }

  /** Middle of a sound quote, else the last trade; null before the first. For valuing what is held. */
  mark(symbol: string): number | null {
    const prices = this.#bySymbol.get(symbol);
    if (prices === undefined) return null;
    if (isSound(prices)) return (prices.bid + prices.ask) / 2;
    return prices.last > 0 ? prices.last : null;
  }

  /** They are of shares that are no more: until the next ones there are none. */
  forget(symbol: string): void {
    const prices = this.#bySymbol.get(symbol);
    if (prices === undefined) return;
    prices.bid = 0;
    prices.ask = 0;
    prices.last = Number.NaN;
  }

  /** A symbol's prices, to be written in place. */
  of(symbol: string): SymbolPrices {
    let prices = this.#bySymbol.get(symbol);
    if (prices === undefined) {
      prices = { bid: 0, ask: 0, last: Number.NaN, quoteMicros: 0, tradeMicros: 0, status: 'unknown' };
      this.#bySymbol.set(symbol, prices);
    }
    return prices;
  }
}

function isSound(prices: SymbolPrices): boolean {
  return prices.bid > 0 && prices.ask > prices.bid;
}
