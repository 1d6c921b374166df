/**
 * Blocks of narrow rows on their way to the recorder, which writes them as they stand: a header of 64 bytes, then whole
 * blocks as a tape has them, but for their checksums.
 *
 * Header: Uint32 bytes in use, Uint32 rows, Uint32 bytes of a long note, Uint32 0, Float64 first sequence, Float64 when the
 * first and the last row were received, in microseconds.
 */
import { BLOCK_HEADER_BYTES, BlockType, sealHeader, writeOpenHeader } from './file.ts';
import type { NarrowEncoder, NarrowRows } from './narrow/encode.ts';
import { aligned, payloadBytesMax } from './narrow/layout.ts';

const HEADER_BYTES = 64;
const U32_USED = 0;
const U32_ROWS = 1;
const U32_NOTE_BYTES = 2;
const F64_FIRST_SEQUENCE = 2;
const F64_FIRST_MICROS = 3;
const F64_LAST_MICROS = 4;

/** What a chunk needs for one block of so many rows, at worst. */
export function chunkBytesFor(rows: number, heapBytes: number): number {
  return HEADER_BYTES + blockBytesMax(rows, heapBytes);
}

function blockBytesMax(rows: number, heapBytes: number): number {
  return BLOCK_HEADER_BYTES + aligned(payloadBytesMax(rows, heapBytes));
}

export class Chunk {
  readonly buffer: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
  readonly floats: Float64Array;

  /** Opens the chunk that a buffer holds; its length is a multiple of 8. */
  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.halves = new Uint16Array(buffer);
    this.words = new Uint32Array(buffer);
    this.floats = new Float64Array(buffer);
  }

  /** An empty one. `noteBytes` is what a long note counts, for which the chunk was made; 0 where it will be used again. */
  static create(bytes: number, noteBytes = 0): Chunk {
    const chunk = new Chunk(new ArrayBuffer(aligned(bytes)));
    chunk.words[U32_NOTE_BYTES] = noteBytes;
    chunk.reset();
    return chunk;
  }

  reset(): void {
    this.words[U32_USED] = HEADER_BYTES;
    this.words[U32_ROWS] = 0;
  }

  get rows(): number {
    return this.words[U32_ROWS]!;
  }

  get noteBytes(): number {
    return this.words[U32_NOTE_BYTES]!;
  }

  get firstSequence(): number {
    return this.floats[F64_FIRST_SEQUENCE]!;
  }

  /** When its first row was received. */
  get firstMicros(): number {
    return this.floats[F64_FIRST_MICROS]!;
  }

  get lastMicros(): number {
    return this.floats[F64_LAST_MICROS]!;
  }

  hasRoom(rows: number, heapBytes: number): boolean {
    return this.words[U32_USED]! + blockBytesMax(rows, heapBytes) <= this.buffer.byteLength;
  }

  /** Appends a block. The caller has checked {@link hasRoom}; sequences run on within a chunk. */
  append(encoder: NarrowEncoder, rows: NarrowRows): void {
    const { batch, from, to, sequence } = rows;
    const at = this.words[U32_USED]!;
    const end = encoder.encode(rows, this, at + BLOCK_HEADER_BYTES);
    const payloadBytes = end - at - BLOCK_HEADER_BYTES;
    writeOpenHeader(this.words, at, { type: BlockType.narrowRows, rows: to - from, payloadBytes });
    if (this.rows === 0) {
      this.floats[F64_FIRST_SEQUENCE] = sequence;
      this.floats[F64_FIRST_MICROS] = batch.receivedMicros(from);
    }
    this.floats[F64_LAST_MICROS] = batch.receivedMicros(to - 1);
    this.words[U32_USED] = end;
    this.words[U32_ROWS] = this.rows + to - from;
  }

  /** Its blocks, with their checksums. */
  sealedBlocks(): Uint8Array {
    const end = this.words[U32_USED]!;
    for (let at = HEADER_BYTES; at < end; ) at += sealHeader(this.bytes, this.words, at);
    return this.bytes.subarray(HEADER_BYTES, end);
  }
}
