/** What open orders may cost, and whether the account can pay for one more: at brokers that keep the account themselves. */
import { add, type Decimal, multiply, ZERO } from '../domain/decimal.ts';
import type { Account, Order, Side } from '../domain/order.ts';
import { openingQuantity } from './holding.ts';
import type { WorkingOrder } from './workingOrder.ts';
import { powerRefusal, type Refused, reserveAtMarket, unprocessable } from './workingOrders.ts';

export interface SpendingParts {
  readonly account: { quantity(symbol: string): Decimal; describe(reserved: Decimal): Account };
  /** Whether the market has shown the symbol. */
  readonly isShown: (symbol: string) => boolean;
  /** What a share would be dealt at now; null where nobody knows. */
  readonly priceNow: (symbol: string, side: Side) => Decimal | null;
  readonly open: () => readonly WorkingOrder[];
}

export class Spending {
  readonly #parts: SpendingParts;

  constructor(parts: SpendingParts) {
    this.#parts = parts;
  }

  account(): Account {
    return this.#parts.account.describe(this.#reserved());
  }

  /** @param without an order whose place it takes. */
  refusal(order: Order, without?: WorkingOrder): Refused | undefined {
    const { symbol, side, quantity, timeInForce } = order;
    if (!this.#parts.isShown(symbol)) return unprocessable(`the market has not shown ${symbol} yet`);
    if (quantity <= ZERO) return unprocessable('the quantity must be above zero');
    if (timeInForce === 'opg' || timeInForce === 'cls') {
      return unprocessable('there are no auctions here to take part in');
    }
    const held = this.#parts.account.quantity(symbol);
    if (order.notional !== undefined) {
      if (side === 'buy') return powerRefusal(order.notional, this.account().buyingPower);
      return quantity > held ? unprocessable('an amount is raised of what is held only') : undefined;
    }
    const opening = openingQuantity(held, side, quantity);
    if (opening === ZERO) return undefined;
    const { buyingPower } = this.#parts.account.describe(this.#reserved(without));
    return powerRefusal(this.#cost(order, opening), buyingPower);
  }

  /** What open orders may cost beyond what they close. */
  #reserved(without?: WorkingOrder): Decimal {
    let sum = ZERO;
    for (const open of this.#parts.open()) {
      if (open !== without) sum = add(sum, this.#reservedBy(open));
    }
    return sum;
  }

  #reservedBy({ order, remaining, notionalLeft }: WorkingOrder): Decimal {
    // An exit closes what its order has opened.
    if (order.parent !== undefined) return ZERO;
    if (notionalLeft !== null) return order.side === 'buy' ? notionalLeft : ZERO;
    const held = this.#parts.account.quantity(order.symbol);
    return this.#cost(order, openingQuantity(held, order.side, remaining));
  }

  #cost(order: Order, quantity: Decimal): Decimal {
    if (quantity === ZERO) return ZERO;
    const fixed = order.limitPrice ?? order.stopPrice;
    if (fixed !== null) return multiply(fixed, quantity);
    const price = this.#parts.priceNow(order.symbol, order.side);
    return price === null ? ZERO : reserveAtMarket(price, quantity);
  }
}
