/** The receiving end of a market port: sealed batches come in, their buffers go back as credits. */
import type { MessagePort } from 'node:worker_threads';
import { Batch } from '../tape/batch.ts';
import { TypedPort } from './ports.ts';

export interface MarketListener {
  /**
   * A sealed batch, in order. It is yours during the call only, unless you {@link MarketReceiver.keep} it: its buffer
   * goes back to the producer when the call returns, so copy what you need later. Rows of kind `definition` name
   * symbols before their first use on this port; rows of kind `gap` say what is missing.
   */
  onBatch(batch: Batch): void;
  /** The producer closed the port or its thread ended. */
  onClose?(): void;
}

/**
 * Reads a market port. The producer gave this receiver a fixed number of buffers; each comes filled, is shown by
 * `onBatch` and goes back. So a receiver that is slow holds back only its own line, and nothing is allocated.
 */
export class MarketReceiver {
  readonly #port: TypedPort<ArrayBuffer, ArrayBuffer>;
  readonly #listener: MarketListener;
  /** Batches that came while one is kept: no more than the producer has given buffers. */
  readonly #waiting: ArrayBuffer[] = [];
  #isKept = false;
  #kept: ArrayBuffer | null = null;

  constructor(port: MessagePort, listener: MarketListener) {
    this.#listener = listener;
    this.#port = new TypedPort(port, {
      onMessage: (buffer) => {
        if (this.#isKept) this.#waiting.push(buffer);
        else this.#show(buffer);
      },
      onClose: () => listener.onClose?.(),
    });
  }

  /** Called from `onBatch`: the batch stays here, and no other is shown, until {@link giveBack}. */
  keep(): void {
    this.#isKept = true;
  }

  /** Gives the kept batch back and shows those that came meanwhile. */
  giveBack(): void {
    if (!this.#isKept) return;
    this.#isKept = false;
    if (this.#kept !== null) this.#return(this.#kept);
    this.#kept = null;
    while (!this.#isKept) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#show(next);
    }
  }

  /** No batch is shown any more. */
  close(): void {
    this.#waiting.length = 0;
    this.#port.close();
  }

  #show(buffer: ArrayBuffer): void {
    this.#listener.onBatch(new Batch(buffer));
    if (this.#isKept) this.#kept = buffer;
    else this.#return(buffer);
  }

  #return(buffer: ArrayBuffer): void {
    this.#port.post(buffer, [buffer]);
  }
}
