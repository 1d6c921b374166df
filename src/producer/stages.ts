/** What the producer measures of some of its batches: how old events are when they come, and how long decoding takes. */
import type { Clock } from '../clock/clock.ts';
import { type StageReport, StageTimer } from '../observability/stages.ts';
import { type Batch, EventKind } from '../tape/batch.ts';

/** One batch of these is measured (a power of two): a frame of one event is decoded in less than a clock is read. */
const SAMPLED_BATCHES = 8;

export class ProducerStages {
  readonly #clock: Clock;
  readonly #socket: StageTimer;
  readonly #decode: StageTimer;
  #batches = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#socket = new StageTimer(clock);
    this.#decode = new StageTimer(clock);
  }

  /** To be told of every batch as soon as it is decoded. */
  decoded(batch: Batch): void {
    if ((this.#batches & (SAMPLED_BATCHES - 1)) === 0) this.#measure(batch);
    this.#batches += 1;
  }

  /** Of one batch in eight. */
  report(): StageReport {
    return { socket: this.#socket.figures(), decode: this.#decode.figures() };
  }

  #measure(batch: Batch): void {
    const row = batch.count - 1;
    const receivedMicros = batch.receivedMicros(row);
    this.#decode.record(this.#clock.nowMicros() - receivedMicros);
    const kind = batch.kind[row];
    // A bar's time is its start.
    if (kind === EventKind.trade || kind === EventKind.quote)
      this.#socket.record(receivedMicros - batch.timeMicros(row));
  }
}
