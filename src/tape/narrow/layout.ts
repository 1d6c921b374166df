/**
 * The payload of a block of narrow rows: what a batch of a live market needs, in a third of the bytes of its columns, and
 * made in one go over them. What a column's own form cannot hold exactly stands beside it, so nothing is lost.
 *
 * Header: Uint32 rows, Uint32 heap bytes, Float64 base microseconds, Float64 first sequence, then a byte for the form of
 * each column in the order of {@link Column}, then zeros. The columns follow in that order, each at a multiple of 8, then
 * the heap, the bytes of each row behind those of the row before.
 */

/** In the order in which they stand in the payload. */
export const Column = {
  timeNs: 0,
  receivedNs: 1,
  n0: 2,
  n1: 3,
  n2: 4,
  n3: 5,
  /** Kind, flags, tape and conditions together: a market has few combinations of them. */
  traits: 6,
  idLow: 7,
  idHigh: 8,
  symbolId: 9,
  code0: 10,
  code1: 11,
  heapLength: 12,
} as const;

/** How a column stands there. The numbers stand in files. */
export const Form = {
  /** Zeros, which are not written. */
  nothing: 0,
  /** As in the batch. Traits: the columns kind, flags, tape, conditions, each at a multiple of 8. */
  whole: 1,
  /** Float64 origin, then Int32 from there on: two seconds to both sides; exceptions follow. */
  near: 2,
  /** Uint32 how many runs of equal values, Uint32 0, their Float64 values, the Uint32 rows at which they end. */
  runs: 3,
  /** Uint16; exceptions follow, where the column is of Float64. */
  small: 4,
  /** Int32 ten-thousandths, none below 0; exceptions follow. */
  scaled: 5,
  /** Uint32 of the rows of kind `trade`; 0 in all others. */
  trades: 6,
  /** Uint16 likewise. */
  smallTrades: 7,
  /** Uint32 how many entries, Uint32 0, the entries (Uint32 {@link traitsWord}, Uint32 conditions), a byte a row. */
  palette: 8,
} as const;

export const PAYLOAD_HEADER_BYTES = 40;
export const FORMS_AT = 24;
/** A row with this number instead of one of its own has its value among the exceptions: Float64, in order, behind. */
export const SMALL_ESCAPE = 0xff_ff;
export const WIDE_ESCAPE = -1;
export const SCALE = 10_000;
export const PALETTE_MAX = 256;

/** A row's bytes at worst, where every column is whole: 77. */
const ROW_BYTES_MAX = 80;
const COLUMNS_BYTES_MAX = 8 * PALETTE_MAX + 512;

/** Kind, flags and tape as they stand in a palette. */
export function traitsWord(kind: number, flags: number, tape: number): number {
  return kind | (flags << 8) | (tape << 16);
}

/** The payload is never longer. */
export function payloadBytesMax(rows: number, heapBytes: number): number {
  return PAYLOAD_HEADER_BYTES + COLUMNS_BYTES_MAX + rows * ROW_BYTES_MAX + heapBytes;
}

/** The next place for a column. */
export function aligned(bytes: number): number {
  return (bytes + 7) & ~7;
}
