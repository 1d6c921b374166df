/** An order at the paper broker, and what a market event gives it. */
import { type Decimal, isZero, minimum, ZERO } from '../../domain/decimal.ts';
import type { Order } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { WorkingOrder } from '../workingOrder.ts';
import type { Level } from './book.ts';

export class PaperOrder extends WorkingOrder {
  /** Events received before this moment came too early for it. */
  readonly activeFromMicros: EpochMicros;
  /** When a day order ends; null for others. */
  readonly expiresAtMicros: EpochMicros | null;

  constructor(
    order: Order,
    terms: {
      readonly brokerOrderId: string;
      readonly nowMicros: EpochMicros;
      readonly activeFromMicros: EpochMicros;
      readonly expiresAtMicros: EpochMicros | null;
    },
  ) {
    super(order, terms.brokerOrderId, terms.nowMicros);
    this.activeFromMicros = terms.activeFromMicros;
    this.expiresAtMicros = terms.expiresAtMicros;
  }

  /** A trade at or beyond the stop price sets a stop off: at or above it for a buy, at or below it for a sale. True when this one does. */
  touch(price: Decimal): boolean {
    const { stopPrice, side } = this.order;
    if (stopPrice === null || this.isTriggered) return false;
    this.isTriggered = side === 'buy' ? price >= stopPrice : price <= stopPrice;
    return this.isTriggered;
  }

  /** What it takes of a displayed level: nothing at a price beyond its limit, never more than is shown. */
  matchLevel(level: Level | null): Level | null {
    if (level === null || !this.isTriggered || !this.accepts(level.price)) return null;
    const wanted = this.wantedAt(level.price);
    const size = minimum(level.size, wanted);
    const isAllOrNothing = this.order.timeInForce === 'fok';
    if (isZero(size) || (isAllOrNothing && size < wanted)) return null;
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
}
