/**
 * Where units run. A unit is a strategy instance and a symbol, or a whole universe. It stays on the consumer it was
 * first given to; a new one goes to the consumer with the least to do.
 */
import type { Unit } from '../transport/messages.ts';

export interface Placed extends Unit {
  readonly consumer: string;
  /** The universe's symbols, or the one symbol. */
  readonly symbols: readonly string[];
}

export class Placement {
  readonly #consumers: readonly string[];
  readonly #units = new Map<string, Placed>();

  constructor(consumers: readonly string[]) {
    this.#consumers = consumers;
  }

  /** The unit as it is placed, or undefined. */
  find(unit: Unit): Placed | undefined {
    return this.#units.get(keyOf(unit));
  }

  /** Gives a unit a consumer, or changes the symbols of one that has a consumer already. */
  place(unit: Unit, symbols: readonly string[]): Placed {
    const consumer = this.find(unit)?.consumer ?? this.#leastLoaded();
    const placed = { instanceId: unit.instanceId, symbol: unit.symbol, consumer, symbols };
    this.#units.set(keyOf(unit), placed);
    return placed;
  }

  remove(unit: Unit): void {
    this.#units.delete(keyOf(unit));
  }

  onConsumer(consumer: string): readonly Placed[] {
    return [...this.#units.values()].filter((unit) => unit.consumer === consumer);
  }

  all(): readonly Placed[] {
    return [...this.#units.values()];
  }

  #leastLoaded(): string {
    const load = new Map(this.#consumers.map((consumer) => [consumer, 0]));
    for (const unit of this.#units.values())
      load.set(unit.consumer, (load.get(unit.consumer) ?? 0) + unit.symbols.length);
    const [least] = [...load].sort(([, a], [, b]) => a - b);
    if (least === undefined) throw new RangeError('a plan needs at least one consumer');
    return least[0];
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
