/** Several streams of batches as one, in the order in which their rows became known. Memory: one batch of each. */
import type { EpochMicros } from '../../domain/time.ts';
import { Batch, EventKind } from '../../tape/batch.ts';

/** Batches whose rows are in order by `receivedNs`; each is valid until the next is asked for. */
export type BatchStream = AsyncIterable<Batch>;

const OUT_ROWS = 4_096;
const OUT_HEAP_BYTES = OUT_ROWS * 32;
/** Rows stay this near to their batch's base. */
const BATCH_SPAN_MICROS = 30 * 86_400 * 1_000_000;

/** One stream's place. Equal moments come in the order in which the streams were named. */
class Cursor {
  readonly order: number;
  readonly #batches: AsyncIterator<Batch>;
  batch!: Batch;
  row = 0;
  atMicros: EpochMicros = 0;
  /** Nanoseconds beyond the microsecond. */
  restNs = 0;

  constructor(order: number, stream: BatchStream) {
    this.order = order;
    this.#batches = stream[Symbol.asyncIterator]();
  }

  /** Goes to the next row of this batch; false when there is none. */
  step(): boolean {
    const { batch } = this;
    for (this.row += 1; this.row < batch.count; this.row += 1) {
      if (batch.kind[this.row] !== EventKind.none) return this.#stand();
    }
    return false;
  }

  /** Goes to the first row of the next batch that has any; false at the end. */
  async load(): Promise<boolean> {
    for (;;) {
      const next = await this.#batches.next();
      if (next.done === true) return false;
      this.batch = next.value;
      this.row = -1;
      if (this.step()) return true;
    }
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }

  isBefore(other: Cursor): boolean {
    if (this.atMicros !== other.atMicros) return this.atMicros < other.atMicros;
    if (this.restNs !== other.restNs) return this.restNs < other.restNs;
    return this.order < other.order;
  }

  #stand(): true {
    const ns = this.batch.receivedNs[this.row]!;
    const micros = Math.floor(ns / 1_000);
    this.atMicros = this.batch.baseMicros + micros;
    this.restNs = ns - micros * 1_000;
    return true;
  }
}

/** Merges streams; a single one is passed on as it is. */
export async function* mergeStreams(streams: readonly BatchStream[]): AsyncGenerator<Batch, void, undefined> {
  const [only] = streams;
  if (streams.length === 1 && only !== undefined) {
    yield* only;
    return;
  }
  const cursors = streams.map((stream, order) => new Cursor(order, stream));
  try {
    const heap: Cursor[] = [];
    for (const cursor of cursors) if (await cursor.load()) push(heap, cursor);
    const out = Batch.create({ rows: OUT_ROWS, heapBytes: OUT_HEAP_BYTES });
    for (let first = heap[0]; first !== undefined; first = heap[0]) {
      const needed = first.batch.heapLength[first.row]!;
      const isFar = out.count > 0 && first.atMicros - out.baseMicros > BATCH_SPAN_MICROS;
      if (out.count > 0 && (isFar || !out.hasRoom(needed))) {
        yield out;
        out.reset(0, first.atMicros);
      }
      if (out.count === 0) out.reset(0, first.atMicros);
      // What fills a batch alone is a book or news, which neither machine reads.
      if (out.hasRoom(needed)) out.appendRow(first.batch, first.row);
      if (!first.step() && !(await first.load())) {
        const last = heap.pop()!;
        if (heap.length === 0) break;
        if (last !== first) heap[0] = last;
      }
      sink(heap);
    }
    if (out.count > 0) yield out;
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
}

function push(heap: Cursor[], cursor: Cursor): void {
  heap.push(cursor);
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!heap[at]!.isBefore(heap[parent]!)) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function sink(heap: Cursor[]): void {
  let at = 0;
  for (;;) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && heap[child]!.isBefore(heap[least]!)) least = child;
    }
    if (least === at) return;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}
