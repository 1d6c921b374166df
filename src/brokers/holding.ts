/** What deals do to a quantity held at a price, exact: for brokers that keep the account themselves. */
import {
  absolute,
  add,
  type Decimal,
  isZero,
  maximum,
  minimum,
  negate,
  subtract,
  weightedAverage,
  ZERO,
} from '../domain/decimal.ts';
import type { Side } from '../domain/order.ts';

export interface Holding {
  /** Signed. */
  readonly quantity: Decimal;
  readonly averagePrice: Decimal;
}

/** How much of an order opens a position, or adds to one, beyond what it closes. */
export function openingQuantity(held: Decimal, side: Side, quantity: Decimal): Decimal {
  const against = side === 'buy' ? negate(held) : held;
  return subtract(quantity, minimum(quantity, maximum(ZERO, against)));
}

/** Weighted while adding, unchanged while closing, the deal's price for what opens anew. */
export function entryPrice(held: Holding, change: Decimal, price: Decimal): Decimal {
  if (isZero(held.quantity)) return price;
  if (held.quantity > ZERO === change > ZERO) {
    return weightedAverage([
      { price: held.averagePrice, quantity: absolute(held.quantity) },
      { price, quantity: absolute(change) },
    ]);
  }
  const next = add(held.quantity, change);
  return next > ZERO === held.quantity > ZERO ? held.averagePrice : price;
}
