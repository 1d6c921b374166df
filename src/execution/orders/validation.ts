/** What an order must be in itself, whatever the market and the account are like. */
import { add, type Decimal, decimal, ONE, subtract, ZERO } from '../../domain/decimal.ts';
import type { AssetClass } from '../../domain/market.ts';
import type { OrderIntent, OrderTerms } from '../../domain/order.ts';

const CLIENT_ORDER_ID_LENGTH_MAX = 128;
/** Alpaca's least distance of an exit from the price that it is measured against. */
const CENT = decimal('0.01');

/** What is wrong with an intent, in words; undefined when nothing is. */
export function findFault(intent: OrderIntent, assetClass: AssetClass): string | undefined {
  const { type, timeInForce, limitPrice, stopPrice } = intent;
  const amount = amountFault(intent);
  if (amount !== undefined) return amount;
  if (intent.clientOrderId.length > CLIENT_ORDER_ID_LENGTH_MAX) {
    return `the client order id is over ${CLIENT_ORDER_ID_LENGTH_MAX} characters`;
  }
  const trail = trailFault(intent, assetClass);
  if (trail !== undefined) return trail;
  const needsLimit = type === 'limit' || type === 'stop_limit';
  const needsStop = type === 'stop' || type === 'stop_limit';
  if (needsLimit !== (limitPrice !== null)) {
    return needsLimit ? `a ${type} order needs a limit price` : `a ${type} order takes no limit price`;
  }
  if (needsStop !== (stopPrice !== null)) {
    return needsStop ? `a ${type} order needs a stop price` : `a ${type} order takes no stop price`;
  }
  if (limitPrice !== null && limitPrice <= ZERO) return 'the limit price must be above zero';
  if (stopPrice !== null && stopPrice <= ZERO) return 'the stop price must be above zero';
  if (intent.extendedHours && (type !== 'limit' || (timeInForce !== 'day' && timeInForce !== 'gtc'))) {
    return 'outside regular hours only limit orders of a day or good-till-canceled are taken';
  }
  if (assetClass === 'crypto' && timeInForce !== 'gtc' && timeInForce !== 'ioc') {
    return `crypto orders are good-till-canceled or immediate-or-cancel, not ${timeInForce}`;
  }
  if (assetClass === 'us_equity' && isFractional(intent) && timeInForce !== 'day') {
    return `a fractional order lasts a day, not ${timeInForce}`;
  }
  return exitsFault(intent, assetClass);
}

/** What Alpaca asks of orders that come with exits (reference, C.3). */
function exitsFault(intent: OrderTerms, assetClass: AssetClass): string | undefined {
  const { exits, type, timeInForce } = intent;
  if (exits === undefined) return undefined;
  const { orderClass, takeProfit, stopLoss } = exits;
  if (assetClass === 'crypto') return 'crypto orders come without exits';
  if (timeInForce !== 'day' && timeInForce !== 'gtc') {
    return `an order with exits lasts a day or until it is canceled, not ${timeInForce}`;
  }
  if (intent.extendedHours) return 'an order with exits is taken in regular hours only';
  if (isFractional(intent)) return 'an order with exits is of whole shares';
  if (type === 'trailing_stop') return 'a trailing stop comes without exits';
  const isOco = orderClass === 'oco';
  if (isOco && (type !== 'limit' || takeProfit !== null || stopLoss === null)) {
    return 'one-cancels-other is a limit order with a stop-loss';
  }
  if (orderClass === 'bracket' && (takeProfit === null || stopLoss === null)) {
    return 'a bracket has a take-profit and a stop-loss';
  }
  if (orderClass === 'oto' && (takeProfit === null) === (stopLoss === null)) {
    return 'one-triggers-other has one exit';
  }
  const prices = [takeProfit?.limitPrice, stopLoss?.stopPrice, stopLoss?.limitPrice];
  if (prices.some((price) => price != null && price <= ZERO))
    return 'the price of an exit must be above zero';
  const base = intent.limitPrice ?? intent.stopPrice;
  return base === null ? undefined : misplacedExit(intent, base);
}

/** Which exit lies on the wrong side of a price, or of the other exit, in words; undefined when none does. */
export function misplacedExit({ exits, side }: OrderTerms, base: Decimal): string | undefined {
  if (exits === undefined) return undefined;
  const isOco = exits.orderClass === 'oco';
  const isLong = (side === 'buy') !== isOco;
  const gain = exits.takeProfit?.limitPrice;
  const stop = exits.stopLoss?.stopPrice;
  const isAbove = (a: Decimal, b: Decimal) => (isLong ? a >= add(b, CENT) : a <= subtract(b, CENT));
  const words = isLong ? ['above', 'below'] : ['below', 'above'];
  if (gain !== undefined && !isAbove(gain, base))
    return `the take-profit must be a cent or more ${words[0]} the price`;
  if (stop !== undefined && !isAbove(base, stop))
    return `the stop-loss must be a cent or more ${words[1]} the price`;
  return undefined;
}

/** An order is of a quantity or of an amount; of an amount only at the market (reference, C.3). */
function amountFault({ notional, quantity, type, exits }: OrderIntent): string | undefined {
  if (notional === undefined) return quantity > ZERO ? undefined : 'the quantity must be above zero';
  if (quantity !== ZERO) return 'an order is of a quantity or of an amount, not of both';
  if (notional < ONE) return 'the least amount is 1';
  if (type !== 'market') return `an order by amount is a market order, not ${type}`;
  return exits === undefined ? undefined : 'an order by amount comes without exits';
}

function trailFault(intent: OrderIntent, assetClass: AssetClass): string | undefined {
  const { type, timeInForce } = intent;
  if (type !== 'trailing_stop' && intent.trailPrice === undefined && intent.trailPercent === undefined) {
    return undefined;
  }
  const trails = [intent.trailPrice, intent.trailPercent].filter((trail) => trail !== undefined);
  if (type !== 'trailing_stop') return trails.length > 0 ? `a ${type} order takes no trail` : undefined;
  if (trails.length !== 1) return 'a trailing stop needs a trail, as an amount or in percent';
  if (trails.some((trail) => trail <= ZERO)) return 'the trail must be above zero';
  if (assetClass === 'crypto') return 'crypto has no trailing stops';
  if (timeInForce === 'day' || timeInForce === 'gtc') return undefined;
  return `a trailing stop lasts a day or until it is canceled, not ${timeInForce}`;
}

export function isFractional(intent: Pick<OrderIntent, 'quantity' | 'notional'>): boolean {
  return intent.notional !== undefined || intent.quantity % ONE !== 0n;
}
