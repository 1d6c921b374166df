/**
 * A unit comes from another consumer: it is given what it brings along, told what the desk told meanwhile, and shown
 * the rows that were held for it, in order and once. Others who look at the same symbols have had those rows.
 */

import { assert } from '../domain/assert.ts';
import type { EpochMicros } from '../domain/time.ts';
import { BarTable } from '../fincalcs/bars.ts';
import { SERIES_DAILY, SERIES_MINUTE } from '../strategies/guest/bridge.ts';
import { type Batch, EventKind, RowFlag } from '../tape/batch.ts';
import type { MovedSymbol, UnitAssignment } from '../transport/messages.ts';
import type { DeskAnswers } from './answers.ts';
import type { Assignments } from './assignments.ts';
import type { HostCore } from './core.ts';
import type { Feed } from './feed.ts';
import { type Gap, gapOfRow } from './gap.ts';
import type { HistoryRequests } from './history.ts';
import type { HeldRows } from './hold.ts';
import type { Moves } from './moves.ts';
import type { Proposals } from './proposals.ts';
import type { Runner } from './runner.ts';
import type { Unit, UnitSymbol } from './unit.ts';

export interface ArrivalParts {
  readonly core: HostCore;
  readonly runner: Runner;
  readonly proposals: Proposals;
  readonly history: HistoryRequests;
  readonly assignments: Assignments;
  readonly moves: Moves;
  readonly feed: Feed;
  readonly answers: DeskAnswers;
  readonly fireTimers: (nowMicros: EpochMicros) => void;
}

interface HeldRow {
  readonly rows: Batch;
  readonly row: number;
  /** A minute that was closed here out of trades. */
  readonly isBuilt: boolean;
}

interface Span {
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  readonly count: number;
}

export class Arrivals {
  readonly #parts: ArrivalParts;

  constructor(parts: ArrivalParts) {
    this.#parts = parts;
  }

  /** @param assignment with an arrival. */
  arrive(assignment: UnitAssignment, nowMicros: EpochMicros): void {
    const { arrival } = assignment;
    assert(arrival !== undefined, 'a unit that comes by no move');
    const { assignments, answers, core, feed, moves, proposals } = this.#parts;
    const { moveId, moved } = arrival;
    const { isWhole, held, deskEvents } = moves.take(moveId);
    const unit = assignments.create(assignment);
    if (unit === undefined) return;
    feed.forgetMarkets();
    for (const symbol of moved?.symbols ?? []) this.#bring(unit, symbol);
    if (moved?.isRunning === true && unit.phase === 'warming') unit.become('running');
    else assignments.begin([unit]);
    for (const symbol of moved?.symbols ?? []) this.#goOn(unit, symbol, held);
    for (const event of [...(moved?.deskEvents ?? []), ...deskEvents]) answers.tell(event);
    if (moved === null) this.#tellRestart(unit, held?.rows.baseMicros ?? nowMicros);
    else if (!isWhole) this.#tellMissed(unit, moved.atMicros, nowMicros);
    if (held !== null) this.#show(unit, held, nowMicros);
    for (const viewer of unit.symbols) if (viewer?.closing) proposals.continueClosing(viewer);
    core.output.report({
      type: 'arrived',
      moveId,
      rowsHeld: held?.rows.count ?? 0,
      rowsConflated: held?.conflated ?? 0,
      rowsDropped: held?.dropped ?? 0,
    });
  }

  /** What it was shown since its state was saved was lost with its consumer. */
  #tellRestart(unit: Unit, atMicros: EpochMicros): void {
    for (const viewer of unit.symbols) {
      if (viewer === undefined) continue;
      const { symbol } = viewer.market;
      const span = { fromMicros: atMicros, toMicros: atMicros, count: null };
      this.#parts.runner.gap(viewer, { symbol, ...span, reason: 'consumer_restarted' });
    }
  }

  /** The consumer that expected it has died since, and what it held with it. */
  #tellMissed(unit: Unit, fromMicros: EpochMicros, toMicros: EpochMicros): void {
    this.#gap(unit, 0, { fromMicros, toMicros, count: null, reason: 'consumer_restarted' });
  }

  /** Gives a symbol of the unit back what it had where it comes from. */
  #bring(unit: Unit, moved: MovedSymbol): void {
    const viewer = unit.find(moved.symbol);
    if (viewer === undefined) return;
    const { guest } = unit.instance;
    guest.putBars(unit.id, viewer.place, SERIES_MINUTE, moved.minuteBars);
    guest.putBars(unit.id, viewer.place, SERIES_DAILY, moved.dailyBars);
    // Where somebody looks at the symbol already, its market is known here.
    if (isAlone(viewer)) this.#parts.core.table.restore(viewer.market.slot, moved);
    for (const id of moved.cancelling) if (viewer.openOrders.has(id)) viewer.cancelling.add(id);
    if (moved.closing !== null) viewer.closing = { ...moved.closing, retry: null };
  }

  /** What was under way in a symbol: a gap not told yet, bars asked for, the minute's bar. */
  #goOn(unit: Unit, moved: MovedSymbol, held: HeldRows | null): void {
    const { feed, history, runner } = this.#parts;
    const viewer = unit.find(moved.symbol);
    if (viewer === undefined) return;
    if (moved.stale !== null) runner.gap(viewer, { symbol: moved.symbol, ...moved.stale, reason: 'stale' });
    if (moved.awaitsHistory && unit.phase === 'running') history.warmUp([viewer]);
    if (unit.instance.barSource !== 'built') return;
    if (isAlone(viewer)) feed.closeLater(viewer.market);
    else this.#closeBar(viewer, moved, held);
  }

  /** Shows a minute that was closed here before the barrier and was still open where the unit comes from. */
  #closeBar(viewer: UnitSymbol, moved: MovedSymbol, held: HeldRows | null): void {
    const { core, feed, runner } = this.#parts;
    const forming = new BarTable();
    forming.grow(1);
    forming.restore(0, moved.forming);
    const bar = forming.take(0);
    if (bar === undefined || bar.timeMicros + forming.periodMicros > core.clock.nowMicros) return;
    if (bar.timeMicros >= viewer.market.forming.timeMicros) return;
    if (held?.hasBuiltBar(feed.symbolIdOf(moved.symbol), bar.timeMicros)) return;
    const { unit, place } = viewer;
    const full = { ...bar, notional: bar.vwap * bar.volume };
    unit.instance.guest.putBar(unit.id, place, SERIES_MINUTE, full);
    if (viewer.isShown && unit.instance.takesBars) runner.bar(viewer);
  }

  #show(unit: Unit, held: HeldRows, nowMicros: EpochMicros): void {
    const { core, feed, fireTimers, runner } = this.#parts;
    const { rows } = held;
    rows.seal();
    feed.begin(rows, nowMicros);
    for (const [symbolId, gap] of held.gaps) {
      const count = Number.isNaN(gap.count) ? null : gap.count;
      this.#gap(unit, symbolId, { ...gap, count, reason: 'overflow' });
    }
    const stale = new Map<UnitSymbol, Span>();
    for (let row = 0; row < rows.count; row += 1) {
      if (rows.kind[row] === EventKind.none) continue;
      const receivedMicros = rows.receivedMicros(row);
      if (receivedMicros >= core.timers.nextDueMicros) fireTimers(receivedMicros);
      if (rows.kind[row] === EventKind.gap) this.#gap(unit, rows.symbolId[row]!, gapOfRow(rows, row));
      else this.#row(unit, rows, row, stale);
    }
    for (const [viewer, span] of stale) {
      runner.gap(viewer, { symbol: viewer.market.symbol, ...span, reason: 'stale' });
    }
  }

  #row(unit: Unit, rows: Batch, row: number, stale: Map<UnitSymbol, Span>): void {
    const { core, feed } = this.#parts;
    const slot = feed.slotOf(rows.symbolId[row]!);
    const market = slot === -1 ? undefined : core.marketsBySlot[slot];
    const viewer = market === undefined ? undefined : unit.find(market.symbol);
    if (viewer === undefined) return;
    const isBuilt = rows.kind[row] === EventKind.minuteBar && (rows.flags[row]! & RowFlag.built) !== 0;
    if (!isAlone(viewer)) this.#again(viewer, { rows, row, isBuilt }, stale);
    // Alone, its own trades build its bars.
    else if (!isBuilt) feed.row(rows, row, slot);
  }

  /** Shows a row to this viewer only: the others who look at the symbol have had it. */
  #again(viewer: UnitSymbol, { rows, row, isBuilt }: HeldRow, stale: Map<UnitSymbol, Span>): void {
    const { core, feed, runner } = this.#parts;
    const { unit, place } = viewer;
    const { instance } = unit;
    const kind = rows.kind[row]!;
    const isBar = kind === EventKind.minuteBar || kind === EventKind.updatedBar;
    if (isBar && (instance.barSource === 'built') === isBuilt) instance.guest.putBarRow(unit.id, place, row);
    if (!viewer.isShown) return;
    if (!feed.isFresh(rows, row)) {
      core.eventsStale += 1;
      const timeMicros = rows.timeMicros(row);
      const span = stale.get(viewer);
      stale.set(viewer, {
        fromMicros: span?.fromMicros ?? timeMicros,
        toMicros: timeMicros,
        count: (span?.count ?? 0) + 1,
      });
      return;
    }
    if (kind === EventKind.trade && instance.takesTrades) runner.trade(instance, unit.id, place, row);
    else if (kind === EventKind.quote && instance.takesQuotes) runner.quote(instance, unit.id, place, row);
    else if (kind === EventKind.minuteBar && instance.takesBars) {
      if ((instance.barSource === 'built') === isBuilt) runner.bar(viewer);
    }
  }

  #gap(unit: Unit, symbolId: number, gap: Gap): void {
    const { feed, history, runner } = this.#parts;
    const symbol = feed.nameOf(symbolId);
    for (const viewer of unit.symbols) {
      if (viewer === undefined || (symbolId !== 0 && viewer.market.symbol !== symbol)) continue;
      if (isAlone(viewer)) viewer.market.forming.missedUntil(gap.toMicros);
      runner.gap(viewer, { symbol: viewer.market.symbol, ...gap });
      history.refill(viewer.market, [viewer], gap);
    }
  }
}

function isAlone({ market }: UnitSymbol): boolean {
  return market.viewers.length === 1;
}
