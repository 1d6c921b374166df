/** Units that come to this host, go from it, and change their symbols. */
import { assert } from '../domain/assert.ts';
import { CALL_DONE, type GuestFault, SERIES_DAILY, SERIES_MINUTE } from '../strategies/guest/bridge.ts';
import type { MovedSymbol, MovedUnit, UnitAssignment, Unit as UnitName } from '../transport/messages.ts';
import type { HostCore } from './core.ts';
import type { HistoryRequests } from './history.ts';
import type { SymbolMarket } from './market.ts';
import type { Proposals } from './proposals.ts';
import type { Runner, SavedUnit } from './runner.ts';
import { type MarketTable, Route } from './table.ts';
import { Unit, UnitSymbol } from './unit.ts';

export class Assignments {
  readonly #core: HostCore;
  readonly #runner: Runner;
  readonly #proposals: Proposals;
  readonly #history: HistoryRequests;

  constructor(core: HostCore, runner: Runner, proposals: Proposals, history: HistoryRequests) {
    this.#core = core;
    this.#runner = runner;
    this.#proposals = proposals;
    this.#history = history;
  }

  /** Takes units over with all they had. Those that are here already stay as they are. */
  assign(assignments: readonly UnitAssignment[]): void {
    const units: Unit[] = [];
    for (const assignment of assignments) {
      const unit = this.create(assignment);
      if (unit !== undefined) units.push(unit);
    }
    this.begin(units);
  }

  /** A unit that was assigned, not begun yet; undefined where it is here already. */
  create(assignment: UnitAssignment): Unit | undefined {
    if (this.#core.findUnit(assignment.instanceId, assignment.symbol) !== undefined) return undefined;
    return this.#create(assignment);
  }

  /** Takes the unit away with all that it must bring along; null where there is nothing to take. */
  depart(moveId: number, { instanceId, symbol }: UnitName): MovedUnit | null {
    const unit = this.#core.findUnit(instanceId, symbol);
    if (unit === undefined) return null;
    this.saveState(unit);
    const moved = unit.phase === 'stopped' ? null : this.#packed(moveId, unit);
    this.remove(unit);
    return moved;
  }

  unassign({ instanceId, symbol }: UnitName): void {
    const unit = this.#core.findUnit(instanceId, symbol);
    if (unit === undefined) return;
    this.saveState(unit);
    this.remove(unit);
  }

  saveState(unit: Unit): void {
    const row = this.#runner.checkpoint(unit);
    if (row !== undefined) this.#core.output.report({ type: 'states', states: [row] });
  }

  /** Lets units begin, those that need history when it is there. */
  begin(units: readonly Unit[]): void {
    const warming = units.filter(({ phase }) => phase === 'warming');
    this.#history.warmUp(warming.flatMap((unit) => unit.symbols.filter((entry) => entry !== undefined)));
    for (const unit of warming) this.startIfWarm(unit);
  }

  #packed(moveId: number, unit: Unit): MovedUnit {
    const isRunning = unit.phase === 'running';
    const symbols = unit.symbols.flatMap((viewer) =>
      viewer === undefined ? [] : [packedSymbol(viewer, this.#core.table)],
    );
    const atMicros = this.#core.clock.nowMicros;
    return { moveId, atMicros, isRunning, state: unit.savedState, symbols, deskEvents: [] };
  }

  /** Takes the unit away, and its symbols where nobody else looks at them. */
  remove(unit: Unit): void {
    for (const viewer of unit.symbols) if (viewer !== undefined) this.#removeSymbol(viewer);
    for (const timer of unit.timers.values()) this.#core.timers.cancel(timer);
    unit.become('stopped');
    unit.instance.guest.removeUnit(unit.id);
    unit.instance.units.delete(unit.symbol);
    this.#core.units[unit.id] = undefined;
  }

  /** New symbols, whole. One that holds a position or open orders stays; a unit that is left with none ends. */
  setSymbols({ instanceId, symbol }: UnitName, symbols: readonly string[]): void {
    const unit = this.#core.findUnit(instanceId, symbol);
    if (unit === undefined) return;
    const all = () => unit.symbols.filter((viewer) => viewer !== undefined);
    let kept = all();
    if (unit.phase !== 'stopped') {
      if (symbols.length === 0 && kept.every(isFlat)) {
        this.saveState(unit);
        this.remove(unit);
        kept = [];
      } else {
        this.#changeSymbols(unit, symbols);
        kept = all();
      }
    }
    const name = { instanceId, symbol };
    this.#core.output.report({
      type: 'symbols',
      unit: name,
      symbols: kept.map(({ market }) => market.symbol),
    });
  }

  #changeSymbols(unit: Unit, symbols: readonly string[]): void {
    const wanted = new Set(symbols);
    for (const viewer of unit.symbols) {
      if (viewer === undefined || wanted.has(viewer.market.symbol)) continue;
      if (isFlat(viewer)) this.#removeSymbol(viewer);
    }
    const added = symbols.filter((name) => unit.find(name) === undefined);
    const viewers = added.map((name) => this.#addSymbol(unit, name));
    this.#history.warmUp(viewers);
    this.startIfWarm(unit);
    unit.refresh();
  }

  /** Does nothing for a unit that has rejected all it had: that one starts with the next session. */
  startIfWarm(unit: Unit): void {
    if (unit.phase !== 'warming' || !unit.isWarm || unit.isGivenUp) return;
    unit.become('running');
    this.#runner.start(unit);
  }

  #create(assignment: UnitAssignment): Unit {
    const instance = this.#core.findInstance(assignment.instanceId);
    assert(instance !== undefined, `no strategy instance ${assignment.instanceId} on this consumer`);
    const unit = new Unit(this.#core.nextUnitId(), instance, assignment, this.#core.config);
    this.#core.units[unit.id] = unit;
    instance.units.set(unit.symbol, unit);
    const { guest } = instance;
    guest.addUnit(unit.id, unit.symbol);
    for (const symbol of assignment.symbols) this.#addSymbol(unit, symbol);
    // A position outlives a scanner's pick: a universe goes on seeing what it holds.
    for (const { symbol } of [...assignment.positions, ...assignment.openOrders]) {
      if (unit.find(symbol) === undefined) this.#addSymbol(unit, symbol);
    }
    for (const position of assignment.positions) {
      this.#core.setPosition(unit.find(position.symbol)!, position);
    }
    for (const order of assignment.openOrders) {
      unit.find(order.symbol)!.openOrders.set(order.clientOrderId, order);
    }
    const saved = assignment.state === null ? null : (JSON.parse(assignment.state) as SavedUnit);
    const rejected = new Set([...assignment.rejectedSymbols, ...this.#rejectedToday(saved)]);
    for (const viewer of unit.symbols) {
      if (viewer === undefined) continue;
      viewer.isRejected = rejected.has(viewer.market.symbol);
      if (viewer.openOrders.size > 0) this.#core.showOpenOrders(viewer);
    }
    this.#restore(unit, saved);
    for (const viewer of unit.symbols) {
      if (viewer?.isRejected) this.#proposals.close(viewer, 'the strategy has rejected the symbol for today');
    }
    return unit;
  }

  #rejectedToday(saved: SavedUnit | null): readonly string[] {
    const rejected = saved?.rejected;
    return rejected === undefined || rejected.date !== this.#core.session?.date ? [] : rejected.symbols;
  }

  #restore(unit: Unit, saved: SavedUnit | null): void {
    const { guest } = unit.instance;
    const result = guest.setState(unit.id, saved === null ? null : JSON.stringify(saved.state));
    if (result !== CALL_DONE) {
      this.#runner.stop(unit, JSON.parse(guest.fault()) as GuestFault, unit.symbol);
      return;
    }
    for (const [name, dueMicros] of Object.entries(saved?.timers ?? {})) {
      this.#proposals.setTimer(unit, name, dueMicros);
    }
  }

  #addSymbol(unit: Unit, symbol: string): UnitSymbol {
    const market = this.#core.market(symbol);
    const viewer = new UnitSymbol(unit, unit.symbols.length, market);
    unit.add(viewer);
    unit.instance.guest.addSymbol(unit.id, viewer.place, market, this.#core.config.limits.historyBarsMax);
    market.add(viewer);
    return viewer;
  }

  #removeSymbol(viewer: UnitSymbol): void {
    const { unit, market, place } = viewer;
    market.remove(viewer);
    if (market.viewers.length === 0) this.#core.markets.delete(market.symbol);
    if (viewer.closing?.retry) this.#core.timers.cancel(viewer.closing.retry);
    unit.instance.guest.removeSymbol(unit.id, place);
    unit.remove(viewer);
  }
}

/** An order is open from its proposal on: of a flat symbol nothing is under way. */
function isFlat({ quantity, openOrders }: UnitSymbol): boolean {
  return quantity === 0n && openOrders.size === 0;
}

function packedSymbol(viewer: UnitSymbol, table: MarketTable): MovedSymbol {
  const { unit, place, market, closing } = viewer;
  const { guest } = unit.instance;
  return {
    symbol: market.symbol,
    minuteBars: guest.bars(unit.id, place, SERIES_MINUTE),
    dailyBars: guest.bars(unit.id, place, SERIES_DAILY),
    ...table.save(market.slot),
    stale: staleOf(market, table),
    awaitsHistory: viewer.awaitsHistory,
    cancelling: [...viewer.cancelling],
    closing: closing === null ? null : { reason: closing.reason, attempts: closing.attempts },
  };
}

/** Stale events that are not told of yet: that happens with the next fresh one, which the unit does not see here. */
function staleOf(market: SymbolMarket, { routes }: MarketTable): MovedSymbol['stale'] {
  const count = routes[market.slot * Route.length + Route.staleCount]!;
  return count === 0 ? null : { fromMicros: market.staleFromMicros, toMicros: market.staleToMicros, count };
}
