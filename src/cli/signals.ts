/**
 * SIGINT and SIGTERM are a request to stop in order. Signals within one second of each other count once, because a
 * terminal and npm both pass Ctrl-C on; a later one ends the process at once.
 */
import type { Clock } from '../clock/clock.ts';
import { EXIT_UNEXPECTED } from '../domain/exit.ts';

const SAME_REQUEST_MS = 1_000;

/** What sends signals: the process. */
export interface SignalSource {
  on(signal: string, listener: (signal: string) => void): unknown;
  off(signal: string, listener: (signal: string) => void): unknown;
}

/** Calls `onStop` at the first request, `onForce` at a later one. Answers a function that stops listening. */
export function onStopRequest(
  clock: Clock,
  handlers: { onStop(signal: string): void; onForce(signal: string): void },
  source: SignalSource = process,
): () => void {
  let firstMs: number | null = null;
  const handle = (signal: string) => {
    const now = clock.monotonicMs();
    if (firstMs === null) {
      firstMs = now;
      handlers.onStop(signal);
    } else if (now - firstMs > SAME_REQUEST_MS) {
      handlers.onForce(signal);
    }
  };
  source.on('SIGINT', handle);
  source.on('SIGTERM', handle);
  return () => {
    source.off('SIGINT', handle);
    source.off('SIGTERM', handle);
  };
}

/** Resolves at the first request; a later one ends the process. */
export function stopRequest(clock: Clock): Promise<void> {
  return new Promise((done) => {
    onStopRequest(clock, { onStop: () => done(), onForce: () => process.exit(EXIT_UNEXPECTED) });
  });
}
