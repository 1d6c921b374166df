/** Market batches as the host takes them: what is stale is held back, bars are built, the rest is shown in order. */
import { type EpochMicros, MICROS_PER_MILLISECOND, MICROS_PER_MINUTE } from '../domain/time.ts';
import type { BuiltBar } from '../fincalcs/bars.ts';
import { SERIES_MINUTE } from '../strategies/guest/bridge.ts';
import { type Batch, EventKind, RowFlag } from '../tape/batch.ts';
import { Ahead } from './ahead.ts';
import { BarRuns } from './barRuns.ts';
import type { HostCore } from './core.ts';
import { Freshness } from './freshness.ts';
import { gapOfRow } from './gap.ts';
import { Gaps } from './gaps.ts';
import type { HistoryRequests } from './history.ts';
import type { SymbolMarket } from './market.ts';
import type { Moves } from './moves.ts';
import type { Runner } from './runner.ts';
import { Slots } from './slots.ts';
import { Staleness } from './staleness.ts';
import { Figure, INSTANCE_SHIFT, Route, RouteFlag } from './table.ts';
import { AHEAD_ROWS } from './unit.ts';

/** Flags say what a trade does not do; shifted and inverted they are the builder's effects. */
const EFFECTS_SHIFT = 4;
const EFFECTS_MASK = 7;
/** So few markets stay in the processor's cache: looking ahead would only cost, 8 ns a row. */
const MARKETS_NEAR = 64;

// Copies in this module: V8 folds its constants, and reads an imported one anew at each use.
const {
  none: NONE,
  quote: QUOTE,
  trade: TRADE,
  definition: DEFINITION,
  gap: GAP,
  barrier: BARRIER,
  minuteBar: MINUTE_BAR,
} = EventKind;
const { length: FIGURES, lastPrice: LAST_PRICE, quoteMicros: QUOTE_MICROS } = Figure;
const { bidPrice: BID_PRICE, bidSize: BID_SIZE, askPrice: ASK_PRICE, askSize: ASK_SIZE } = Figure;
const { length: ROUTE, flags: FLAGS, unit: UNIT, place: PLACE, staleCount: STALE_COUNT } = Route;
const {
  trades: TO_ONE_TRADES,
  quotes: TO_ONE_QUOTES,
  several: TO_SEVERAL,
  builtBars: BUILT_BARS,
} = RouteFlag;
const NOT_LAST = RowFlag.notLast;
const SHIFT = INSTANCE_SHIFT;
const ROWS_AHEAD = AHEAD_ROWS;

export class Feed {
  readonly #core: HostCore;
  readonly #runner: Runner;
  readonly #gaps: Gaps;
  readonly #moves: Moves;
  readonly #staleness: Staleness;
  readonly #ahead: Ahead;
  readonly #fireTimers: (nowMicros: EpochMicros) => void;
  readonly #slots: Slots;
  readonly #freshness: Freshness;
  readonly #barRuns: BarRuns;
  #takenMicros: EpochMicros = 0;
  /** Rows are taken in steps: see {@link handleMoments}. */
  #isStepping = false;
  /** Behind the last row that was taken. */
  #nextRow = 0;
  /** When the newest row shown was received, in nanoseconds from the batch's base. */
  #shownNs = Number.NaN;

  constructor(
    core: HostCore,
    runner: Runner,
    joined: {
      readonly history: HistoryRequests;
      readonly moves: Moves;
      readonly fireTimers: (nowMicros: EpochMicros) => void;
    },
  ) {
    this.#core = core;
    this.#runner = runner;
    this.#gaps = new Gaps(core, runner, joined.history);
    this.#moves = joined.moves;
    this.#staleness = new Staleness(core);
    this.#ahead = new Ahead(core);
    this.#fireTimers = joined.fireTimers;
    this.#slots = new Slots(core);
    this.#freshness = new Freshness(core.config);
    this.#barRuns = new BarRuns(core, runner, this.#freshness);
  }

  /** A unit came or went: which symbols are looked at is asked anew. */
  forgetMarkets(): void {
    this.#slots.forget();
  }

  /** See {@link StrategyHost.handleMoments}. Answers the row behind the last that was taken. */
  handleMoments(batch: Batch, takenMicros: EpochMicros, from: number, to: number): number {
    this.#isStepping = true;
    this.#core.clock.isPaused = false;
    this.handleBatch(batch, takenMicros, from, to);
    this.#isStepping = false;
    return this.#nextRow;
  }

  /** See {@link StrategyHost.handleBatch}. */
  handleBatch(batch: Batch, takenMicros: EpochMicros, from: number, to: number): void {
    this.#slots.follow(batch.streamId);
    this.begin(batch, takenMicros);
    const { load } = this.#core;
    if (load.begins(takenMicros, to - from)) this.#timedRows(batch, from, to);
    else this.#rows(batch, from, to);
    if (!Number.isNaN(this.#shownNs)) {
      const shownMicros = batch.baseMicros + Math.floor(this.#shownNs / 1_000);
      this.#core.lagMs = Math.max(0, (takenMicros - shownMicros) / MICROS_PER_MILLISECOND);
    }
  }

  /** Prepares for rows of the batch: for {@link row} too. */
  begin(batch: Batch, takenMicros: EpochMicros): void {
    const { instances } = this.#core;
    this.#slots.begin();
    for (const { guest } of instances) guest.read(batch);
    this.#takenMicros = takenMicros;
    this.#freshness.begin(batch, takenMicros);
    this.#shownNs = Number.NaN;
  }

  /** Where in the market table a symbol of the stream stands; -1: no unit of this host looks at it. */
  slotOf(symbolId: number): number {
    return this.#slots.of(symbolId);
  }

  /** Symbols as the stream numbers them. */
  nameOf(symbolId: number): string | undefined {
    return this.#slots.nameOf(symbolId);
  }

  symbolIdOf(symbol: string): number {
    return this.#slots.idOf(symbol);
  }

  /** Whether a row of the batch that {@link begin} was called with is young enough to be shown. */
  isFresh(batch: Batch, row: number): boolean {
    const isBar = batch.kind[row] === EventKind.minuteBar;
    return this.#freshness.isFresh(batch, row, isBar ? MICROS_PER_MINUTE : 0);
  }

  /** Shows one row of a symbol's market to those who look at it. */
  row(batch: Batch, row: number, slot: number): void {
    if (batch.kind[row] === QUOTE) this.#quote(batch, row, slot);
    else if (batch.kind[row] === TRADE) this.#trade(batch, row, slot);
    else this.#seldom(batch, row, this.#core.marketsBySlot[slot]!);
  }

  /** As all rows at once, with the time of each counted for the unit that it was shown to. */
  #timedRows(batch: Batch, from: number, to: number): void {
    const { load, marketsBySlot } = this.#core;
    for (let row = from; row < to; row += 1) {
      this.#rows(batch, row, row + 1);
      const slot = this.#slots.of(batch.symbolId[row]!);
      const viewer = slot === -1 ? undefined : marketsBySlot[slot]?.viewers[0];
      load.lap(viewer === undefined ? -1 : viewer.unit.id);
    }
    load.end();
  }

  #rows(batch: Batch, from: number, to: number): void {
    const { clock, timers } = this.#core;
    const { baseMicros, kind, receivedNs, symbolId } = batch;
    let isHolding = this.#moves.isHolding;
    let lastNs = Number.NaN;
    let receivedMicros: EpochMicros = 0;
    this.#nextRow = to;
    const looksAhead = this.#core.marketsBySlot.length > MARKETS_NEAR;
    for (let row = from; row < to; row += 1) {
      if (looksAhead && row % ROWS_AHEAD === 0) this.#ahead.touch(batch, row, this.#slots.byId);
      const rowKind = kind[row]!;
      if (rowKind === NONE) continue;
      if (rowKind === DEFINITION) {
        this.#slots.define(symbolId[row]!, batch.heapText(row));
        continue;
      }
      const rowNs = receivedNs[row]!;
      // The rows of one frame were received at one moment.
      if (rowNs !== lastNs) {
        lastNs = rowNs;
        receivedMicros = baseMicros + Math.floor(rowNs / 1_000);
        const mustStop = clock.isPaused || receivedMicros >= timers.nextDueMicros;
        if (this.#isStepping && mustStop && row > from) {
          this.#nextRow = row;
          return;
        }
      }
      if (receivedMicros >= timers.nextDueMicros) this.#fireTimers(receivedMicros);
      if (receivedMicros > clock.nowMicros) clock.nowMicros = receivedMicros;
      clock.sequence += 1;
      if (isHolding) this.#moves.hold(batch, row, this.#slots.nameOf(symbolId[row]!));
      const slot = this.#slots.of(symbolId[row]!);
      if (slot === -1) {
        if (rowKind === GAP && symbolId[row] === 0) this.#gaps.ofAll(batch, row);
        else if (rowKind === BARRIER) isHolding = this.#barrier(batch, row);
      } else if (rowKind === QUOTE) this.#quote(batch, row, slot);
      else if (rowKind === TRADE) this.#trade(batch, row, slot);
      else if (rowKind === MINUTE_BAR) {
        row = this.#bars(batch, row, isHolding ? row + 1 : to) - 1;
        lastNs = receivedNs[row]!;
      } else this.#seldom(batch, row, this.#core.marketsBySlot[slot]!);
    }
  }

  /** Answers whether rows are held from here on. */
  #barrier(batch: Batch, row: number): boolean {
    if (this.#moves.barrier(batch, row)) this.#slots.look();
    return this.#moves.isHolding;
  }

  #trade(batch: Batch, row: number, slot: number): void {
    const { bars, figures, routes } = this.#core.table;
    const timeMicros = batch.baseMicros + Math.floor(batch.timeNs[row]! / 1_000);
    const price = batch.n0[row]!;
    const flags = batch.flags[row]!;
    const route = slot * ROUTE;
    if (bars.closesAt(slot, timeMicros)) this.#closeBar(this.#core.marketsBySlot[slot]!);
    const effects = (~flags >> EFFECTS_SHIFT) & EFFECTS_MASK;
    const begins = bars.add(slot, timeMicros, price, batch.n1[row]!, effects);
    if (begins && (routes[route + FLAGS]! & BUILT_BARS) !== 0) {
      this.closeLater(this.#core.marketsBySlot[slot]!);
    }
    if (!this.#freshness.isFresh(batch, row, 0)) {
      // A late report says of itself that it is late: when we took it in time, it is no sign of lag.
      const isLateReport = (flags & NOT_LAST) !== 0 && batch.receivedNs[row]! >= this.#freshness.oldestNs;
      this.#core.eventsStale += 1;
      if (!isLateReport) this.#hold(batch, row, { slot, spanMicros: 0 });
      return;
    }
    this.#shown(batch, row, slot);
    if ((flags & NOT_LAST) === 0) figures[slot * FIGURES + LAST_PRICE] = price;
    const routeFlags = routes[route + FLAGS]!;
    if ((routeFlags & TO_ONE_TRADES) !== 0) {
      const instance = this.#core.instances[routeFlags >> SHIFT]!;
      this.#runner.trade(instance, routes[route + UNIT]!, routes[route + PLACE]!, row);
    } else if ((routeFlags & TO_SEVERAL) !== 0) {
      for (const { isShown, unit, place } of this.#core.marketsBySlot[slot]!.tradeViewers) {
        if (!isShown) continue;
        this.#runner.trade(unit.instance, unit.id, place, row);
        this.#core.load.lap(unit.id);
      }
    }
  }

  #quote(batch: Batch, row: number, slot: number): void {
    if (!this.#freshness.isFresh(batch, row, 0)) {
      this.#core.eventsStale += 1;
      this.#hold(batch, row, { slot, spanMicros: 0 });
      return;
    }
    this.#shown(batch, row, slot);
    const { figures, routes } = this.#core.table;
    const at = slot * FIGURES;
    figures[at + BID_PRICE] = batch.n0[row]!;
    figures[at + BID_SIZE] = batch.n1[row]!;
    figures[at + ASK_PRICE] = batch.n2[row]!;
    figures[at + ASK_SIZE] = batch.n3[row]!;
    figures[at + QUOTE_MICROS] = batch.baseMicros + Math.floor(batch.timeNs[row]! / 1_000);
    const route = slot * ROUTE;
    const routeFlags = routes[route + FLAGS]!;
    if ((routeFlags & TO_ONE_QUOTES) !== 0) {
      const instance = this.#core.instances[routeFlags >> SHIFT]!;
      this.#runner.quote(instance, routes[route + UNIT]!, routes[route + PLACE]!, row);
    } else if ((routeFlags & TO_SEVERAL) !== 0) {
      for (const { isShown, unit, place } of this.#core.marketsBySlot[slot]!.quoteViewers) {
        if (!isShown) continue;
        this.#runner.quote(unit.instance, unit.id, place, row);
        this.#core.load.lap(unit.id);
      }
    }
  }

  #seldom(batch: Batch, row: number, market: SymbolMarket): void {
    switch (batch.kind[row]!) {
      case EventKind.minuteBar:
        this.#bar(batch, row, market);
        return;
      case EventKind.updatedBar:
        this.#updatedBar(row, market);
        return;
      case EventKind.correction:
      case EventKind.cancel:
        market.forming.missedUntil(batch.timeMicros(row) + 1);
        return;
      case GAP:
        this.#gaps.of(market, gapOfRow(batch, row));
        return;
    }
  }

  /** A bar, and those of its symbol behind it where they are shown in one go. Answers the row behind them. */
  #bars(batch: Batch, row: number, to: number): number {
    const market = this.#core.marketsBySlot[this.#slots.of(batch.symbolId[row]!)]!;
    const end = this.#barRuns.end(batch, row, to, market);
    if (end === row + 1) {
      this.#bar(batch, row, market);
      return end;
    }
    // Only who takes rows in steps is to answer a pause before the next row is shown.
    if (!this.#isStepping) this.#core.clock.isPaused = false;
    const next = this.#barRuns.show(row, end, market);
    this.#shownNs = batch.receivedNs[next - 1]!;
    return next;
  }

  /** A closed minute is never lost: a stale one still goes into the series, it is only not shown. */
  #bar(batch: Batch, row: number, market: SymbolMarket): void {
    const { slot, onlyBarViewer } = market;
    const isFresh = this.#freshness.isFresh(batch, row, MICROS_PER_MINUTE);
    const isStale = this.#core.table.routes[slot * ROUTE + STALE_COUNT] !== 0;
    if (isFresh && onlyBarViewer?.isShown === true && !isStale) {
      this.#endForming(batch, row, market);
      this.#shown(batch, row, slot);
      this.#runner.barRow(onlyBarViewer, row);
      return;
    }
    const viewers = market.feedBarViewers;
    for (const { unit, place } of viewers) unit.instance.guest.putBarRow(unit.id, place, row);
    this.#endForming(batch, row, market);
    if (!isFresh) {
      this.#core.eventsStale += 1;
      this.#hold(batch, row, { slot, spanMicros: MICROS_PER_MINUTE });
      return;
    }
    this.#shown(batch, row, slot);
    for (const viewer of viewers) {
      if (viewer.isShown && viewer.unit.instance.takesBars) this.#runner.bar(viewer);
    }
  }

  /** What was built of the bar's minute is set aside by the feed's own, unless somebody's bars are built here. */
  #endForming(batch: Batch, row: number, market: SymbolMarket): void {
    const formingMicros = market.forming.timeMicros;
    // Where no trade came since the bar before, its close is the newest price there is.
    if (Number.isNaN(formingMicros)) {
      this.#core.table.figures[market.slot * FIGURES + LAST_PRICE] = batch.n3[row]!;
    } else if (market.builtBarViewers.length === 0 && formingMicros <= batch.timeMicros(row)) {
      market.forming.take();
    }
  }

  #updatedBar(row: number, market: SymbolMarket): void {
    for (const { unit, place } of market.feedBarViewers) unit.instance.guest.putBarRow(unit.id, place, row);
  }

  /** Sees to it that the bar under way is closed when its time has come. */
  closeLater(market: SymbolMarket): void {
    const { forming } = market;
    const startMicros = forming.timeMicros;
    if (Number.isNaN(startMicros)) return;
    const graceMicros = this.#core.config.limits.barGraceMs * MICROS_PER_MILLISECOND;
    const delayMicros = this.#core.config.feedDelayMs * MICROS_PER_MILLISECOND;
    this.#core.timers.set(forming.endMicros + graceMicros + delayMicros, () => {
      if (market.forming.timeMicros === startMicros) this.#closeBar(market);
    });
  }

  #closeBar(market: SymbolMarket): void {
    const bar: BuiltBar | undefined = market.forming.take();
    if (bar === undefined) return;
    const viewers = market.builtBarViewers;
    const full = { ...bar, notional: bar.vwap * bar.volume };
    if (this.#moves.isHolding) this.#moves.holdBar(this.#slots.idOf(market.symbol), market.symbol, bar);
    for (const { unit, place } of viewers) unit.instance.guest.putBar(unit.id, place, SERIES_MINUTE, full);
    for (const viewer of viewers) {
      if (viewer.isShown && viewer.unit.instance.takesBars) this.#runner.bar(viewer);
    }
  }

  #shown(batch: Batch, row: number, slot: number): void {
    this.#core.eventsShown += 1;
    this.#shownNs = batch.receivedNs[row]!;
    if (this.#core.table.routes[slot * ROUTE + STALE_COUNT] === 0) return;
    const market = this.#core.marketsBySlot[slot]!;
    this.#gaps.tell(market, { ...this.#staleness.end(market), reason: 'stale' });
  }

  #hold(batch: Batch, row: number, what: { readonly slot: number; readonly spanMicros: number }): void {
    const timeMicros = batch.timeMicros(row);
    this.#staleness.hold(this.#core.marketsBySlot[what.slot]!, {
      timeMicros,
      completeMicros: timeMicros + what.spanMicros,
      takenMicros: this.#takenMicros,
    });
  }
}
