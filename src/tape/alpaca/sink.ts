/** Where rows go: the batch being filled, handed over when it is full and at the end of each frame. */
import type { EpochMicros } from '../../domain/time.ts';
import { Batch, type EventKind } from '../batch.ts';

export class RowSink {
  /** The batch being filled. It may change with each {@link startRow}. */
  batch: Batch;
  /** When the frame was received, in nanoseconds from the batch's base. */
  receivedNs = 0;
  readonly #standard: Batch;
  readonly eventsByKind: Float64Array;
  readonly #onBatch: (batch: Batch) => void;
  #baseMicros: EpochMicros = 0;
  #nextSequence = 0;

  constructor(batch: Batch, eventsByKind: Float64Array, onBatch: (batch: Batch) => void) {
    this.batch = batch;
    this.#standard = batch;
    this.eventsByKind = eventsByKind;
    this.#onBatch = onBatch;
  }

  begin(receivedMicros: EpochMicros, baseMicros: EpochMicros): void {
    this.receivedNs = (receivedMicros - baseMicros) * 1_000;
    this.#baseMicros = baseMicros;
    // A callback that threw may have left rows behind: they were counted, but they are gone.
    this.#nextSequence += this.batch.count;
    this.#startBatch(this.#standard);
  }

  /** Hands over what is left. */
  finish(): void {
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
    this.#startBatch(Batch.create({ rows: 1, heapBytes }, this.#standard.streamId));
  }

  #handOver(): void {
    const { batch } = this;
    this.#nextSequence += batch.count;
    this.#onBatch(batch);
    this.#startBatch(this.#standard);
  }

  #startBatch(batch: Batch): void {
    batch.reset(this.#standard.streamId, this.#baseMicros, this.#nextSequence);
    this.batch = batch;
  }
}
