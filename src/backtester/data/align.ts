/** When each row became known: a bar when it was over, not when it began. */
import { MICROS_PER_DAY } from '../../domain/time.ts';
import { type Batch, EventKind } from '../../tape/batch.ts';

const DAY_NS = MICROS_PER_DAY * 1_000;

/**
 * Sets `receivedNs` of the batch's rows to the moment from which they may be used. With bars of a day, daily bars are
 * bars as any other.
 */
export function align(batch: Batch, barMicros: number): void {
  const { count, kind, receivedNs, timeNs } = batch;
  const barNs = barMicros * 1_000;
  const areDaysBars = barMicros === MICROS_PER_DAY;
  for (let row = 0; row < count; row += 1) {
    const rowKind = kind[row]!;
    let ns = receivedNs[row]!;
    if (rowKind === EventKind.minuteBar) ns = Math.max(ns, timeNs[row]! + barNs);
    else if (rowKind === EventKind.dailyBar) {
      ns = Math.max(ns, timeNs[row]! + DAY_NS);
      if (areDaysBars) kind[row] = EventKind.minuteBar;
    } else ns = Math.max(ns, timeNs[row]!);
    receivedNs[row] = ns;
  }
}
