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

  /** What was measured since the last call. Only units that are told by name become objects: there may be thousands. */
  take(units: readonly (Unit | undefined)[], periodMs: number): ConsumerLoad {
    const rest = { units: 0, events: 0, micros: 0 };
    const costliest: Unit[] = [];
    for (const unit of units) {
      if (unit === undefined) continue;
      const left = this.#rank(costliest, unit);
      if (left === undefined) continue;
      rest.units += 1;
      rest.events += this.#eventsOf(left);
      rest.micros += this.#microsOf(left);
    }
    const told = costliest.map((unit) => this.#figuresOf(unit));
    this.#events.fill(0);
    this.#micros.fill(0);
    return { periodMs, units: told, rest };
  }

  /** Puts the unit in its place among the costliest, if it has one, and answers who is not among them. */
  #rank(costliest: Unit[], unit: Unit): Unit | undefined {
    const micros = this.#microsOf(unit);
    const isFull = costliest.length === UNITS_TOLD_MAX;
    if (isFull && micros <= this.#microsOf(costliest.at(-1)!)) return unit;
    const left = isFull ? costliest.pop() : undefined;
    let place = costliest.length;
    while (place > 0 && this.#microsOf(costliest[place - 1]!) < micros) place -= 1;
    costliest.splice(place, 0, unit);
    return left;
  }

  #figuresOf(unit: Unit): UnitLoad {
    const { instance, symbol } = unit;
    const { instanceId } = instance.config;
    return { instanceId, symbol, events: this.#eventsOf(unit), micros: this.#microsOf(unit) };
  }

  #eventsOf({ id }: Unit): number {
    return Math.round(this.#events[id] ?? 0);
  }

  #microsOf({ id }: Unit): number {
    return this.#micros[id] ?? 0;
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
