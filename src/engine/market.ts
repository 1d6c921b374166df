/** What the host knows of one symbol's market, and which units look at it. */
import type { EpochMicros } from '../domain/time.ts';
import { BarBuilder } from '../fincalcs/bars.ts';
import type { SymbolMarketState } from '../strategies/guest/bridge.ts';
import type { UnitSymbol } from './unit.ts';

export class SymbolMarket implements SymbolMarketState {
  readonly symbol: string;
  lastPrice = Number.NaN;
  bidPrice = 0;
  bidSize = 0;
  askPrice = 0;
  askSize = 0;
  quoteMicros: EpochMicros = Number.NaN;
  /** The minute under way, from the trades seen. */
  readonly forming = new BarBuilder();

  /** Units in the plan's order, and those of them that take each kind of event. */
  readonly viewers: UnitSymbol[] = [];
  tradeViewers: readonly UnitSymbol[] = [];
  quoteViewers: readonly UnitSymbol[] = [];
  /** Their minute bars come from the feed. */
  feedBarViewers: readonly UnitSymbol[] = [];
  /** Their minute bars are built here from trades. */
  builtBarViewers: readonly UnitSymbol[] = [];

  /** Stale events since the last one that was shown. */
  staleCount = 0;
  staleFromMicros: EpochMicros = 0;
  staleToMicros: EpochMicros = 0;
  staleLoggedSecond = Number.NaN;

  constructor(symbol: string) {
    this.symbol = symbol;
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

  #sortOut(): void {
    this.tradeViewers = this.viewers.filter(({ unit }) => unit.instance.takesTrades);
    this.quoteViewers = this.viewers.filter(({ unit }) => unit.instance.takesQuotes);
    this.feedBarViewers = this.viewers.filter(({ unit }) => unit.instance.barSource === 'feed');
    this.builtBarViewers = this.viewers.filter(({ unit }) => unit.instance.barSource === 'built');
  }
}

function byPlan(a: UnitSymbol, b: UnitSymbol): number {
  return a.unit.instance.index - b.unit.instance.index || a.unit.id - b.unit.id;
}
