/** What is on its way between desk and exchange, by the moment at which it arrives; equal moments keep their order. */
import type { Order } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { DeskInput } from '../execution/contract.ts';

/** What changes an order that is there. */
export type ExchangeRequest =
  | { readonly type: 'cancel'; readonly order: Order }
  | {
      readonly type: 'replace';
      readonly order: Order;
      readonly replaced: Order;
      /** When it was decided: no row of that moment or before it fills it. */
      readonly decidedMicros: EpochMicros;
    };

export type Delivery =
  | { readonly dueMicros: EpochMicros; readonly to: 'desk'; readonly input: DeskInput }
  | { readonly dueMicros: EpochMicros; readonly to: 'exchange'; readonly request: ExchangeRequest };

export class Deliveries {
  /** Oldest last, so that the next is taken from the end. */
  readonly #waiting: Delivery[] = [];

  /** Infinite when nothing is on its way. Read at every moment, hence a field. */
  nextDueMicros: EpochMicros = Number.POSITIVE_INFINITY;

  add(delivery: Delivery): void {
    const waiting = this.#waiting;
    let at = 0;
    while (at < waiting.length && waiting[at]!.dueMicros > delivery.dueMicros) at += 1;
    waiting.splice(at, 0, delivery);
    this.nextDueMicros = waiting[waiting.length - 1]!.dueMicros;
  }

  /** The next one, if it is due. */
  takeDue(nowMicros: EpochMicros): Delivery | undefined {
    if (this.nextDueMicros > nowMicros) return undefined;
    const next = this.#waiting.pop();
    this.nextDueMicros = this.#waiting.at(-1)?.dueMicros ?? Number.POSITIVE_INFINITY;
    return next;
  }
}
