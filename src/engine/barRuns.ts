/**
 * Closed bars of one symbol that follow each other and are for one unit: in one call over the border of its realm. A
 * backtest of one symbol has little else, and there the call and the host's own steps were a fifth of a bar's time.
 */
import { MICROS_PER_MINUTE } from '../domain/time.ts';
import { type Batch, EventKind } from '../tape/batch.ts';
import type { HostCore } from './core.ts';
import type { Freshness } from './freshness.ts';
import type { SymbolMarket } from './market.ts';
import type { Runner } from './runner.ts';
import { Figure, Route } from './table.ts';

// Copies in this module: V8 folds its constants, and reads an imported one anew at each use.
const MINUTE_BAR = EventKind.minuteBar;
const { length: ROUTE, staleCount: STALE_COUNT } = Route;
const { length: FIGURES, lastPrice: LAST_PRICE } = Figure;

export class BarRuns {
  readonly #core: HostCore;
  readonly #runner: Runner;
  readonly #freshness: Freshness;
  /** Told to the guest at each call, so that none is made for it. */
  readonly #rows = { from: 0, to: 0 };
  readonly #lastPrice = { figures: new Float64Array(0), at: 0 };

  constructor(core: HostCore, runner: Runner, freshness: Freshness) {
    this.#core = core;
    this.#runner = runner;
    this.#freshness = freshness;
  }

  /**
   * Behind the last bar of the run that begins at a row; the next row where it is no run. Each bar is fresh and of a
   * moment of its own, before any timer falls due, and nothing is known of the minute but what the feed says.
   */
  end(batch: Batch, row: number, to: number, market: SymbolMarket): number {
    const { kind, symbolId, receivedNs, baseMicros } = batch;
    const { table, timers } = this.#core;
    const isRun =
      row + 1 < to &&
      symbolId[row + 1] === symbolId[row] &&
      market.onlyBarViewer?.isShown === true &&
      table.routes[market.slot * ROUTE + STALE_COUNT] === 0 &&
      Number.isNaN(market.forming.timeMicros);
    let end = row + 1;
    if (!isRun || !this.#freshness.isFresh(batch, row, MICROS_PER_MINUTE)) return end;
    const dueNs = (timers.nextDueMicros - baseMicros) * 1_000;
    while (
      end < to &&
      kind[end] === MINUTE_BAR &&
      symbolId[end] === symbolId[row] &&
      receivedNs[end]! > receivedNs[end - 1]! &&
      receivedNs[end]! < dueNs &&
      this.#freshness.isFresh(batch, end, MICROS_PER_MINUTE)
    ) {
      end += 1;
    }
    return end;
  }

  /** Shows the run, until a handler pauses the inbox. Answers the row behind the last that was shown. */
  show(from: number, to: number, market: SymbolMarket): number {
    const rows = this.#rows;
    rows.from = from;
    rows.to = to;
    const lastPrice = this.#lastPrice;
    lastPrice.figures = this.#core.table.figures;
    lastPrice.at = market.slot * FIGURES + LAST_PRICE;
    const end = this.#runner.barRows(market.onlyBarViewer!, rows, lastPrice);
    this.#core.eventsShown += end - from;
    return end;
  }
}
