/**
 * How long a stage of an event's or an order's way takes: a histogram of the newest minute, and counts that only grow.
 * A record costs some twenty nanoseconds and no memory; a thread sends the figures with its periodic report.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Clock } from '../clock/clock.ts';

/** Quantiles tell of the window that runs and the one before it. */
const WINDOW_MS = 30_000;
const NANOS_PER_MICRO = 1_000;
/** What takes longer counts as this long: an hour. */
const DURATION_MAX_NANOS = 3_600e9;
/** Quantiles are exact to 1 %, in 40 KB a histogram. */
const SIGNIFICANT_FIGURES = 2;

/** The stages of an event's way to a strategy and of an order's way to the broker, in their order. */
export const STAGES = ['socket', 'decode', 'queue', 'strategy', 'desk', 'broker'] as const;
export type Stage = (typeof STAGES)[number];

/** The stages that one thread measures. Plain data. */
export type StageReport = Readonly<Partial<Record<Stage, StageFigures>>>;

/** Plain data. Quantiles are null when nothing was measured in the window. */
export interface StageFigures {
  /** Since the thread started. */
  readonly count: number;
  readonly sumMicros: number;
  /** Of the newest 30 to 60 seconds. */
  readonly quantiles: StageQuantiles | null;
}

export interface StageQuantiles {
  readonly p50Micros: number;
  readonly p90Micros: number;
  readonly p99Micros: number;
  readonly p999Micros: number;
  readonly maxMicros: number;
}

export class StageTimer {
  readonly #clock: Clock;
  #current = newHistogram();
  #previous = newHistogram();
  readonly #merged = newHistogram();
  #windowStartMs: number;
  #endedCount = 0;
  #endedSumNanos = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#windowStartMs = clock.monotonicMs();
  }

  /** A duration, fractions welcome. Below a nanosecond, as after a clock was set back, it counts as one. */
  record(durationMicros: number): void {
    const nanos = Math.floor(durationMicros * NANOS_PER_MICRO);
    this.#current.record(Math.max(1, Math.min(nanos, DURATION_MAX_NANOS)));
  }

  figures(): StageFigures {
    this.#turnWindow();
    const current = this.#current;
    return {
      count: this.#endedCount + current.count,
      sumMicros: (this.#endedSumNanos + sumOf(current)) / NANOS_PER_MICRO,
      quantiles: this.#quantiles(),
    };
  }

  #quantiles(): StageQuantiles | null {
    const merged = this.#merged;
    merged.reset();
    if (this.#previous.count > 0) merged.add(this.#previous);
    if (this.#current.count > 0) merged.add(this.#current);
    if (merged.count === 0) return null;
    const micros = (percent: number) => merged.percentile(percent) / NANOS_PER_MICRO;
    return {
      p50Micros: micros(50),
      p90Micros: micros(90),
      p99Micros: micros(99),
      p999Micros: micros(99.9),
      maxMicros: micros(100),
    };
  }

  #turnWindow(): void {
    const nowMs = this.#clock.monotonicMs();
    const ageMs = nowMs - this.#windowStartMs;
    if (ageMs < WINDOW_MS) return;
    this.#windowStartMs = nowMs;
    this.#endedCount += this.#current.count;
    this.#endedSumNanos += sumOf(this.#current);
    const ended = this.#current;
    this.#current = this.#previous;
    this.#current.reset();
    this.#previous = ended;
  }
}

function newHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: DURATION_MAX_NANOS, figures: SIGNIFICANT_FIGURES });
}

// The mean of an empty histogram is NaN.
function sumOf(histogram: RecordableHistogram): number {
  return histogram.count === 0 ? 0 : histogram.mean * histogram.count;
}
