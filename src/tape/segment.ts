/**
 * Writes one tape file as it comes, on a thread that may wait for the disk: many blocks at once, as they were handed
 * over. What was appended survives the death of the process. A loss of power may cost what the system has not written
 * yet; packing the closed tape waits for the disk.
 */
import { closeSync, mkdirSync, openSync, writeSync, writevSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Batch } from './batch.ts';
import type { Chunk } from './chunk.ts';
import { rowPieces } from './columns.ts';
import {
  BlockType,
  encodeHeader,
  encodePreamble,
  Packing,
  TAPE_VERSION_NARROW,
  type TapeMetadata,
} from './file.ts';

export class SegmentFile {
  readonly path: string;
  readonly #file: number;
  #bytes = 0;
  #rows = 0;

  /** Begins the file, which must not be there yet. Throws what the file system says. */
  constructor(path: string, metadata: TapeMetadata) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, 'wx');
    try {
      this.#write([encodePreamble(TAPE_VERSION_NARROW)]);
      this.#writeJson(BlockType.segment, metadata);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** In the file so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Names symbol ids for the rows that follow; the last name of an id counts. */
  define(names: readonly (readonly [id: number, symbol: string])[]): void {
    if (names.length > 0) this.#writeJson(BlockType.definitions, names);
  }

  /** Throws what the file system says; half a block may then stand at the end. */
  appendChunk(chunk: Chunk): void {
    this.#write([chunk.sealedBlocks()]);
    this.#rows += chunk.rows;
  }

  /** A block of a batch's rows as they are, likewise. */
  append(batch: Batch): void {
    this.#writeBlock(BlockType.rows, rowPieces(batch), batch.count);
    this.#rows += batch.count;
  }

  /** Does not wait until the disk has it all: that may take seconds, in which the market goes on. */
  close(): void {
    closeSync(this.#file);
  }

  #writeJson(type: BlockType, value: unknown): void {
    this.#writeBlock(type, [Buffer.from(JSON.stringify(value))], 0);
  }

  #writeBlock(type: BlockType, payload: readonly Uint8Array[], rows: number): void {
    const unpackedBytes = payload.reduce((sum, piece) => sum + piece.length, 0);
    const header = encodeHeader(payload, { type, rows, packing: Packing.none, unpackedBytes });
    this.#write([header, ...payload]);
  }

  #write(pieces: readonly Uint8Array[]): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    let written = writevSync(this.#file, pieces);
    if (written < length) {
      // The disk took a part. What it says to the rest is its reason.
      const rest = Buffer.concat(pieces);
      while (written < length) written += writeSync(this.#file, rest, written);
    }
    this.#bytes += length;
  }
}
