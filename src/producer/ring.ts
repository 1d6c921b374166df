/** A bounded first-in, first-out line of rows: trades, or what must not be lost. */
import { Batch, type BatchSize } from '../tape/batch.ts';
import { copyColumns } from '../tape/copy.ts';

export class RowRing {
  /** The rows themselves; {@link headRow} says which is next. */
  readonly rows: Batch;
  readonly #positions: Float64Array;
  #head = 0;
  #length = 0;
  // Heap bytes are used as a ring too: from #heapHead to #heapTail, around the end where the tail lies before it.
  #heapHead = 0;
  #heapTail = 0;
  #heapRows = 0;

  constructor(size: BatchSize) {
    this.rows = Batch.create(size);
    this.#positions = new Float64Array(size.rows);
  }

  get length(): number {
    return this.#length;
  }

  /** Row of the oldest; only where {@link length} is not 0. */
  get headRow(): number {
    return this.#head;
  }

  /** Position of the oldest in the receiver's whole line; infinite where nothing waits. */
  get headPosition(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.#positions[this.#head]!;
  }

  hasRoom(heapBytes: number): boolean {
    return this.#length < this.rows.capacity && (heapBytes === 0 || this.#heapOffsetFor(heapBytes) !== -1);
  }

  /** Adds a row at the end. The caller has checked {@link hasRoom}. */
  push(source: Batch, row: number, position: number): void {
    let at = this.#head + this.#length;
    if (at >= this.rows.capacity) at -= this.rows.capacity;
    copyColumns(source, row, this.rows, at);
    this.#positions[at] = position;
    const bytes = source.heapLength[row]!;
    if (bytes > 0) {
      const offset = this.#heapOffsetFor(bytes);
      this.rows.heap.set(source.heapBytes(row), offset);
      this.rows.heapOffset[at] = offset;
      this.#heapTail = offset + bytes;
      this.#heapRows += 1;
    }
    this.#length += 1;
  }

  /** Takes the oldest away. */
  shift(): void {
    const bytes = this.rows.heapLength[this.#head]!;
    if (bytes > 0) {
      this.#heapHead = this.rows.heapOffset[this.#head]! + bytes;
      this.#heapRows -= 1;
    }
    this.#head = this.#head + 1 === this.rows.capacity ? 0 : this.#head + 1;
    this.#length -= 1;
    if (this.#heapRows === 0) {
      this.#heapHead = 0;
      this.#heapTail = 0;
    }
  }

  /** Where so many bytes in one piece are free, -1 when nowhere. Head and tail meet only where all is free. */
  #heapOffsetFor(bytes: number): number {
    const capacity = this.rows.heapCapacity;
    if (this.#heapRows === 0) return bytes <= capacity ? 0 : -1;
    if (this.#heapTail > this.#heapHead) {
      if (this.#heapTail + bytes <= capacity) return this.#heapTail;
      return bytes < this.#heapHead ? 0 : -1;
    }
    return this.#heapTail + bytes < this.#heapHead ? this.#heapTail : -1;
  }
}
