/** Finds the sender's marks in a batch without reading its other rows one by one. */
import { type Batch, EventKind } from '../../src/tape/batch.ts';
import { MARK_SYMBOL } from './frames.ts';

export class Marks {
  readonly #onMark: (mark: number) => void;
  #symbolId = 0;

  constructor(onMark: (mark: number) => void) {
    this.#onMark = onMark;
  }

  look(batch: Batch): void {
    if (this.#symbolId === 0) this.#findName(batch);
    if (this.#symbolId === 0) return;
    const symbols = batch.symbolId.subarray(0, batch.count);
    for (
      let row = symbols.indexOf(this.#symbolId);
      row !== -1;
      row = symbols.indexOf(this.#symbolId, row + 1)
    ) {
      if (batch.kind[row] === EventKind.trade) this.#onMark(batch.n0[row] ?? 0);
    }
  }

  #findName(batch: Batch): void {
    for (let row = 0; row < batch.count; row += 1) {
      const isName = batch.kind[row] === EventKind.definition && batch.heapText(row) === MARK_SYMBOL;
      if (isName) this.#symbolId = batch.symbolId[row] ?? 0;
    }
  }
}
