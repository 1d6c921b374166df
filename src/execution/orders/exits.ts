/**
 * Exits that come with an order. They are orders of ours, written down before it is sent, but the broker makes them
 * and calls them by names of its own: which is which is learned from what it tells of the order.
 */
import type { BrokerOrder } from '../../brokers/contract.ts';
import { ZERO } from '../../domain/decimal.ts';
import type { DeskState } from '../state.ts';
import type { TrackedOrder } from './orderState.ts';

/** After so many questions an order that has ended without a fill is taken to have left no exits. */
const EXIT_QUESTIONS_MAX = 3;

/** What answers can do about an order. */
export interface ExitAnswers {
  ask(tracked: TrackedOrder): void;
  merge(tracked: TrackedOrder, described: BrokerOrder): void;
}

export class Exits {
  readonly #state: DeskState;
  readonly #answers: ExitAnswers;

  constructor(state: DeskState, answers: ExitAnswers) {
    this.#state = state;
    this.#answers = answers;
  }

  /** Whether an order that is not known may be an exit of ours that the broker has not named yet: then it is asked for. */
  mayBe({ symbol }: BrokerOrder): boolean {
    let isPossible = false;
    for (const { parent, isKnownToBroker, isEnded } of this.#state.orders.live(symbol)) {
      if (parent === null || isKnownToBroker || isEnded) continue;
      isPossible = true;
      this.tend(parent);
    }
    return isPossible;
  }

  /** Sees to it that the exits of an order are known to the broker, or gone. */
  tend(parent: TrackedOrder): void {
    if (!parent.lacksExits || parent.isAsked || parent.isAnswerDue) return;
    const { filledQuantity } = parent.order;
    const isHopeless =
      !parent.isKnownToBroker || (filledQuantity === ZERO && parent.exitQuestions > EXIT_QUESTIONS_MAX);
    if (parent.isEnded && isHopeless) {
      for (const exit of parent.exits) {
        const hasChanged = exit.setLocal(
          'canceled',
          'the order that it came with has ended',
          this.#state.nowMicros,
        );
        if (hasChanged) this.#state.publishOrder(exit);
      }
    } else if (parent.isKnownToBroker) {
      parent.questions = parent.exitQuestions;
      parent.exitQuestions += 1;
      this.#answers.ask(parent);
    }
  }

  /** The broker tells of an order's exits under names of its own: which is which is said by their type. */
  learn(parent: TrackedOrder, { exits }: BrokerOrder): void {
    for (const described of exits ?? []) {
      const known = this.#state.orders.findByBrokerId(described.brokerOrderId);
      const isLimit = described.type === 'limit';
      const exit =
        known ??
        parent.exits.find(
          ({ order, isKnownToBroker }) => !isKnownToBroker && (order.type === 'limit') === isLimit,
        );
      if (exit !== undefined) this.#answers.merge(exit, described);
    }
  }
}
