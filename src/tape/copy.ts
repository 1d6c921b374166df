/** Copying rows between batches, many at once: column after column, so that each loop touches two arrays only. */
import { type Batch, EventKind } from './batch.ts';

/** Below this many rows the set-up of the column loops costs more than they save (measured). */
const GATHER_ROWS_MIN = 4;
/** From this many neighbouring rows on, copying memory is quicker than a loop (measured). */
const MOVE_ROWS_MIN = 24;

/** What to add to a time of `source` to get it from the base time of `target`, in nanoseconds. */
export function shiftNsBetween(source: Batch, target: Batch): number {
  return (source.baseMicros - target.baseMicros) * 1_000;
}

/**
 * Copies row `row` of `source` over row `at` of `target`: all columns but where the heap bytes are.
 * The count of `target` is not touched.
 */
export function copyColumns(source: Batch, row: number, target: Batch, at: number): void {
  const shiftNs = shiftNsBetween(source, target);
  const kind = source.kind[row]!;
  target.timeNs[at] = source.timeNs[row]! + shiftNs;
  target.receivedNs[at] = source.receivedNs[row]! + shiftNs;
  // A gap's n0 is a time too.
  target.n0[at] = kind === EventKind.gap ? source.n0[row]! + shiftNs : source.n0[row]!;
  target.n1[at] = source.n1[row]!;
  target.n2[at] = source.n2[row]!;
  target.n3[at] = source.n3[row]!;
  target.idLow[at] = source.idLow[row]!;
  target.idHigh[at] = source.idHigh[row]!;
  target.symbolId[at] = source.symbolId[row]!;
  target.conditions[at] = source.conditions[row]!;
  target.origin[at] = source.origin[row]!;
  target.heapLength[at] = source.heapLength[row]!;
  target.kind[at] = kind;
  target.flags[at] = source.flags[row]!;
  target.code0[at] = source.code0[row]!;
  target.code1[at] = source.code1[row]!;
  target.tape[at] = source.tape[row]!;
}

/**
 * Appends the rows of `source` that `rows[from..to)` names to `target`, heap bytes included. The caller has checked
 * that rows and heap bytes fit, and that none of them is a gap (whose n0 is a time).
 */
export function gatherRows(
  source: Batch,
  selection: { readonly rows: Uint32Array; readonly from: number; readonly to: number },
  target: Batch,
): void {
  const { rows, from, to } = selection;
  if (to - from < GATHER_ROWS_MIN) {
    for (let index = from; index < to; index += 1) target.appendRow(source, rows[index]!);
    return;
  }
  if (to - from >= MOVE_ROWS_MIN && rows[to - 1]! - rows[from]! === to - from - 1) {
    moveRows(source, rows[from]!, to - from, target);
    return;
  }
  const shiftNs = shiftNsBetween(source, target);
  const at = target.count - from;
  gatherTimes(source.timeNs, target.timeNs, rows, from, to, at, shiftNs);
  gatherTimes(source.receivedNs, target.receivedNs, rows, from, to, at, shiftNs);
  gatherFloats(source.n0, target.n0, rows, from, to, at);
  gatherFloats(source.n1, target.n1, rows, from, to, at);
  gatherFloats(source.n2, target.n2, rows, from, to, at);
  gatherFloats(source.n3, target.n3, rows, from, to, at);
  gatherWords(source.idLow, target.idLow, rows, from, to, at);
  gatherWords(source.idHigh, target.idHigh, rows, from, to, at);
  gatherWords(source.symbolId, target.symbolId, rows, from, to, at);
  gatherWords(source.conditions, target.conditions, rows, from, to, at);
  gatherWords(source.origin, target.origin, rows, from, to, at);
  gatherBytes(source.kind, target.kind, rows, from, to, at);
  gatherBytes(source.flags, target.flags, rows, from, to, at);
  gatherBytes(source.code0, target.code0, rows, from, to, at);
  gatherBytes(source.code1, target.code1, rows, from, to, at);
  gatherBytes(source.tape, target.tape, rows, from, to, at);
  if (source.heapUsed === 0) target.heapLength.fill(0, target.count, target.count + to - from);
  else gatherHeap(source, rows, from, to, target);
  target.count += to - from;
}

/**
 * Appends `count` neighbouring rows of any kind, from `row` on, heap bytes included. The caller has checked that rows
 * and heap bytes fit.
 */
export function appendRows(source: Batch, row: number, count: number, target: Batch): void {
  const at = target.count;
  moveRows(source, row, count, target);
  const shiftNs = shiftNsBetween(source, target);
  if (shiftNs === 0) return;
  // A gap's n0 is a time too.
  for (let index = 0; index < count; index += 1) {
    if (target.kind[at + index] === EventKind.gap) target.n0[at + index] = target.n0[at + index]! + shiftNs;
  }
}

/** Appends `count` neighbouring rows, each column in one piece. */
function moveRows(source: Batch, row: number, count: number, target: Batch): void {
  const end = row + count;
  const at = target.count;
  const shiftNs = shiftNsBetween(source, target);
  for (let index = 0; index < count; index += 1) {
    target.timeNs[at + index] = source.timeNs[row + index]! + shiftNs;
    target.receivedNs[at + index] = source.receivedNs[row + index]! + shiftNs;
  }
  target.n0.set(source.n0.subarray(row, end), at);
  target.n1.set(source.n1.subarray(row, end), at);
  target.n2.set(source.n2.subarray(row, end), at);
  target.n3.set(source.n3.subarray(row, end), at);
  target.idLow.set(source.idLow.subarray(row, end), at);
  target.idHigh.set(source.idHigh.subarray(row, end), at);
  target.symbolId.set(source.symbolId.subarray(row, end), at);
  target.conditions.set(source.conditions.subarray(row, end), at);
  target.origin.set(source.origin.subarray(row, end), at);
  target.kind.set(source.kind.subarray(row, end), at);
  target.flags.set(source.flags.subarray(row, end), at);
  target.code0.set(source.code0.subarray(row, end), at);
  target.code1.set(source.code1.subarray(row, end), at);
  target.tape.set(source.tape.subarray(row, end), at);
  if (source.heapUsed === 0) target.heapLength.fill(0, at, at + count);
  else moveHeap(source, row, count, target);
  target.count += count;
}

function moveHeap(source: Batch, row: number, count: number, target: Batch): void {
  let used = target.heapUsed;
  for (let index = 0; index < count; index += 1) {
    const length = source.heapLength[row + index]!;
    target.heapLength[target.count + index] = length;
    target.heapOffset[target.count + index] = used;
    const offset = source.heapOffset[row + index]!;
    for (let byte = 0; byte < length; byte += 1) target.heap[used + byte] = source.heap[offset + byte]!;
    used += length;
  }
  target.heapUsed = used;
}

// One function per element type: shared by all, each access would have to ask which type it is.

function gatherTimes(
  source: Float64Array,
  target: Float64Array,
  rows: Uint32Array,
  from: number,
  to: number,
  at: number,
  shiftNs: number,
): void {
  for (let index = from; index < to; index += 1) target[at + index] = source[rows[index]!]! + shiftNs;
}

function gatherFloats(
  source: Float64Array,
  target: Float64Array,
  rows: Uint32Array,
  from: number,
  to: number,
  at: number,
): void {
  for (let index = from; index < to; index += 1) target[at + index] = source[rows[index]!]!;
}

function gatherWords(
  source: Uint32Array,
  target: Uint32Array,
  rows: Uint32Array,
  from: number,
  to: number,
  at: number,
): void {
  for (let index = from; index < to; index += 1) target[at + index] = source[rows[index]!]!;
}

function gatherBytes(
  source: Uint8Array,
  target: Uint8Array,
  rows: Uint32Array,
  from: number,
  to: number,
  at: number,
): void {
  for (let index = from; index < to; index += 1) target[at + index] = source[rows[index]!]!;
}

function gatherHeap(source: Batch, rows: Uint32Array, from: number, to: number, target: Batch): void {
  let used = target.heapUsed;
  for (let index = from; index < to; index += 1) {
    const row = rows[index]!;
    const at = target.count + index - from;
    const length = source.heapLength[row]!;
    target.heapLength[at] = length;
    target.heapOffset[at] = used;
    const offset = source.heapOffset[row]!;
    for (let byte = 0; byte < length; byte += 1) target.heap[used + byte] = source.heap[offset + byte]!;
    used += length;
  }
  target.heapUsed = used;
}
