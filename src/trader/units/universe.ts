/**
 * Which symbols each strategy instance trades, as units, and which events of them go where. Pure: the plan's lists and
 * the scanners' picks in, units and routes out.
 */
import type { Channel, StrategyScope } from '../../strategies/contract.ts';
import type { ChannelName } from '../../tradeplan/plan.ts';
import type { Route, Unit } from '../../transport/messages.ts';
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
  #instances: readonly InstanceShape[];
  /** What each scanner picked last. */
  readonly #picks = new Map<string, readonly string[]>();
  /** What each instance has held since before this batch. */
  readonly #held = new Map<string, readonly string[]>();
  /** Units whose strategy failed: they stay stopped until the daemon is started again. */
  readonly #ended = new Set<string>();
  /** Symbols that a unit wants no more of today. */
  readonly #rejected = new Map<string, Set<string>>();

  constructor(instances: readonly InstanceShape[]) {
    this.#instances = instances;
  }

  /**
   * The instances of a plan that was read again, those that it no longer has among them, without anything to trade.
   * @param restarted ids of those with other code: what had failed of them runs again.
   */
  follow(instances: readonly InstanceShape[], restarted: readonly string[]): void {
    this.#instances = instances;
    for (const { instanceId, symbols, scanners } of instances) {
      if (symbols.length === 0 && scanners.length === 0) this.#held.delete(instanceId);
    }
    for (const key of this.#ended) {
      if (restarted.some((instanceId) => key.startsWith(`${instanceId}\u0000`))) this.#ended.delete(key);
    }
  }

  /**
   * What a scanner picks from now on, in place of what it picked before. Symbols that are not flat stay where they are
   * until they are: whoever places units sees to that.
   */
  setPicks(scannerId: string, symbols: readonly string[]): void {
    this.#picks.set(scannerId, symbols);
    // Placed by now: from here on they stay as any other does, until they are flat.
    for (const { instanceId, scanners } of this.#instances) {
      if (scanners.includes(scannerId)) this.#held.delete(instanceId);
    }
  }

  /** Symbols that an instance holds already (after a restart) are its own until its scanners have picked. */
  addHeld(instanceId: string, symbols: readonly string[]): void {
    this.#held.set(instanceId, [...(this.#held.get(instanceId) ?? []), ...symbols]);
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
      const symbols = this.#symbolsOf(instance);
      if (symbols.length === 0) return [];
      const units =
        instance.scope === 'universe'
          ? [{ instanceId: instance.instanceId, symbol: '*', symbols }]
          : symbols.map((symbol) => ({ instanceId: instance.instanceId, symbol, symbols: [symbol] }));
      return units.filter((unit) => !this.#ended.has(keyOf(unit)));
    });
  }

  /** What one unit should trade now; nothing where it should not run. */
  wantedSymbols(unit: Unit): readonly string[] {
    const instance = this.#instances.find(({ instanceId }) => instanceId === unit.instanceId);
    if (instance === undefined || !this.isRunning(unit)) return [];
    const symbols = this.#symbolsOf(instance);
    if (instance.scope === 'universe') return symbols;
    return symbols.includes(unit.symbol) ? [unit.symbol] : [];
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

  /** Those of the plan, those it holds and those that its scanners pick; each once. */
  #symbolsOf({ instanceId, symbols, scanners }: InstanceShape): readonly string[] {
    const held = this.#held.get(instanceId) ?? [];
    const picked = scanners.flatMap((scannerId) => this.#picks.get(scannerId) ?? []);
    return [...new Set([...symbols, ...held, ...picked])];
  }
}

function keyOf(unit: Unit): string {
  return `${unit.instanceId}\u0000${unit.symbol}`;
}

/** Those of the first list, then those that only the second has. */
export function union(first: readonly string[], second: readonly string[]): readonly string[] {
  return [...new Set([...first, ...second])];
}

export function sameSymbols(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((symbol, index) => symbol === b[index]);
}
