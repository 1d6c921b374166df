/** Writes batches to a tape file. */
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, brotliCompressSync, constants, deflateRaw, deflateRawSync } from 'node:zlib';
import { Batch, type BatchSize } from './batch.ts';
import { BlockFile } from './blocks.ts';
import { encodeRows } from './columns.ts';
import {
  BlockType,
  type Compression,
  encodeBlock,
  encodePreamble,
  Packing,
  TAPE_VERSION,
  type TapeMetadata,
} from './file.ts';
import { TapeReader } from './reader.ts';
import { SymbolTable } from './symbols.ts';

const deflateBytes = promisify(deflateRaw);
const brotliBytes = promisify(brotliCompress);

export interface TapeWriterOptions {
  readonly path: string;
  /** Names the symbol ids of the batches that will be appended. */
  readonly symbols: SymbolTable;
  readonly metadata: TapeMetadata;
  /** How blocks are packed as they are written. `none` by default: packing costs a live daemon too much. */
  readonly compression?: Compression;
  /** Pack on the calling thread, which then waits, instead of on those that all threads of the process share. */
  readonly isPackedHere?: boolean;
  /** How the whole file is packed when it is closed. */
  readonly compressionWhenClosed?: Exclude<Compression, 'none'>;
}

/** Rows are gathered to blocks of this size: about a megabyte, well beyond what a block costs. */
const BLOCK_SIZE: BatchSize = { rows: 8_192, heapBytes: 512 * 1_024 };
/** Above this {@link TapeWriter.append} asks its caller to wait. */
export const PENDING_BYTES_MAX = 16 * 1_024 * 1_024;
/** Rows further apart than this go to blocks of their own: times in a block are exact for 104 days from its base. */
const BASE_SPAN_MICROS = 30 * 86_400 * 1_000_000;
const BROTLI_OPTIONS = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

export class TapeWriter {
  /** Rows that were not kept because the disk refused them. */
  rowsLost = 0;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #symbols: SymbolTable;
  readonly #packing: Compression;
  readonly #isPackedHere: boolean;
  readonly #packingWhenClosed: Compression;
  readonly #defined: boolean[] = [];
  readonly #gathered = Batch.create(BLOCK_SIZE);
  #newDefinitions: [number, string][] = [];
  #pendingBytes = 0;
  #written: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  private constructor(file: FileHandle, options: TapeWriterOptions) {
    this.#path = options.path;
    this.#file = file;
    this.#symbols = options.symbols;
    this.#packing = options.compression ?? 'none';
    this.#isPackedHere = options.isPackedHere ?? false;
    this.#packingWhenClosed = options.compressionWhenClosed ?? 'none';
  }

  /**
   * Opens the tape, creates it where there is none, or goes on with it in a new segment; a torn end is cut off first.
   * Throws a UserError when the file is there but no tape.
   */
  static async open(options: TapeWriterOptions): Promise<TapeWriter> {
    await mkdir(dirname(options.path), { recursive: true });
    const size = (await stat(options.path).catch(() => undefined))?.size ?? 0;
    const end = size === 0 ? 0 : await endOfBlocks(options.path);
    const file = await open(options.path, 'a');
    const writer = new TapeWriter(file, options);
    try {
      if (end < size) await file.truncate(end);
      if (end === 0) await file.appendFile(encodePreamble(TAPE_VERSION));
      const metadata = Buffer.from(JSON.stringify(options.metadata));
      await file.appendFile(plainBlock(BlockType.segment, metadata));
    } catch (error) {
      await file.close();
      throw error;
    }
    return writer;
  }

  /** Why nothing more can be written: the first error of the disk. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Copies the batch's rows. Answers false when too much waits for the disk: what is appended is kept all the same,
   * but wait for {@link drained} before more.
   */
  append(batch: Batch): boolean {
    const gathered = this.#gathered;
    if (gathered.count > 0 && !this.#continues(batch)) this.#writeGathered();
    for (let row = 0; row < batch.count; row += 1) {
      const heapBytes = batch.heapLength[row]!;
      if (heapBytes > gathered.heapCapacity) {
        this.#writeGathered();
        this.#writeAlone(batch, row);
        continue;
      }
      if (gathered.count > 0 && !gathered.hasRoom(heapBytes)) this.#writeGathered();
      if (gathered.count === 0) {
        const sequence = batch.firstSequence === 0 ? 0 : batch.firstSequence + row;
        gathered.reset(batch.streamId, batch.baseMicros, sequence);
      }
      this.#defineIn(batch.symbolId[row]!);
      gathered.appendRow(batch, row);
    }
    return this.#pendingBytes <= PENDING_BYTES_MAX;
  }

  /** Resolves when all that was appended has been handed to the operating system. Rejects when the disk refuses. */
  async flush(): Promise<void> {
    this.#writeGathered();
    await this.#written;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when nothing waits for the disk any more, written or refused. */
  drained(): Promise<void> {
    return this.#written;
  }

  /** Flushes, syncs, closes, and packs the file if asked to. Rejects when the disk refused something. */
  async close(): Promise<void> {
    try {
      await this.flush();
      await this.#file.datasync();
    } finally {
      await this.#file.close();
    }
    if (this.#packingWhenClosed !== 'none') await compressTape(this.#path, this.#packingWhenClosed);
  }

  /** Whether the batch's rows may stand in one block behind those that are gathered. */
  #continues(batch: Batch): boolean {
    const gathered = this.#gathered;
    const isNext =
      gathered.firstSequence === 0 && batch.firstSequence === 0
        ? true
        : gathered.firstSequence + gathered.count === batch.firstSequence;
    const distance = Math.abs(batch.baseMicros - gathered.baseMicros);
    return isNext && distance <= BASE_SPAN_MICROS && batch.streamId === gathered.streamId;
  }

  #writeAlone(batch: Batch, row: number): void {
    const alone = Batch.create(
      { rows: 1, heapBytes: batch.heapLength[row]! },
      batch.streamId,
      batch.baseMicros,
    );
    alone.firstSequence = batch.firstSequence === 0 ? 0 : batch.firstSequence + row;
    this.#defineIn(batch.symbolId[row]!);
    alone.appendRow(batch, row);
    this.#writeRows(alone);
  }

  #defineIn(id: number): void {
    if (id === 0 || this.#defined[id] === true) return;
    this.#defined[id] = true;
    this.#newDefinitions.push([id, this.#symbols.textOf(id)]);
  }

  #writeGathered(): void {
    if (this.#gathered.count === 0) return;
    this.#writeRows(this.#gathered);
    this.#gathered.reset(0, 0);
  }

  #writeRows(batch: Batch): void {
    const rows = batch.count;
    if (this.#newDefinitions.length > 0) {
      const definitions = Buffer.from(JSON.stringify(this.#newDefinitions));
      this.#enqueue(definitions.length, 0, () =>
        Promise.resolve(plainBlock(BlockType.definitions, definitions)),
      );
      this.#newDefinitions = [];
    }
    const payload = encodeRows(batch, this.#packing === 'none' ? 'rows' : 'planes');
    const pack = () =>
      this.#isPackedHere ? packHere(payload, this.#packing) : packElsewhere(payload, this.#packing);
    this.#enqueue(payload.length, rows, async () => rowsBlock(await pack(), payload, rows, this.#packing));
  }

  #enqueue(bytes: number, rows: number, block: () => Promise<Buffer>): void {
    this.#pendingBytes += bytes;
    this.#written = this.#written.then(async () => {
      try {
        if (this.#failure === undefined) await this.#file.appendFile(await block());
        else this.rowsLost += rows;
      } catch (error) {
        // Half a block may stand in the file now. It is a torn end, unless more were written behind it.
        this.#failure = error instanceof Error ? error : new Error(String(error));
        this.rowsLost += rows;
      } finally {
        this.#pendingBytes -= bytes;
      }
    });
  }
}

/** Packs all rows of a closed tape anew. The old file stays until the new one is whole and on the disk. */
export async function compressTape(
  path: string,
  compression: Exclude<Compression, 'none'>,
  options: {
    readonly isPackedHere?: boolean;
    /** Called before each block: it may wait. */
    readonly beforeBlock?: () => void;
  } = {},
): Promise<void> {
  const { isPackedHere = false, beforeBlock } = options;
  const temporary = `${path}.packing`;
  await rm(temporary, { force: true });
  const symbols = new SymbolTable();
  const reader = await TapeReader.open({ path, symbols });
  const { metadata } = reader;
  const writer = await TapeWriter.open({ path: temporary, symbols, metadata, compression, isPackedHere });
  try {
    for await (const batch of reader) {
      beforeBlock?.();
      if (!writer.append(batch)) await writer.drained();
    }
    await writer.close();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function plainBlock(type: BlockType, payload: Uint8Array): Buffer {
  return encodeBlock(payload, { type, rows: 0, packing: Packing.none, unpackedBytes: payload.length });
}

function rowsBlock(packed: Buffer, payload: Buffer, rows: number, compression: Compression): Buffer {
  const packing = Packing[compression];
  return encodeBlock(packed, { type: BlockType.rows, rows, packing, unpackedBytes: payload.length });
}

function packHere(payload: Buffer, compression: Compression): Buffer {
  if (compression === 'none') return payload;
  return compression === 'deflate' ? deflateRawSync(payload) : brotliCompressSync(payload, BROTLI_OPTIONS);
}

function packElsewhere(payload: Buffer, compression: Compression): Promise<Buffer> | Buffer {
  if (compression === 'none') return payload;
  return compression === 'deflate' ? deflateBytes(payload) : brotliBytes(payload, BROTLI_OPTIONS);
}

async function endOfBlocks(path: string): Promise<number> {
  const blocks = await BlockFile.open(path);
  try {
    while ((await blocks.next()) !== undefined);
    return blocks.offset;
  } finally {
    await blocks.close();
  }
}
