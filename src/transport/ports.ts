/** A MessagePort whose two directions have types, and the batching of what many small messages would cost. */
import type { MessagePort, Transferable } from 'node:worker_threads';

export interface PortListener<In> {
  onMessage(message: In): void;
  /** The other side closed the port, or its thread ended. */
  onClose?(): void;
}

/** One end of a channel between threads. It takes `In` and posts `Out`. */
export class TypedPort<In, Out> {
  readonly #port: MessagePort;
  readonly #listener: PortListener<In>;
  #isClosed = false;

  /** Messages that were waiting are delivered from the next turn of the event loop on. */
  constructor(port: MessagePort, listener: PortListener<In>) {
    this.#port = port;
    this.#listener = listener;
    port.on('message', (message: In) => {
      if (!this.#isClosed) this.#listener.onMessage(message);
    });
    // What cannot be read back is a bug of the sender, and events that vanish would be worse than a crash.
    port.on('messageerror', (error: Error) => {
      throw error;
    });
    port.on('close', () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      this.#listener.onClose?.();
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** After the channel was closed from either side this does nothing. */
  post(message: Out, transfer: readonly Transferable[] = []): void {
    if (!this.#isClosed) this.#port.postMessage(message, transfer);
  }

  /** Stops listening and closes the channel; the other side is told by its `onClose`, this one is not. */
  close(): void {
    this.#isClosed = true;
    this.#port.close();
  }

  /** Lets the thread end although the port is open. */
  unref(): void {
    this.#port.unref();
  }
}

/**
 * Collects what is sent during one turn of the event loop and posts it as one array when the turn ends, in order.
 * It adds no delay: the turn's microtasks run before anything else can.
 */
export class TurnBatch<Item> {
  readonly #post: (items: readonly Item[]) => void;
  #items: Item[] = [];

  constructor(post: (items: readonly Item[]) => void) {
    this.#post = post;
  }

  push(item: Item): void {
    this.#items.push(item);
    if (this.#items.length === 1) queueMicrotask(() => this.flush());
  }

  /** Posts now what was collected so far. */
  flush(): void {
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#post(items);
  }
}
