/** Reads a tape file back, batch by batch, with as much memory as one batch needs. */
import { UserError } from '../domain/exit.ts';
import type { Batch } from './batch.ts';
import { type Block, BlockFile, type Damage, unpack } from './blocks.ts';
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
      if (first?.header.type !== BlockType.segment) {
        const isEmpty = first === undefined && blocks.damages.length === 0;
        throw new UserError({
          exitCode: 2,
          cause: isEmpty
            ? `the tape ${options.path} holds nothing: its writer was killed before the first row`
            : `the tape ${options.path} is damaged at its beginning`,
          remedy: isEmpty ? 'Leave it out.' : 'Import it again, or leave it out.',
        });
      }
      const metadata = JSON.parse((await unpack(first)).toString('utf8')) as TapeMetadata;
      return new TapeReader(blocks, metadata, options);
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
        const payload = await unpack(block);
        switch (block.header.type) {
          case BlockType.segment:
            this.#idOf = [];
            break;
          case BlockType.definitions:
            this.#define(JSON.parse(payload.toString('utf8')) as readonly (readonly [number, string])[]);
            break;
          case BlockType.rows:
          case BlockType.narrowRows: {
            const batch = this.#batchOf(block, payload, reused);
            reused = batch;
            yield batch;
            break;
          }
        }
      }
    } finally {
      await this.close();
    }
  }

  close(): Promise<void> {
    return this.#blocks.close();
  }

  #batchOf(block: Block, payload: Buffer, reused: Batch | undefined): Batch {
    const order = block.header.packing === Packing.none ? 'rows' : 'planes';
    const isNarrow = block.header.type === BlockType.narrowRows;
    const batch = isNarrow ? decodeNarrow(payload, reused) : decodeRows(payload, order, reused);
    if (batch === undefined) throw this.#damaged(block.offset);
    for (let row = 0; row < batch.count; row += 1) {
      const id = batch.symbolId[row]!;
      if (id !== 0) batch.symbolId[row] = this.#idOf[id] ?? 0;
    }
    return batch;
  }

  #define(pairs: readonly (readonly [number, string])[]): void {
    for (const [id, symbol] of pairs) this.#idOf[id] = this.symbols.intern(symbol);
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
