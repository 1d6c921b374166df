/** What an execution does to cash. */
import { type Decimal, multiply, negate, subtract } from './decimal.ts';
import type { Side } from './order.ts';

export interface Deal {
  readonly side: Side;
  readonly quantity: Decimal;
  readonly price: Decimal;
  /** What it cost beyond the price; negative where the broker pays. */
  readonly fee: Decimal;
}

/** The account's currency that a deal brings, negative where it costs. Rounded at the ninth place. */
export function cashOf({ side, quantity, price, fee }: Deal): Decimal {
  const value = multiply(quantity, price);
  return subtract(side === 'buy' ? negate(value) : value, fee);
}
