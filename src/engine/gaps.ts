/** What is missing of a market: strategies are told, and bars that need it are asked for again. */
import type { Batch } from '../tape/batch.ts';
import type { HostCore } from './core.ts';
import { type Gap, gapOfRow } from './gap.ts';
import type { HistoryRequests } from './history.ts';
import type { SymbolMarket } from './market.ts';
import type { Runner } from './runner.ts';

export class Gaps {
  readonly #core: HostCore;
  readonly #runner: Runner;
  readonly #history: HistoryRequests;

  constructor(core: HostCore, runner: Runner, history: HistoryRequests) {
    this.#core = core;
    this.#runner = runner;
    this.#history = history;
  }

  /** The row's gap is one of all symbols. */
  ofAll(batch: Batch, row: number): void {
    const gap = gapOfRow(batch, row);
    for (const market of [...this.#core.markets.values()]) this.of(market, gap);
  }

  of(market: SymbolMarket, gap: Gap): void {
    market.forming.missedUntil(gap.toMicros);
    this.tell(market, gap);
    // What the producer let go for us is missing in our own bars only; a lost connection in the feed's too.
    const affected = gap.reason === 'overflow' ? market.builtBarViewers : market.viewers;
    this.#history.refill(market, affected, gap);
  }

  tell(market: SymbolMarket, gap: Gap): void {
    for (const viewer of market.viewers) this.#runner.gap(viewer, { symbol: market.symbol, ...gap });
  }
}
