/** The chunks of a recording port: the one being written, those at hand, and how many there may be. */
import { assert } from '../domain/assert.ts';
import type { Batch } from '../tape/batch.ts';
import { Chunk, chunkBytesFor } from '../tape/chunk.ts';
import { NarrowEncoder, type NarrowRows } from '../tape/narrow/encode.ts';

export interface ChunkLimits {
  readonly chunkBytes: number;
  /** Chunks under way; beyond them rows are lost. */
  readonly chunksMax: number;
  /** Notes that travel by themselves, so many bytes at once. */
  readonly longNotesBytesMax: number;
}

export class Chunks {
  readonly #limits: ChunkLimits;
  readonly #post: (buffer: ArrayBuffer) => void;
  readonly #encoder = new NarrowEncoder();
  readonly #free: Chunk[] = [];
  #open: Chunk | undefined;
  #made = 0;
  #longNotesBytes = 0;

  constructor(limits: ChunkLimits, post: (buffer: ArrayBuffer) => void) {
    this.#limits = limits;
    this.#post = post;
  }

  /** There is a chunk for what comes next. */
  get isAtHand(): boolean {
    return this.#open !== undefined || this.#free.length > 0 || this.#made < this.#limits.chunksMax;
  }

  /** Whether so many rows fit into a chunk that is empty. */
  canHold(rows: number, heapBytes: number): boolean {
    return chunkBytesFor(rows, heapBytes) <= this.#limits.chunkBytes;
  }

  /** Opens a chunk with room for rows that {@link canHold} allows, or answers false: none is left. */
  makeRoom(rows: number, heapBytes: number): boolean {
    if (this.#open?.hasRoom(rows, heapBytes) === true) return true;
    this.postOpen();
    let next = this.#free.pop();
    if (next === undefined) {
      if (this.#made === this.#limits.chunksMax) return false;
      this.#made += 1;
      next = Chunk.create(this.#limits.chunkBytes);
    }
    next.reset();
    this.#open = next;
    return true;
  }

  /** Writes a block of rows, for which {@link makeRoom} was asked. */
  append(rows: NarrowRows): void {
    assert(this.#open !== undefined, 'rows for a chunk that was not opened');
    this.#open.append(this.#encoder, rows);
  }

  /** Sends what was written. */
  postOpen(): void {
    if (this.#open === undefined || this.#open.rows === 0) return;
    const { buffer } = this.#open;
    this.#open = undefined;
    this.#post(buffer);
  }

  /** Sends a batch in a chunk of its own. False when too many bytes are under way by themselves. */
  postAlone(batch: Batch): boolean {
    const bytes = batch.heapUsed;
    if (this.#longNotesBytes + bytes > this.#limits.longNotesBytesMax) return false;
    this.#longNotesBytes += bytes;
    const { count, firstSequence } = batch;
    const chunk = Chunk.create(chunkBytesFor(count, bytes), bytes);
    chunk.append(this.#encoder, { batch, from: 0, to: count, sequence: firstSequence });
    this.postOpen();
    this.#post(chunk.buffer);
    return true;
  }

  /** A chunk was written to the tape and has come back. */
  takeBack(buffer: ArrayBuffer): void {
    const chunk = new Chunk(buffer);
    if (chunk.noteBytes === 0) this.#free.push(chunk);
    else this.#longNotesBytes -= chunk.noteBytes;
  }
}
