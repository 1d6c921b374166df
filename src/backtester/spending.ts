/** What orders of a backtest may cost, and whether the simulated account can pay for one more. */
import { openingQuantity } from '../brokers/holding.ts';
import { powerRefusal, type Refused, reserveAtMarket, unprocessable } from '../brokers/workingOrders.ts';
import { add, type Decimal, decimalFromNumber, multiply, ZERO } from '../domain/decimal.ts';
import type { Account, Order } from '../domain/order.ts';
import type { SimulatedAccount } from './account.ts';
import type { SymbolState } from './fills/market.ts';
import type { SimulatedOrder } from './fills/order.ts';

export interface SpendingParts {
  readonly account: SimulatedAccount;
  readonly marketOf: (symbol: string) => SymbolState | undefined;
  readonly open: () => readonly SimulatedOrder[];
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
  refusal(order: Order, without?: SimulatedOrder): Refused | undefined {
    const { symbol, side, quantity, timeInForce } = order;
    if (this.#parts.marketOf(symbol) === undefined)
      return unprocessable(`the data has not shown ${symbol} yet`);
    if (quantity <= ZERO) return unprocessable('the quantity must be above zero');
    if (timeInForce === 'opg' || timeInForce === 'cls')
      return unprocessable('there are no auctions in backtests to take part in');
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
  #reserved(without?: SimulatedOrder): Decimal {
    let sum = ZERO;
    for (const open of this.#parts.open()) {
      if (open === without) continue;
      const { order, remaining, notionalLeft } = open;
      // An exit closes what its order has opened.
      if (order.parent !== undefined) continue;
      if (notionalLeft !== null) {
        if (order.side === 'buy') sum = add(sum, notionalLeft);
        continue;
      }
      const held = this.#parts.account.quantity(order.symbol);
      sum = add(sum, this.#cost(order, openingQuantity(held, order.side, remaining)));
    }
    return sum;
  }

  #cost(order: Order, quantity: Decimal): Decimal {
    if (quantity === ZERO) return ZERO;
    const fixed = order.limitPrice ?? order.stopPrice;
    if (fixed !== null) return multiply(fixed, quantity);
    const market = this.#parts.marketOf(order.symbol);
    const shown = market?.opposite(order.side) ?? 0;
    const price = shown > 0 ? shown : (market?.last ?? Number.NaN);
    if (Number.isNaN(price)) return ZERO;
    return reserveAtMarket(decimalFromNumber(price), quantity);
  }
}
