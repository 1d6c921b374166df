/** An order at a broker that fills orders itself: what the paper broker and the one of a backtest keep of it. */
import {
  add,
  type Decimal,
  divide,
  minimum,
  multiply,
  subtract,
  weightedAverage,
  ZERO,
} from '../domain/decimal.ts';
import { isTerminal, type Order, type OrderStatus } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { BrokerOrder } from './contract.ts';

export class WorkingOrder {
  readonly order: Order;
  readonly brokerOrderId: string;
  readonly createdAtMicros: EpochMicros;
  updatedAtMicros: EpochMicros;
  status: OrderStatus = 'new';
  /** The broker's id of the order that took its place; null while none has. */
  replacedBy: string | null = null;
  /** Exits that it came with. */
  readonly exits: WorkingOrder[] = [];
  /** Of an exit less than was ordered, once the other exit has been filled in part. */
  quantity: Decimal;
  filledQuantity: Decimal = ZERO;
  remaining: Decimal;
  fills = 0;
  /** A stop that was set off, or an order without one. */
  isTriggered: boolean;
  #average: Decimal = ZERO;
  #filledNotional: Decimal = ZERO;

  constructor(order: Order, brokerOrderId: string, createdAtMicros: EpochMicros) {
    this.order = order;
    this.brokerOrderId = brokerOrderId;
    this.createdAtMicros = createdAtMicros;
    this.updatedAtMicros = createdAtMicros;
    this.quantity = order.quantity;
    this.remaining = order.quantity;
    this.isTriggered = order.stopPrice === null && order.type !== 'trailing_stop';
  }

  get isOpen(): boolean {
    return !isTerminal(this.status);
  }

  /** An exit that waits for its order's last share. */
  get isHeld(): boolean {
    return this.status === 'held';
  }

  /** One that is filled at once or not at all: what is left of it is canceled. */
  get isImmediate(): boolean {
    return this.order.timeInForce === 'ioc' || this.order.timeInForce === 'fok';
  }

  /** Whether a limit allows dealing at this price. */
  accepts(price: Decimal): boolean {
    const { limitPrice, side } = this.order;
    if (limitPrice === null) return true;
    return side === 'buy' ? price <= limitPrice : price >= limitPrice;
  }

  /** What is left to fill: of an amount what it buys at this price. */
  wantedAt(price: Decimal): Decimal {
    const { notional } = this.order;
    if (notional === undefined) return this.remaining;
    return divide(subtract(notional, this.#filledNotional), price, 'down');
  }

  /** What an order by amount has not spent yet; null for others. */
  get notionalLeft(): Decimal | null {
    const { notional } = this.order;
    return notional === undefined ? null : subtract(notional, this.#filledNotional);
  }

  fill(price: Decimal, quantity: Decimal, atMicros: EpochMicros): void {
    const isAll = quantity >= this.wantedAt(price);
    this.#filledNotional = add(this.#filledNotional, multiply(price, quantity));
    this.#average =
      this.fills === 0
        ? price
        : weightedAverage([
            { price: this.#average, quantity: this.filledQuantity },
            { price, quantity },
          ]);
    this.filledQuantity = add(this.filledQuantity, quantity);
    this.remaining = subtract(this.quantity, this.filledQuantity);
    this.fills += 1;
    this.setStatus(isAll ? 'filled' : 'partially_filled', atMicros);
  }

  reduceTo(remaining: Decimal): void {
    this.remaining = minimum(this.remaining, remaining);
    this.quantity = add(this.filledQuantity, this.remaining);
  }

  /** Each change is later than the one before, so that descriptions can be told by age. */
  setStatus(status: OrderStatus, atMicros: EpochMicros): void {
    this.status = status;
    this.updatedAtMicros = Math.max(atMicros, this.updatedAtMicros + 1);
  }

  /** As the broker tells of it. */
  described(): BrokerOrder {
    const { clientOrderId, symbol, side, type } = this.order;
    const quantity = this.order.notional === undefined ? this.quantity : null;
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
      type,
      exits: this.exits.length === 0 ? undefined : this.exits.map((exit) => exit.described()),
      replacedBy: this.replacedBy,
      createdAtMicros: this.createdAtMicros,
      updatedAtMicros: this.updatedAtMicros,
    };
  }
}
