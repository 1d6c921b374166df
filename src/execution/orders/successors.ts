/** Orders that take the place of others, as the broker tells of them. */
import type { BrokerOrder } from '../../brokers/contract.ts';
import type { DeskState } from '../state.ts';
import type { TrackedOrder } from './orderState.ts';

export class Successors {
  readonly #state: DeskState;
  readonly #answers: { ask(tracked: TrackedOrder): void };

  constructor(state: DeskState, answers: { ask(tracked: TrackedOrder): void }) {
    this.#state = state;
    this.#answers = answers;
  }

  /** The order lives on as it was; what became of the one in its place is asked for. */
  onRefused(tracked: TrackedOrder): void {
    const { clientOrderId, symbol } = tracked.order;
    const message = `${symbol}: the order lives on as it was, its replacement was refused`;
    this.#state.alert('warning', 'replace_rejected', message, { clientOrderId });
    if (tracked.successor !== null) this.#answers.ask(tracked.successor);
  }

  /** An order has taken this one's place: ours, where one that we asked for was given up too early. */
  onReplaced(tracked: TrackedOrder, { replacedBy }: BrokerOrder): void {
    if (replacedBy == null || this.#state.orders.findByBrokerId(replacedBy) !== undefined) return;
    tracked.replacedBy = replacedBy;
    for (const successor of tracked.successors) {
      if (successor.isEnded && !successor.isKnownToBroker) this.#answers.ask(successor);
    }
  }

  /**
   * The broker does not know a replacement by the id that it was asked for under. Where no other was asked for, it is
   * the order that the broker names in the old one's place.
   */
  findByPredecessor(tracked: TrackedOrder): boolean {
    const { predecessor } = tracked;
    const { orders } = this.#state;
    if (predecessor === null || predecessor.replacedBy === null || predecessor.successors.length > 1)
      return false;
    if (orders.findByBrokerId(predecessor.replacedBy) !== undefined) return false;
    tracked.learnBrokerId(predecessor.replacedBy);
    tracked.isNamedByBroker = true;
    orders.update(tracked);
    this.#state.journalOrder(tracked);
    this.#answers.ask(tracked);
    return true;
  }
}
