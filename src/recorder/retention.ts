/** Which tapes are too many: by age first, then by size, the oldest first. Pure. */
import { MICROS_PER_MILLISECOND } from '../domain/time.ts';
import type { TapeFile } from './tapes.ts';

export interface RetentionLimits {
  readonly ageMaxMs: number;
  readonly totalBytesMax: number;
}

/**
 * @param tapes oldest first.
 * @param open paths of tapes that are being written: they count, and stay.
 */
export function outdated(
  tapes: readonly TapeFile[],
  options: {
    readonly limits: RetentionLimits;
    readonly open: ReadonlySet<string>;
    readonly nowMicros: number;
  },
): readonly TapeFile[] {
  const { limits, open, nowMicros } = options;
  const oldestMs = nowMicros / MICROS_PER_MILLISECOND - limits.ageMaxMs;
  let total = tapes.reduce((sum, { bytes }) => sum + bytes, 0);
  return tapes.filter((tape) => {
    const isOld = Date.parse(tape.session) < oldestMs;
    if (open.has(tape.path) || !(isOld || total > limits.totalBytesMax)) return false;
    total -= tape.bytes;
    return true;
  });
}
