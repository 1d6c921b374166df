/** History of symbols: asked for before a unit starts and after a gap that has cost bars; the answer is an event. */
import type { Bar } from '../domain/market.ts';
import { type EpochMicros, MICROS_PER_MINUTE } from '../domain/time.ts';
import { SERIES_DAILY, SERIES_MINUTE, type SeriesKind } from '../strategies/guest/bridge.ts';
import type { HistoryAnswer } from '../transport/messages.ts';
import type { HostCore } from './core.ts';
import type { SymbolMarket } from './market.ts';
import type { UnitSymbol } from './unit.ts';

interface Asked {
  readonly viewers: readonly UnitSymbol[];
  /** Those of them that are shown no market events until the answer comes. */
  readonly held: readonly UnitSymbol[];
}

export class HistoryRequests {
  readonly #core: HostCore;
  readonly #asked = new Map<number, Asked>();
  /** Minutes of theirs are fetched while they go on. */
  readonly #refilling = new Set<UnitSymbol>();
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
      const bars = { minuteBars: most('minuteBars'), dailyBars: most('dailyBars') };
      this.#ask(market, { viewers: group, held: group }, bars);
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
      this.#ask(market, { viewers: group, held: group }, { minuteBars: 0, dailyBars });
    }
  }

  /**
   * Fetches the minutes that a gap has touched. Who asked for bars is shown no market events until the answer comes; who
   * has them only because trades make them goes on, so that a consumer that was behind is back with the market at once.
   */
  refill(
    market: SymbolMarket,
    viewers: readonly UnitSymbol[],
    gap: { readonly fromMicros: EpochMicros; readonly toMicros: EpochMicros },
  ): void {
    const affected = viewers.filter((viewer) => {
      const { unit, awaitsHistory } = viewer;
      if (awaitsHistory || this.#refilling.has(viewer)) return false;
      return unit.instance.barSource !== 'none' && unit.phase !== 'stopped';
    });
    const firstMinute = Math.floor(gap.fromMicros / MICROS_PER_MINUTE);
    const thisMinute = Math.floor(this.#core.clock.nowMicros / MICROS_PER_MINUTE);
    const minutes = Math.min(thisMinute - firstMinute, this.#core.config.limits.historyBarsMax);
    if (affected.length === 0 || minutes <= 0) return;
    const held = affected.filter(({ unit }) => unit.instance.needsBars);
    for (const viewer of affected) if (!held.includes(viewer)) this.#refilling.add(viewer);
    this.#ask(market, { viewers: affected, held }, { minuteBars: minutes, dailyBars: 0 });
  }

  /** Puts the answer into the series of those that it was asked for and that are still here, and names them. */
  answer(requestId: number, answer: HistoryAnswer): readonly UnitSymbol[] {
    const { viewers, held } = this.#asked.get(requestId) ?? { viewers: [], held: [] };
    this.#asked.delete(requestId);
    for (const viewer of viewers) if (!held.includes(viewer)) this.#refilling.delete(viewer);
    const present = viewers.filter(
      ({ unit, place }) => this.#core.units[unit.id] === unit && unit.symbols[place] !== undefined,
    );
    for (const viewer of present) {
      if (answer.ok) {
        for (const bar of answer.minuteBars) this.#put(viewer, SERIES_MINUTE, bar);
        for (const bar of answer.dailyBars) this.#put(viewer, SERIES_DAILY, bar);
      } else {
        this.#core.output.log('warn', `no history of ${viewer.market.symbol}: ${answer.message}`, {
          strategy: viewer.unit.instance.config.instanceId,
          symbol: viewer.market.symbol,
        });
      }
      if (held.includes(viewer)) viewer.unit.setAwaited(viewer, 'nothing');
    }
    return present;
  }

  #ask(
    market: SymbolMarket,
    asked: Asked,
    bars: { readonly minuteBars: number; readonly dailyBars: number },
  ): void {
    this.#requestId += 1;
    this.#asked.set(this.#requestId, asked);
    for (const viewer of asked.held) viewer.unit.setAwaited(viewer, 'history');
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
