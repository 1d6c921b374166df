/** The rows of a market's tapes by their sequence: what inbox tapes of the same daemon refer to. */
import { Batch, EventKind } from './batch.ts';
import { appendRows } from './copy.ts';
import { TapeReader } from './reader.ts';
import type { SymbolTable } from './symbols.ts';

/** Rows that are kept unpacked: some 80 MB, and further than a receiver's trades ever lie behind. */
const ROWS_MAX = 1_048_576;

export class MarketRows {
  readonly #paths: readonly string[];
  readonly #symbols: SymbolTable;
  #reading: AsyncGenerator<Batch, void, undefined> | null = null;
  #path = 0;
  /** Copies of the newest blocks, oldest first. */
  #blocks: Batch[] = [];
  #rows = 0;
  /** Sequence behind the last row read. */
  #end = 0;

  /** @param paths of one daemon's market tapes, in the order in which they were written. */
  constructor(paths: readonly string[], symbols: SymbolTable) {
    this.#paths = paths;
    this.#symbols = symbols;
  }

  /**
   * Appends the rows from `sequence` on to a batch that has the room. Answers false when one of them is not there: it
   * was lost, or its tape is missing.
   * @throws {UserError} at a tape that is damaged.
   */
  async append(sequence: number, count: number, target: Batch): Promise<boolean> {
    for (let at = sequence; at < sequence + count; ) {
      const block = await this.#blockOf(at);
      if (block === undefined) return false;
      const row = at - block.firstSequence;
      const taken = Math.min(block.count - row, sequence + count - at);
      // A gap that the recorder told stands in the place of a row that was lost.
      for (let index = row; index < row + taken; index += 1)
        if (block.kind[index] === EventKind.gap) return false;
      appendRows(block, row, taken, target);
      at += taken;
    }
    return true;
  }

  /** Heap bytes of those rows; 0 where one is not there. */
  async heapBytesOf(sequence: number, count: number): Promise<number> {
    let bytes = 0;
    for (let at = sequence; at < sequence + count; ) {
      const block = await this.#blockOf(at);
      if (block === undefined) return 0;
      const end = Math.min(block.firstSequence + block.count, sequence + count);
      for (; at < end; at += 1) bytes += block.heapLength[at - block.firstSequence]!;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#reading?.return();
  }

  async #blockOf(sequence: number): Promise<Batch | undefined> {
    // Whoever asks for what has long gone by was far behind: it is read once more from the beginning.
    const oldest = this.#blocks[0]?.firstSequence;
    if (oldest !== undefined && sequence < oldest) await this.#rewind();
    while (this.#end <= sequence) if (!(await this.#readBlock())) return undefined;
    return this.#blocks.findLast(
      (block) => block.firstSequence <= sequence && sequence < block.firstSequence + block.count,
    );
  }

  async #rewind(): Promise<void> {
    await this.close();
    this.#reading = null;
    this.#path = 0;
    this.#blocks = [];
    this.#rows = 0;
    this.#end = 0;
  }

  async #readBlock(): Promise<boolean> {
    for (;;) {
      if (this.#reading === null) {
        const path = this.#paths[this.#path];
        if (path === undefined) return false;
        const reader = await TapeReader.open({ path, symbols: this.#symbols });
        this.#reading = reader[Symbol.asyncIterator]();
        this.#path += 1;
      }
      const next = await this.#reading.next();
      if (next.done !== true) {
        this.#keep(next.value);
        return true;
      }
      this.#reading = null;
    }
  }

  #keep(source: Batch): void {
    const size = { rows: source.count, heapBytes: source.heapUsed };
    const block = Batch.create(size, 0, source.baseMicros);
    appendRows(source, 0, source.count, block);
    block.firstSequence = source.firstSequence;
    this.#blocks.push(block);
    this.#rows += block.count;
    while (this.#rows > ROWS_MAX && this.#blocks.length > 1) this.#rows -= this.#blocks.shift()?.count ?? 0;
    this.#end = source.firstSequence + source.count;
  }
}
