/** Positions out of executions: what is held, at which average price, and what was earned. Pure and exact. */
import {
  absolute,
  add,
  DECIMAL_PLACES,
  type Decimal,
  divide,
  minimum,
  subtract,
  ZERO,
} from '../domain/decimal.ts';

export interface Execution {
  readonly side: 'buy' | 'sell';
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly targetPrice: string | null;
  readonly stopPrice: string | null;
}

/** What is held of one symbol. */
export interface Holding {
  /** Signed: short is negative. */
  readonly quantity: Decimal;
  /**
   * Paid for what is held (received, when short), signed as the quantity, in units of 10^-18: products of two amounts
   * are kept whole, so that cost and realised P&L together always equal the cash that moved.
   */
  readonly cost: bigint;
  /** In units of 10^-18, before fees. */
  readonly realized: bigint;
  readonly targetPrice: string | null;
  readonly stopPrice: string | null;
}

export const FLAT: Holding = { quantity: ZERO, cost: 0n, realized: 0n, targetPrice: null, stopPrice: null };

const PLACES_LEFT = 10n ** BigInt(DECIMAL_PLACES);

/**
 * The holding after one more execution. What adds to the position adds its cost; what reduces it takes its share of
 * the cost at the average price and realises the difference; what goes beyond zero opens the other side anew.
 */
export function applyExecution(holding: Holding, execution: Execution): Holding {
  const signed = execution.side === 'buy' ? execution.quantity : (-execution.quantity as Decimal);
  const isAdding = holding.quantity === ZERO || holding.quantity > 0n === signed > 0n;
  if (isAdding) {
    return {
      quantity: add(holding.quantity, signed),
      cost: holding.cost + signed * execution.price,
      realized: holding.realized,
      targetPrice: execution.targetPrice ?? holding.targetPrice,
      stopPrice: execution.stopPrice ?? holding.stopPrice,
    };
  }
  const closing = minimum(absolute(holding.quantity), execution.quantity);
  const costOfClosed = (holding.cost * closing) / absolute(holding.quantity);
  const closedSigned = holding.quantity > 0n ? closing : -closing;
  const realized = holding.realized + closedSigned * execution.price - costOfClosed;
  const rest = subtract(execution.quantity, closing);
  if (rest > 0n) return applyExecution({ ...FLAT, realized }, { ...execution, quantity: rest });
  const quantity = add(holding.quantity, signed);
  if (quantity === ZERO) return { ...FLAT, realized };
  return { ...holding, quantity, cost: holding.cost - costOfClosed, realized };
}

/** Quantity-weighted price of what is held, rounded at the ninth place; zero when flat. */
export function averagePrice(holding: Holding): Decimal {
  if (holding.quantity === ZERO) return ZERO;
  // A quotient of 10^-18 by 10^-9 units, brought to Decimal's own scale by the one division that rounds.
  return divide(holding.cost as Decimal, (holding.quantity * PLACES_LEFT) as Decimal);
}

/** Realised P&L before fees, rounded at the ninth place. */
export function realizedPnl(holding: Holding): Decimal {
  return divide(holding.realized as Decimal, (PLACES_LEFT * PLACES_LEFT) as Decimal);
}
