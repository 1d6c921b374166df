/** An order at the simulated broker. */
import type { BrokerOrder } from '../../brokers/contract.ts';
import {
  add,
  type Decimal,
  isZero,
  numberFromDecimal,
  subtract,
  weightedAverage,
  ZERO,
} from '../../domain/decimal.ts';
import { isTerminal, type Order, type OrderStatus } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';

const PERCENT = 100;

export interface OrderTimes {
  /** When it was decided. A bar that began earlier gives it nothing. */
  readonly decidedMicros: EpochMicros;
  /** When it reaches the exchange. */
  readonly arrivesMicros: EpochMicros;
  /** When a day order ends; infinite for others. */
  readonly expiresMicros: EpochMicros;
}

export class SimulatedOrder {
  readonly order: Order;
  readonly brokerOrderId: string;
  readonly decidedMicros: EpochMicros;
  readonly arrivesMicros: EpochMicros;
  readonly expiresMicros: EpochMicros;
  /** NaN where it has none. Compared with the data's prices, which are numbers too. */
  readonly limit: number;
  /** A trailing stop's moves with the best price since it was placed. */
  stop: number;
  status: OrderStatus = 'new';
  /** A stop that was set off, or an order without one. */
  isTriggered: boolean;
  /** Shares that stand before it in the book at its price; NaN while nobody has shown them. */
  queueAhead = Number.NaN;
  filledQuantity: Decimal = ZERO;
  remaining: Decimal;
  fills = 0;
  updatedMicros: EpochMicros;
  #average: Decimal = ZERO;

  constructor(order: Order, brokerOrderId: string, times: OrderTimes) {
    this.order = order;
    this.brokerOrderId = brokerOrderId;
    this.decidedMicros = times.decidedMicros;
    this.arrivesMicros = times.arrivesMicros;
    this.expiresMicros = times.expiresMicros;
    this.updatedMicros = times.arrivesMicros;
    this.limit = order.limitPrice === null ? Number.NaN : numberFromDecimal(order.limitPrice);
    this.stop = order.stopPrice === null ? Number.NaN : numberFromDecimal(order.stopPrice);
    this.isTriggered = order.stopPrice === null && order.type !== 'trailing_stop';
    this.remaining = order.quantity;
  }

  get isOpen(): boolean {
    return !isTerminal(this.status);
  }

  get isImmediate(): boolean {
    return this.order.timeInForce === 'ioc' || this.order.timeInForce === 'fok';
  }

  /** Draws a trailing stop after a price that is better for the position than any before. */
  follow(price: number): void {
    const { trailPrice, trailPercent, side } = this.order;
    if (this.order.type !== 'trailing_stop') return;
    const distance =
      trailPrice === undefined
        ? (price * numberFromDecimal(trailPercent ?? ZERO)) / PERCENT
        : numberFromDecimal(trailPrice);
    const stop = side === 'buy' ? price + distance : price - distance;
    const isBetter = side === 'buy' ? stop < this.stop : stop > this.stop;
    if (isBetter || Number.isNaN(this.stop)) this.stop = stop;
  }

  /** At or beyond the stop: at or above it for a buy, at or below it for a sale. */
  reaches(price: number): boolean {
    return this.order.side === 'buy' ? price >= this.stop : price <= this.stop;
  }

  /** Whether a limit allows dealing at this price. */
  accepts(price: Decimal): boolean {
    const { limitPrice, side } = this.order;
    if (limitPrice === null) return true;
    return side === 'buy' ? price <= limitPrice : price >= limitPrice;
  }

  fill(price: Decimal, quantity: Decimal, atMicros: EpochMicros): void {
    this.#average =
      this.fills === 0
        ? price
        : weightedAverage([
            { price: this.#average, quantity: this.filledQuantity },
            { price, quantity },
          ]);
    this.filledQuantity = add(this.filledQuantity, quantity);
    this.remaining = subtract(this.order.quantity, this.filledQuantity);
    this.fills += 1;
    this.setStatus(isZero(this.remaining) ? 'filled' : 'partially_filled', atMicros);
  }

  /** Each change is later than the one before, so that descriptions can be told by age. */
  setStatus(status: OrderStatus, atMicros: EpochMicros): void {
    this.status = status;
    this.updatedMicros = Math.max(atMicros, this.updatedMicros + 1);
  }

  described(): BrokerOrder {
    const { clientOrderId, symbol, side, quantity } = this.order;
    return {
      brokerOrderId: this.brokerOrderId,
      clientOrderId,
      symbol,
      side,
      quantity,
      filledQuantity: this.filledQuantity,
      averagePrice: this.fills === 0 ? null : this.#average,
      status: this.status,
      rawStatus: this.status,
      createdAtMicros: this.arrivesMicros,
      updatedAtMicros: this.updatedMicros,
    };
  }
}
