/** What an order must be in itself, whatever the market and the account are like. */
import { ONE, ZERO } from '../domain/decimal.ts';
import type { AssetClass } from '../domain/market.ts';
import type { OrderIntent } from '../domain/order.ts';

const CLIENT_ORDER_ID_LENGTH_MAX = 128;

/** What is wrong with an intent, in words; undefined when nothing is. */
export function findFault(intent: OrderIntent, assetClass: AssetClass): string | undefined {
  const { type, timeInForce, limitPrice, stopPrice } = intent;
  if (intent.quantity <= ZERO) return 'the quantity must be above zero';
  if (intent.clientOrderId.length > CLIENT_ORDER_ID_LENGTH_MAX) {
    return `the client order id is over ${CLIENT_ORDER_ID_LENGTH_MAX} characters`;
  }
  if (type === 'trailing_stop') return 'trailing stops are not offered';
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
  return undefined;
}

export function isFractional(intent: Pick<OrderIntent, 'quantity'>): boolean {
  return intent.quantity % ONE !== 0n;
}
