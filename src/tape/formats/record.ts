/** One event of a recorded file, on its way to a tape. */
import type { Bar, Quote, Trade } from '../../domain/market.ts';

export type TapeRecord =
  /** `flags`: {@link RowFlag} bits, where the file itself says what a trade moves. */
  | { readonly kind: 'trade'; readonly value: Trade; readonly nanos: number; readonly flags?: number }
  | { readonly kind: 'quote'; readonly value: Quote; readonly nanos: number }
  | { readonly kind: 'minuteBar' | 'dailyBar'; readonly value: Bar; readonly nanos: 0 };

/** A line that is no record, and why. */
export interface SkippedLine {
  readonly input: string;
  readonly line: number;
  readonly reason: string;
}

/** Where a format reports lines it leaves out. */
export type OnSkipped = (skipped: SkippedLine) => void;
