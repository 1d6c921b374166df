/** A consumer's market port: batches are shown in order, in as many turns of the event loop as their strategies need. */
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../clock/clock.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { Batch } from '../tape/batch.ts';
import { MarketReceiver } from '../transport/market.ts';
import { Pacing } from './pacing.ts';
import type { ConsumerStages } from './stages.ts';

export interface ConsumerFeedParts {
  readonly clock: Clock;
  readonly stages: ConsumerStages;
  /** Runs a call when other messages and timers have had their turn: `setImmediate`. */
  readonly afterTurn: (call: () => void) => void;
  /** Shows the rows of the batch from `from` up to `to`. */
  readonly show: (batch: Batch, nowMicros: EpochMicros, from: number, to: number) => void;
  readonly onClose: () => void;
}

export class ConsumerFeed {
  readonly #parts: ConsumerFeedParts;
  readonly #receiver: MarketReceiver;
  readonly #pacing = new Pacing();
  #isClosed = false;

  constructor(port: MessagePort, parts: ConsumerFeedParts) {
    this.#parts = parts;
    this.#receiver = new MarketReceiver(port, {
      onBatch: (batch) => this.#onBatch(batch),
      onClose: parts.onClose,
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#receiver.close();
  }

  #onBatch(batch: Batch): void {
    this.#parts.stages.begin(batch);
    const next = this.#take(batch, 0);
    if (next === batch.count) return;
    this.#receiver.keep();
    this.#parts.afterTurn(() => this.#goOn(batch, next));
  }

  #goOn(batch: Batch, from: number): void {
    if (this.#isClosed) return;
    const next = this.#take(batch, from);
    if (next === batch.count) this.#receiver.giveBack();
    else this.#parts.afterTurn(() => this.#goOn(batch, next));
  }

  /** Shows rows until it is time for something else, and answers the first that was not shown. */
  #take(batch: Batch, from: number): number {
    const { clock, show, stages } = this.#parts;
    for (let row = from; ; ) {
      const startMs = clock.monotonicMs();
      const to = Math.min(batch.count, row + this.#pacing.rows);
      show(batch, clock.nowMicros(), row, to);
      const elapsedMs = clock.monotonicMs() - startMs;
      stages.took(elapsedMs);
      const isTime = this.#pacing.took(to - row, elapsedMs);
      if (to === batch.count) {
        stages.end();
        this.#pacing.batchEnded();
      }
      if (to === batch.count || isTime) return to;
      row = to;
    }
  }
}
