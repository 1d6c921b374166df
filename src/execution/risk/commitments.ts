/**
 * Buying power that orders have taken since the account was last described. The broker deducts an open order by
 * itself, but only in answers to questions put after it took the order.
 */
import { add, type Decimal, subtract, ZERO } from '../../domain/decimal.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { Orders } from '../orders/orders.ts';

export class Commitments {
  readonly #byClientId = new Map<string, Decimal>();
  #total = ZERO;

  get total(): Decimal {
    return this.#total;
  }

  commit(clientOrderId: string, notional: Decimal): void {
    this.release(clientOrderId);
    this.#byClientId.set(clientOrderId, notional);
    this.#total = add(this.#total, notional);
  }

  /** Another order has taken the place of one: what that took is taken by it. */
  handOver(from: string, to: string): void {
    const notional = add(this.#byClientId.get(from) ?? ZERO, this.#byClientId.get(to) ?? ZERO);
    this.release(from);
    if (notional > ZERO) this.commit(to, notional);
  }

  release(clientOrderId: string): void {
    const notional = this.#byClientId.get(clientOrderId);
    if (notional === undefined) return;
    this.#byClientId.delete(clientOrderId);
    this.#total = subtract(this.#total, notional);
  }

  /** An answer for the account came: orders that the broker had confirmed before the question are in it. */
  onAccount(orders: Orders, askedAtMicros: EpochMicros): void {
    if (this.#byClientId.size === 0) return;
    for (const clientOrderId of [...this.#byClientId.keys()]) {
      const tracked = orders.find(clientOrderId);
      const confirmedAt = tracked?.confirmedAtMicros ?? null;
      if (tracked === undefined || (confirmedAt !== null && confirmedAt < askedAtMicros))
        this.release(clientOrderId);
    }
  }
}
