/**
 * Which symbols each strategy instance trades, as units, and which events of them go where. Pure: the plan's lists and
 * the scanners' picks in, units and routes out.
 */
import type { Channel, StrategyScope } from '../strategies/contract.ts';
import type { ChannelName } from '../tradeplan/plan.ts';
import type { Route, Unit } from '../transport/messages.ts';
import type { Placed } from './placement.ts';

/** What must be known of an instance to give it symbols. */
export interface InstanceShape {
  readonly instanceId: string;
  readonly scope: StrategyScope;
  readonly channels: readonly Channel[];
  readonly symbols: readonly string[];
  readonly scanners: readonly string[];
}

export interface WantedUnit extends Unit {
  readonly symbols: readonly string[];
}

export class Universe {
  readonly #instances: readonly InstanceShape[];
  readonly #picks = new Map<string, Set<string>>();
  /** Units whose strategy failed: they stay stopped until the daemon is started again. */
  readonly #ended = new Set<string>();
  /** Symbols that a unit wants no more of today. */
  readonly #rejected = new Map<string, Set<string>>();

  constructor(instances: readonly InstanceShape[]) {
    this.#instances = instances;
    for (const instance of instances) this.#picks.set(instance.instanceId, new Set(instance.symbols));
  }

  /** Adds a scanner's picks to the instances that take from it; answers the ids of those that got new symbols. */
  addPicks(scannerId: string, symbols: readonly string[]): readonly string[] {
    const changed: string[] = [];
    for (const instance of this.#instances) {
      if (!instance.scanners.includes(scannerId)) continue;
      const held = this.#symbolsOf(instance.instanceId);
      const before = held.size;
      for (const symbol of symbols) held.add(symbol);
      if (held.size > before) changed.push(instance.instanceId);
    }
    return changed;
  }

  /** Symbols that an instance holds already (after a restart) stay its own whatever the scanners say. */
  addHeld(instanceId: string, symbols: readonly string[]): void {
    for (const symbol of symbols) this.#symbolsOf(instanceId).add(symbol);
  }

  endUnit(unit: Unit): void {
    this.#ended.add(keyOf(unit));
  }

  /** Whether the unit is one that should run: it was not stopped by a failure. */
  isRunning(unit: Unit): boolean {
    return !this.#ended.has(keyOf(unit));
  }

  /** The strategy wants no more of the symbol today. */
  reject(unit: Unit, symbol: string): void {
    const symbols = this.#rejected.get(keyOf(unit)) ?? new Set();
    this.#rejected.set(keyOf(unit), symbols.add(symbol));
  }

  rejectedSymbols(unit: Unit): readonly string[] {
    return [...(this.#rejected.get(keyOf(unit)) ?? [])];
  }

  /** A new session begins: what a strategy rejected for the day may be traded again. */
  beginSession(): void {
    this.#rejected.clear();
  }

  /** All units that should run now. A universe without symbols is not one yet. */
  units(): readonly WantedUnit[] {
    return this.#instances.flatMap((instance): WantedUnit[] => {
      const symbols = [...this.#symbolsOf(instance.instanceId)];
      if (symbols.length === 0) return [];
      const units =
        instance.scope === 'universe'
          ? [{ instanceId: instance.instanceId, symbol: '*', symbols }]
          : symbols.map((symbol) => ({ instanceId: instance.instanceId, symbol, symbols: [symbol] }));
      return units.filter((unit) => !this.#ended.has(keyOf(unit)));
    });
  }

  /** The routes of one consumer: the union of what the units on it need of each symbol. */
  routes(placed: readonly Placed[], feed: readonly ChannelName[]): readonly Route[] {
    const routes = new Map<string, { trades: boolean; quotes: boolean; bars: boolean }>();
    for (const unit of placed) {
      const channels =
        this.#instances.find((instance) => instance.instanceId === unit.instanceId)?.channels ?? [];
      for (const symbol of unit.symbols) {
        const route = routes.get(symbol) ?? { trades: false, quotes: false, bars: false };
        // Every unit keeps a minute series: from the feed's bars where it has them, else from its trades.
        route.trades ||= feed.includes('trades') && (channels.includes('trades') || !feed.includes('bars'));
        route.quotes ||= feed.includes('quotes') && channels.includes('quotes');
        route.bars ||= feed.includes('bars');
        routes.set(symbol, route);
      }
    }
    return [...routes].map(([symbol, route]) => ({ symbol, ...route }));
  }

  /** What the desk must see: prices of everything that may be ordered. */
  deskRoutes(placed: readonly Placed[], feed: readonly ChannelName[]): readonly Route[] {
    const symbols = new Set(placed.flatMap((unit) => unit.symbols));
    return [...symbols].map((symbol) => ({
      symbol,
      trades: feed.includes('trades'),
      quotes: feed.includes('quotes'),
      bars: !feed.includes('trades') && feed.includes('bars'),
    }));
  }

  #symbolsOf(instanceId: string): Set<string> {
    const symbols = this.#picks.get(instanceId);
    if (symbols === undefined) throw new RangeError(`no strategy instance ${instanceId} in the plan`);
    return symbols;
  }
}

function keyOf(unit: Unit): string {
  return `${unit.instanceId}\u0000${unit.symbol}`;
}
