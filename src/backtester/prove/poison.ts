/**
 * A run's data with everything changed that happened after a moment: prices, sizes, and whether there are rows at all.
 * What happened when is taken from the events themselves and not from when the run thinks that it may know them; that is
 * what is to be proved. Of a bar in the midst of which the moment lies, the open and the volume stay: the open had
 * been, and of the volume fills at the open are given their share.
 */
import type { Random } from '../../clock/chance.ts';
import { type EpochMicros, MICROS_PER_DAY } from '../../domain/time.ts';
import { type Batch, EventKind } from '../../tape/batch.ts';

/** So that orders at limits, stops and averages all come out otherwise. */
const RISE = 1.5;
const FALL = 0.6;
const JITTER = 0.1;
const DROPPED_SHARE = 0.2;
const BAR_HEAP_BYTES = 24;

export interface Poison {
  readonly momentMicros: EpochMicros;
  /** How long a bar of the data is, by the data. */
  readonly barMicros: number;
  readonly direction: 'up' | 'down';
  readonly random: Random;
}

/** Changes each batch in place: it is only valid until the next one is asked for, as those of `batches` are. */
export async function* poisoned(
  batches: AsyncIterable<Batch>,
  poison: Poison,
): AsyncGenerator<Batch, void, undefined> {
  for await (const batch of batches) {
    for (let row = 0; row < batch.count; row += 1) poisonRow(batch, row, poison);
    yield batch;
  }
}

function poisonRow(batch: Batch, row: number, poison: Poison): void {
  const kind = batch.kind[row]!;
  const atMicros = batch.timeMicros(row);
  const { momentMicros, random } = poison;
  const isBar = kind === EventKind.minuteBar || kind === EventKind.dailyBar;
  const spanMicros = kind === EventKind.minuteBar ? poison.barMicros : isBar ? MICROS_PER_DAY : 0;
  const endMicros = Math.max(atMicros + spanMicros, isBar ? 0 : batch.receivedMicros(row));
  if (endMicros <= momentMicros) return;
  const factor = (poison.direction === 'up' ? RISE : FALL) * (1 + JITTER * (2 * random() - 1));
  if (isBar && atMicros <= momentMicros) {
    poisonRest(batch, row, factor);
    return;
  }
  if (random() < DROPPED_SHARE) {
    batch.kind[row] = EventKind.none;
    return;
  }
  if (isBar) {
    batch.n0[row] = batch.n0[row]! * factor;
    poisonRest(batch, row, factor);
    scaleVolume(batch, row, 0.5 + random());
  } else if (kind === EventKind.trade) {
    batch.n0[row] = batch.n0[row]! * factor;
    batch.n1[row] = Math.max(1, Math.round(batch.n1[row]! * (0.5 + random())));
  } else if (kind === EventKind.quote) {
    batch.n0[row] = batch.n0[row]! * factor;
    batch.n2[row] = batch.n2[row]! * factor;
  }
}

/** All of a bar but its open and its volume. */
function poisonRest(batch: Batch, row: number, factor: number): void {
  const open = batch.n0[row]!;
  const close = batch.n3[row]! * factor;
  batch.n3[row] = close;
  batch.n1[row] = Math.max(open, close, batch.n1[row]! * factor);
  batch.n2[row] = Math.min(open, close, batch.n2[row]! * factor);
  const figures = figuresOf(batch, row);
  figures?.setFloat64(8, figures.getFloat64(8, true) * factor, true);
}

function scaleVolume(batch: Batch, row: number, factor: number): void {
  const figures = figuresOf(batch, row);
  figures?.setFloat64(0, Math.round(figures.getFloat64(0, true) * factor), true);
}

/** Volume, vwap and trade count of a bar. */
function figuresOf(batch: Batch, row: number): DataView | null {
  if (batch.heapLength[row] !== BAR_HEAP_BYTES) return null;
  return new DataView(batch.heap.buffer, batch.heap.byteOffset + batch.heapOffset[row]!, BAR_HEAP_BYTES);
}
