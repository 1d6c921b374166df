/** Where rows go: the batch being filled, handed over when it is full and whenever that is asked for. */
import { type EpochMicros, MICROS_PER_SECOND } from '../../domain/time.ts';
import { Batch, type EventKind } from '../batch.ts';

export class RowSink {
  /** The batch being filled. It may change with each {@link startRow}. */
  batch: Batch;
  /** When the frame was received, in nanoseconds from the batch's base. */
  receivedNs = 0;
  /** The one of the usual size. */
  #standard: Batch;
  readonly #streamId: number;
  readonly eventsByKind: Float64Array;
  readonly #onBatch: (batch: Batch) => Batch;
  #baseMicros: EpochMicros = 0;
  #nextSequence = 0;

  constructor(batch: Batch, eventsByKind: Float64Array, onBatch: (batch: Batch) => Batch) {
    this.batch = batch;
    this.#standard = batch;
    this.#streamId = batch.streamId;
    this.eventsByKind = eventsByKind;
    this.#onBatch = onBatch;
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#nextSequence + this.batch.count;
  }

  /** A frame begins. Answers the moment that the rows' times count from: the batch's, if it holds rows already. */
  begin(receivedMicros: EpochMicros): EpochMicros {
    if (this.batch.count === 0) {
      this.#baseMicros = Math.floor(receivedMicros / MICROS_PER_SECOND) * MICROS_PER_SECOND;
      this.#startBatch(this.#standard);
    }
    this.receivedNs = (receivedMicros - this.#baseMicros) * 1_000;
    return this.#baseMicros;
  }

  /** Hands over what is there. */
  flush(): void {
    if (this.batch.count > 0) this.#handOver();
  }

  /** Starts a row with up to `heapBytes` of heap: all columns are written, those of the kind as zero. */
  startRow(kind: EventKind, symbolId: number, timeNs: number, heapBytes: number): number {
    if (!this.batch.hasRoom(heapBytes)) this.#makeRoom(heapBytes);
    const { batch } = this;
    const row = batch.count;
    batch.count = row + 1;
    batch.timeNs[row] = timeNs;
    batch.receivedNs[row] = this.receivedNs;
    batch.n0[row] = 0;
    batch.n1[row] = 0;
    batch.n2[row] = 0;
    batch.n3[row] = 0;
    batch.idLow[row] = 0;
    batch.idHigh[row] = 0;
    batch.symbolId[row] = symbolId;
    batch.conditions[row] = 0;
    batch.heapOffset[row] = 0;
    batch.heapLength[row] = 0;
    batch.kind[row] = kind;
    batch.flags[row] = 0;
    batch.code0[row] = 0;
    batch.code1[row] = 0;
    batch.tape[row] = 0;
    this.eventsByKind[kind] = this.eventsByKind[kind]! + 1;
    return row;
  }

  /** What no batch of the usual size can hold (a long news text, a deep book) gets a batch of its own. */
  #makeRoom(heapBytes: number): void {
    if (this.batch.count > 0) this.#handOver();
    if (heapBytes <= this.#standard.heapCapacity) return;
    this.#startBatch(Batch.create({ rows: 1, heapBytes }, this.#streamId));
  }

  #handOver(): void {
    const { batch } = this;
    this.#nextSequence += batch.count;
    try {
      const next = this.#onBatch(batch);
      if (batch === this.#standard) this.#standard = next;
    } finally {
      // Whatever the callback did, these rows are not handed over again.
      this.#startBatch(this.#standard);
    }
  }

  #startBatch(batch: Batch): void {
    batch.reset(this.#streamId, this.#baseMicros, this.#nextSequence);
    this.batch = batch;
  }
}
