/**
 * The payload of a block of rows: used rows of the columns that are not all zero, and the used heap.
 *
 * Header: Uint32 rows, Uint32 mask of the columns that follow (bits in the order of {@link columnsOf}), Uint32 heap
 * bytes, Uint32 stream id, Float64 base microseconds, Float64 first sequence. Then the columns, then the heap: the
 * bytes of each row behind those of the row before, so that offsets need not be kept. In a packed block each column's
 * bytes stand by place (all first bytes, then all second bytes, ...): neighbours are alike there, and compress well.
 */
import { Batch } from './batch.ts';

const HEADER_BYTES = 32;
const FIRST_BYTES = 64;
const NOTHING = new Uint8Array(16_384);

/** All columns but the heap offset. Their order stands in files. */
function columnsOf(batch: Batch): readonly (Float64Array | Uint32Array | Uint8Array)[] {
  return [
    batch.timeNs,
    batch.receivedNs,
    batch.n0,
    batch.n1,
    batch.n2,
    batch.n3,
    batch.idLow,
    batch.idHigh,
    batch.symbolId,
    batch.conditions,
    batch.heapLength,
    batch.kind,
    batch.flags,
    batch.code0,
    batch.code1,
    batch.tape,
  ];
}

export type ColumnOrder = 'rows' | 'planes';

export function encodeRows(batch: Batch, order: ColumnOrder): Buffer {
  const pieces = rowPieces(batch);
  if (order === 'rows') return Buffer.concat(pieces);
  const used = columnsOf(batch).filter((column) => hasContent(column, batch.count));
  return Buffer.concat(
    pieces.map((piece, index) => {
      const width = used[index - 1]?.BYTES_PER_ELEMENT ?? 1;
      if (width === 1) return piece;
      const planes = new Uint8Array(piece.length);
      splitPlanes(piece, planes, width);
      return planes;
    }),
  );
}

/**
 * The payload in order `rows` as pieces, one behind the other: the header, a piece for each column with content, the
 * heap. They are views of the batch where they can be, and valid as long as it is.
 */
export function rowPieces(batch: Batch): readonly Uint8Array[] {
  const rows = batch.count;
  const pieces: Uint8Array[] = [];
  let mask = 0;
  for (const [index, column] of columnsOf(batch).entries()) {
    if (!hasContent(column, rows)) continue;
    mask |= 1 << index;
    pieces.push(bytesOf(column, rows));
  }
  const heap = heapOf(batch);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(rows, 0);
  header.writeUInt32LE(mask, 4);
  header.writeUInt32LE(heap.length, 8);
  header.writeUInt32LE(batch.streamId, 12);
  header.writeDoubleLE(batch.baseMicros, 16);
  header.writeDoubleLE(batch.firstSequence, 24);
  return heap.length === 0 ? [header, ...pieces] : [header, ...pieces, heap];
}

/** The rows' heap bytes, each row's behind those of the row before: in place, where they stand so. */
function heapOf(batch: Batch): Uint8Array {
  const { count, heapOffset, heapLength } = batch;
  let length = 0;
  let isInPlace = true;
  for (let row = 0; row < count; row += 1) {
    if (heapLength[row] === 0) continue;
    if (heapOffset[row] !== length) isInPlace = false;
    length += heapLength[row]!;
  }
  if (isInPlace) return batch.heap.subarray(0, length);
  const heap = new Uint8Array(length);
  let at = 0;
  for (let row = 0; row < count; row += 1) {
    heap.set(batch.heapBytes(row), at);
    at += heapLength[row]!;
  }
  return heap;
}

/**
 * Writes the payload's rows into `into`, if it has the room, or else into a new batch, which is answered.
 * The payload's checksum has been compared. Answers `undefined` when its lengths do not add up all the same.
 */
export function decodeRows(payload: Buffer, order: ColumnOrder, into: Batch | undefined): Batch | undefined {
  if (payload.length < HEADER_BYTES) return undefined;
  const rows = payload.readUInt32LE(0);
  const mask = payload.readUInt32LE(4);
  const heapBytes = payload.readUInt32LE(8);
  if (rows > payload.length || heapBytes > payload.length) return undefined;
  const fits = into !== undefined && into.capacity >= rows && into.heapCapacity >= heapBytes;
  const batch = fits ? into : Batch.create({ rows, heapBytes });
  batch.reset(payload.readUInt32LE(12), payload.readDoubleLE(16), payload.readDoubleLE(24));
  let at = HEADER_BYTES;
  for (const [index, column] of columnsOf(batch).entries()) {
    if ((mask & (1 << index)) === 0) {
      column.fill(0, 0, rows);
      continue;
    }
    const bytes = bytesOf(column, rows);
    const source = payload.subarray(at, at + bytes.length);
    if (source.length !== bytes.length) return undefined;
    const width = column.BYTES_PER_ELEMENT;
    if (order === 'rows' || width === 1) bytes.set(source);
    else joinPlanes(source, bytes, width);
    at += bytes.length;
  }
  if (at + heapBytes !== payload.length) return undefined;
  batch.heap.set(payload.subarray(at));
  let offset = 0;
  for (let row = 0; row < rows; row += 1) {
    batch.heapOffset[row] = offset;
    offset += batch.heapLength[row]!;
  }
  if (offset !== heapBytes) return undefined;
  batch.count = rows;
  batch.heapUsed = heapBytes;
  return batch;
}

function bytesOf(column: Float64Array | Uint32Array | Uint8Array, rows: number): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.BYTES_PER_ELEMENT * rows);
}

/** By bytes: minus zero is content. */
function hasContent(column: Float64Array | Uint32Array | Uint8Array, rows: number): boolean {
  const bytes = bytesOf(column, rows);
  // Most columns have something in their first rows; the others are compared as memory.
  for (let index = 0; index < FIRST_BYTES && index < bytes.length; index += 1)
    if (bytes[index] !== 0) return true;
  for (let from = 0; from < bytes.length; from += NOTHING.length) {
    const part = bytes.subarray(from, from + NOTHING.length);
    if (Buffer.compare(part, NOTHING.subarray(0, part.length)) !== 0) return true;
  }
  return false;
}

function splitPlanes(source: Uint8Array, target: Uint8Array, width: number): void {
  const rows = source.length / width;
  for (let place = 0; place < width; place += 1) {
    for (let row = 0; row < rows; row += 1) target[place * rows + row] = source[row * width + place]!;
  }
}

function joinPlanes(source: Uint8Array, target: Uint8Array, width: number): void {
  const rows = source.length / width;
  for (let place = 0; place < width; place += 1) {
    for (let row = 0; row < rows; row += 1) target[row * width + place] = source[place * rows + row]!;
  }
}
