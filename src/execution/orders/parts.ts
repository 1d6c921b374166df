/**
 * Parts of positions that must go while their strategy keeps the rest: what somebody else has dealt in on top of it. One
 * order at a time closes a part; what it leaves is tried again, later each time.
 */
import {
  type Decimal,
  decimal,
  formatDecimal,
  maximum,
  minimum,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import { signed } from '../books/positions.ts';
import type { KeptClosing } from '../contract.ts';
import type { DeskState } from '../state.ts';

interface Part extends KeptClosing {
  /** Signed as the position is. */
  left: Decimal;
  /** Of the order that is closing it. */
  clientOrderId: string | null;
  attempts: number;
  dueMicros: EpochMicros;
}

export class Parts {
  readonly #state: DeskState;
  readonly #close: (of: KeptClosing, quantity: Decimal) => string | null;
  #parts: Part[] = [];

  /** @param close orders it closed, and answers under which id; null when that was denied. */
  constructor(state: DeskState, close: (of: KeptClosing, quantity: Decimal) => string | null) {
    this.#state = state;
    this.#close = close;
  }

  add({ instanceId, symbol, reason }: KeptClosing, left: Decimal): void {
    this.#parts.push({ instanceId, symbol, reason, left, clientOrderId: null, attempts: 0, dueMicros: 0 });
  }

  restore({ part, ...of }: KeptClosing): void {
    if (part === undefined) return;
    const { left, clientOrderId } = part;
    this.#parts.push({ ...of, left: decimal(left), clientOrderId, attempts: 0, dueMicros: 0 });
  }

  /** For the journal. */
  kept(): readonly KeptClosing[] {
    return this.#parts.map(({ instanceId, symbol, reason, left, clientOrderId }) => ({
      ...{ instanceId, symbol, reason },
      part: { left: formatDecimal(left), clientOrderId },
    }));
  }

  /** True when something is to be written down. */
  work(): boolean {
    if (this.#parts.length === 0) return false;
    let hasChanged = false;
    for (const part of this.#parts) {
      if (!this.#isOrderOver(part)) continue;
      part.left = this.#bounded(part);
      if (part.left === ZERO) hasChanged = true;
      else if (this.#state.nowMicros >= part.dueMicros && this.#try(part)) hasChanged = true;
    }
    this.#parts = this.#parts.filter(({ left }) => left !== ZERO);
    return hasChanged;
  }

  /** No order is closing it any more; what the last one has closed is taken off. */
  #isOrderOver(part: Part): boolean {
    if (part.clientOrderId === null) return true;
    const tracked = this.#state.orders.find(part.clientOrderId);
    if (tracked !== undefined) {
      if (!tracked.isEnded || tracked.missing > ZERO) return false;
      const { side, filledQuantity } = tracked.order;
      part.left = subtract(part.left, signed(side === 'sell' ? 'buy' : 'sell', filledQuantity));
    }
    part.clientOrderId = null;
    return true;
  }

  /** The strategy may have closed some of it by itself. */
  #bounded({ instanceId, symbol, left }: Part): Decimal {
    const held = this.#state.positions.quantity(instanceId, symbol);
    return left > ZERO ? minimum(left, maximum(held, ZERO)) : maximum(left, minimum(held, ZERO));
  }

  #try(part: Part): boolean {
    const { nowMicros, config } = this.#state;
    const { flattenDelayMs, flattenDelayMaxMs } = config.policy;
    const delayMs = Math.min(flattenDelayMs * 2 ** part.attempts, flattenDelayMaxMs);
    part.attempts += 1;
    part.dueMicros = nowMicros + delayMs * MICROS_PER_MILLISECOND;
    part.clientOrderId = this.#close(part, part.left);
    return part.clientOrderId !== null;
  }
}
