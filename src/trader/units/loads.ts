/**
 * What consumers and their units cost, as measured: the newest heartbeat's figures, and estimates for units that were
 * not measured yet. Units without a name in the figures, the many cheap ones, share what is told of them together.
 */
import type { RebalancePlan } from '../../tradeplan/plan.ts';
import type { ConsumerReport, Unit } from '../../transport/messages.ts';
import type { Placed } from './placement.ts';

type Heartbeat = Extract<ConsumerReport, { type: 'heartbeat' }>;

const MICROS_PER_MS = 1_000;

interface Measured {
  readonly eventsShown: number;
  readonly eventsStale: number;
  readonly cpuMicros: number | null;
  readonly atMs: number;
}

class ConsumerMeasure {
  behindSinceMs: number | null = null;
  /** CPU time or time in units, whichever is more: a handler that waits holds its thread up too. Of one core. */
  load = 0;
  /** Time in units alone. Of one core. */
  unitsLoad = 0;
  units: ReadonlyMap<string, number> = new Map();
  /** Of each unit that was not told by name. */
  restMean = 0;
  last: Measured | null = null;
  cpuAtLoad: { readonly cpuMicros: number; readonly atMs: number } | null = null;
}

export class Loads {
  readonly #settings: Pick<RebalancePlan, 'lagMaxMs'>;
  readonly #consumers = new Map<string, ConsumerMeasure>();

  constructor(settings: Pick<RebalancePlan, 'lagMaxMs'>) {
    this.#settings = settings;
  }

  note(consumer: string, heartbeat: Heartbeat, nowMs: number): void {
    const measure = this.#of(consumer);
    this.#noteLag(measure, heartbeat, nowMs);
    const cpuMicros = heartbeat.measurements?.vitals.cpuMicros ?? null;
    const { eventsShown, eventsStale } = heartbeat;
    measure.last = { eventsShown, eventsStale, cpuMicros, atMs: nowMs };
    if (heartbeat.load === undefined) return;
    const { periodMs, units, rest } = heartbeat.load;
    const shareOf = (micros: number) => micros / (Math.max(1, periodMs) * MICROS_PER_MS);
    measure.units = new Map(units.map((unit) => [keyOf(unit), shareOf(unit.micros)]));
    measure.restMean = rest.units === 0 ? 0 : shareOf(rest.micros) / rest.units;
    const inUnits = units.reduce((sum, { micros }) => sum + micros, rest.micros);
    measure.unitsLoad = shareOf(inUnits);
    measure.load = Math.max(measure.unitsLoad, cpuShare(measure, cpuMicros, nowMs));
    if (cpuMicros !== null) measure.cpuAtLoad = { cpuMicros, atMs: nowMs };
  }

  /** The consumer has ended: its successor is measured anew. */
  forget(consumer: string): void {
    this.#consumers.delete(consumer);
  }

  /** Of one core, by the newest measurement. */
  loadOf(consumer: string): number {
    return this.#of(consumer).load;
  }

  /** What its units take of it, without all else that its thread does. Of one core, by the newest measurement. */
  unitsLoadOf(consumer: string): number {
    return this.#of(consumer).unitsLoad;
  }

  /** How long the consumer has been behind; null when it is not. */
  behindForMs(consumer: string, nowMs: number): number | null {
    const { behindSinceMs } = this.#of(consumer);
    return behindSinceMs === null ? null : nowMs - behindSinceMs;
  }

  /** Of one core; undefined where the unit was not measured on that consumer. */
  measured(unit: Placed): number | undefined {
    const measure = this.#of(unit.consumer);
    const named = measure.units.get(keyOf(unit));
    if (named !== undefined) return named;
    return measure.restMean === 0 ? undefined : measure.restMean;
  }

  /**
   * What a unit of the instance costs for each of its symbols, judging by those that were measured, else by all others.
   * 1 as long as nothing was: then symbols are counted.
   */
  costPerSymbol(placed: readonly Placed[]): (instanceId: string) => number {
    const sums = new Map<string, { load: number; symbols: number }>();
    const all = { load: 0, symbols: 0 };
    for (const unit of placed) {
      const load = this.measured(unit);
      if (load === undefined) continue;
      const own = sums.get(unit.instanceId) ?? { load: 0, symbols: 0 };
      sums.set(unit.instanceId, own);
      for (const sum of [own, all]) {
        sum.load += load;
        sum.symbols += unit.symbols.length;
      }
    }
    return (instanceId) => {
      const { load, symbols } = sums.get(instanceId) ?? all;
      return load > 0 && symbols > 0 ? load / symbols : 1;
    };
  }

  #noteLag(measure: ConsumerMeasure, heartbeat: Heartbeat, nowMs: number): void {
    const { last } = measure;
    const { lagMaxMs } = this.#settings;
    const hasShown = heartbeat.eventsShown > (last?.eventsShown ?? 0);
    // What was too old to be shown has no lag of its own: it is behind by more than anything that was shown.
    const isStale = heartbeat.eventsStale > (last?.eventsStale ?? 0);
    if (isStale || (hasShown && heartbeat.lagMs > lagMaxMs)) measure.behindSinceMs ??= nowMs;
    // Behind until it is clearly not any more, so that it does not go to and fro.
    else if (!hasShown || heartbeat.lagMs < lagMaxMs / 2) measure.behindSinceMs = null;
  }

  #of(consumer: string): ConsumerMeasure {
    const known = this.#consumers.get(consumer);
    if (known !== undefined) return known;
    const fresh = new ConsumerMeasure();
    this.#consumers.set(consumer, fresh);
    return fresh;
  }
}

function cpuShare(measure: ConsumerMeasure, cpuMicros: number | null, nowMs: number): number {
  const { cpuAtLoad } = measure;
  if (cpuAtLoad === null || cpuMicros === null) return 0;
  return (cpuMicros - cpuAtLoad.cpuMicros) / (Math.max(1, nowMs - cpuAtLoad.atMs) * MICROS_PER_MS);
}

function keyOf(unit: Unit): string {
  return `${unit.instanceId}\u0000${unit.symbol}`;
}
