/** The receiving end of a market port: sealed batches come in, their buffers go back as credits. */
import type { MessagePort } from 'node:worker_threads';
import { Batch } from '../tape/batch.ts';
import { TypedPort } from './ports.ts';

export interface MarketListener {
  /**
   * A sealed batch, in order. It is yours during the call only: its buffer goes back to the producer when the call
   * returns, so copy what you keep. Rows of kind `definition` name symbols before their first use on this port;
   * rows of kind `gap` say what is missing.
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

  constructor(port: MessagePort, listener: MarketListener) {
    this.#port = new TypedPort(port, {
      onMessage: (buffer) => {
        listener.onBatch(new Batch(buffer));
        this.#port.post(buffer, [buffer]);
      },
      onClose: () => listener.onClose?.(),
    });
  }

  /** No batch is shown any more. */
  close(): void {
    this.#port.close();
  }
}
