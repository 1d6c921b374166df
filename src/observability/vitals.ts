/** What a thread says of its own well-being: its memory, and how late its event loop is. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../clock/clock.ts';
import { threadCpuMicros } from './cpu.ts';
import type { StageReport } from './stages.ts';

/** The loop is looked at this often. */
const RESOLUTION_MS = 10;
const WINDOW_MS = 30_000;
const NANOS_PER_MICRO = 1_000;

/** Plain data. */
export interface ThreadVitals {
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  /** The thread ends when its heap reaches it. */
  readonly heapLimitBytes: number;
  /** Buffers and other memory outside the heap that its objects hold. */
  readonly externalBytes: number;
  /** CPU time since the thread began; null where the system does not tell. */
  readonly cpuMicros: number | null;
  /** How late timers were, in the newest 30 to 60 seconds; null before the first look. */
  readonly eventLoopDelay: EventLoopDelay | null;
}

export interface EventLoopDelay {
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly maxMicros: number;
}

/** What a thread sends with its periodic report. Plain data. */
export interface ThreadMeasurements {
  readonly stages: StageReport;
  readonly vitals: ThreadVitals;
}

/** Watches the thread that calls it; it does not keep the thread alive. */
export class ThreadMonitor {
  readonly #clock: Clock;
  readonly #delays: IntervalHistogram;
  #windowStartMs: number;
  #ended: EventLoopDelay | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#windowStartMs = clock.monotonicMs();
    this.#delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#delays.enable();
  }

  vitals(): ThreadVitals {
    const heap = getHeapStatistics();
    const running = delayOf(this.#delays);
    const eventLoopDelay = worse(this.#ended, running);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#ended = running;
      this.#delays.reset();
    }
    return {
      heapUsedBytes: heap.used_heap_size,
      heapTotalBytes: heap.total_heap_size,
      heapLimitBytes: heap.heap_size_limit,
      externalBytes: heap.external_memory,
      cpuMicros: threadCpuMicros(),
      eventLoopDelay,
    };
  }
}

/** What is measured is the time between two looks: it contains their distance. */
function delayOf(delays: IntervalHistogram): EventLoopDelay | null {
  if (delays.count === 0) return null;
  const micros = (nanos: number) => Math.max(0, nanos / NANOS_PER_MICRO - RESOLUTION_MS * 1_000);
  return {
    p50Micros: micros(delays.percentile(50)),
    p99Micros: micros(delays.percentile(99)),
    maxMicros: micros(delays.max),
  };
}

function worse(one: EventLoopDelay | null, other: EventLoopDelay | null): EventLoopDelay | null {
  if (one === null || other === null) return one ?? other;
  return {
    p50Micros: Math.max(one.p50Micros, other.p50Micros),
    p99Micros: Math.max(one.p99Micros, other.p99Micros),
    maxMicros: Math.max(one.maxMicros, other.maxMicros),
  };
}
