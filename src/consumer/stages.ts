/** What a consumer measures: how long events wait for it, and how long its strategies take for a batch. */
import type { Clock } from '../clock/clock.ts';
import { MICROS_PER_MILLISECOND } from '../domain/time.ts';
import { type StageReport, StageTimer } from '../observability/stages.ts';
import { type Batch, EventKind } from '../tape/batch.ts';

export class ConsumerStages {
  readonly #clock: Clock;
  readonly #queue: StageTimer;
  readonly #strategy: StageTimer;
  #tookMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#queue = new StageTimer(clock);
    this.#strategy = new StageTimer(clock);
  }

  /** A batch is being taken: queue is the time from the receipt of its oldest event to now. */
  begin(batch: Batch): void {
    const row = firstEvent(batch);
    if (row < batch.count) this.#queue.record(this.#clock.nowMicros() - batch.receivedMicros(row));
    this.#tookMs = 0;
  }

  /** Some of its rows took so long. */
  took(elapsedMs: number): void {
    this.#tookMs += elapsedMs;
  }

  /** The batch was shown: strategy is what its rows took. */
  end(): void {
    this.#strategy.record(this.#tookMs * MICROS_PER_MILLISECOND);
  }

  report(): StageReport {
    return { queue: this.#queue.figures(), strategy: this.#strategy.figures() };
  }
}

/** The first row that is a market event: the port's own words carry no time of receipt. */
function firstEvent(batch: Batch): number {
  let row = 0;
  while (row < batch.count && batch.kind[row]! >= EventKind.definition) row += 1;
  return row;
}
