/** The messages between the recorder and its packer, and the recorder's side of it. */
import { Worker } from 'node:worker_threads';

/** To the packer: a closed tape, or look for those that earlier daemons left. */
export type PackerCommand =
  | { readonly type: 'pack'; readonly path: string }
  | { readonly type: 'leftovers'; readonly directory: string; readonly batchId: string };

export type PackerReport =
  | {
      readonly type: 'packed';
      readonly path: string;
      readonly bytesBefore: number;
      readonly bytesAfter: number;
    }
  | { readonly type: 'refused'; readonly path: string; readonly reason: string }
  /** The command was carried out. */
  | { readonly type: 'done' };

const ENTRY = new URL('./packer.js', import.meta.url);

/** The packer's `workerData`: one Int32, 1 while it is to wait. */
export type PackerPause = SharedArrayBuffer;

export class Packing {
  readonly #worker: Worker;
  readonly #pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #pending = 0;
  #onIdle: (() => void) | null = null;

  constructor(onReport: (report: PackerReport) => void) {
    const workerData: PackerPause = this.#pause.buffer;
    this.#worker = new Worker(ENTRY, { name: 'openbell packer', workerData, env: {}, stdin: false });
    this.#worker.on('message', (report: PackerReport) => {
      onReport(report);
      if (report.type === 'done') this.#settle(1);
    });
    this.#worker.on('error', (error: unknown) => {
      onReport({ type: 'refused', path: '', reason: String(error) });
      this.#settle(this.#pending);
    });
  }

  tell(command: PackerCommand): void {
    this.#pending += 1;
    this.#worker.postMessage(command);
  }

  /** It waits before its next block, or goes on. */
  set isPaused(isPaused: boolean) {
    Atomics.store(this.#pause, 0, Number(isPaused));
    Atomics.notify(this.#pause, 0);
  }

  /** Resolves when all that was told is done. */
  idle(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** A tape that is being packed stays as it was. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(count: number): void {
    this.#pending -= count;
    if (this.#pending === 0) this.#onIdle?.();
  }
}
