/** Makes an exact order out of what a strategy proposed in floating-point numbers, or says what is wrong with it. */
import {
  absolute,
  DECIMAL_PLACES,
  type Decimal,
  decimal,
  decimalFromNumber,
  isZero,
  ONE,
  type Rounding,
  roundTo,
  roundToStep,
  ZERO,
} from '../domain/decimal.ts';
import type { AssetClass } from '../domain/market.ts';
import {
  type JsonObject,
  type OrderChanges,
  type OrderExits,
  type OrderType,
  opposite,
  type Side,
  type TimeInForce,
} from '../domain/order.ts';
import type { ChangeFields, ChangeName, OrderFields } from '../strategies/guest/bridge.ts';
import type { UnitSymbol } from './unit.ts';

/** Why, as it is recorded: as long as a row may hold. */
export function reasonOf(reason: unknown): string {
  return String(reason).slice(0, REASON_CHARACTERS_MAX);
}

/** The exact part of an intent. */
export interface Proposal {
  readonly quantity: Decimal;
  readonly notional?: Decimal | undefined;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly limitPrice: Decimal | null;
  readonly stopPrice: Decimal | null;
  readonly trailPrice?: Decimal | undefined;
  readonly trailPercent?: Decimal | undefined;
  readonly exits?: OrderExits | undefined;
  readonly targetPrice: Decimal | null;
  readonly stopLossPrice: Decimal | null;
  readonly reason: string;
  readonly indicators: JsonObject;
  /** What could not be kept of the indicators, for the log. */
  readonly indicatorsLost: string | null;
}

export type Proposed =
  | { readonly ok: true; readonly proposal: Proposal }
  | { readonly ok: false; readonly detail: string };

/** SEC Rule 612: prices of a dollar and more in cents, below in hundredths of a cent. */
const CENT = decimal('0.01');
const HUNDREDTH_OF_A_CENT = decimal('0.0001');
/** Floating-point noise such as 179.07999999999998 ends before this place. */
const NOISE_PLACES = 7;
const REASON_CHARACTERS_MAX = 500;
const CENT_PLACES = 2;
/** Amounts of cents, or hundredths of a percent. */
const TRAIL_PLACES = 2;
const PRICES = [
  'limitPrice',
  'stopPrice',
  'trailPrice',
  'trailPercent',
  'targetPrice',
  'stopLossPrice',
  'takeProfitLimitPrice',
  'stopLossStopPrice',
  'stopLossLimitPrice',
] as const;
const ORDER_CLASSES: readonly unknown[] = ['bracket', 'oco', 'oto'];
const CHANGES: readonly ChangeName[] = ['quantity', 'limitPrice', 'stopPrice', 'trailPrice', 'trailPercent'];
const TIMES_IN_FORCE: readonly unknown[] = ['day', 'gtc', 'ioc', 'fok', 'opg', 'cls'];

/** A price at the symbol's tick. `rounding` keeps a limit from becoming worse than asked for. */
export function priceAtTick(price: number, assetClass: AssetClass, rounding: Rounding): Decimal {
  const exact = decimalFromNumber(price);
  if (assetClass === 'crypto') return exact;
  const tick = absolute(exact) >= ONE ? CENT : HUNDREDTH_OF_A_CENT;
  return roundToStep(roundTo(exact, NOISE_PLACES), tick, rounding);
}

/** What is to be different of an order of that side, exact; or what is wrong with it, in words. */
export function proposeChanges(
  side: Side,
  fields: ChangeFields,
  assetClass: AssetClass,
): OrderChanges | string {
  const changes: { -readonly [Name in keyof OrderChanges]: OrderChanges[Name] } = {};
  for (const name of CHANGES) {
    const value = fields[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) {
      return `${name} must be a number above zero, not ${nameOf(value)}`;
    }
    const isTrail = name === 'trailPrice' || name === 'trailPercent';
    if (name === 'quantity') changes.quantity = decimalFromNumber(value, DECIMAL_PLACES);
    else if (isTrail) changes[name] = roundTo(decimalFromNumber(value), TRAIL_PLACES);
    else changes[name] = priceAtTick(value, assetClass, roundingOf(name, side));
    if (changes[name] === ZERO) return `${name} is less than the smallest step`;
  }
  if (typeof fields.reason !== 'string' || fields.reason.trim() === '') return 'reason must be a text';
  return Object.keys(changes).length === 0
    ? `nothing is to be different: give ${CHANGES.join(', ')}`
    : changes;
}

export function propose(
  side: Side,
  fields: OrderFields,
  options: { assetClass: AssetClass; indicatorsCharactersMax: number },
): Proposed {
  const { assetClass } = options;
  const size = sizeOf(fields);
  if (typeof size === 'string') return invalid(size);
  for (const name of PRICES) {
    const price = fields[name];
    if (price === undefined) continue;
    if (typeof price !== 'number' || !(price > 0) || !Number.isFinite(price)) {
      return invalid(`${name} must be a number above zero, not ${nameOf(price)}`);
    }
  }
  if (typeof fields.reason !== 'string' || fields.reason.trim() === '')
    return invalid('reason must be a text');
  if (fields.timeInForce !== undefined && !TIMES_IN_FORCE.includes(fields.timeInForce)) {
    return invalid(
      `timeInForce must be one of ${TIMES_IN_FORCE.join(', ')}, not ${nameOf(fields.timeInForce)}`,
    );
  }
  const trail = trailOf(fields);
  if (typeof trail === 'string') return invalid(trail);
  const exits = exitsOf(side, fields, assetClass);
  if (typeof exits === 'string') return invalid(exits);
  const at = (price: unknown, rounding: Rounding) =>
    price === undefined ? null : priceAtTick(price as number, assetClass, rounding);
  const isOco = exits?.orderClass === 'oco';
  const askedLimit = isOco ? fields.takeProfitLimitPrice : fields.limitPrice;
  const limitPrice = at(askedLimit, roundingOf('limitPrice', side));
  const stopPrice = at(fields.stopPrice, 'half_even');
  if (limitPrice === ZERO || stopPrice === ZERO) return invalid('a price is less than the smallest tick');
  const { indicators, lost } = readIndicators(fields.indicators, options.indicatorsCharactersMax);
  return {
    ok: true,
    proposal: {
      quantity: size.quantity,
      notional: size.notional,
      type: trail === null ? orderType(limitPrice, stopPrice) : 'trailing_stop',
      trailPrice: trail?.trailPrice,
      trailPercent: trail?.trailPercent,
      timeInForce:
        (fields.timeInForce as TimeInForce | undefined) ?? (assetClass === 'crypto' ? 'gtc' : 'day'),
      limitPrice,
      stopPrice,
      exits: exits ?? undefined,
      targetPrice: at(fields.targetPrice ?? fields.takeProfitLimitPrice, 'half_even'),
      stopLossPrice: at(fields.stopLossPrice ?? fields.stopLossStopPrice, 'half_even'),
      reason: reasonOf(fields.reason),
      indicators,
      indicatorsLost: lost,
    },
  };
}

/**
 * Whether the order can only bring the position closer to zero, even if all that is open on its side is filled.
 * @param without the id of an open order whose place it takes.
 */
export function isReducing(
  held: UnitSymbol,
  side: Side,
  quantity: Decimal,
  without: string | null = null,
): boolean {
  if (held.quantity === ZERO || held.quantity > 0n === (side === 'buy')) return false;
  let reducing: bigint = quantity;
  for (const order of held.openOrders.values()) {
    if (order.side === side && order.clientOrderId !== without)
      reducing += order.quantity - order.filledQuantity;
  }
  return reducing <= absolute(held.quantity);
}

/** A limit never becomes worse than asked for. */
function roundingOf(name: 'limitPrice' | 'stopPrice', side: Side): Rounding {
  if (name === 'stopPrice') return 'half_even';
  return side === 'buy' ? 'floor' : 'ceiling';
}

/** How much: a quantity, or an amount in whole cents; or what is wrong with it. */
function sizeOf({ quantity, notional }: OrderFields): Pick<Proposal, 'quantity' | 'notional'> | string {
  if (notional === undefined) {
    if (!isAboveZero(quantity)) return `quantity must be a number above zero, not ${nameOf(quantity)}`;
    const exact = decimalFromNumber(quantity, DECIMAL_PLACES);
    return isZero(exact)
      ? `quantity ${quantity} is less than the smallest, 0.000000001`
      : { quantity: exact };
  }
  if (quantity !== undefined) return 'an order is of a quantity or of a notional, not of both';
  if (!isAboveZero(notional)) return `notional must be a number above zero, not ${nameOf(notional)}`;
  const amount = roundTo(roundTo(decimalFromNumber(notional), NOISE_PLACES), CENT_PLACES, 'floor');
  return isZero(amount) ? `notional ${notional} is less than a cent` : { quantity: ZERO, notional: amount };
}

function isAboveZero(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && Number.isFinite(value);
}

/** The trail of a trailing stop, null for other orders, or what is wrong with it. */
function trailOf(fields: OrderFields): Pick<Proposal, 'trailPrice' | 'trailPercent'> | null | string {
  const { trailPrice, trailPercent } = fields;
  if (trailPrice === undefined && trailPercent === undefined) return null;
  if (trailPrice !== undefined && trailPercent !== undefined)
    return 'a trail is an amount or in percent, not both';
  if (fields.limitPrice !== undefined || fields.stopPrice !== undefined) {
    return 'a trailing stop takes no limitPrice and no stopPrice';
  }
  const distance = roundTo(decimalFromNumber((trailPrice ?? trailPercent) as number), TRAIL_PLACES);
  if (isZero(distance)) return 'the trail is less than the smallest step, 0.01';
  return trailPrice === undefined ? { trailPercent: distance } : { trailPrice: distance };
}

/** The exits that come with an order, null for one without, or what is wrong with them. */
function exitsOf(side: Side, fields: OrderFields, assetClass: AssetClass): OrderExits | null | string {
  const {
    orderClass,
    takeProfitLimitPrice: gain,
    stopLossStopPrice: stop,
    stopLossLimitPrice: limit,
  } = fields;
  if (orderClass !== undefined && !ORDER_CLASSES.includes(orderClass)) {
    return `orderClass must be one of ${ORDER_CLASSES.join(', ')}, not ${nameOf(orderClass)}`;
  }
  if (gain === undefined && stop === undefined) {
    return orderClass === undefined ? null : 'takeProfit and stopLoss are missing';
  }
  const given = gain !== undefined && stop !== undefined ? 'bracket' : 'oto';
  const isOco = orderClass === 'oco';
  if (isOco && given === 'oto') return 'one-cancels-other needs takeProfit and stopLoss';
  if (isOco && fields.limitPrice !== undefined) return 'one-cancels-other has its limit in takeProfit';
  if (!isOco && orderClass !== undefined && orderClass !== given) {
    return `with ${given === 'oto' ? 'one exit' : 'two exits'} the order is ${given}, not ${nameOf(orderClass)}`;
  }
  const exitSide = isOco ? side : opposite(side);
  const at = (price: unknown, name: 'limitPrice' | 'stopPrice') =>
    priceAtTick(price as number, assetClass, roundingOf(name, exitSide));
  return {
    orderClass: isOco ? 'oco' : given,
    takeProfit: gain === undefined || isOco ? null : { limitPrice: at(gain, 'limitPrice') },
    stopLoss:
      stop === undefined
        ? null
        : {
            stopPrice: at(stop, 'stopPrice'),
            limitPrice: limit === undefined ? null : at(limit, 'limitPrice'),
          },
  };
}

function orderType(limitPrice: Decimal | null, stopPrice: Decimal | null): OrderType {
  if (stopPrice === null) return limitPrice === null ? 'market' : 'limit';
  return limitPrice === null ? 'stop' : 'stop_limit';
}

const NO_INDICATORS = { indicators: {}, lost: null };

function readIndicators(
  text: string | null,
  charactersMax: number,
): { indicators: JsonObject; lost: string | null } {
  if (text === '{}') return NO_INDICATORS;
  if (text === null) return { indicators: {}, lost: 'indicators are not plain data' };
  if (text.length > charactersMax) {
    return { indicators: {}, lost: `indicators have ${text.length} characters of at most ${charactersMax}` };
  }
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { indicators: {}, lost: 'indicators are no object' };
  }
  return { indicators: value as JsonObject, lost: null };
}

/** A value of a strategy's realm in words, without calling anything of it. */
function nameOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === undefined ? 'nothing' : `a ${typeof value}`;
}

function invalid(detail: string): Proposed {
  return { ok: false, detail };
}
