/**
 * Executions that the broker has taken back, or put others in the place of, without our hearing of it. They are missing
 * from its list; when they are missing twice, its description of the order is asked for, and its count of what is filled
 * says which it was. Then it is booked as if the message had come. What fits neither shows as a break of the position.
 */
import type { BrokerOrder, Execution } from '../../brokers/contract.ts';
import { add, subtract, ZERO } from '../../domain/decimal.ts';
import type { Fill } from '../../domain/order.ts';
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import type { Answers } from '../orders/answers.ts';
import type { DeskState } from '../state.ts';

/** The broker's list may be this far behind its stream. */
const LIST_LAG_MS = 60_000;
/** Executions at the edge of the asked time may fall out by rounding. */
const EDGE_MS = 1_000;

interface Books {
  readonly executions: readonly Execution[];
  readonly executionsFromMicros?: EpochMicros;
}

export class LostRevisions {
  readonly #state: DeskState;
  readonly #answers: Answers;
  /** Executions that the last list lacked. */
  #absent: ReadonlySet<string> = new Set();
  /** By client order id, those that two lists lacked; until its description comes. */
  readonly #suspects = new Map<string, readonly Fill[]>();
  #listed: readonly Execution[] = [];

  constructor(state: DeskState, answers: Answers) {
    this.#state = state;
    this.#answers = answers;
  }

  onBooks({ executions, executionsFromMicros }: Books): void {
    if (executionsFromMicros === undefined) return;
    const listed = new Set(executions.map(({ executionId }) => executionId));
    const fromMicros = executionsFromMicros + EDGE_MS * MICROS_PER_MILLISECOND;
    const bookedByMicros = this.#state.nowMicros - LIST_LAG_MS * MICROS_PER_MILLISECOND;
    const absent = new Set<string>();
    this.#suspects.clear();
    for (const { fill, atMicros } of this.#state.booked.values()) {
      const isExpected = fill.executedAtMicros > fromMicros && atMicros < bookedByMicros;
      if (!isExpected || listed.has(fill.executionId)) continue;
      absent.add(fill.executionId);
      if (this.#absent.has(fill.executionId)) this.#suspect(fill);
    }
    if (absent.size > this.#absent.size) {
      this.#state.emit({
        type: 'reconcile',
        reason: 'the broker lists an execution no more',
        isUrgent: false,
      });
    }
    this.#absent = absent;
    this.#listed = executions;
  }

  /** The broker's description of an order came. */
  onDescribed(described: BrokerOrder): void {
    const suspects = this.#suspects.get(described.clientOrderId);
    const tracked = this.#state.orders.find(described.clientOrderId);
    if (suspects === undefined || tracked === undefined) return;
    this.#suspects.delete(described.clientOrderId);
    const lost = suspects.reduce((sum, { quantity }) => add(sum, quantity), ZERO);
    const { filledQuantity } = tracked.order;
    if (described.filledQuantity === subtract(filledQuantity, lost)) {
      for (const fill of suspects) this.#book('trade_bust', fill, described, null);
      return;
    }
    if (described.filledQuantity !== filledQuantity) return;
    const standing = this.#listed.filter(
      ({ executionId, brokerOrderId }) =>
        brokerOrderId === described.brokerOrderId && !this.#state.executionIds.has(executionId),
    );
    for (const fill of suspects) {
      const corrected = takeCorrected(standing, fill);
      if (corrected !== undefined) this.#book('trade_correct', fill, described, corrected);
    }
  }

  #suspect(fill: Fill): void {
    const tracked = this.#state.orders.find(fill.clientOrderId);
    if (tracked === undefined) return;
    const known = this.#suspects.get(fill.clientOrderId) ?? [];
    this.#suspects.set(fill.clientOrderId, [...known, fill]);
    this.#answers.ask(tracked);
  }

  #book(event: string, fill: Fill, order: BrokerOrder, corrected: Execution | null): void {
    const { executionId: previousExecutionId, price, quantity } = fill;
    this.#state.log('warn', 'a revision that the stream had not told', {
      clientOrderId: fill.clientOrderId,
      executionId: previousExecutionId,
      event,
    });
    this.#answers.onTradeUpdate({
      event,
      order,
      execution: null,
      revision: { previousExecutionId, revoked: { price, quantity }, corrected },
      atMicros: order.updatedAtMicros,
    });
  }
}

/** Takes the first of that size out of the list. One of the same price too would be the same under another id. */
function takeCorrected(executions: Execution[], { quantity, price }: Fill): Execution | undefined {
  const index = executions.findIndex((other) => other.quantity === quantity && other.price !== price);
  return index === -1 ? undefined : executions.splice(index, 1)[0];
}
