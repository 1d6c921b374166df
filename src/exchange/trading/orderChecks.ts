/** What can be said against an order once the account is looked at: Alpaca's refusals with 403, and duplicates. */
import { absolute, add, type Decimal, formatDecimal, isZero, subtract, ZERO } from '../../domain/decimal.ts';
import type { Market } from '../market/market.ts';
import type { ExchangeLimits } from '../options.ts';
import { forbidden, malformed, type Refusal, unprocessable } from '../rest/refusals.ts';
import type { Account } from './account.ts';
import type { Ledger } from './ledger.ts';
import { isWhole } from './orderForm.ts';
import type { OrderStore } from './orderStore.ts';
import { type ExchangeOrder, type OrderDraft, remainingQuantity } from './orders.ts';

export interface CheckedAgainst {
  readonly market: Market;
  readonly ledger: Ledger;
  readonly store: OrderStore;
  readonly account: Account;
  readonly limits: ExchangeLimits;
}

/** Why the order is refused, or null. */
export function orderProblem(draft: OrderDraft, against: CheckedAgainst): Refusal | null {
  const record = against.market.record(draft.symbol);
  if (record === undefined) return unprocessable(`asset "${draft.symbol}" not found`);
  if (against.store.byClientOrderId(draft.clientOrderId) !== undefined)
    return malformed('client_order_id must be unique');
  if (against.store.openCount >= against.limits.openOrdersMax) {
    return forbidden(`too many open orders: the limit is ${against.limits.openOrdersMax}`);
  }
  return (
    washTradeProblem(draft, against.store) ?? positionProblem(draft, against) ?? powerProblem(draft, against)
  );
}

/**
 * An order that could trade with one of the account's own: opposite market and stop orders always, two limits when
 * the buy's price reaches the sell's. Complex and trailing orders are exempt.
 */
function washTradeProblem(draft: OrderDraft, store: OrderStore): Refusal | null {
  if (draft.orderClass !== 'simple' || draft.type === 'trailing_stop') return null;
  for (const order of store.openOf(draft.symbol)) {
    if (order.side === draft.side || order.orderClass !== 'simple' || order.type === 'trailing_stop')
      continue;
    const isLimit = order.type === 'limit' || order.type === 'stop_limit';
    if (isLimit && !limitsCross(draft, order)) continue;
    const kind = isLimit ? 'limit' : 'market/stop';
    return forbidden('potential wash trade detected. use complex orders', {
      existing_order_id: order.id,
      reject_reason: `opposite side ${kind} order exists`,
    });
  }
  return null;
}

function limitsCross(draft: OrderDraft, order: ExchangeOrder): boolean {
  if (draft.limitPrice === null || order.limitPrice === null) return true;
  return draft.side === 'buy' ? draft.limitPrice >= order.limitPrice : order.limitPrice >= draft.limitPrice;
}

/** Closing more than is free, opening a short that is not allowed, and opening both ways at once. */
function positionProblem(draft: OrderDraft, against: CheckedAgainst): Refusal | null {
  const { account, ledger, store } = against;
  const held = ledger.quantity(draft.symbol);
  const isClosing = draft.side === 'buy' ? held < 0n : held > 0n;
  if (isClosing) return heldProblem(draft, held, account);
  if (draft.side === 'sell') {
    const listing = against.market.record(draft.symbol)?.listing;
    if (listing?.assetClass === 'crypto') {
      return forbidden(
        `insufficient balance for ${draft.symbol.split('/')[0]} (requested: ${sizeText(draft)}, available: 0)`,
      );
    }
    if (draft.notional !== null || !isWhole(draft.quantity))
      return unprocessable('fractional orders cannot be sold short');
    if (!account.shortingEnabled) return forbidden('account is not allowed to short');
  }
  if (!isZero(held)) return null;
  // Only a stock's market order or limits that cross get here as a wash trade; these rest apart from each other.
  const opposite = store
    .openOf(draft.symbol)
    .find((order) => order.side !== draft.side && order.orderClass === 'simple');
  if (opposite === undefined) return null;
  return forbidden(
    draft.side === 'buy'
      ? 'cannot open a long buy while a short sell order is open'
      : 'cannot open a short sell while a long buy order is open',
  );
}

function heldProblem(draft: OrderDraft, held: Decimal, account: Account): Refusal | null {
  const { held: heldForOrders, orders } = account.heldForOrders(draft.symbol);
  const existing = absolute(held);
  const available = subtract(existing, heldForOrders);
  const price = account.priceOf(draft.symbol);
  const requested = draft.quantity ?? ZERO;
  const isWithin =
    draft.notional === null
      ? requested <= available
      : price !== undefined &&
        draft.notional <= account.costOf({ ...draft, notional: null, quantity: available });
  if (isWithin) return null;
  return forbidden(
    `insufficient qty available for order (requested: ${sizeText(draft)}, available: ${formatDecimal(available)})`,
    {
      available: formatDecimal(available),
      existing_qty: formatDecimal(existing),
      held_for_orders: formatDecimal(heldForOrders),
      related_orders: orders.map((order) => order.id),
      symbol: draft.symbol,
    },
  );
}

function powerProblem(draft: OrderDraft, against: CheckedAgainst): Refusal | null {
  if (draft.orderClass === 'oco') return null;
  const held = against.ledger.quantity(draft.symbol);
  const isOpening = draft.side === 'buy' ? held >= 0n : held <= 0n;
  if (!isOpening) return null;
  const cost = against.account.costOf(draft);
  const power = against.account.buyingPower(draft.symbol);
  if (cost <= power) return null;
  return forbidden('insufficient buying power', {
    buying_power: formatDecimal(power),
    cost_basis: formatDecimal(cost),
  });
}

/** Whether a replacement is affordable: what it adds to the order's cost, or to what it closes, must be there. */
export function replaceProblem(
  draft: OrderDraft,
  old: ExchangeOrder,
  against: CheckedAgainst,
): Refusal | null {
  const held = against.ledger.quantity(draft.symbol);
  const isOpening = draft.side === 'buy' ? held >= 0n : held <= 0n;
  if (!isOpening) {
    // What the old order holds is free for the new one.
    const freed = remainingQuantity(old) ?? ZERO;
    const wanted = subtract(draft.quantity ?? ZERO, old.filledQuantity);
    return heldProblem({ ...draft, quantity: subtract(wanted, freed) }, held, against.account);
  }
  const cost = against.account.costOf(draft);
  const power = add(against.account.buyingPower(draft.symbol), against.account.costOf(old));
  if (cost <= power) return null;
  return forbidden('insufficient buying power', {
    buying_power: formatDecimal(power),
    cost_basis: formatDecimal(cost),
  });
}

function sizeText(draft: OrderDraft): string {
  return draft.quantity === null
    ? `$${formatDecimal(draft.notional ?? ZERO)}`
    : formatDecimal(draft.quantity);
}
