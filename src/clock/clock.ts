/**
 * The only source of "now" and of timers. Everything that needs time is handed a `Clock`; nothing else in the
 * house reads the computer's clock or sets a timer, and a test enforces it.
 */
import type { EpochMicros } from '../domain/time.ts';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Now, in microseconds since the epoch, UTC. Live, it may step when the computer's clock is set. */
  nowMicros(): EpochMicros;
  /** Milliseconds (with fraction) from an arbitrary start; never steps back. For ages and time-outs. */
  monotonicMs(): number;
  /** Calls once after `delayMs`. */
  after(delayMs: number, call: () => void): Timer;
  /** Calls every `periodMs`, first after one period. */
  every(periodMs: number, call: () => void): Timer;
}

/** Resolves after `delayMs`, or rejects with the signal's reason when it is aborted before. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
