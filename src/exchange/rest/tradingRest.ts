/** Trading REST: orders and positions (`/v2/orders`, `/v2/positions`). */

import { newId } from '../../clock/chance.ts';
import {
  absolute,
  type Decimal,
  decimal,
  divide,
  multiply,
  roundTo,
  tryDecimal,
} from '../../domain/decimal.ts';
import { parseMicros } from '../../domain/time.ts';
import type { FaultSwitches, LostAnswer } from '../faults.ts';
import type { Account } from '../trading/account.ts';
import type { LedgerPosition } from '../trading/ledger.ts';
import { type CheckedAgainst, orderProblem, replaceProblem } from '../trading/orderChecks.ts';
import { isWhole, priceProblem, readOrder } from '../trading/orderForm.ts';
import type { OrderQuery } from '../trading/orderStore.ts';
import { type ExchangeOrder, isFinal, type OrderDraft, orderJson } from '../trading/orders.ts';
import { intentOf } from '../trading/positionIntent.ts';
import type { ReplaceChanges } from '../trading/reports.ts';
import type { Venue } from '../trading/venue.ts';
import {
  badRequest,
  forbidden,
  isRefusal,
  malformed,
  notFound,
  type Refusal,
  unprocessable,
} from './refusals.ts';
import type { HttpAnswer, HttpRequest, Route } from './routes.ts';

const ORDERS_LIMIT_DEFAULT = 50;
const ORDERS_LIMIT_MAX = 500;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface TradingRestOptions extends CheckedAgainst {
  readonly venue: Venue;
  readonly account: Account;
  readonly faults: FaultSwitches;
  readonly now: () => number;
}

export function tradingRoutes(options: TradingRestOptions): Route[] {
  const rest = new TradingRest(options);
  return [
    { method: 'POST', pattern: '/v2/orders', answer: (request) => rest.place(request) },
    { method: 'GET', pattern: '/v2/orders', answer: (request) => rest.list(request) },
    { method: 'DELETE', pattern: '/v2/orders', answer: () => rest.cancelAll() },
    {
      method: 'GET',
      pattern: '/v2/orders:by_client_order_id',
      answer: (request) => rest.byClientOrderId(request),
    },
    { method: 'GET', pattern: '/v2/orders/{id}', answer: (request) => rest.one(request) },
    { method: 'PATCH', pattern: '/v2/orders/{id}', answer: (request) => rest.replace(request) },
    { method: 'DELETE', pattern: '/v2/orders/{id}', answer: (request) => rest.cancel(request) },
    { method: 'GET', pattern: '/v2/positions', answer: () => rest.positions() },
    { method: 'DELETE', pattern: '/v2/positions', answer: (request) => rest.closeAll(request) },
    { method: 'GET', pattern: '/v2/positions/{symbol}', answer: (request) => rest.position(request) },
    { method: 'DELETE', pattern: '/v2/positions/{symbol}', answer: (request) => rest.close(request) },
  ];
}

class TradingRest {
  readonly #options: TradingRestOptions;

  constructor(options: TradingRestOptions) {
    this.#options = options;
  }

  place(request: HttpRequest): HttpAnswer {
    const lost = this.#options.faults.takeLostAnswer();
    if (lost === 'reset_before_accepting') return { lost: 'reset' };
    if (lost === 'unavailable_before_accepting') return { lost: 'unavailable' };
    const draft = readOrder(request.body);
    const placed = isRefusal(draft) ? draft : this.#submit(draft);
    if (lost !== null) return { lost: lostForm(lost) };
    if (isRefusal(placed)) return placed;
    // The answer tells the order as it was taken, even when its first events have overtaken it.
    const body = this.#json(placed, true);
    if (this.#options.faults.current.fillBeforeAnswer) this.#options.venue.hurry(placed);
    return { status: 200, body };
  }

  list(request: HttpRequest): HttpAnswer {
    const query = readQuery(request.query);
    if (isRefusal(query)) return query;
    const orders = this.#options.store.list(query);
    return { status: 200, body: orders.map((order) => this.#json(order, query.isNested)) };
  }

  one(request: HttpRequest): HttpAnswer {
    const order = this.#find(request.params.id ?? '');
    if (isRefusal(order)) return order;
    return { status: 200, body: this.#json(order, request.query.get('nested') === 'true') };
  }

  byClientOrderId(request: HttpRequest): HttpAnswer {
    const id = request.query.get('client_order_id') ?? '';
    const order = this.#options.store.byClientOrderId(id);
    const ageMs = (this.#options.now() - (order?.createdAtMicros ?? 0)) / 1_000;
    if (order === undefined || ageMs < this.#options.faults.current.lookupDelayMs) {
      return notFound(`order not found for ${id}`);
    }
    return { status: 200, body: this.#json(order, request.query.get('nested') === 'true') };
  }

  replace(request: HttpRequest): HttpAnswer {
    const order = this.#find(request.params.id ?? '');
    if (isRefusal(order)) return order;
    const isWorking = order.status === 'new' || order.status === 'partially_filled';
    if (!isWorking && !this.#options.venue.isWatched(order)) {
      return unprocessable(`order is already in "${order.status}" state`);
    }
    const changes = readChanges(request.body, order);
    if (isRefusal(changes)) return changes;
    if (changes.quantity !== undefined && order.orderClass !== 'simple')
      return unprocessable('the quantity of complex orders cannot be replaced');
    if (
      changes.clientOrderId !== undefined &&
      this.#options.store.byClientOrderId(changes.clientOrderId) !== undefined
    ) {
      return malformed('client_order_id must be unique');
    }
    const wanted: OrderDraft = {
      ...order,
      quantity: changes.quantity ?? order.quantity,
      limitPrice: changes.limitPrice ?? order.limitPrice,
      stopPrice: changes.stopPrice ?? order.stopPrice,
      takeProfit: null,
      stopLoss: null,
    };
    const problem = replaceProblem(wanted, order, this.#options);
    if (problem !== null) return problem;
    return { status: 200, body: this.#json(this.#options.venue.requestReplace(order, changes), false) };
  }

  cancel(request: HttpRequest): HttpAnswer {
    const order = this.#find(request.params.id ?? '');
    if (isRefusal(order)) return order;
    if (isFinal(order)) return unprocessable(`order is already in "${order.status}" state`);
    this.#options.venue.requestCancel(order);
    return { status: 204, body: null };
  }

  cancelAll(): HttpAnswer {
    const results = this.#options.store.open().map((order) => {
      this.#options.venue.requestCancel(order);
      return { id: order.id, status: 200 };
    });
    return { status: 207, body: results };
  }

  positions(): HttpAnswer {
    const { account, ledger } = this.#options;
    return { status: 200, body: ledger.positions.map((position) => account.positionJson(position)) };
  }

  position(request: HttpRequest): HttpAnswer {
    const position = this.#findPosition(request.params.symbol ?? '');
    if (position === undefined) return notFound('position does not exist');
    return { status: 200, body: this.#options.account.positionJson(position) };
  }

  close(request: HttpRequest): HttpAnswer {
    const position = this.#findPosition(request.params.symbol ?? '');
    if (position === undefined) return notFound('position does not exist');
    const quantity = closingQuantity(position, request.query);
    if (quantity === undefined) return malformed('invalid qty or percentage');
    const order = this.#close(position, quantity);
    return isRefusal(order) ? order : { status: 200, body: this.#json(order, false) };
  }

  closeAll(request: HttpRequest): HttpAnswer {
    const { ledger, store, venue } = this.#options;
    if (request.query.get('cancel_orders') === 'true') {
      for (const order of store.open()) venue.requestCancel(order);
    }
    const results = ledger.positions.map((position) => {
      const order = this.#close(position, absolute(position.quantity));
      const { symbol } = position;
      return isRefusal(order)
        ? { symbol, status: order.status, body: order.body }
        : { symbol, status: 200, body: this.#json(order, false) };
    });
    return { status: 207, body: results };
  }

  #submit(draft: OrderDraft): ExchangeOrder | Refusal {
    if (this.#options.faults.current.tradeSuspended)
      return forbidden('new orders are rejected by user request');
    const problem = orderProblem(draft, this.#options);
    if (problem !== null) return problem;
    const held = this.#options.ledger.quantity(draft.symbol);
    return this.#options.venue.submit(draft, intentOf(draft.side, held));
  }

  #close(position: LedgerPosition, quantity: Decimal): ExchangeOrder | Refusal {
    const isCrypto = position.symbol.includes('/');
    return this.#submit({
      clientOrderId: newId(),
      symbol: position.symbol,
      side: position.quantity > 0n ? 'sell' : 'buy',
      type: 'market',
      timeInForce: isCrypto ? 'gtc' : 'day',
      quantity,
      notional: null,
      limitPrice: null,
      stopPrice: null,
      trailPrice: null,
      trailPercent: null,
      extendedHours: false,
      orderClass: 'simple',
      takeProfit: null,
      stopLoss: null,
    });
  }

  #find(id: string): ExchangeOrder | Refusal {
    if (!UUID.test(id)) return malformed('order_id is missing');
    return this.#options.store.byId(id) ?? notFound(`order not found for ${id}`);
  }

  /** By symbol (crypto with or without its slash) or asset id. */
  #findPosition(name: string): LedgerPosition | undefined {
    return this.#options.ledger.positions.find(
      (position) =>
        position.symbol === name.toUpperCase() ||
        position.symbol.replace('/', '') === name.toUpperCase() ||
        this.#options.market.record(position.symbol)?.listing.assetId === name,
    );
  }

  #json(order: ExchangeOrder, isNested: boolean): Record<string, unknown> {
    const json = orderJson(order, isNested);
    return this.#options.faults.current.unknownKinds
      ? { ...json, unknown_field: { of: 'a later version' } }
      : json;
  }
}

function lostForm(lost: LostAnswer): 'reset' | 'unavailable' | 'hang' {
  if (lost === 'hang_after_accepting') return 'hang';
  return lost === 'reset_after_accepting' || lost === 'reset_before_accepting' ? 'reset' : 'unavailable';
}

function closingQuantity(position: LedgerPosition, query: URLSearchParams): Decimal | undefined {
  const held = absolute(position.quantity);
  const qty = query.get('qty');
  if (qty !== null) {
    const quantity = tryDecimal(qty);
    return quantity !== undefined && quantity > 0n ? quantity : undefined;
  }
  const percentage = query.get('percentage');
  if (percentage === null) return held;
  const percent = tryDecimal(percentage);
  if (percent === undefined || percent <= 0n || percent > decimal('100')) return undefined;
  const part = divide(multiply(held, percent), decimal('100'));
  return isWhole(held) ? roundTo(part, 0, 'down') : part;
}

function readChanges(
  body: Readonly<Record<string, unknown>>,
  order: ExchangeOrder,
): ReplaceChanges | Refusal {
  const changes: { -readonly [Key in keyof ReplaceChanges]: ReplaceChanges[Key] } = {};
  const amounts = {
    qty: 'quantity',
    limit_price: 'limitPrice',
    stop_price: 'stopPrice',
    trail: 'trail',
  } as const;
  for (const [name, field] of Object.entries(amounts)) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    const amount =
      typeof value === 'string' || typeof value === 'number' ? tryDecimal(String(value)) : undefined;
    if (amount === undefined || amount <= 0n) return unprocessable(`invalid ${name}`);
    changes[field as 'quantity'] = amount;
  }
  if (changes.quantity !== undefined && order.notional !== null)
    return unprocessable('notional orders cannot be replaced');
  if (changes.limitPrice !== undefined && order.limitPrice === null)
    return unprocessable(`${order.type} orders require no limit_price`);
  if (changes.stopPrice !== undefined && order.stopPrice === null)
    return unprocessable(`${order.type} orders require no stop_price`);
  const problem =
    priceProblem('limit_price', changes.limitPrice ?? null, order.symbol) ??
    priceProblem('stop_price', changes.stopPrice ?? null, order.symbol);
  if (problem !== null) return problem;
  if (typeof body.client_order_id === 'string' && body.client_order_id !== '')
    changes.clientOrderId = body.client_order_id;
  const timeInForce = body.time_in_force;
  if (timeInForce === 'day' || timeInForce === 'gtc' || timeInForce === 'ioc' || timeInForce === 'fok')
    changes.timeInForce = timeInForce;
  if (Object.keys(changes).length === 0) return unprocessable('no changes to the order were asked for');
  return changes;
}

function readQuery(query: URLSearchParams): OrderQuery | Refusal {
  const status = query.get('status') ?? 'open';
  if (status !== 'open' && status !== 'closed' && status !== 'all')
    return malformed(`invalid status: ${status}`);
  const direction = query.get('direction') ?? 'desc';
  if (direction !== 'asc' && direction !== 'desc') return malformed(`invalid direction: ${direction}`);
  const limit = Number(query.get('limit') ?? ORDERS_LIMIT_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > ORDERS_LIMIT_MAX)
    return malformed(`limit must be from 1 to ${ORDERS_LIMIT_MAX}`);
  const after = readTime(query.get('after'));
  const until = readTime(query.get('until'));
  if (after === undefined || until === undefined) return badRequest('invalid after or until');
  const beforeOrderId = query.get('before_order_id');
  const afterOrderId = query.get('after_order_id');
  if (beforeOrderId !== null && afterOrderId !== null)
    return malformed('before_order_id and after_order_id are mutually exclusive');
  if ((beforeOrderId !== null || afterOrderId !== null) && (after !== null || until !== null))
    return malformed('order ids and times are mutually exclusive');
  const symbols = query.get('symbols');
  return {
    status,
    direction,
    limit,
    after,
    until,
    isNested: query.get('nested') === 'true',
    symbols: symbols === null || symbols === '' ? null : new Set(symbols.toUpperCase().split(',')),
    side: query.get('side'),
    assetClass: query.get('asset_class'),
    beforeOrderId,
    afterOrderId,
  };
}

/** A moment or a date; null when absent, undefined when it is neither. */
export function readTime(text: string | null): number | null | undefined {
  if (text === null || text === '') return null;
  return parseMicros(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
}
