/** The computer's own clock. */
import type { Clock, Timer } from './clock.ts';

// Taken once, when this module loads: what runs later in the thread cannot replace them under us.
const { setTimeout, clearTimeout, setInterval, clearInterval, performance } = globalThis;

class LiveClock implements Clock {
  nowMicros(): number {
    return Math.floor((performance.timeOrigin + performance.now()) * 1_000 + this.#correctionMicros());
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, call: () => void): Timer {
    const handle = setTimeout(call, delayMs);
    return { cancel: () => clearTimeout(handle) };
  }

  every(periodMs: number, call: () => void): Timer {
    const handle = setInterval(call, periodMs);
    return { cancel: () => clearInterval(handle) };
  }

  // performance.timeOrigin is fixed when the process starts; a clock set by NTP since then shows only in Date.
  #stepMicros = 0;
  #checkedMs = Number.NEGATIVE_INFINITY;

  #correctionMicros(): number {
    const now = performance.now();
    if (now - this.#checkedMs > 1_000) {
      this.#checkedMs = now;
      const driftMicros = (Date.now() - (performance.timeOrigin + now)) * 1_000;
      if (Math.abs(driftMicros - this.#stepMicros) > 2_000) this.#stepMicros = driftMicros;
    }
    return this.#stepMicros;
  }
}

export const liveClock: Clock = new LiveClock();
