/** What the host knows of one symbol's market, and which units look at it. */
import type { EpochMicros } from '../domain/time.ts';
import { BarBuilder } from '../fincalcs/bars.ts';
import type { SymbolMarketState } from '../strategies/guest/bridge.ts';
import { Figure, INSTANCE_SHIFT, type MarketTable, Route, RouteFlag } from './table.ts';
import type { UnitSymbol } from './unit.ts';

/** One row of the {@link MarketTable}, and what is seldom asked for. */
export class SymbolMarket implements SymbolMarketState {
  readonly symbol: string;
  readonly slot: number;
  /** The minute under way, from the trades seen. */
  readonly forming: BarBuilder;

  /** Units in the plan's order, and those of them that take each kind of event. */
  readonly viewers: UnitSymbol[] = [];
  tradeViewers: readonly UnitSymbol[] = [];
  quoteViewers: readonly UnitSymbol[] = [];
  /** Their minute bars come from the feed. */
  feedBarViewers: readonly UnitSymbol[] = [];
  /** The one of them, where there is one only and its strategy takes bars. */
  onlyBarViewer: UnitSymbol | null = null;
  /** Their minute bars are built here from trades. */
  builtBarViewers: readonly UnitSymbol[] = [];

  /** Of the stale events since the last one that was shown; how many they are stands in the table. */
  staleFromMicros: EpochMicros = 0;
  staleToMicros: EpochMicros = 0;
  staleLoggedSecond = Number.NaN;
  readonly #table: MarketTable;

  constructor(symbol: string, slot: number, table: MarketTable) {
    this.symbol = symbol;
    this.slot = slot;
    this.#table = table;
    this.forming = new BarBuilder(table.bars, slot);
  }

  get lastPrice(): number {
    return this.#table.figure(this.slot, Figure.lastPrice);
  }

  get bidPrice(): number {
    return this.#table.figure(this.slot, Figure.bidPrice);
  }

  get bidSize(): number {
    return this.#table.figure(this.slot, Figure.bidSize);
  }

  get askPrice(): number {
    return this.#table.figure(this.slot, Figure.askPrice);
  }

  get askSize(): number {
    return this.#table.figure(this.slot, Figure.askSize);
  }

  get quoteMicros(): EpochMicros {
    return this.#table.figure(this.slot, Figure.quoteMicros);
  }

  add(viewer: UnitSymbol): void {
    this.viewers.push(viewer);
    this.viewers.sort(byPlan);
    this.#sortOut();
  }

  remove(viewer: UnitSymbol): void {
    this.viewers.splice(this.viewers.indexOf(viewer), 1);
    this.#sortOut();
  }

  /** A viewer is shown events from now on, or not any more. */
  route(): void {
    const { routes } = this.#table;
    const at = this.slot * Route.length;
    let flags = this.builtBarViewers.length > 0 ? RouteFlag.builtBars : 0;
    const [viewer] = this.viewers;
    if (viewer !== undefined && this.viewers.length === 1) {
      if (viewer.isShown && this.tradeViewers.length > 0) flags |= RouteFlag.trades;
      if (viewer.isShown && this.quoteViewers.length > 0) flags |= RouteFlag.quotes;
      routes[at + Route.unit] = viewer.unit.id;
      routes[at + Route.place] = viewer.place;
      flags |= viewer.unit.instance.index << INSTANCE_SHIFT;
    } else if (viewer !== undefined) flags |= RouteFlag.several;
    routes[at + Route.flags] = flags;
  }

  #sortOut(): void {
    this.tradeViewers = this.viewers.filter(({ unit }) => unit.instance.takesTrades);
    this.quoteViewers = this.viewers.filter(({ unit }) => unit.instance.takesQuotes);
    this.feedBarViewers = this.viewers.filter(({ unit }) => unit.instance.barSource === 'feed');
    const [viewer, another] = this.feedBarViewers;
    const isOnly = viewer?.unit.instance.takesBars === true && another === undefined;
    this.onlyBarViewer = isOnly ? viewer : null;
    this.builtBarViewers = this.viewers.filter(({ unit }) => unit.instance.barSource === 'built');
    this.route();
  }
}

function byPlan(a: UnitSymbol, b: UnitSymbol): number {
  return a.unit.instance.index - b.unit.instance.index || a.unit.id - b.unit.id;
}
