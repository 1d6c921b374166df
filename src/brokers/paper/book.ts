/** What the market shows of one symbol, less what our own orders have taken of it since its last quote. */
import { type Decimal, decimalFromNumber, minimum, subtract, ZERO } from '../../domain/decimal.ts';
import type { Side } from '../../domain/order.ts';

export interface Level {
  readonly price: Decimal;
  readonly size: Decimal;
}

export class Book {
  #bid: Level | null = null;
  #ask: Level | null = null;
  #last: Decimal | null = null;

  /** A side with price 0 has no quote. Crossed and locked quotes give no price to deal at. */
  quote(quote: { bidPrice: number; bidSize: number; askPrice: number; askSize: number }): void {
    const isCrossed = quote.bidPrice > 0 && quote.askPrice > 0 && quote.bidPrice >= quote.askPrice;
    this.#bid = isCrossed ? null : levelOf(quote.bidPrice, quote.bidSize);
    this.#ask = isCrossed ? null : levelOf(quote.askPrice, quote.askSize);
  }

  trade(price: number): void {
    this.#last = decimalFromNumber(price);
  }

  /** The side that an order deals with: buyers take the ask. */
  opposite(side: Side): Level | null {
    return side === 'buy' ? this.#ask : this.#bid;
  }

  /** What was dealt is gone until the next quote. */
  take(side: Side, quantity: Decimal): void {
    const level = this.opposite(side);
    if (level === null) return;
    const left = { price: level.price, size: subtract(level.size, minimum(quantity, level.size)) };
    if (side === 'buy') this.#ask = left;
    else this.#bid = left;
  }

  /** What a share is worth: the side it could be sold to, or bought back from; else the last trade. */
  mark(held: Decimal): Decimal | null {
    const level = held > ZERO ? this.#bid : this.#ask;
    return level?.price ?? this.#last;
  }
}

function levelOf(price: number, size: number): Level | null {
  if (!(price > 0) || !(size > 0)) return null;
  return { price: decimalFromNumber(price), size: decimalFromNumber(size) };
}
