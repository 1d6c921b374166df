/**
 * How a row of kind `taken` names rows of the market's tape instead of repeating them. Its n1 is the sequence of the
 * first row named, n2 how many of the batch's rows follow on the inbox tape itself, its heap the runs that make up the
 * batch, in order: pairs of Int32, how many rows, and where they begin, counted from n1 ({@link FOLLOWING} = these
 * follow). No heap: one run, of all rows, from n1 on.
 */
import { type Batch, EventKind } from './batch.ts';

export const FOLLOWING = -(2 ** 31);
const PAIR_BYTES = 8;
const WORD = 2 ** 32;

export interface Run {
  readonly count: number;
  /** Sequence on the market's tape; null: they follow on the inbox tape. */
  readonly sequence: number | null;
}

/** Finds the runs of batches. Whole sequences are made of the low words that rows carry: nobody is 2^31 rows behind. */
export class RunFinder {
  #newest = 0;
  #pairs = new Int32Array(2 * 512);
  #runs = 0;
  /** Of the batch looked at last. */
  first = 0;
  following = 0;

  /** Looks at rows of a batch; the figures are of them until the next. */
  look(batch: Batch, from = 0, to = batch.count): void {
    const { origin } = batch;
    if (this.#pairs.length < 2 * (to - from)) this.#pairs = new Int32Array(4 * (to - from));
    const pairs = this.#pairs;
    let base = 0;
    let following = 0;
    let runs = 0;
    let next = -1;
    for (let row = from; row < to; row += 1) {
      const word = origin[row]!;
      if (word === next) {
        pairs[2 * runs - 2] = pairs[2 * runs - 2]! + 1;
        if (word === 0) following += 1;
        else next = (word + 1) >>> 0;
        continue;
      }
      if (word === 0) following += 1;
      else if (base === 0) base = word;
      pairs[2 * runs] = 1;
      pairs[2 * runs + 1] = word === 0 ? FOLLOWING : (word - base) | 0;
      runs += 1;
      next = word === 0 ? 0 : (word + 1) >>> 0;
    }
    this.#runs = runs;
    this.following = following;
    this.first = base === 0 ? 0 : this.#whole(base);
  }

  /** The runs as the heap holds them; empty where none need be told. */
  get bytes(): Uint8Array {
    const isPlain = this.#runs === 0 || (this.#runs === 1 && this.following === 0);
    return new Uint8Array(this.#pairs.buffer, 0, isPlain ? 0 : this.#runs * PAIR_BYTES);
  }

  #whole(word: number): number {
    const low = this.#newest % WORD;
    const ahead = (word - low) | 0;
    this.#newest += ahead;
    return this.#newest;
  }
}

/** The runs of the batch that a row of kind `taken` tells of. */
export function runsOf(batch: Batch, row: number): readonly Run[] {
  const first = batch.n1[row]!;
  const length = batch.heapLength[row]!;
  if (length === 0) return [{ count: batch.n0[row]!, sequence: first }];
  const bytes = new DataView(batch.heap.buffer, batch.heap.byteOffset + batch.heapOffset[row]!, length);
  return Array.from({ length: length / PAIR_BYTES }, (_, index) => {
    const start = bytes.getInt32(index * PAIR_BYTES + 4, true);
    return {
      count: bytes.getInt32(index * PAIR_BYTES, true),
      sequence: start === FOLLOWING ? null : first + start,
    };
  });
}

/** Whether the rows that a row of kind `taken` stands for are named, not repeated. */
export function isReferring(batch: Batch, row: number): boolean {
  return batch.kind[row] === EventKind.taken && batch.code0[row] === 1;
}
