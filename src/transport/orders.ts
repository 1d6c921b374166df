/** The orders port: intents from a consumer to the desk, and what became of them back. */
import type { MessagePort } from 'node:worker_threads';
import type { Intent } from '../domain/order.ts';
import type { DeskEvent, DeskMessage, Handover, IntentMessage } from './messages.ts';
import { TurnBatch, TypedPort } from './ports.ts';

export interface ConsumerOrdersListener {
  /** In the order in which they happened at the desk. */
  onDeskEvents(events: readonly DeskEvent[]): void;
  /** The desk's thread ended. */
  onClose?(): void;
}

export interface DeskOrdersListener {
  /** In the order in which the consumer decided them. */
  onIntents(intents: readonly Intent[]): void;
  /** A unit has left the consumer: after the intents above, before all later ones. */
  onHandover(handover: Handover): void;
  /** The consumer's thread ended. */
  onClose?(): void;
}

/** A consumer's end of its orders port. Nothing is dropped or reordered. */
export class ConsumerOrders {
  readonly #port: TypedPort<DeskMessage, IntentMessage>;
  readonly #turn: TurnBatch<Intent>;
  #isFirst = true;

  constructor(port: MessagePort, listener: ConsumerOrdersListener) {
    this.#port = new TypedPort(port, {
      onMessage: (events) => listener.onDeskEvents(events),
      onClose: () => listener.onClose?.(),
    });
    this.#turn = new TurnBatch((intents) => this.#port.post(intents));
  }

  /**
   * Hands an intent to the desk. The first of a turn of the event loop leaves at once: the rest of its batch may take as
   * long as the way to the desk. Those that follow leave together when the turn ends.
   */
  send(intent: Intent): void {
    if (!this.#isFirst) {
      this.#turn.push(intent);
      return;
    }
    this.#isFirst = false;
    queueMicrotask(() => {
      this.#isFirst = true;
    });
    this.#port.post([intent]);
  }

  /** Says that a unit has left, after everything that was sent before. */
  handOver(handover: Handover): void {
    this.#turn.flush();
    this.#port.post(handover);
  }

  flush(): void {
    this.#turn.flush();
  }

  /** What was sent in this turn still leaves. */
  close(): void {
    this.#turn.flush();
    this.#port.close();
  }
}

/** The desk's end of one consumer's orders port. Nothing is dropped or reordered. */
export class DeskOrders {
  readonly #port: TypedPort<IntentMessage, DeskMessage>;
  readonly #turn: TurnBatch<DeskEvent>;

  constructor(port: MessagePort, listener: DeskOrdersListener) {
    this.#port = new TypedPort(port, {
      onMessage: (message) => {
        if ('moveId' in message) listener.onHandover(message);
        else listener.onIntents(message);
      },
      onClose: () => listener.onClose?.(),
    });
    this.#turn = new TurnBatch((events) => this.#port.post(events));
  }

  /** Tells the consumer; it leaves when this turn of the event loop ends. */
  send(event: DeskEvent): void {
    this.#turn.push(event);
  }

  flush(): void {
    this.#turn.flush();
  }

  close(): void {
    this.#turn.flush();
    this.#port.close();
  }
}
