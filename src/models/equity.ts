/** A portfolio's worth from day to day, folded out of its bookings in their order. Pure and exact. */
import { add, type Decimal, formatDecimal, multiply, subtract, ZERO } from '../domain/decimal.ts';
import type { Side } from '../domain/order.ts';
import { applyExecution, averagePrice, FLAT, type Holding } from './holdings.ts';
import type { EquityPoint, PortfolioHolding } from './portfolios.ts';

export interface Booked {
  readonly kind: 'funding' | 'trade' | 'correction';
  readonly amount: Decimal;
  /** In the zone of the portfolio's market. */
  readonly date: string;
  readonly execution: {
    readonly symbol: string;
    readonly side: Side;
    readonly quantity: Decimal;
    readonly price: Decimal;
  } | null;
  /** Of a correction: the execution counts no more. */
  readonly isRevoked: boolean;
}

/** A symbol's price at the close of a day; undefined where nobody recorded it. */
export type CloseOf = (symbol: string, date: string) => Decimal | undefined;

export class EquityFold {
  readonly #closeOf: CloseOf;
  readonly #holdings = new Map<string, Holding>();
  readonly #prices = new Map<string, Decimal>();
  readonly #points: EquityPoint[] = [];
  #date: string | null = null;
  #cash: Decimal = ZERO;
  #funded: Decimal = ZERO;

  constructor(closeOf: CloseOf) {
    this.#closeOf = closeOf;
  }

  /** Bookings come in the order of their days. */
  take({ kind, amount, date, execution, isRevoked }: Booked): void {
    if (this.#date !== null && date > this.#date) this.#endDay(this.#date);
    this.#date = date;
    this.#cash = add(this.#cash, amount);
    switch (kind) {
      case 'funding':
        this.#funded = add(this.#funded, amount);
        return;
      case 'trade':
        if (execution !== null) this.#trade(execution);
        return;
      case 'correction':
        // What was taken back is not held; a corrected price alone moves cash only.
        if (execution !== null && isRevoked) {
          this.#trade({ ...execution, side: execution.side === 'buy' ? 'sell' : 'buy' });
        }
        return;
    }
  }

  /** Days without a booking on which something was held have no point of their own. */
  points(): readonly EquityPoint[] {
    return this.#date === null ? this.#points : [...this.#points, this.#pointOf(this.#date)];
  }

  holdings(): readonly PortfolioHolding[] {
    const date = this.#date ?? '';
    return [...this.#holdings].map(([symbol, holding]) => {
      const price = this.#priceOf(symbol, date);
      return {
        symbol,
        qty: formatDecimal(holding.quantity),
        avgPrice: formatDecimal(averagePrice(holding)),
        price: formatDecimal(price),
        value: formatDecimal(multiply(holding.quantity, price)),
      };
    });
  }

  #trade({ symbol, side, quantity, price }: NonNullable<Booked['execution']>): void {
    const before = this.#holdings.get(symbol) ?? FLAT;
    const after = applyExecution(before, { side, quantity, price, targetPrice: null, stopPrice: null });
    if (after.quantity === ZERO) this.#holdings.delete(symbol);
    else this.#holdings.set(symbol, after);
    this.#prices.set(symbol, price);
  }

  #endDay(date: string): void {
    this.#points.push(this.#pointOf(date));
  }

  #pointOf(date: string): EquityPoint {
    let invested = ZERO;
    for (const [symbol, { quantity }] of this.#holdings) {
      invested = add(invested, multiply(quantity, this.#priceOf(symbol, date)));
    }
    const equity = add(this.#cash, invested);
    return {
      date,
      cash: formatDecimal(this.#cash),
      invested: formatDecimal(invested),
      equity: formatDecimal(equity),
      funded: formatDecimal(this.#funded),
      gain: formatDecimal(subtract(equity, this.#funded)),
    };
  }

  #priceOf(symbol: string, date: string): Decimal {
    return this.#closeOf(symbol, date) ?? this.#prices.get(symbol) ?? ZERO;
  }
}
