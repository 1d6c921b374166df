/** An order as the exchange keeps it, and as its REST and streams show it. */
import { newId } from '../../clock/chance.ts';
import { type Decimal, divide, formatDecimal, isZero, subtract, ZERO } from '../../domain/decimal.ts';
import type { OrderType, Side, TimeInForce } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { Listing } from '../market/instruments.ts';
import { formatTime } from '../streams/wire.ts';

export type OrderClass = 'simple' | 'bracket' | 'oco' | 'oto';

export type WorkingStatus =
  | 'accepted'
  | 'pending_new'
  | 'new'
  | 'partially_filled'
  | 'held'
  | 'pending_cancel'
  | 'pending_replace';
export type FinalStatus = 'filled' | 'canceled' | 'expired' | 'replaced' | 'rejected';

/** What a client asks for, after its form was checked. */
export interface OrderDraft {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  /** Null for an order by notional. */
  readonly quantity: Decimal | null;
  readonly notional: Decimal | null;
  readonly limitPrice: Decimal | null;
  readonly stopPrice: Decimal | null;
  readonly trailPrice: Decimal | null;
  readonly trailPercent: Decimal | null;
  readonly extendedHours: boolean;
  readonly orderClass: OrderClass;
  readonly takeProfit: { readonly limitPrice: Decimal } | null;
  readonly stopLoss: { readonly stopPrice: Decimal; readonly limitPrice: Decimal | null } | null;
}

export interface ExchangeOrder extends Omit<OrderDraft, 'takeProfit' | 'stopLoss'> {
  readonly id: string;
  readonly assetId: string;
  readonly assetClass: 'us_equity' | 'crypto';
  readonly positionIntent: string;
  readonly createdAtMicros: EpochMicros;
  readonly expiresAtMicros: EpochMicros | null;
  readonly replaces: string | null;
  quantity: Decimal | null;
  stopPrice: Decimal | null;
  status: WorkingStatus | FinalStatus;
  filledQuantity: Decimal;
  /** Sum of price times quantity over the executions. */
  filledNotional: Decimal;
  updatedAtMicros: EpochMicros;
  filledAtMicros: EpochMicros | null;
  expiredAtMicros: EpochMicros | null;
  canceledAtMicros: EpochMicros | null;
  cancelRequestedAtMicros: EpochMicros | null;
  failedAtMicros: EpochMicros | null;
  replacedAtMicros: EpochMicros | null;
  replacedBy: string | null;
  /** Trailing stops: the best price since the order was placed. */
  highWaterMark: Decimal | null;
  /** Stops: their price was touched. */
  isTriggered: boolean;
  /** Arrived, and worked against the market. */
  isAtVenue: boolean;
  /** Shares shown before ours at our price; null = the market has not been at our price. */
  queueAhead: number | null;
  parentId: string | null;
  legs: ExchangeOrder[];
}

const FINAL: ReadonlySet<string> = new Set(['filled', 'canceled', 'expired', 'replaced', 'rejected']);

/** The order that a draft becomes; one that comes with another is held until that is filled. */
export function newOrder(
  draft: OrderDraft,
  of: {
    readonly listing: Listing;
    readonly positionIntent: string;
    readonly createdAtMicros: EpochMicros;
    readonly expiresAtMicros: EpochMicros | null;
    readonly replaces: string | null;
    readonly parentId: string | null;
  },
): ExchangeOrder {
  const { takeProfit: _takeProfit, stopLoss: _stopLoss, ...asked } = draft;
  const { listing, ...placed } = of;
  return {
    ...asked,
    ...placed,
    id: newId(),
    assetId: listing.assetId,
    assetClass: listing.assetClass,
    status: placed.parentId === null ? 'pending_new' : 'held',
    filledQuantity: ZERO,
    filledNotional: ZERO,
    updatedAtMicros: placed.createdAtMicros,
    filledAtMicros: null,
    expiredAtMicros: null,
    canceledAtMicros: null,
    cancelRequestedAtMicros: null,
    failedAtMicros: null,
    replacedAtMicros: null,
    replacedBy: null,
    highWaterMark: null,
    isTriggered: false,
    isAtVenue: false,
    queueAhead: null,
    legs: [],
  };
}

export function isFinal(order: ExchangeOrder): boolean {
  return FINAL.has(order.status);
}

/** Shares still to be filled; for an order by notional null. */
export function remainingQuantity(order: ExchangeOrder): Decimal | null {
  return order.quantity === null ? null : subtract(order.quantity, order.filledQuantity);
}

export function remainingNotional(order: ExchangeOrder): Decimal {
  return order.notional === null ? ZERO : subtract(order.notional, order.filledNotional);
}

/** The order object of the REST and of `trade_updates`. Amounts are text, and what does not apply is null. */
export function orderJson(order: ExchangeOrder, isNested: boolean): Record<string, unknown> {
  return {
    id: order.id,
    client_order_id: order.clientOrderId,
    created_at: formatTime(order.createdAtMicros),
    updated_at: formatTime(order.updatedAtMicros),
    submitted_at: formatTime(order.createdAtMicros),
    filled_at: timeOrNull(order.filledAtMicros),
    expired_at: timeOrNull(order.expiredAtMicros),
    expires_at: timeOrNull(order.expiresAtMicros),
    canceled_at: timeOrNull(order.canceledAtMicros),
    cancel_requested_at: timeOrNull(order.cancelRequestedAtMicros),
    failed_at: timeOrNull(order.failedAtMicros),
    replaced_at: timeOrNull(order.replacedAtMicros),
    replaced_by: order.replacedBy,
    replaces: order.replaces,
    asset_id: order.assetId,
    symbol: order.symbol,
    asset_class: order.assetClass,
    notional: amountOrNull(order.notional),
    qty: amountOrNull(order.quantity),
    filled_qty: formatDecimal(order.filledQuantity),
    filled_avg_price: isZero(order.filledQuantity)
      ? null
      : formatDecimal(divide(order.filledNotional, order.filledQuantity)),
    order_class: order.orderClass === 'simple' ? '' : order.orderClass,
    order_type: order.type,
    type: order.type,
    side: order.side,
    position_intent: order.positionIntent,
    time_in_force: order.timeInForce,
    limit_price: amountOrNull(order.limitPrice),
    stop_price: amountOrNull(order.stopPrice),
    trail_price: amountOrNull(order.trailPrice),
    trail_percent: amountOrNull(order.trailPercent),
    hwm: amountOrNull(order.highWaterMark),
    extended_hours: order.extendedHours,
    status: order.status,
    legs: isNested && order.legs.length > 0 ? order.legs.map((leg) => orderJson(leg, false)) : null,
    ratio_qty: null,
    source: null,
    subtag: null,
  };
}

function amountOrNull(amount: Decimal | null): string | null {
  return amount === null ? null : formatDecimal(amount);
}

function timeOrNull(moment: EpochMicros | null): string | null {
  return moment === null ? null : formatTime(moment);
}
