/**
 * Columns of numbers in few bytes. Each function writes rows `from` up to `to` and answers where the column ends, or
 * {@link TOO_WIDE} when too many rows are exceptions: the caller then takes another form. All but {@link writeNear} take
 * no number whose sign bit is set. Loops over one pair of arrays each, without calls: they run for every event.
 */
import { aligned, SCALE, SMALL_ESCAPE, WIDE_ESCAPE } from './layout.ts';

export const TOO_WIDE = -1;

/** The same bytes by each width. Columns begin at multiples of 8. */
export interface Target {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
  readonly floats: Float64Array;
}

/** Of the rows of one column. More than one in eight, and the form does not pay. */
const exceptions = new Float64Array(1_024);
/** Where runs end. */
const ends = new Uint32Array(exceptions.length);
const EXCEPTION_SHARE = 3;

// Copies in this module: V8 folds its constants, and reads an imported one anew at each use.
const SMALL_MAX: number = SMALL_ESCAPE;
const WIDE_MARK: number = WIDE_ESCAPE;
const UNITS: number = SCALE;

/** How many exceptions are worth it. */
function exceptionsMax(from: number, to: number): number {
  return Math.min((to - from) >> EXCEPTION_SHARE, exceptions.length - 1);
}

/** Rows of a column. */
export interface Numbers {
  readonly column: Float64Array;
  /** The memory of all columns: a number's sign bit is that of the second of its two words. */
  readonly signs: Int32Array;
  readonly from: number;
  readonly to: number;
}

export function writeNear(numbers: Numbers, target: Target, at: number): number {
  const { column, from, to } = numbers;
  const { floats, words } = target;
  const most = exceptionsMax(from, to);
  const origin = column[from]!;
  floats[at >> 3] = origin;
  const place = (at >> 2) + 2 - from;
  let odd = 0;
  for (let row = from; row < to; row += 1) {
    const value = column[row]!;
    let word = (value - origin) | 0;
    if (origin + word !== value || word === WIDE_MARK || (value === 0 && Object.is(value, -0))) {
      if (odd === most) return TOO_WIDE;
      exceptions[odd] = value;
      odd += 1;
      word = WIDE_MARK;
    }
    words[place + row] = word;
  }
  return writeExceptions(odd, target, at + 8 + (to - from) * 4);
}

export function writeRuns(numbers: Numbers, target: Target, at: number): number {
  const { column, signs, from, to } = numbers;
  const { floats, words } = target;
  const most = exceptionsMax(from, to);
  let runs = 0;
  let value = Number.NaN;
  const high = (column.byteOffset >> 2) + 1;
  let sign = 0;
  for (let row = from; row < to; row += 1) {
    sign |= signs[high + row * 2]!;
    if (column[row] === value) continue;
    // It is no number at all, or the runs are short.
    if (runs > most || Number.isNaN(column[row])) return TOO_WIDE;
    value = column[row]!;
    exceptions[runs] = value;
    ends[runs] = row - from;
    runs += 1;
  }
  if (sign < 0) return TOO_WIDE;
  words[at >> 2] = runs;
  words[(at >> 2) + 1] = 0;
  const place = (at >> 3) + 1;
  const endsPlace = (place + runs) * 2;
  for (let run = 0; run < runs; run += 1) {
    floats[place + run] = exceptions[run]!;
    words[endsPlace + run] = run + 1 === runs ? to - from : ends[run + 1]!;
  }
  return aligned((endsPlace + runs) * 4);
}

export function writeSmall(numbers: Numbers, target: Target, at: number): number {
  const { column, signs, from, to } = numbers;
  const { halves } = target;
  const most = exceptionsMax(from, to);
  const place = (at >> 1) - from;
  const high = (column.byteOffset >> 2) + 1;
  let sign = 0;
  let odd = 0;
  for (let row = from; row < to; row += 1) {
    const value = column[row]!;
    sign |= signs[high + row * 2]!;
    let word = value | 0;
    if (word !== value || word >= SMALL_MAX) {
      if (odd === most) return TOO_WIDE;
      exceptions[odd] = value;
      odd += 1;
      word = SMALL_MAX;
    }
    halves[place + row] = word;
  }
  if (sign < 0) return TOO_WIDE;
  return writeExceptions(odd, target, at + (to - from) * 2);
}

export function writeScaled(numbers: Numbers, target: Target, at: number): number {
  const { column, signs, from, to } = numbers;
  const { words } = target;
  const most = exceptionsMax(from, to);
  const place = (at >> 2) - from;
  const high = (column.byteOffset >> 2) + 1;
  let sign = 0;
  let odd = 0;
  for (let row = from; row < to; row += 1) {
    const value = column[row]!;
    sign |= signs[high + row * 2]!;
    let word = (value * UNITS + 0.5) | 0;
    if (word / UNITS !== value) {
      if (odd === most) return TOO_WIDE;
      exceptions[odd] = value;
      odd += 1;
      word = WIDE_MARK;
    }
    words[place + row] = word;
  }
  if (sign < 0) return TOO_WIDE;
  return writeExceptions(odd, target, at + (to - from) * 4);
}

function writeExceptions(count: number, { floats }: Target, end: number): number {
  const at = aligned(end);
  for (let index = 0; index < count; index += 1) floats[(at >> 3) + index] = exceptions[index]!;
  return at + count * 8;
}

/** Whether all bytes are 0: minus zero is something. Most columns have something in their first rows. */
export function isNothing({ column, signs, from, to }: Numbers): boolean {
  const start = (column.byteOffset >> 2) + from * 2;
  const end = (column.byteOffset >> 2) + to * 2;
  for (let index = start; index < end; index += 1) if (signs[index] !== 0) return false;
  return true;
}
