/**
 * What the columns of a row could not hold: a JSON object in the heap, behind the row's other heap bytes, told by
 * {@link RowFlag.text}. Its keys are the feed's own (`p`, `bs`, `i`, `c`; in order books `b.0.p`); a number of more
 * than 15 digits is given as text, exactly as it came, and so are ids beyond 64 bits and odd condition codes.
 */
import { type Batch, EventKind, RowFlag } from './batch.ts';

export type Overflow = Readonly<Record<string, string | readonly string[]>>;

const BAR_BYTES = 24;
const LEVEL_BYTES = 16;
const NOTHING: Overflow = {};
const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

/** Bytes at the start of the row's heap that are not overflow. */
function fixedBytes(batch: Batch, row: number): number {
  switch (batch.kind[row]!) {
    case EventKind.minuteBar:
    case EventKind.updatedBar:
    case EventKind.dailyBar:
      return BAR_BYTES;
    case EventKind.orderBook:
      return (batch.n0[row]! + batch.n1[row]!) * LEVEL_BYTES;
    default:
      return 0;
  }
}

/** Empty for a row without {@link RowFlag.text}. */
export function overflowOf(batch: Batch, row: number): Overflow {
  if ((batch.flags[row]! & RowFlag.text) === 0) return NOTHING;
  return JSON.parse(textDecoder.decode(batch.heapBytes(row).subarray(fixedBytes(batch, row)))) as Overflow;
}

/** The bytes of {@link appendOverflow}. */
export function encodeOverflow(overflow: Overflow): Uint8Array {
  return textEncoder.encode(JSON.stringify(overflow));
}

/** Adds encoded overflow behind what the row, the last written to the heap, has there. The caller has checked room. */
export function appendOverflow(batch: Batch, row: number, encoded: Uint8Array): void {
  if (batch.heapLength[row] === 0) batch.heapOffset[row] = batch.heapUsed;
  batch.heap.set(encoded, batch.heapUsed);
  batch.heapUsed += encoded.length;
  batch.heapLength[row] = batch.heapLength[row]! + encoded.length;
  batch.flags[row] = batch.flags[row]! | RowFlag.text;
}
