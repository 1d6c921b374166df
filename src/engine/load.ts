/**
 * What units cost, by samples: now and then all rows of a batch are timed one by one, and stand for those since the
 * last sample. So the figure costs next to nothing however many events and units there are. It decides nothing here:
 * the host does the same with a stopwatch as without.
 */
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../domain/time.ts';
import type { ConsumerLoad, UnitLoad } from '../transport/messages.ts';
import type { Unit } from './unit.ts';

/** A batch is timed at most this often. */
const SAMPLE_PERIOD_MICROS = 20 * MICROS_PER_MILLISECOND;
/** So many units are told by name. */
export const UNITS_TOLD_MAX = 64;
const FIRST_UNITS = 64;

/** Microseconds from any moment on, with fractions. */
export type Stopwatch = () => number;

export class LoadMeter {
  readonly #stopwatch: Stopwatch | null;
  #events = new Float64Array(FIRST_UNITS);
  #micros = new Float64Array(FIRST_UNITS);
  #sampledMicros: EpochMicros = Number.NEGATIVE_INFINITY;
  #rowsSince = 0;
  #weight = 0;
  #lapMicros = 0;
  /** The batch under way is timed. */
  isRunning = false;

  constructor(stopwatch: Stopwatch | null) {
    this.#stopwatch = stopwatch;
  }

  /** Whether this batch is to be timed; then {@link end} follows. */
  begins(takenMicros: EpochMicros, rows: number): boolean {
    if (this.#stopwatch === null || rows === 0) return false;
    this.#rowsSince += rows;
    if (takenMicros - this.#sampledMicros < SAMPLE_PERIOD_MICROS) return false;
    this.#sampledMicros = takenMicros;
    this.#weight = this.#rowsSince / rows;
    this.#rowsSince = 0;
    this.isRunning = true;
    this.#lapMicros = this.#stopwatch();
    return true;
  }

  /** What has passed since the last lap belongs to the unit; -1 = to none. */
  lap(unitId: number): void {
    if (!this.isRunning || this.#stopwatch === null) return;
    const nowMicros = this.#stopwatch();
    if (unitId >= 0) {
      if (unitId >= this.#micros.length) this.#grow(unitId);
      this.#micros[unitId] = this.#micros[unitId]! + (nowMicros - this.#lapMicros) * this.#weight;
      this.#events[unitId] = this.#events[unitId]! + this.#weight;
    }
    this.#lapMicros = nowMicros;
  }

  end(): void {
    this.isRunning = false;
  }

  /** What was measured since the last call. */
  take(units: readonly (Unit | undefined)[], periodMs: number): ConsumerLoad {
    const measured: UnitLoad[] = [];
    for (const unit of units) {
      if (unit === undefined) continue;
      measured.push({
        instanceId: unit.instance.config.instanceId,
        symbol: unit.symbol,
        events: Math.round(this.#events[unit.id] ?? 0),
        micros: this.#micros[unit.id] ?? 0,
      });
    }
    measured.sort((a, b) => b.micros - a.micros);
    const others = measured.slice(UNITS_TOLD_MAX);
    this.#events.fill(0);
    this.#micros.fill(0);
    return {
      periodMs,
      units: measured.slice(0, UNITS_TOLD_MAX),
      rest: {
        units: others.length,
        events: others.reduce((sum, { events }) => sum + events, 0),
        micros: others.reduce((sum, { micros }) => sum + micros, 0),
      },
    };
  }

  #grow(unitId: number): void {
    const grown = (from: Float64Array<ArrayBuffer>) => {
      const into = new Float64Array(Math.max(unitId + 1, from.length * 2));
      into.set(from);
      return into;
    };
    this.#events = grown(this.#events);
    this.#micros = grown(this.#micros);
  }
}
