/** The orders and executions that a broker which fills orders itself remembers, and the refusals that it makes. */
import { add, type Decimal, decimal, formatDecimal, multiply, subtract, ZERO } from '../domain/decimal.ts';
import { Fifo } from '../domain/fifo.ts';
import type { Order } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { Execution, SubmitOutcome } from './contract.ts';
import type { WorkingOrder } from './workingOrder.ts';

const FORBIDDEN = 403;
const UNPROCESSABLE = 422;
/** A market order is paid for up to this share above the price shown, for it may move before it is dealt. */
const MARKET_RESERVE = decimal('1.01');

export interface Deal {
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly fee: Decimal;
  readonly atMicros: EpochMicros;
}

export class WorkingOrders<Kept extends WorkingOrder> {
  readonly #rememberedMax: number;
  readonly #byClientId = new Map<string, Kept>();
  readonly #byBrokerId = new Map<string, Kept>();
  /** The map's own order would do, but it steps over all that was deleted before it comes to its oldest. */
  readonly #oldestFirst = new Fifo<Kept>();
  #executions: Execution[] = [];

  /** @param rememberedMax orders, and executions; of the orders the oldest that have ended are forgotten. */
  constructor(rememberedMax: number) {
    this.#rememberedMax = rememberedMax;
  }

  /** Oldest first. */
  get executions(): readonly Execution[] {
    return this.#executions;
  }

  find(clientOrderId: string): Kept | undefined {
    return this.#byClientId.get(clientOrderId);
  }

  add(order: Kept): void {
    this.#byClientId.set(order.order.clientOrderId, order);
    this.#byBrokerId.set(order.brokerOrderId, order);
    this.#oldestFirst.push(order);
    if (this.#byClientId.size > this.#rememberedMax) this.#forgetOldest();
  }

  /** The oldest that has ended; open ones stand at the end of the line again. */
  #forgetOldest(): void {
    for (let count = this.#oldestFirst.size; count > 0; count -= 1) {
      const oldest = this.#oldestFirst.shift()!;
      if (!oldest.isOpen) {
        this.#byClientId.delete(oldest.order.clientOrderId);
        this.#byBrokerId.delete(oldest.brokerOrderId);
        return;
      }
      this.#oldestFirst.push(oldest);
    }
  }

  findByBrokerId(brokerOrderId: string): Kept | undefined {
    return this.#byBrokerId.get(brokerOrderId);
  }

  /** Fills the order by a deal, and answers the execution. */
  deal(order: Kept, { price, quantity, fee, atMicros }: Deal): Execution {
    order.fill(price, quantity, atMicros);
    const execution: Execution = {
      executionId: `${order.brokerOrderId}-${order.fills}`,
      brokerOrderId: order.brokerOrderId,
      symbol: order.order.symbol,
      side: order.order.side,
      quantity,
      price,
      fee,
      executedAtMicros: atMicros,
    };
    this.#executions.push(execution);
    if (this.#executions.length > this.#rememberedMax)
      this.#executions = this.#executions.slice(this.#rememberedMax / 2);
    return execution;
  }
}

/**
 * The order that takes another's place, less what that has been filled by since it was asked for; or why it cannot.
 * @param asked the old order as its desk knew it, and what it wants instead.
 */
export function replacementOf<Kept extends WorkingOrder>(
  old: Kept | undefined,
  asked: { readonly order: Order; readonly replacement: Order },
): { readonly old: Kept; readonly order: Order } | Refused {
  if (old === undefined) return unprocessable('the order is not known');
  if (!old.isOpen) return unprocessable(`the order is ${old.status}`);
  const whole = add(asked.order.filledQuantity, asked.replacement.quantity);
  const quantity = subtract(whole, old.filledQuantity);
  if (quantity <= ZERO) return unprocessable('the order is filled by as much already');
  return { old, order: { ...asked.replacement, quantity } };
}

export type Refused = Extract<SubmitOutcome, { type: 'refused' }>;

/** What the order says cannot be done here. */
export function unprocessable(message: string): Refused {
  return refused(UNPROCESSABLE, message);
}

/** Undefined when there is enough to pay for it. */
export function powerRefusal(needed: Decimal, available: Decimal): Refused | undefined {
  if (needed <= available) return undefined;
  const texts = [formatDecimal(needed), formatDecimal(available)];
  return refused(FORBIDDEN, `insufficient buying power: ${texts[0]} needed, ${texts[1]} available`);
}

/** What shares bought at the market may cost at this price of now. */
export function reserveAtMarket(price: Decimal, quantity: Decimal): Decimal {
  return multiply(multiply(price, quantity), MARKET_RESERVE);
}

function refused(httpStatus: number, message: string): Refused {
  return { type: 'refused', httpStatus, vendorCode: null, message, retryAfterMs: null };
}
