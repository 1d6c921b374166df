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
  return undefined;
}

function trailFault(intent: OrderIntent, assetClass: AssetClass): string | undefined {
  const { type, timeInForce } = intent;
  const trails = [intent.trailPrice, intent.trailPercent].filter((trail) => trail !== undefined);
  if (type !== 'trailing_stop') return trails.length > 0 ? `a ${type} order takes no trail` : undefined;
  if (trails.length !== 1) return 'a trailing stop needs a trail, as an amount or in percent';
  if (trails.some((trail) => trail <= ZERO)) return 'the trail must be above zero';
  if (assetClass === 'crypto') return 'crypto has no trailing stops';
  if (timeInForce === 'day' || timeInForce === 'gtc') return undefined;
  return `a trailing stop lasts a day or until it is canceled, not ${timeInForce}`;
}

export function isFractional(intent: Pick<OrderIntent, 'quantity'>): boolean {
  return intent.quantity % ONE !== 0n;
}
