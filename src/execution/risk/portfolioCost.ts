/** What an order may take of its portfolio's cash. Pure. */
import {
  add,
  type Decimal,
  decimal,
  divide,
  maximum,
  minimum,
  multiply,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { OrderTerms } from '../../domain/order.ts';
import type { TrackedOrder } from '../orders/orderState.ts';
import { pendingOf } from '../orders/orders.ts';
import type { Book } from './exposure.ts';

const HUNDRED = decimal('100');

/**
 * A limit bounds the cost; without one the market may move by the collar (percent) until the order is filled. A sale
 * costs nothing but where it opens a short position, which it must secure.
 * @param without an open order whose place it takes.
 */
export function portfolioCost(
  order: Pick<OrderTerms, 'instanceId' | 'symbol' | 'side' | 'quantity' | 'limitPrice' | 'notional'>,
  { price, collar }: { readonly price: Decimal; readonly collar: Decimal },
  { orders, positions }: Book,
  without?: TrackedOrder,
): Decimal {
  const { instanceId, symbol, side, limitPrice } = order;
  const held = positions.quantity(instanceId, symbol);
  const { sells } = pendingOf(orders, instanceId, symbol, without);
  const opened = side === 'buy' ? order.quantity : subtract(add(sells, order.quantity), maximum(held, ZERO));
  const quantity = minimum(order.quantity, maximum(opened, ZERO));
  if (order.notional !== undefined && side === 'buy') return order.notional;
  const value = multiply(price, quantity, 'up');
  if (limitPrice !== null) return value;
  return add(value, divide(multiply(value, collar), HUNDRED, 'up'));
}
