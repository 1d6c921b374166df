/** A clock that stands still until it is told to move: for backtests, replays and tests. */
import type { EpochMicros } from '../domain/time.ts';
import type { Clock, Timer } from './clock.ts';

interface Pending {
  readonly dueMicros: EpochMicros;
  readonly order: number;
  readonly periodMs: number | null;
  readonly call: () => void;
}

export class SimulatedClock implements Clock {
  #nowMicros: EpochMicros;
  readonly #startMicros: EpochMicros;
  #pending: Pending[] = [];
  #order = 0;

  constructor(startMicros: EpochMicros) {
    this.#nowMicros = startMicros;
    this.#startMicros = startMicros;
  }

  nowMicros(): EpochMicros {
    return this.#nowMicros;
  }

  monotonicMs(): number {
    return (this.#nowMicros - this.#startMicros) / 1_000;
  }

  after(delayMs: number, call: () => void): Timer {
    return this.#schedule(delayMs, null, call);
  }

  every(periodMs: number, call: () => void): Timer {
    return this.#schedule(periodMs, periodMs, call);
  }

  /** When the next timer falls due; null when none is set. */
  get nextDueMicros(): EpochMicros | null {
    return this.#pending[0]?.dueMicros ?? null;
  }

  /** Moves to `moment`, firing what falls due on the way in order of time, then of setting. Never goes back. */
  advanceTo(moment: EpochMicros): void {
    for (;;) {
      const next = this.#pending[0];
      if (next === undefined || next.dueMicros > moment) break;
      this.#pending.shift();
      this.#nowMicros = Math.max(this.#nowMicros, next.dueMicros);
      if (next.periodMs !== null)
        this.#insert({ ...next, dueMicros: next.dueMicros + next.periodMs * 1_000 });
      next.call();
    }
    this.#nowMicros = Math.max(this.#nowMicros, moment);
  }

  advanceBy(durationMs: number): void {
    this.advanceTo(this.#nowMicros + durationMs * 1_000);
  }

  #schedule(delayMs: number, periodMs: number | null, call: () => void): Timer {
    this.#order += 1;
    const order = this.#order;
    // Moments are whole microseconds, however the delay came to be.
    const delayMicros = Math.round(Math.max(0, delayMs) * 1_000);
    this.#insert({ dueMicros: this.#nowMicros + delayMicros, order, periodMs, call });
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((entry) => entry.order !== order);
      },
    };
  }

  #insert(entry: Pending): void {
    const at = this.#pending.findIndex(
      (other) =>
        other.dueMicros > entry.dueMicros ||
        (other.dueMicros === entry.dueMicros && other.order > entry.order),
    );
    this.#pending.splice(at === -1 ? this.#pending.length : at, 0, entry);
  }
}
