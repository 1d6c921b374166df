/** An order at the paper broker, and what a market event gives it. */
import { add, type Decimal, isZero, minimum, subtract, weightedAverage, ZERO } from '../../domain/decimal.ts';
import { isTerminal, type Order, type OrderStatus } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { BrokerOrder } from '../contract.ts';
import type { Level } from './book.ts';

export class PaperOrder {
  readonly order: Order;
  readonly brokerOrderId: string;
  /** Events received before this moment came too early for it. */
  readonly activeFromMicros: EpochMicros;
  /** When a day order ends; null for others. */
  readonly expiresAtMicros: EpochMicros | null;
  readonly createdAtMicros: EpochMicros;
  updatedAtMicros: EpochMicros;
  status: OrderStatus = 'new';
  filledQuantity: Decimal = ZERO;
  fills = 0;
  isTriggered: boolean;
  #average: Decimal = ZERO;

  constructor(
    order: Order,
    terms: {
      readonly brokerOrderId: string;
      readonly nowMicros: EpochMicros;
      readonly activeFromMicros: EpochMicros;
      readonly expiresAtMicros: EpochMicros | null;
    },
  ) {
    this.order = order;
    this.brokerOrderId = terms.brokerOrderId;
    this.createdAtMicros = terms.nowMicros;
    this.updatedAtMicros = terms.nowMicros;
    this.activeFromMicros = terms.activeFromMicros;
    this.expiresAtMicros = terms.expiresAtMicros;
    this.isTriggered = order.stopPrice === null;
  }

  get isOpen(): boolean {
    return !isTerminal(this.status);
  }

  get remaining(): Decimal {
    return subtract(this.order.quantity, this.filledQuantity);
  }

  /** A trade at or beyond the stop price sets a stop off: at or above it for a buy, at or below it for a sale. */
  touch(price: Decimal): void {
    const { stopPrice, side } = this.order;
    if (stopPrice === null || this.isTriggered) return;
    this.isTriggered = side === 'buy' ? price >= stopPrice : price <= stopPrice;
  }

  /** What it takes of a displayed level: nothing at a price beyond its limit, never more than is shown. */
  matchLevel(level: Level | null): Level | null {
    if (level === null || !this.isTriggered || !this.#accepts(level.price)) return null;
    const size = minimum(level.size, this.remaining);
    const isAllOrNothing = this.order.timeInForce === 'fok';
    if (isZero(size) || (isAllOrNothing && size < this.remaining)) return null;
    return { price: level.price, size };
  }

  /**
   * What a resting limit order gets of a trade: all of its size when the trade went through the limit. A trade at the
   * limit itself may have been somebody's in front of us, so it gives nothing.
   */
  matchTrade(price: Decimal, size: Decimal): Level | null {
    const { limitPrice, side } = this.order;
    if (limitPrice === null || !this.isTriggered || this.order.timeInForce === 'fok') return null;
    const isThrough = side === 'buy' ? price < limitPrice : price > limitPrice;
    const quantity = minimum(size, this.remaining);
    return isThrough && quantity > ZERO ? { price: limitPrice, size: quantity } : null;
  }

  fill(match: Level, atMicros: EpochMicros): void {
    this.#average = weightedAverage([
      { price: this.#average, quantity: this.filledQuantity },
      { price: match.price, quantity: match.size },
    ]);
    this.filledQuantity = add(this.filledQuantity, match.size);
    this.fills += 1;
    this.setStatus(isZero(this.remaining) ? 'filled' : 'partially_filled', atMicros);
  }

  /** Each change is later than the one before, so that descriptions can be told by age. */
  setStatus(status: OrderStatus, atMicros: EpochMicros): void {
    this.status = status;
    this.updatedAtMicros = Math.max(atMicros, this.updatedAtMicros + 1);
  }

  /** As the broker tells of it. */
  described(): BrokerOrder {
    const { clientOrderId, symbol, side, quantity } = this.order;
    return {
      brokerOrderId: this.brokerOrderId,
      clientOrderId,
      symbol,
      side,
      quantity,
      filledQuantity: this.filledQuantity,
      averagePrice: isZero(this.filledQuantity) ? null : this.#average,
      status: this.status,
      rawStatus: this.status,
      createdAtMicros: this.createdAtMicros,
      updatedAtMicros: this.updatedAtMicros,
    };
  }

  #accepts(price: Decimal): boolean {
    const { limitPrice, side } = this.order;
    if (limitPrice === null) return true;
    return side === 'buy' ? price <= limitPrice : price >= limitPrice;
  }
}
