/** What a consumer measures: how long events wait for it, and how long its strategies take for a batch. */
import type { Clock } from '../clock/clock.ts';
import { MICROS_PER_MILLISECOND } from '../domain/time.ts';
import { type StageReport, StageTimer } from '../observability/stages.ts';
import { type Batch, EventKind } from '../tape/batch.ts';

export class ConsumerStages {
  readonly #clock: Clock;
  readonly #queue: StageTimer;
  readonly #strategy: StageTimer;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#queue = new StageTimer(clock);
    this.#strategy = new StageTimer(clock);
  }

  /**
   * Shows a batch by `handle` and measures it: queue is the time from the receipt of its oldest event to now,
   * strategy what `handle` takes.
   */
  measure(batch: Batch, handle: (batch: Batch, nowMicros: number) => void): void {
    const nowMicros = this.#clock.nowMicros();
    const row = firstEvent(batch);
    if (row < batch.count) this.#queue.record(nowMicros - batch.receivedMicros(row));
    const startMs = this.#clock.monotonicMs();
    handle(batch, nowMicros);
    this.#strategy.record((this.#clock.monotonicMs() - startMs) * MICROS_PER_MILLISECOND);
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
