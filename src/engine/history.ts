/** History of symbols: asked for before a unit starts and after a gap that has cost bars; the answer is an event. */
import type { Bar } from '../domain/market.ts';
import { type EpochMicros, MICROS_PER_MINUTE } from '../domain/time.ts';
import { SERIES_DAILY, SERIES_MINUTE, type SeriesKind } from '../strategies/guest/bridge.ts';
import type { HistoryAnswer } from '../transport/messages.ts';
import type { HostCore } from './core.ts';
import type { SymbolMarket } from './market.ts';
import type { UnitSymbol } from './unit.ts';

export class HistoryRequests {
  readonly #core: HostCore;
  readonly #waiting = new Map<number, readonly UnitSymbol[]>();
  #requestId = 0;

  constructor(core: HostCore) {
    this.#core = core;
  }

  /** Asks once per symbol for what its longest warm-up needs. Units that need nothing do not wait. */
  warmUp(viewers: readonly UnitSymbol[]): void {
    const needing = viewers.filter(({ unit: { instance } }) => {
      const { minuteBars, dailyBars } = instance.warmUp;
      return minuteBars > 0 || dailyBars > 0;
    });
    for (const [market, group] of byMarket(needing)) {
      const most = (name: 'minuteBars' | 'dailyBars') =>
        Math.max(...group.map(({ unit }) => unit.instance.warmUp[name]));
      this.#ask(market, group, { minuteBars: most('minuteBars'), dailyBars: most('dailyBars') });
    }
  }

  /** A new day: whoever looks at daily bars gets those that were closed since. */
  renewDays(viewers: readonly UnitSymbol[]): void {
    const needing = viewers.filter(
      ({ unit, awaitsHistory }) =>
        unit.instance.warmUp.dailyBars > 0 && !awaitsHistory && unit.phase === 'running',
    );
    for (const [market, group] of byMarket(needing)) {
      const dailyBars = Math.max(...group.map(({ unit }) => unit.instance.warmUp.dailyBars));
      this.#ask(market, group, { minuteBars: 0, dailyBars });
    }
  }

  /** Fetches the minutes that a gap has touched. Until the answer comes, market events are not shown. */
  refill(
    market: SymbolMarket,
    viewers: readonly UnitSymbol[],
    gap: { readonly fromMicros: EpochMicros; readonly toMicros: EpochMicros },
  ): void {
    const affected = viewers.filter(
      ({ unit, awaitsHistory }) =>
        unit.instance.barSource !== 'none' && !awaitsHistory && unit.phase !== 'stopped',
    );
    const firstMinute = Math.floor(gap.fromMicros / MICROS_PER_MINUTE);
    const thisMinute = Math.floor(this.#core.clock.nowMicros / MICROS_PER_MINUTE);
    const minutes = Math.min(thisMinute - firstMinute, this.#core.config.limits.historyBarsMax);
    if (affected.length > 0 && minutes > 0) {
      this.#ask(market, affected, { minuteBars: minutes, dailyBars: 0 });
    }
  }

  /** Puts the answer into the series of those that waited, and names them; empty when nobody does any more. */
  answer(requestId: number, answer: HistoryAnswer): readonly UnitSymbol[] {
    const waiting = (this.#waiting.get(requestId) ?? []).filter(
      ({ unit, place }) => this.#core.units[unit.id] === unit && unit.symbols[place] !== undefined,
    );
    this.#waiting.delete(requestId);
    for (const viewer of waiting) {
      if (answer.ok) {
        for (const bar of answer.minuteBars) this.#put(viewer, SERIES_MINUTE, bar);
        for (const bar of answer.dailyBars) this.#put(viewer, SERIES_DAILY, bar);
      } else {
        this.#core.output.log('warn', `no history of ${viewer.market.symbol}: ${answer.message}`, {
          strategy: viewer.unit.instance.config.instanceId,
          symbol: viewer.market.symbol,
        });
      }
      viewer.unit.setAwaited(viewer, 'nothing');
    }
    return waiting;
  }

  #ask(
    market: SymbolMarket,
    viewers: readonly UnitSymbol[],
    bars: { readonly minuteBars: number; readonly dailyBars: number },
  ): void {
    this.#requestId += 1;
    this.#waiting.set(this.#requestId, viewers);
    for (const viewer of viewers) viewer.unit.setAwaited(viewer, 'history');
    const limit = this.#core.config.limits.historyBarsMax;
    this.#core.output.report({
      type: 'history_request',
      requestId: this.#requestId,
      symbol: market.symbol,
      minuteBars: Math.min(bars.minuteBars, limit),
      dailyBars: Math.min(bars.dailyBars, limit),
      toMicros: Math.floor(this.#core.clock.nowMicros / MICROS_PER_MINUTE) * MICROS_PER_MINUTE,
    });
  }

  #put(viewer: UnitSymbol, kind: SeriesKind, bar: Bar): void {
    const { unit, place } = viewer;
    unit.instance.guest.putBar(unit.id, place, kind, {
      timeMicros: bar.timeMicros,
      open: bar.open,
      high: bar.high,
      low: bar.low,
      close: bar.close,
      volume: bar.volume,
      vwap: bar.vwap,
      notional: bar.vwap * bar.volume,
      tradeCount: bar.tradeCount,
      incomplete: bar.incomplete ?? false,
    });
  }
}

function byMarket(viewers: readonly UnitSymbol[]): ReadonlyMap<SymbolMarket, readonly UnitSymbol[]> {
  const groups = new Map<SymbolMarket, UnitSymbol[]>();
  for (const viewer of viewers) {
    const group = groups.get(viewer.market);
    if (group === undefined) groups.set(viewer.market, [viewer]);
    else group.push(viewer);
  }
  return groups;
}
