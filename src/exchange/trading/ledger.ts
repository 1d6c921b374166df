/** Cash and positions, exact. Everything the account shows is derived from the executions booked here. */
import {
  absolute,
  add,
  type Decimal,
  divide,
  isZero,
  minimum,
  multiply,
  negate,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { Side } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';

export interface LedgerPosition {
  readonly symbol: string;
  /** Signed: short is negative. Never zero: a flat position is no position. */
  readonly quantity: Decimal;
  /** Average entry price, positive. */
  readonly averagePrice: Decimal;
  readonly openedAtMicros: EpochMicros;
}

export interface LedgerEntry {
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly atMicros: EpochMicros;
}

export interface Valuation {
  readonly equity: Decimal;
  readonly longValue: Decimal;
  /** Negative or zero. */
  readonly shortValue: Decimal;
}

export class Ledger {
  readonly startCash: Decimal;
  #cash: Decimal;
  #realized: Decimal = ZERO;
  readonly #positions = new Map<string, LedgerPosition>();

  constructor(startCash: Decimal) {
    this.startCash = startCash;
    this.#cash = startCash;
  }

  get cash(): Decimal {
    return this.#cash;
  }

  /** Profit and loss of what was closed, by average price. */
  get realized(): Decimal {
    return this.#realized;
  }

  get positions(): LedgerPosition[] {
    return [...this.#positions.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  }

  position(symbol: string): LedgerPosition | undefined {
    return this.#positions.get(symbol);
  }

  quantity(symbol: string): Decimal {
    return this.#positions.get(symbol)?.quantity ?? ZERO;
  }

  /** Books an execution and answers the position's new signed quantity. */
  book(entry: LedgerEntry): Decimal {
    const { symbol, price } = entry;
    const amount = multiply(entry.quantity, price);
    this.#cash = entry.side === 'buy' ? subtract(this.#cash, amount) : add(this.#cash, amount);
    const change = entry.side === 'buy' ? entry.quantity : negate(entry.quantity);
    const held = this.#positions.get(symbol);
    if (held === undefined) {
      this.#set({ symbol, quantity: change, averagePrice: price, openedAtMicros: entry.atMicros });
      return change;
    }
    const quantity = add(held.quantity, change);
    if (held.quantity > 0n === change > 0n) {
      const cost = add(multiply(absolute(held.quantity), held.averagePrice), amount);
      this.#set({ ...held, quantity, averagePrice: divide(cost, absolute(quantity)) });
      return quantity;
    }
    const closed = minimum(absolute(held.quantity), absolute(change));
    const gain = multiply(closed, subtract(price, held.averagePrice));
    this.#realized = held.quantity > 0n ? add(this.#realized, gain) : subtract(this.#realized, gain);
    const isTurned = !isZero(quantity) && quantity > 0n !== held.quantity > 0n;
    this.#set(
      isTurned
        ? { symbol, quantity, averagePrice: price, openedAtMicros: entry.atMicros }
        : { ...held, quantity },
    );
    return quantity;
  }

  /** Worth at the given prices; a position without a price counts at its entry. */
  value(priceOf: (symbol: string) => Decimal | undefined): Valuation {
    let longValue: Decimal = ZERO;
    let shortValue: Decimal = ZERO;
    for (const position of this.#positions.values()) {
      const worth = multiply(position.quantity, priceOf(position.symbol) ?? position.averagePrice);
      if (position.quantity > 0n) longValue = add(longValue, worth);
      else shortValue = add(shortValue, worth);
    }
    return { equity: add(this.#cash, add(longValue, shortValue)), longValue, shortValue };
  }

  #set(position: LedgerPosition): void {
    if (isZero(position.quantity)) this.#positions.delete(position.symbol);
    else this.#positions.set(position.symbol, position);
  }
}
