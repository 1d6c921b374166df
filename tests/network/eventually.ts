/** Waits for a condition, never for a time. */
import { vi } from 'vitest';
import type { SimulatedClock } from '../../src/clock/simulated.ts';

/** Tries until `expectation` no longer throws. */
export function eventually<T>(expectation: () => T): Promise<T> {
  return vi.waitFor(expectation, { timeout: 20_000, interval: 2 });
}

/** The same, with simulated time going on meanwhile, a step with every try. */
export function whileTimePasses<T>(clock: SimulatedClock, stepMs: number, expectation: () => T): Promise<T> {
  return eventually(() => {
    clock.advanceBy(stepMs);
    return expectation();
  });
}
