/**
 * The cash of portfolios, as risk must know it before an order goes out: what was booked when the desk started, what
 * people have paid in or out since, and what our fills have cost and brought. The tables follow; they are never asked
 * on the way of an order.
 */
import { cashOf } from '../../domain/cash.ts';
import {
  absolute,
  add,
  type Decimal,
  decimal,
  decimalFromNumber,
  divide,
  maximum,
  multiply,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { Fill, Order } from '../../domain/order.ts';
import type { PortfolioFunds } from '../../models/portfolios.ts';
import type { PortfolioCash, PortfolioShare } from '../../transport/messages.ts';
import type { Positions } from '../books/positions.ts';
import type { TrackedOrder } from '../orders/orderState.ts';

import type { Orders } from '../orders/orders.ts';
import type { Book } from './exposure.ts';
import type { Prices } from './prices.ts';

const TWO = decimal('2');

interface Funds {
  cash: Decimal;
  funded: Decimal;
  credit: Decimal;
}

export class Portfolios {
  readonly #funds = new Map<string, Funds>();
  readonly #byInstance = new Map<string, string>();
  /** What a share of an open order costs at most; without an entry an order costs nothing. */
  readonly #costs = new Map<string, Decimal>();

  /** An instance trades for the same portfolio until the next start: its rows say so too. */
  assign(instanceId: string, portfolioId: string | undefined): void {
    if (portfolioId === undefined || this.#byInstance.has(instanceId)) return;
    this.#byInstance.set(instanceId, portfolioId);
  }

  /** What the tables say when every earlier fill is in them. */
  begin(funds: readonly PortfolioFunds[]): void {
    for (const { portfolioId, cash, funded, credit } of funds) {
      // What is known follows our own fills, which the tables may be behind.
      if (this.#funds.has(portfolioId)) continue;
      this.#funds.set(portfolioId, {
        cash: decimal(cash),
        funded: decimal(funded),
        credit: decimal(credit),
      });
    }
  }

  /** What people have changed since. Fills are not in it: the tables may be behind. */
  onFunds(news: readonly PortfolioFunds[]): void {
    for (const { portfolioId, funded, credit } of news) {
      const funds = this.#funds.get(portfolioId);
      if (funds === undefined) continue;
      funds.cash = add(funds.cash, subtract(decimal(funded), funds.funded));
      funds.funded = decimal(funded);
      funds.credit = decimal(credit);
    }
  }

  onFill(fill: Fill): void {
    const portfolioId = this.#byInstance.get(fill.instanceId);
    const funds = portfolioId === undefined ? undefined : this.#funds.get(portfolioId);
    if (funds !== undefined) funds.cash = add(funds.cash, cashOf(fill));
  }

  /** Keeps what an approved order needs until it has ended. */
  reserve({ clientOrderId, instanceId, quantity }: Order, needed: Decimal): void {
    if (needed === ZERO || !this.#byInstance.has(instanceId)) return;
    this.#costs.set(clientOrderId, divide(needed, quantity, 'up'));
  }

  /** Undefined where the instance trades for nobody. Of a portfolio that is not known there is nothing to spend. */
  viewOf(instanceId: string, book: Book): PortfolioCash | undefined {
    const portfolioId = this.#byInstance.get(instanceId);
    if (portfolioId === undefined) return undefined;
    return this.#cashOf(portfolioId, book);
  }

  all(book: Book): readonly PortfolioCash[] {
    return [...this.#funds.keys()].map((portfolioId) => this.#cashOf(portfolioId, book));
  }

  get isEmpty(): boolean {
    return this.#funds.size === 0;
  }

  /** As their strategies see them. Without a price what is held counts as paid. */
  shares(book: Book & { readonly prices: Prices }): readonly PortfolioShare[] {
    return this.all(book).map(({ portfolioId, cash, credit, reserved }) => {
      const instanceIds = [...this.#byInstance].flatMap(([id, of]) => (of === portfolioId ? [id] : []));
      let equity = cash;
      for (const { instanceId, symbol, quantity, averagePrice } of book.positions.all()) {
        if (!instanceIds.includes(instanceId)) continue;
        const mark = book.prices.mark(symbol);
        const price = mark === null ? averagePrice : decimalFromNumber(mark);
        equity = add(equity, multiply(quantity, price));
      }
      const buyingPower = maximum(ZERO, subtract(add(cash, credit), reserved));
      return { instanceIds, equity, cash, buyingPower };
    });
  }

  #cashOf(portfolioId: string, { orders, positions }: Book): PortfolioCash {
    const { cash, credit } = this.#funds.get(portfolioId) ?? { cash: ZERO, credit: ZERO };
    const reserved = add(this.#ordered(portfolioId, orders), this.#secured(portfolioId, positions));
    return { portfolioId, cash, credit, reserved };
  }

  #ordered(portfolioId: string, orders: Orders): Decimal {
    let sum = ZERO;
    for (const [clientOrderId, cost] of this.#costs) {
      const tracked = orders.find(clientOrderId);
      if (tracked === undefined || (tracked.isEnded && tracked.outstanding === ZERO)) {
        this.#costs.delete(clientOrderId);
      } else if (this.#byInstance.get(tracked.order.instanceId) === portfolioId) {
        sum = add(sum, this.#beyondPredecessor(tracked, cost));
      }
    }
    return sum;
  }

  /** While an order takes another's place only one of them is paid for: of the newer what it costs more. */
  #beyondPredecessor({ outstanding, predecessor }: TrackedOrder, cost: Decimal): Decimal {
    const whole = multiply(outstanding, cost, 'up');
    if (predecessor === null || predecessor.isEnded) return whole;
    const before = this.#costs.get(predecessor.order.clientOrderId) ?? ZERO;
    return maximum(ZERO, subtract(whole, multiply(predecessor.outstanding, before, 'up')));
  }

  #secured(portfolioId: string, positions: Positions): Decimal {
    let sum = ZERO;
    for (const { instanceId, quantity, averagePrice } of positions.all()) {
      if (quantity >= ZERO || this.#byInstance.get(instanceId) !== portfolioId) continue;
      sum = add(sum, multiply(multiply(absolute(quantity), averagePrice), TWO));
    }
    return sum;
  }
}
