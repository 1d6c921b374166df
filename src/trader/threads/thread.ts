/** A worker thread as the trader sees it: started, watched, and stopped within a bounded time. */
import { type ResourceLimits, type TransferListItem, Worker } from 'node:worker_threads';
import type { Clock } from '../../clock/clock.ts';

export interface ThreadOptions<Report> {
  readonly name: string;
  /** The compiled entry file. */
  readonly entry: URL;
  /** Plain data. */
  readonly workerData: unknown;
  readonly transferList?: readonly TransferListItem[];
  readonly resourceLimits?: ResourceLimits;
  onReport(report: Report): void;
  /** The thread ended though nobody asked it to. */
  onDeath(cause: string): void;
}

export class Thread<Command, Report> {
  readonly name: string;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #isStopping = false;

  constructor(options: ThreadOptions<Report>) {
    this.name = options.name;
    this.#worker = new Worker(options.entry, {
      name: `openbell ${options.name}`,
      workerData: options.workerData,
      transferList: [...(options.transferList ?? [])],
      // Threads get what they need as plain data: no thread reads keys from its environment.
      env: {},
      stdin: false,
      ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
    });
    let failure: string | null = null;
    this.#worker.on('message', (report: Report) => options.onReport(report));
    this.#worker.on('error', (error: unknown) => {
      failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    this.#worker.on('messageerror', (error) => {
      failure = `a message could not be read: ${error.message}`;
      void this.#worker.terminate();
    });
    this.#exited = new Promise((done) => {
      this.#worker.once('exit', (code) => {
        done();
        if (!this.#isStopping) options.onDeath(failure ?? `exit code ${code}`);
      });
    });
  }

  tell(command: Command, transferList: readonly TransferListItem[] = []): void {
    this.#worker.postMessage(command, [...transferList]);
  }

  /** Waits until the thread has ended by itself, and ends it when that takes longer than `timeoutMs`. */
  async stop(clock: Clock, timeoutMs: number): Promise<'ended' | 'terminated'> {
    this.#isStopping = true;
    let outcome: 'ended' | 'terminated' = 'ended';
    const timer = clock.after(timeoutMs, () => {
      outcome = 'terminated';
      void this.#worker.terminate();
    });
    await this.#exited;
    timer.cancel();
    return outcome;
  }

  /** Ends it at once. */
  async terminate(): Promise<void> {
    this.#isStopping = true;
    await this.#worker.terminate();
  }
}
