/**
 * Cash and positions of the paper account, exact. It is a cash account: what is held, long or short, and what open
 * orders may still buy or sell short, is covered in full by equity.
 */
import {
  absolute,
  add,
  type Decimal,
  isZero,
  maximum,
  multiply,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { Account, Side } from '../../domain/order.ts';
import type { BrokerPosition } from '../contract.ts';
import { entryPrice } from '../holding.ts';
import type { Book } from './book.ts';

interface Held {
  quantity: Decimal;
  averagePrice: Decimal;
  /** The last price seen, for when the market shows none. */
  mark: Decimal;
}

export class PaperAccount {
  readonly #startingCash: Decimal;
  readonly #currency: string;
  readonly #books: ReadonlyMap<string, Book>;
  readonly #held = new Map<string, Held>();
  #cash: Decimal;

  constructor(startingCash: Decimal, currency: string, books: ReadonlyMap<string, Book>) {
    this.#startingCash = startingCash;
    this.#currency = currency;
    this.#books = books;
    this.#cash = startingCash;
  }

  quantity(symbol: string): Decimal {
    return this.#held.get(symbol)?.quantity ?? ZERO;
  }

  /** Books a deal: cash against shares. */
  deal(symbol: string, side: Side, price: Decimal, quantity: Decimal): void {
    const value = multiply(price, quantity);
    this.#cash = side === 'buy' ? subtract(this.#cash, value) : add(this.#cash, value);
    const held = this.#held.get(symbol) ?? { quantity: ZERO, averagePrice: ZERO, mark: price };
    const change = side === 'buy' ? quantity : subtract(ZERO, quantity);
    const next = add(held.quantity, change);
    if (isZero(next)) {
      this.#held.delete(symbol);
      return;
    }
    this.#held.set(symbol, { quantity: next, averagePrice: entryPrice(held, change, price), mark: price });
  }

  /** @param reserved what open orders may still cost. */
  describe(reserved: Decimal): Account {
    let equity = this.#cash;
    let covered = reserved;
    for (const [symbol, held] of this.#held) {
      const value = multiply(this.#mark(symbol, held), held.quantity);
      equity = add(equity, value);
      covered = add(covered, absolute(value));
    }
    return {
      accountId: 'paper',
      currency: this.#currency,
      cash: this.#cash,
      equity,
      lastEquity: this.#startingCash,
      buyingPower: maximum(ZERO, subtract(equity, covered)),
      shortingEnabled: true,
      blockedReason: null,
    };
  }

  positions(): readonly BrokerPosition[] {
    return [...this.#held].map(([symbol, held]) => ({
      symbol,
      quantity: held.quantity,
      averagePrice: held.averagePrice,
      currentPrice: this.#mark(symbol, held),
    }));
  }

  #mark(symbol: string, held: Held): Decimal {
    const mark = this.#books.get(symbol)?.mark(held.quantity) ?? null;
    if (mark !== null) held.mark = mark;
    return held.mark;
  }
}
