/** Reads the body of an order request and checks its form: what can be said without looking at the account. */
import { newId } from '../../clock/chance.ts';
import { type Decimal, formatDecimal, ONE, roundTo, tryDecimal } from '../../domain/decimal.ts';
import type { OrderType, Side, TimeInForce } from '../../domain/order.ts';
import { isCrypto } from '../market/events.ts';
import { malformed, type Refusal, unprocessable } from '../rest/refusals.ts';
import type { OrderClass, OrderDraft } from './orders.ts';

const TYPES: readonly string[] = ['market', 'limit', 'stop', 'stop_limit', 'trailing_stop'];
const TIMES_IN_FORCE: readonly string[] = ['day', 'gtc', 'opg', 'cls', 'ioc', 'fok'];
const CLASSES: readonly string[] = ['', 'simple', 'bracket', 'oco', 'oto'];
const CLIENT_ORDER_ID_CHARACTERS_MAX = 128;
/** Orders by notional start at a dollar. */
const NOTIONAL_MIN = ONE;

export type OrderBody = Readonly<Record<string, unknown>>;

/** A field's amount: text or a number, both are taken. Null when absent; undefined when it is not an amount. */
function amount(value: unknown): Decimal | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  return tryDecimal(String(value));
}

/** Checks the rule for price steps of stocks: two decimals from a dollar on, four below. */
export function priceProblem(field: string, price: Decimal | null, symbol: string): Refusal | null {
  if (price === null) return null;
  if (price <= 0n) return unprocessable(`${field} must be > 0`);
  if (isCrypto(symbol) || roundTo(price, price >= ONE ? 2 : 4) === price) return null;
  return unprocessable(
    `invalid ${field} ${formatDecimal(price)}. sub-penny increment does not fulfill minimum pricing criteria`,
  );
}

/** The draft, or why it is refused. */
export function readOrder(body: OrderBody): OrderDraft | Refusal {
  const text = (name: string) => (typeof body[name] === 'string' ? body[name] : '');
  const symbol = text('symbol').toUpperCase();
  if (symbol === '') return malformed('symbol is required');
  const side = text('side');
  if (side !== 'buy' && side !== 'sell') return malformed(`invalid side: ${quoted(body.side)}`);
  const type = text('type');
  if (!TYPES.includes(type)) return malformed(`invalid order type: ${quoted(body.type)}`);
  const timeInForce = text('time_in_force');
  if (!TIMES_IN_FORCE.includes(timeInForce))
    return malformed(`invalid time_in_force: ${quoted(body.time_in_force)}`);
  const orderClass = text('order_class');
  if (!CLASSES.includes(orderClass)) {
    return unprocessable(`order_class ${quoted(orderClass)} is not offered by the local exchange`);
  }
  const clientOrderId = text('client_order_id') || newId();
  if (clientOrderId.length > CLIENT_ORDER_ID_CHARACTERS_MAX) {
    return malformed(`client_order_id must be no more than ${CLIENT_ORDER_ID_CHARACTERS_MAX} characters`);
  }
  const amounts: Record<string, Decimal | null> = {};
  for (const name of ['qty', 'notional', 'limit_price', 'stop_price', 'trail_price', 'trail_percent']) {
    const value = amount(body[name]);
    if (value === undefined) return malformed(`invalid ${name}: ${quoted(body[name])}`);
    amounts[name] = value;
  }
  const takeProfit = readLeg(body.take_profit, ['limit_price']);
  const stopLoss = readLeg(body.stop_loss, ['stop_price', 'limit_price']);
  if (takeProfit === undefined || stopLoss === undefined)
    return malformed('invalid take_profit or stop_loss');
  const draft: OrderDraft = {
    clientOrderId,
    symbol,
    side: side as Side,
    type: type as OrderType,
    timeInForce: timeInForce as TimeInForce,
    quantity: amounts.qty ?? null,
    notional: amounts.notional ?? null,
    // The limit of one-cancels-other is its take-profit.
    limitPrice: amounts.limit_price ?? (orderClass === 'oco' ? (takeProfit?.limit_price ?? null) : null),
    stopPrice: amounts.stop_price ?? null,
    trailPrice: amounts.trail_price ?? null,
    trailPercent: amounts.trail_percent ?? null,
    extendedHours: body.extended_hours === true,
    orderClass: (orderClass === '' ? 'simple' : orderClass) as OrderClass,
    takeProfit: takeProfit?.limit_price == null ? null : { limitPrice: takeProfit.limit_price },
    stopLoss:
      stopLoss?.stop_price == null
        ? null
        : { stopPrice: stopLoss.stop_price, limitPrice: stopLoss.limit_price ?? null },
  };
  return formProblem(draft) ?? draft;
}

function formProblem(draft: OrderDraft): Refusal | null {
  return sizeProblem(draft) ?? pricesProblem(draft) ?? timeProblem(draft) ?? classProblem(draft);
}

function sizeProblem(draft: OrderDraft): Refusal | null {
  const { quantity, notional } = draft;
  if (quantity === null && notional === null) return malformed('qty or notional is required');
  if (quantity !== null && notional !== null) return malformed('only one of qty or notional is accepted');
  if (quantity !== null && quantity <= 0n) return unprocessable('qty must be > 0');
  if (notional === null) return null;
  if (notional < NOTIONAL_MIN) return unprocessable('cost basis must be >= minimal amount of order 1');
  if (roundTo(notional, 2) !== notional) return unprocessable('notional must be limited to 2 decimal places');
  return draft.type === 'market' || draft.type === 'limit'
    ? null
    : unprocessable('notional orders must be market or limit orders');
}

function pricesProblem(draft: OrderDraft): Refusal | null {
  const needsLimit = draft.type === 'limit' || draft.type === 'stop_limit';
  const needsStop = draft.type === 'stop' || draft.type === 'stop_limit';
  const needsTrail = draft.type === 'trailing_stop';
  if (needsLimit && draft.limitPrice === null) return malformed(`${draft.type} orders require limit_price`);
  if (!needsLimit && draft.limitPrice !== null)
    return malformed(`${draft.type} orders require no limit_price`);
  if (needsStop && draft.stopPrice === null) return malformed(`${draft.type} orders require stop_price`);
  if (!needsStop && draft.stopPrice !== null) return malformed(`${draft.type} orders require no stop_price`);
  const trails = [draft.trailPrice, draft.trailPercent].filter((trail) => trail !== null);
  if (needsTrail && trails.length !== 1)
    return malformed('trailing stop orders require either trail_price or trail_percent');
  if (!needsTrail && trails.length > 0) return malformed(`${draft.type} orders require no trail`);
  if (trails.some((trail) => trail <= 0n)) return unprocessable('trail must be > 0');
  return (
    priceProblem('limit_price', draft.limitPrice, draft.symbol) ??
    priceProblem('stop_price', draft.stopPrice, draft.symbol) ??
    priceProblem('take_profit.limit_price', draft.takeProfit?.limitPrice ?? null, draft.symbol) ??
    priceProblem('stop_loss.stop_price', draft.stopLoss?.stopPrice ?? null, draft.symbol) ??
    priceProblem('stop_loss.limit_price', draft.stopLoss?.limitPrice ?? null, draft.symbol)
  );
}

function timeProblem(draft: OrderDraft): Refusal | null {
  const { symbol, timeInForce, type } = draft;
  if (isCrypto(symbol)) {
    if (timeInForce !== 'gtc' && timeInForce !== 'ioc') return unprocessable('invalid crypto time_in_force');
    return type === 'market' || type === 'limit' || type === 'stop_limit'
      ? null
      : unprocessable('invalid order type for crypto order');
  }
  const isFractional = draft.notional !== null || !isWhole(draft.quantity);
  if (isFractional && timeInForce !== 'day') return unprocessable('fractional orders must be DAY orders');
  if (draft.extendedHours && (type !== 'limit' || (timeInForce !== 'day' && timeInForce !== 'gtc'))) {
    return unprocessable('extended hours order must be DAY or GTC limit orders');
  }
  const isAuction = timeInForce === 'opg' || timeInForce === 'cls';
  if (isAuction && type !== 'market' && type !== 'limit')
    return unprocessable(`${timeInForce} orders must be market or limit orders`);
  if (type === 'trailing_stop' && timeInForce !== 'day' && timeInForce !== 'gtc')
    return unprocessable('trailing stop orders must be DAY or GTC orders');
  return null;
}

/** Rules of bracket, one-cancels-other and one-triggers-other orders. */
function classProblem(draft: OrderDraft): Refusal | null {
  const { orderClass, takeProfit, stopLoss } = draft;
  if (orderClass === 'simple') {
    return takeProfit === null && stopLoss === null
      ? null
      : malformed('take_profit and stop_loss require an order_class');
  }
  if (draft.timeInForce !== 'day' && draft.timeInForce !== 'gtc')
    return unprocessable('complex orders must be DAY or GTC orders');
  if (draft.extendedHours) return unprocessable('complex orders are not supported in extended hours');
  if (!isWhole(draft.quantity) || draft.quantity === null)
    return unprocessable('fractional orders must be simple orders');
  if (orderClass === 'oto') {
    if ((takeProfit === null) === (stopLoss === null))
      return unprocessable('oto orders require either take_profit or stop_loss');
  } else if (takeProfit === null || stopLoss === null) {
    return unprocessable(`${orderClass} orders require take_profit and stop_loss`);
  }
  if (orderClass === 'oco' && draft.type !== 'limit') return unprocessable('oco orders must be limit orders');
  if (takeProfit === null || stopLoss === null) return null;
  const isExitSell = orderClass === 'oco' ? draft.side === 'sell' : draft.side === 'buy';
  const isOrdered = isExitSell
    ? takeProfit.limitPrice > stopLoss.stopPrice
    : takeProfit.limitPrice < stopLoss.stopPrice;
  if (isOrdered) return null;
  return unprocessable(`take_profit.limit_price must be ${isExitSell ? '>' : '<'} stop_loss.stop_price`);
}

export function isWhole(quantity: Decimal | null): boolean {
  return quantity === null || roundTo(quantity, 0) === quantity;
}

function readLeg<Name extends string>(
  value: unknown,
  names: readonly Name[],
): Partial<Record<Name, Decimal | null>> | null | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object') return undefined;
  const leg: Partial<Record<Name, Decimal | null>> = {};
  for (const name of names) {
    const price = amount((value as Record<string, unknown>)[name]);
    if (price === undefined) return undefined;
    leg[name] = price;
  }
  return leg;
}

function quoted(value: unknown): string {
  return JSON.stringify(value ?? '').slice(0, 100);
}
