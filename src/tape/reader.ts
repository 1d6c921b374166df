/** Reads a tape file back, batch by batch, with as much memory as one batch needs. */
import { UserError } from '../domain/exit.ts';
import { Batch } from './batch.ts';
import { type Block, BlockFile, type Damage, jsonOf, unpack } from './blocks.ts';
import { decodeRows } from './columns.ts';
import { BlockType, Packing, type TapeMetadata } from './file.ts';
import { decodeNarrow } from './narrow/decode.ts';
import { SymbolTable } from './symbols.ts';

export interface TapeReaderOptions {
  readonly path: string;
  /** Symbols are defined here, so that several tapes may share ids. A table of the reader's own by default. */
  readonly symbols?: SymbolTable;
  /** What to do about damage inside the file: refuse to go on (the default), or leave the lost rows out. */
  readonly onDamage?: 'refuse' | 'skip';
}

/**
 * `for await (const batch of reader)`; each batch is valid until the next is asked for. Its symbol ids are those of
 * {@link TapeReader.symbols}, whatever they are in the file. The reader is closed when the loop ends.
 */
export class TapeReader implements AsyncIterable<Batch> {
  /** Of the first segment. */
  readonly metadata: TapeMetadata;
  readonly symbols: SymbolTable;
  readonly #blocks: BlockFile;
  readonly #onDamage: 'refuse' | 'skip';
  /** Ids of {@link symbols} by the id in the current segment. */
  #idOf: number[] = [];

  private constructor(blocks: BlockFile, metadata: TapeMetadata, options: TapeReaderOptions) {
    this.#blocks = blocks;
    this.metadata = metadata;
    this.symbols = options.symbols ?? new SymbolTable();
    this.#onDamage = options.onDamage ?? 'refuse';
  }

  /** Throws a UserError when the file cannot be opened or is no tape. */
  static async open(options: TapeReaderOptions): Promise<TapeReader> {
    const blocks = await BlockFile.open(options.path);
    try {
      const first = await blocks.next();
      const metadata = first?.header.type === BlockType.segment ? await jsonOf(first) : undefined;
      if (metadata === undefined) {
        const isEmpty = first === undefined && blocks.damages.length === 0;
        throw new UserError({
          exitCode: 2,
          cause: isEmpty
            ? `the tape ${options.path} holds nothing: its writer was killed before the first row`
            : `the tape ${options.path} is damaged at its beginning`,
          remedy: isEmpty ? 'Leave it out.' : 'Import it again, or leave it out.',
        });
      }
      return new TapeReader(blocks, metadata as TapeMetadata, options);
    } catch (error) {
      await blocks.close();
      throw error;
    }
  }

  /** Bytes of an unfinished block at the end, known when the last batch was read: a writer was killed there. */
  get tornBytes(): number {
    return this.#blocks.tornBytes;
  }

  /** What could not be read, known when the last batch was. */
  get damages(): readonly Damage[] {
    return this.#blocks.damages;
  }

  /** Throws a UserError at damage inside the file, unless it is to be skipped. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    let reused: Batch | undefined;
    try {
      for (;;) {
        const block = await this.#blocks.next();
        const damage = this.#blocks.damages[0];
        if (damage !== undefined && this.#onDamage === 'refuse') throw this.#damaged(damage.offset);
        if (block === undefined) return;
        const found = await this.#take(block, reused);
        if (found === 'unreadable') this.#blocks.refuse(block);
        if (!(found instanceof Batch)) continue;
        reused = found;
        yield found;
      }
    } finally {
      await this.close();
    }
  }

  close(): Promise<void> {
    return this.#blocks.close();
  }

  /** A block of rows is answered as a batch; what the others say is kept. */
  async #take(block: Block, reused: Batch | undefined): Promise<Batch | 'told' | 'unreadable'> {
    switch (block.header.type) {
      case BlockType.segment:
        this.#idOf = [];
        return 'told';
      case BlockType.definitions:
        return this.#define(await jsonOf(block)) ? 'told' : 'unreadable';
      case BlockType.rows:
      case BlockType.narrowRows: {
        const payload = await unpack(block);
        return (payload && this.#batchOf(block, payload, reused)) ?? 'unreadable';
      }
    }
  }

  #batchOf({ header }: Block, payload: Buffer, reused: Batch | undefined): Batch | undefined {
    const order = header.packing === Packing.none ? 'rows' : 'planes';
    const isNarrow = header.type === BlockType.narrowRows;
    const batch = isNarrow ? decodeNarrow(payload, reused) : decodeRows(payload, order, reused);
    for (let row = 0; row < (batch?.count ?? 0); row += 1) {
      const id = batch!.symbolId[row]!;
      if (id !== 0) batch!.symbolId[row] = this.#idOf[id] ?? 0;
    }
    return batch;
  }

  #define(pairs: unknown): boolean {
    if (!Array.isArray(pairs)) return false;
    for (const pair of pairs as readonly unknown[]) {
      const [id, symbol] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
      if (typeof id !== 'number' || typeof symbol !== 'string') return false;
      this.#idOf[id] = this.symbols.intern(symbol);
    }
    return true;
  }

  #damaged(offset: number): UserError {
    return new UserError({
      exitCode: 2,
      cause: `the tape ${this.#blocks.path} is damaged at byte ${offset}`,
      remedy:
        '`openbell tape verify` tells how much is lost, `openbell tape export --skip-damaged` writes the rest.',
    });
  }
}
