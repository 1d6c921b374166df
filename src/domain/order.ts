/** Our orders: what a strategy proposes, what risk approves, what the broker says of it. */
import type { Decimal } from './decimal.ts';
import type { EpochMicros } from './time.ts';

export type Side = 'buy' | 'sell';
export type OrderType = 'market' | 'limit' | 'stop' | 'stop_limit' | 'trailing_stop';
export type TimeInForce = 'day' | 'gtc' | 'ioc' | 'fok' | 'opg' | 'cls';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** `bracket`: two exits, `oto`: one exit, both wait for the order's last share. `oco`: the order itself is an exit. */
export type OrderClass = 'bracket' | 'oco' | 'oto';

/** Exits that come with an order: when one of them is filled the other is canceled. */
export interface OrderExits {
  readonly orderClass: OrderClass;
  /** Of `oco` null: the order's own limit is where a gain is taken. */
  readonly takeProfit: { readonly limitPrice: Decimal } | null;
  readonly stopLoss: { readonly stopPrice: Decimal; readonly limitPrice: Decimal | null } | null;
}

/** What an order is to do and why: the same from the strategy's proposal to the last fill. */
export interface OrderTerms {
  /** Derived from batch, strategy instance, symbol and sequence: see {@link deriveClientOrderId}. */
  readonly clientOrderId: string;
  readonly instanceId: string;
  readonly algoRunId: string;
  readonly consumer: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly extendedHours: boolean;
  /**
   * Of an order by amount what that comes to at the market's price (for a sale at the worst that is allowed), and what
   * was filled once it has ended; zero as long as it is only proposed.
   */
  readonly quantity: Decimal;
  /** How much money is to be spent or raised, instead of a quantity; missing for all others. */
  readonly notional?: Decimal | undefined;
  readonly limitPrice: Decimal | null;
  readonly stopPrice: Decimal | null;
  /** Trailing stops only: how far the stop follows the best price, as an amount or in percent; one of the two. */
  readonly trailPrice?: Decimal | undefined;
  readonly trailPercent?: Decimal | undefined;
  /** True when the order may only bring the position closer to zero: such orders pass where new risk may not. */
  readonly reduceOnly: boolean;
  /** Where the strategy means to take profit and to give up: recorded with the fills. */
  readonly targetPrice: Decimal | null;
  readonly stopLossPrice: Decimal | null;
  /** The client order id of the open order that it takes the place of; missing for all others. */
  readonly replaces?: string | undefined;
  readonly exits?: OrderExits | undefined;
  /** Of an exit the client order id of the order that it came with; missing for all others. */
  readonly parent?: string | undefined;
  readonly reason: string;
  readonly indicators: JsonObject;
}

/** An order as a strategy proposes it. Nothing here has been checked against risk yet. */
export interface OrderIntent extends OrderTerms {
  readonly kind: 'order';
  /** Sequence in the host's inbox of the event that caused it. */
  readonly causedBy: number;
  readonly decidedAtMicros: EpochMicros;
}

export interface CancelIntent {
  readonly kind: 'cancel';
  readonly clientOrderId: string;
  readonly instanceId: string;
  readonly symbol: string;
  readonly reason: string;
  readonly causedBy: number;
  readonly decidedAtMicros: EpochMicros;
}

/** What is to be different of an order; what is left out stays as it is. */
export interface OrderChanges {
  /** All of it, what has been filled by now included. */
  readonly quantity?: Decimal;
  readonly limitPrice?: Decimal;
  readonly stopPrice?: Decimal;
  readonly trailPrice?: Decimal;
  readonly trailPercent?: Decimal;
}

/** Puts another order in the place of one that is open. */
export interface ReplaceIntent {
  readonly kind: 'replace';
  /** Of the order that is to be there instead, derived as for any order. */
  readonly clientOrderId: string;
  readonly replaces: string;
  readonly instanceId: string;
  readonly symbol: string;
  readonly changes: OrderChanges;
  readonly reason: string;
  readonly causedBy: number;
  readonly decidedAtMicros: EpochMicros;
}

export type Intent = OrderIntent | CancelIntent | ReplaceIntent;

/**
 * Where an order stands. `approved` to `unknown` are ours, the rest the broker's.
 * - `approved`: risk said yes, nothing was sent.
 * - `submitting`: the request is on its way.
 * - `unknown`: sent, and the answer was lost; counted against risk until the broker says what became of it.
 */
export type OrderStatus =
  | 'approved'
  | 'submitting'
  | 'unknown'
  | 'accepted'
  | 'pending_new'
  | 'new'
  | 'held'
  | 'partially_filled'
  | 'pending_cancel'
  | 'pending_replace'
  | 'done_for_day'
  | 'stopped'
  | 'suspended'
  | 'calculated'
  | 'filled'
  | 'canceled'
  | 'expired'
  | 'replaced'
  | 'rejected'
  | 'denied'
  | 'not_sent';

/** True when nothing can happen to the order any more (late fills and corrections aside). Asked 20 times an order. */
export function isTerminal(status: OrderStatus): boolean {
  return (
    status === 'filled' ||
    status === 'canceled' ||
    status === 'expired' ||
    status === 'replaced' ||
    status === 'rejected' ||
    status === 'denied' ||
    status === 'not_sent'
  );
}

/** An order as the desk keeps it and as others see it. */
export interface Order extends OrderTerms {
  readonly brokerOrderId: string | null;
  readonly status: OrderStatus;
  readonly filledQuantity: Decimal;
  /** Quantity-weighted, null before the first fill. */
  readonly averagePrice: Decimal | null;
  /** Why it was denied, refused or ended, in words; null while all is well. */
  readonly statusReason: string | null;
  readonly createdAtMicros: EpochMicros;
  readonly updatedAtMicros: EpochMicros;
}

/** Where each field is written out: the compiler tells of one that is missing, optional ones too. */
export type EveryFieldOf<Kind> = { [Key in keyof Required<Kind>]: Kind[Key] };

/** What of an order may change between its approval and its end. */
export type OrderChange = Partial<
  Pick<
    Order,
    | 'brokerOrderId'
    | 'quantity'
    | 'reduceOnly'
    | 'status'
    | 'filledQuantity'
    | 'averagePrice'
    | 'statusReason'
    | 'updatedAtMicros'
  >
>;

/**
 * The order with what has changed of it. Field by field, and all orders of one shape: a spread of an order took 0.8 us,
 * and there are half a dozen in each order's life.
 */
export function changedOrder(order: Order, change: OrderChange): Order {
  const changed: EveryFieldOf<Order> = {
    clientOrderId: order.clientOrderId,
    brokerOrderId: change.brokerOrderId ?? order.brokerOrderId,
    instanceId: order.instanceId,
    algoRunId: order.algoRunId,
    consumer: order.consumer,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    timeInForce: order.timeInForce,
    extendedHours: order.extendedHours,
    quantity: change.quantity ?? order.quantity,
    notional: order.notional,
    limitPrice: order.limitPrice,
    stopPrice: order.stopPrice,
    trailPrice: order.trailPrice,
    trailPercent: order.trailPercent,
    reduceOnly: change.reduceOnly ?? order.reduceOnly,
    targetPrice: order.targetPrice,
    stopLossPrice: order.stopLossPrice,
    replaces: order.replaces,
    exits: order.exits,
    parent: order.parent,
    reason: order.reason,
    indicators: order.indicators,
    status: change.status ?? order.status,
    filledQuantity: change.filledQuantity ?? order.filledQuantity,
    averagePrice: change.averagePrice === undefined ? order.averagePrice : change.averagePrice,
    statusReason: change.statusReason === undefined ? order.statusReason : change.statusReason,
    createdAtMicros: order.createdAtMicros,
    updatedAtMicros: change.updatedAtMicros ?? order.updatedAtMicros,
  };
  return changed;
}

/** One execution of an order. */
export interface Fill {
  /** The broker's id of the execution: the same fill told twice has the same id. */
  readonly executionId: string;
  readonly clientOrderId: string;
  readonly brokerOrderId: string;
  readonly instanceId: string;
  readonly algoRunId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly fee: Decimal;
  readonly executedAtMicros: EpochMicros;
}

/** What one strategy instance holds in one symbol. Quantity is signed: short is negative. */
export interface Position {
  readonly instanceId: string;
  readonly algoRunId: string;
  readonly symbol: string;
  readonly quantity: Decimal;
  /** Quantity-weighted entry price of what is held, zero when flat. */
  readonly averagePrice: Decimal;
  readonly realizedPnl: Decimal;
  readonly fees: Decimal;
}

/** The broker's account, as far as risk and strategies need it. */
export interface Account {
  readonly accountId: string;
  readonly currency: string;
  readonly cash: Decimal;
  readonly equity: Decimal;
  readonly lastEquity: Decimal;
  readonly buyingPower: Decimal;
  readonly shortingEnabled: boolean;
  /** Why the account may not trade, null when it may. */
  readonly blockedReason: string | null;
}

export type RiskState = 'active' | 'reducing' | 'halted';

/** Whose limit it is: a strategy's own or a symbol's own; the account's where neither stands. */
export interface OfLimit {
  readonly instanceId?: string;
  readonly ofSymbol?: string;
}

/** Why an intent was not made an order: typed, with the numbers that decided. */
export type DenialReason =
  | ({ readonly code: 'order_notional'; readonly notional: Decimal; readonly limit: Decimal } & OfLimit)
  /** A position is what is held in one symbol, open orders counted. */
  | ({ readonly code: 'position_notional'; readonly notional: Decimal; readonly limit: Decimal } & OfLimit)
  | ({ readonly code: 'order_quantity'; readonly quantity: Decimal; readonly limit: Decimal } & OfLimit)
  | ({ readonly code: 'position_quantity'; readonly quantity: Decimal; readonly limit: Decimal } & OfLimit)
  | ({ readonly code: 'gross_notional'; readonly notional: Decimal; readonly limit: Decimal } & OfLimit)
  | ({ readonly code: 'open_orders'; readonly open: number; readonly limit: number } & OfLimit)
  | ({ readonly code: 'orders_per_minute'; readonly count: number; readonly limit: number } & OfLimit)
  | ({ readonly code: 'daily_loss'; readonly loss: Decimal; readonly limit: Decimal } & OfLimit)
  /** Fallen by so much from the highest equity, or from the strategy's highest P&L. */
  | ({
      readonly code: 'drawdown';
      readonly drawdown: Decimal;
      readonly highest: Decimal;
      readonly limit: Decimal;
    } & OfLimit)
  | { readonly code: 'buying_power'; readonly needed: Decimal; readonly available: Decimal }
  /** `reserved`: by open orders, and to secure short positions. */
  | {
      readonly code: 'portfolio_cash';
      readonly portfolioId: string;
      readonly needed: Decimal;
      readonly cash: Decimal;
      readonly credit: Decimal;
      readonly reserved: Decimal;
    }
  | ({
      readonly code: 'price_collar';
      readonly price: Decimal;
      readonly reference: Decimal;
      readonly limitPercent: number;
    } & OfLimit)
  | { readonly code: 'no_market'; readonly symbol: string }
  | {
      readonly code: 'stale_market';
      readonly symbol: string;
      readonly ageMs: number;
      readonly limitMs: number;
    }
  | { readonly code: 'symbol_halted'; readonly symbol: string; readonly status: string }
  | ({
      readonly code: 'short_not_allowed';
      readonly symbol: string;
      readonly held: Decimal;
      readonly asked: Decimal;
    } & OfLimit)
  | ({ readonly code: 'fraction_not_allowed'; readonly symbol: string; readonly quantity: Decimal } & OfLimit)
  /** It could trade with another order of the account, which the broker does not allow. */
  | { readonly code: 'wash_trade'; readonly symbol: string; readonly existingClientOrderId: string }
  | { readonly code: 'not_reducing'; readonly held: Decimal; readonly asked: Decimal }
  | { readonly code: 'risk_state'; readonly state: RiskState; readonly why: string }
  | { readonly code: 'account_blocked'; readonly why: string }
  | { readonly code: 'outside_window'; readonly detail: string }
  | { readonly code: 'market_closed'; readonly detail: string }
  | { readonly code: 'invalid'; readonly detail: string }
  | { readonly code: 'duplicate'; readonly clientOrderId: string }
  | { readonly code: 'unknown_order'; readonly clientOrderId: string }
  /** The order is not in a state in which the broker lets it be replaced. */
  | { readonly code: 'not_replaceable'; readonly clientOrderId: string; readonly status: OrderStatus }
  | { readonly code: 'stopping' };

/** A denied intent, as strategies are told. */
export interface Denial {
  readonly clientOrderId: string;
  readonly instanceId: string;
  readonly symbol: string;
  readonly reason: DenialReason;
}

/**
 * The exits that come with an order, as orders of their own, held until it is filled. Their ids are made of its id;
 * some brokers know them under others.
 */
export function exitsOf(order: Order): readonly Order[] {
  const { exits, clientOrderId } = order;
  if (exits === undefined) return [];
  const { exits: _exits, trailPrice: _trailPrice, trailPercent: _trailPercent, ...terms } = order;
  const side = exits.orderClass === 'oco' ? order.side : opposite(order.side);
  const exit = { ...terms, side, parent: clientOrderId, reduceOnly: true, status: 'held' } as const;
  const { takeProfit, stopLoss } = exits;
  const orders: Order[] = [];
  if (takeProfit !== null) {
    const { limitPrice } = takeProfit;
    const id = `${clientOrderId}.take_profit`;
    orders.push({ ...exit, clientOrderId: id, type: 'limit', limitPrice, stopPrice: null });
  }
  if (stopLoss !== null) {
    const type = stopLoss.limitPrice === null ? 'stop' : 'stop_limit';
    orders.push({ ...exit, ...stopLoss, clientOrderId: `${clientOrderId}.stop_loss`, type });
  }
  return orders;
}

export function opposite(side: Side): Side {
  return side === 'buy' ? 'sell' : 'buy';
}

/**
 * The id under which the broker knows an order. Made only of what is the same after a crash, so that it can be
 * derived again and an order of unknown fate asked for. At most 128 characters (Alpaca's limit).
 * @param sequence counts the orders of this (instance, symbol) in this batch from 1.
 */
export function deriveClientOrderId(
  batchId: string,
  instanceId: string,
  symbol: string,
  sequence: number,
): string {
  return clientOrderIdOf(clientOrderIdPrefix(batchId, instanceId, symbol), sequence);
}

/** What {@link deriveClientOrderId} begins with, for those who derive many. */
export function clientOrderIdPrefix(batchId: string, instanceId: string, symbol: string): string {
  return `${clientOrderIdBeginning(batchId)}.${instanceId}.${symbol.replaceAll('/', '-')}.`;
}

/** What all ids of a batch begin with. */
export function clientOrderIdBeginning(batchId: string): string {
  return batchId.replaceAll('-', '').slice(0, 12);
}

export function clientOrderIdOf(prefix: string, sequence: number): string {
  const id = `${prefix}${sequence}`;
  if (id.length > 128) throw new RangeError(`client order id over 128 characters: ${id}`);
  return id;
}
