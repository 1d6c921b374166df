/**
 * Where units run. A unit is a strategy instance and a symbol, or a whole universe. A new one goes to the consumer with
 * the least to do, as measured, and stays there until it is moved.
 */
import type { Unit } from '../../transport/messages.ts';
import type { Loads } from './loads.ts';

export interface Placed extends Unit {
  readonly consumer: string;
  /** The universe's symbols, or the one symbol. */
  readonly symbols: readonly string[];
}

export class Placement {
  readonly #consumers: readonly string[];
  readonly #units = new Map<string, Placed>();
  /** What each consumer has to do, with what was placed since it was weighed. */
  #loads: Map<string, number>;
  #costPerSymbol: (instanceId: string) => number = () => 1;

  constructor(consumers: readonly string[]) {
    this.#consumers = consumers;
    this.#loads = new Map(consumers.map((consumer) => [consumer, 0]));
  }

  /** The unit as it is placed, or undefined. */
  find(unit: Unit): Placed | undefined {
    return this.#units.get(keyOf(unit));
  }

  /** Goes by what was measured from now on. Before anything was, symbols are counted. */
  weigh(loads: Loads): void {
    const units = this.all();
    this.#costPerSymbol = loads.costPerSymbol(units);
    this.#loads = new Map(this.#consumers.map((consumer) => [consumer, 0]));
    for (const unit of units) this.#add(unit.consumer, loads.measured(unit) ?? this.#costOf(unit));
  }

  /** Moves a unit that is placed. */
  move(unit: Unit, consumer: string): void {
    const placed = this.find(unit);
    if (placed !== undefined) this.#units.set(keyOf(unit), { ...placed, consumer });
  }

  /** Gives a unit a consumer, or changes the symbols of one that has a consumer already. */
  place(unit: Unit, symbols: readonly string[]): Placed {
    const known = this.find(unit);
    const consumer = known?.consumer ?? this.#leastLoaded();
    const placed = { instanceId: unit.instanceId, symbol: unit.symbol, consumer, symbols };
    this.#add(consumer, this.#costOf(placed) - (known === undefined ? 0 : this.#costOf(known)));
    this.#units.set(keyOf(unit), placed);
    return placed;
  }

  remove(unit: Unit): void {
    const known = this.find(unit);
    if (known !== undefined) this.#add(known.consumer, -this.#costOf(known));
    this.#units.delete(keyOf(unit));
  }

  onConsumer(consumer: string): readonly Placed[] {
    return [...this.#units.values()].filter((unit) => unit.consumer === consumer);
  }

  all(): readonly Placed[] {
    return [...this.#units.values()];
  }

  /** Those that are placed and not among the given. */
  without(units: readonly Unit[]): readonly Placed[] {
    const keys = new Set(units.map(keyOf));
    return [...this.#units].flatMap(([key, placed]) => (keys.has(key) ? [] : [placed]));
  }

  #leastLoaded(): string {
    const [least] = [...this.#loads].sort(([, a], [, b]) => a - b);
    if (least === undefined) throw new RangeError('a plan needs at least one consumer');
    return least[0];
  }

  #costOf({ instanceId, symbols }: Placed): number {
    return this.#costPerSymbol(instanceId) * symbols.length;
  }

  #add(consumer: string, load: number): void {
    this.#loads.set(consumer, (this.#loads.get(consumer) ?? 0) + load);
  }
}

function keyOf(unit: Unit): string {
  return `${unit.instanceId}\u0000${unit.symbol}`;
}

/** Names of consumers: A to Z, then AA, AB ... */
export function consumerNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const letter = String.fromCharCode(65 + (index % 26));
    return index < 26 ? letter : `${String.fromCharCode(64 + Math.floor(index / 26))}${letter}`;
  });
}

/**
 * How many consumers `auto` means: two on a small machine, so that a strategy that blocks stops only half of the
 * symbols, and all cores but two (the producer's and the desk's) on a larger one.
 */
export function automaticConsumers(cores: number): number {
  return Math.min(16, Math.max(2, cores - 2));
}
