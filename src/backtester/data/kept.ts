/**
 * Rows of a text file as they were read for the first look, kept for the second: copying them takes a tenth of reading
 * the text again. Only where they take little memory; what is larger is read twice, so that memory stays flat.
 */
import { Batch } from '../../tape/batch.ts';
import type { PlacedBatch } from './files.ts';

/** Of all files of a run: half a million bars. */
export const KEPT_BYTES_MAX = 64 * 1_024 * 1_024;

/** What may still be kept, of all files together. */
export interface KeptBudget {
  bytesLeft: number;
}

interface Kept {
  readonly batch: Batch;
  /** Where each row stands in the file. */
  readonly places: Uint32Array;
}

export class KeptRows {
  readonly #budget: KeptBudget;
  /** Null when the file must be read again. */
  #kept: Kept[] | null = [];
  #bytes = 0;

  constructor(budget: KeptBudget) {
    this.#budget = budget;
  }

  /** Copies a batch as it was read, before anything of it is changed. */
  keep({ batch, placeOf }: PlacedBatch): void {
    if (this.#kept === null) return;
    const { byteLength } = batch.buffer;
    if (byteLength > this.#budget.bytesLeft) {
      this.drop();
      return;
    }
    this.#budget.bytesLeft -= byteLength;
    this.#bytes += byteLength;
    const places = new Uint32Array(batch.count);
    for (let row = 0; row < places.length; row += 1) places[row] = placeOf(row);
    this.#kept.push({ batch: new Batch(batch.seal().slice(0)), places });
  }

  /** The file is not as simple as that: it is read again. */
  drop(): void {
    this.#kept = null;
    this.#budget.bytesLeft += this.#bytes;
    this.#bytes = 0;
  }

  /** The batches in their order, each forgotten when the next is asked for; null when there are none. For one reader. */
  take(): Generator<PlacedBatch, void, undefined> | null {
    const kept = this.#kept;
    this.#kept = null;
    return kept === null ? null : placed(kept);
  }
}

function* placed(kept: Kept[]): Generator<PlacedBatch, void, undefined> {
  // From the end, so that nothing is moved when one is taken out.
  kept.reverse();
  for (let next = kept.pop(); next !== undefined; next = kept.pop()) {
    const { batch, places } = next;
    yield { batch, placeOf: (row) => places[row]! };
  }
}
