/** Scanners in a run: they look at their own times, over what was known up to then, with the code that they have live. */
import type { SessionCalendar } from '../../clock/calendar.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { HistoryProvider } from '../../providers/contract.ts';

/** What a scanner picks from a moment on, best first, in place of what it picked before. */
export interface ScanPicks {
  readonly scannerId: string;
  readonly symbols: readonly string[];
}

/** What came of a scanner's scans in a run. */
export interface ScannerResult {
  readonly scannerId: string;
  readonly scans: number;
  readonly failures: number;
  /** Why the last that failed did; null when none has. */
  readonly lastFailure: string | null;
  /** Symbols that it picked at any time, sorted. */
  readonly symbols: readonly string[];
}

/** What scanners work with in a run. */
export interface ScanGround {
  readonly history: HistoryProvider;
  readonly calendar: SessionCalendar;
  /** All that the data has. */
  readonly symbols: () => readonly string[];
  readonly startMicros: EpochMicros;
}

/** Opens a plan's scanners over a run's ground: the trader's own runner, on the run's time. */
export type OpenScanners = (ground: ScanGround) => ScannerRuns;

export interface ScannerRuns {
  readonly nextMicros: EpochMicros;
  run(nowMicros: EpochMicros): Promise<readonly ScanPicks[]>;
  results(): readonly ScannerResult[];
}
