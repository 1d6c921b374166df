/** An order at the simulated broker. */
import { WorkingOrder } from '../../brokers/workingOrder.ts';
import { numberFromDecimal, ZERO } from '../../domain/decimal.ts';
import type { Order } from '../../domain/order.ts';
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

export class SimulatedOrder extends WorkingOrder {
  readonly decidedMicros: EpochMicros;
  readonly arrivesMicros: EpochMicros;
  readonly expiresMicros: EpochMicros;
  /** NaN where it has none. Compared with the data's prices, which are numbers too. */
  readonly limit: number;
  /** A trailing stop's moves with the best price since it was placed. */
  stop: number;
  /** Shares that stand before it in the book at its price; NaN while nobody has shown them. */
  queueAhead = Number.NaN;

  constructor(order: Order, brokerOrderId: string, times: OrderTimes) {
    super(order, brokerOrderId, times.arrivesMicros);
    this.decidedMicros = times.decidedMicros;
    this.arrivesMicros = times.arrivesMicros;
    this.expiresMicros = times.expiresMicros;
    this.limit = order.limitPrice === null ? Number.NaN : numberFromDecimal(order.limitPrice);
    this.stop = order.stopPrice === null ? Number.NaN : numberFromDecimal(order.stopPrice);
  }

  /** Whether what happens at that moment may fill it. */
  isWorking(atMicros: EpochMicros): boolean {
    return atMicros >= this.arrivesMicros && atMicros < this.expiresMicros && !this.isHeld && this.isOpen;
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
}
