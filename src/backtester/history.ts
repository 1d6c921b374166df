/** Closed bars of the past, for warm-ups and after gaps: only what was known at the moment of the question. */
import type { SessionCalendar } from '../clock/calendar.ts';
import type { Bar } from '../domain/market.ts';
import type { EpochMicros } from '../domain/time.ts';
import { BarBuilder } from '../fincalcs/bars.ts';
import { type Batch, RowFlag } from '../tape/batch.ts';
import type { HistoryAnswer } from '../transport/messages.ts';

/** How many of each the strategies may ask for. */
export interface HistoryNeed {
  readonly minuteBars: number;
  readonly dailyBars: number;
}

/** Flags say what a trade does not do; shifted and inverted they are the builder's effects. */
const EFFECTS_SHIFT = 4;
const EFFECTS_MASK = 7;
const FIGURES = 8;

/** The newest bars of a kind as plain numbers, in a ring. */
class Ring {
  readonly #limit: number;
  readonly #values: Float64Array;
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#values = new Float64Array(limit * FIGURES);
  }

  put(bar: Bar): void {
    const at = (this.#count % this.#limit) * FIGURES;
    this.#values.set(
      [bar.timeMicros, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.tradeCount],
      at,
    );
    this.#count += 1;
  }

  putRow(batch: Batch, row: number): void {
    const values = this.#values;
    const at = (this.#count % this.#limit) * FIGURES;
    values[at] = batch.timeMicros(row);
    values[at + 1] = batch.n0[row]!;
    values[at + 2] = batch.n1[row]!;
    values[at + 3] = batch.n2[row]!;
    values[at + 4] = batch.n3[row]!;
    values[at + 5] = batch.heapFloat(row, 0);
    values[at + 6] = batch.heapFloat(row, 1);
    values[at + 7] = batch.heapFloat(row, 2);
    this.#count += 1;
  }

  newest(symbol: string, count: number): readonly Bar[] {
    const from = Math.max(0, this.#count - Math.min(count, this.#limit));
    return Array.from({ length: this.#count - from }, (_, index) => {
      const at = ((from + index) % this.#limit) * FIGURES;
      const value = (figure: number) => this.#values[at + figure]!;
      return {
        symbol,
        timeMicros: value(0),
        open: value(1),
        high: value(2),
        low: value(3),
        close: value(4),
        volume: value(5),
        vwap: value(6),
        tradeCount: value(7),
      };
    });
  }
}

interface DayUnderWay {
  endMicros: EpochMicros;
  bar: { -readonly [Key in keyof Bar]: Bar[Key] };
}

class PastOfSymbol {
  readonly minutes: Ring | null;
  readonly days: Ring | null;
  readonly forming = new BarBuilder();
  hasBars = false;
  hasDays = false;
  day: DayUnderWay | null = null;

  constructor(need: HistoryNeed) {
    this.minutes = need.minuteBars > 0 ? new Ring(need.minuteBars) : null;
    this.days = need.dailyBars > 0 ? new Ring(need.dailyBars) : null;
  }
}

export class PastBars {
  readonly #need: HistoryNeed;
  readonly #calendar: SessionCalendar;
  readonly #bySymbol = new Map<string, PastOfSymbol>();
  /** Nobody asks: nothing need be kept. */
  readonly isIdle: boolean;

  constructor(need: HistoryNeed, calendar: SessionCalendar) {
    this.#need = need;
    this.#calendar = calendar;
    this.isIdle = need.minuteBars === 0 && need.dailyBars === 0;
  }

  bar(symbol: string, batch: Batch, row: number): void {
    const past = this.#of(symbol);
    past.hasBars = true;
    past.minutes?.putRow(batch, row);
    if (past.days !== null) this.#addToDay(past, symbol, barOf(symbol, batch, row));
  }

  dailyBar(symbol: string, batch: Batch, row: number): void {
    const past = this.#of(symbol);
    past.hasDays = true;
    past.days?.putRow(batch, row);
  }

  trade(symbol: string, batch: Batch, row: number): void {
    const past = this.#of(symbol);
    // The data's own bars are better than ours.
    if (past.hasBars) return;
    const timeMicros = batch.timeMicros(row);
    if (timeMicros >= past.forming.endMicros) this.#closeMinute(past, symbol);
    const effects = (~batch.flags[row]! >> EFFECTS_SHIFT) & EFFECTS_MASK;
    past.forming.add(timeMicros, batch.n0[row]!, batch.n1[row]!, effects);
  }

  answer(
    symbol: string,
    asked: { readonly minuteBars: number; readonly dailyBars: number; readonly toMicros: EpochMicros },
  ): HistoryAnswer {
    const past = this.#bySymbol.get(symbol);
    if (past === undefined) return { ok: true, minuteBars: [], dailyBars: [] };
    if (past.forming.endMicros <= asked.toMicros) this.#closeMinute(past, symbol);
    return {
      ok: true,
      minuteBars: (past.minutes?.newest(symbol, asked.minuteBars) ?? []).filter(
        ({ timeMicros }) => timeMicros < asked.toMicros,
      ),
      dailyBars: past.days?.newest(symbol, asked.dailyBars) ?? [],
    };
  }

  #of(symbol: string): PastOfSymbol {
    let past = this.#bySymbol.get(symbol);
    if (past === undefined) {
      past = new PastOfSymbol(this.#need);
      this.#bySymbol.set(symbol, past);
    }
    return past;
  }

  #closeMinute(past: PastOfSymbol, symbol: string): void {
    const built = past.forming.take();
    if (built === undefined) return;
    const bar = { symbol, ...built };
    past.minutes?.put(bar);
    if (past.days !== null) this.#addToDay(past, symbol, bar);
  }

  /** Days out of minutes, by the exchange's dates, unless the data has days of its own. */
  #addToDay(past: PastOfSymbol, symbol: string, bar: Bar): void {
    if (past.hasDays) return;
    if (past.day !== null && bar.timeMicros >= past.day.endMicros) {
      past.days?.put(past.day.bar);
      past.day = null;
    }
    if (past.day === null) {
      const date = this.#calendar.dateAt(bar.timeMicros);
      const timeMicros = this.#calendar.startOf(date.toString());
      const endMicros = this.#calendar.startOf(date.add({ days: 1 }).toString());
      past.day = { endMicros, bar: { ...bar, symbol, timeMicros, vwap: Number.NaN } };
      return;
    }
    const day = past.day.bar;
    day.high = Math.max(day.high, bar.high);
    day.low = Math.min(day.low, bar.low);
    day.close = bar.close;
    day.volume += bar.volume;
    day.tradeCount += bar.tradeCount;
  }
}

function barOf(symbol: string, batch: Batch, row: number): Bar {
  return {
    symbol,
    timeMicros: batch.timeMicros(row),
    open: batch.n0[row]!,
    high: batch.n1[row]!,
    low: batch.n2[row]!,
    close: batch.n3[row]!,
    volume: batch.heapFloat(row, 0),
    vwap: batch.heapFloat(row, 1),
    tradeCount: batch.heapFloat(row, 2),
    incomplete: (batch.flags[row]! & RowFlag.incomplete) !== 0,
  };
}
