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

/**
 * Bars that were over at a moment and that the data need not have, such as those that a recorded session was given, in
 * the order of time.
 */
export type RecalledBars = (
  symbol: string,
  interval: 'minute' | 'day',
  nowMicros: EpochMicros,
) => readonly Bar[];

/** Flags say what a trade does not do; shifted and inverted they are the builder's effects. */
const EFFECTS_SHIFT = 4;
const EFFECTS_MASK = 7;
const FIGURES = 8;

/** Bars that a ring has room for before it grows. */
const ROOM_MIN = 512;

/** The newest bars of a kind as plain numbers, in a ring that grows up to its limit. */
class Ring {
  readonly #limit: number;
  #values: Float64Array;
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#values = new Float64Array(Math.min(limit, ROOM_MIN) * FIGURES);
  }

  put(bar: Bar): void {
    this.#makeRoom();
    const at = (this.#count % this.#limit) * FIGURES;
    this.#values.set(
      [bar.timeMicros, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.tradeCount],
      at,
    );
    this.#count += 1;
  }

  putRow(batch: Batch, row: number): void {
    this.#makeRoom();
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
    const from = Math.max(this.#oldest, this.#count - count);
    return Array.from({ length: this.#count - from }, (_, index) => this.#bar(symbol, from + index));
  }

  /** Those that start in the range, its end excluded. */
  between(symbol: string, fromMicros: EpochMicros, toMicros: EpochMicros): readonly Bar[] {
    const bars: Bar[] = [];
    for (let index = this.#firstFrom(fromMicros); index < this.#count; index += 1) {
      const bar = this.#bar(symbol, index);
      if (bar.timeMicros >= toMicros) break;
      bars.push(bar);
    }
    return bars;
  }

  get #oldest(): number {
    return Math.max(0, this.#count - this.#limit);
  }

  /** The first bar that does not start before the moment, by halving: bars are in the order of time. */
  #firstFrom(moment: EpochMicros): number {
    let low = this.#oldest;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#values[(middle % this.#limit) * FIGURES]! < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #bar(symbol: string, index: number): Bar {
    const at = (index % this.#limit) * FIGURES;
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
  }

  /** Before the limit is reached the bars stand one after another from the start. */
  #makeRoom(): void {
    if (this.#count >= this.#limit || (this.#count + 1) * FIGURES <= this.#values.length) return;
    const grown = new Float64Array(Math.min(this.#limit, this.#count * 2) * FIGURES);
    grown.set(this.#values);
    this.#values = grown;
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
  readonly #recalled: RecalledBars | undefined;
  readonly #bySymbol = new Map<string, PastOfSymbol>();
  /** Nobody asks: nothing need be kept. */
  readonly isIdle: boolean;

  constructor(need: HistoryNeed, calendar: SessionCalendar, recalled?: RecalledBars) {
    this.#need = need;
    this.#calendar = calendar;
    this.#recalled = recalled;
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
    const { toMicros } = asked;
    const past = this.#bySymbol.get(symbol);
    if (past !== undefined && past.forming.endMicros <= toMicros) this.#closeMinute(past, symbol);
    const minuteBars = (past?.minutes?.newest(symbol, asked.minuteBars) ?? []).filter(
      ({ timeMicros }) => timeMicros < toMicros,
    );
    const dailyBars = past?.days?.newest(symbol, asked.dailyBars) ?? [];
    if (this.#recalled === undefined) return { ok: true, minuteBars, dailyBars };
    const recalled = (interval: 'minute' | 'day') => this.#recalled!(symbol, interval, toMicros);
    return {
      ok: true,
      minuteBars: newestOf(joined(minuteBars, recalled('minute')), asked.minuteBars),
      dailyBars: newestOf(joined(dailyBars, recalled('day')), asked.dailyBars),
    };
  }

  /** Bars that start in the range, its end excluded, and were over by `nowMicros`; days by the exchange's dates. */
  between(
    symbol: string,
    interval: 'minute' | 'day',
    {
      fromMicros,
      toMicros,
      nowMicros,
    }: { readonly fromMicros: EpochMicros; readonly toMicros: EpochMicros; readonly nowMicros: EpochMicros },
  ): readonly Bar[] {
    const seen = this.#seen(symbol, interval, { fromMicros, toMicros, nowMicros });
    if (this.#recalled === undefined) return seen;
    const recalled = this.#recalled(symbol, interval, nowMicros);
    return joined(
      seen,
      recalled.filter(({ timeMicros }) => timeMicros >= fromMicros && timeMicros < toMicros),
    );
  }

  #seen(
    symbol: string,
    interval: 'minute' | 'day',
    range: {
      readonly fromMicros: EpochMicros;
      readonly toMicros: EpochMicros;
      readonly nowMicros: EpochMicros;
    },
  ): readonly Bar[] {
    const { fromMicros, toMicros, nowMicros } = range;
    const past = this.#bySymbol.get(symbol);
    if (past === undefined) return [];
    if (past.forming.endMicros <= nowMicros) this.#closeMinute(past, symbol);
    if (interval === 'minute') return past.minutes?.between(symbol, fromMicros, toMicros) ?? [];
    const days = past.days?.between(symbol, fromMicros, toMicros) ?? [];
    const last = past.hasDays ? null : past.day;
    const isOver = last !== null && last.endMicros <= nowMicros;
    const isIn = isOver && last.bar.timeMicros >= fromMicros && last.bar.timeMicros < toMicros;
    return isIn ? [...days, { ...last.bar }] : days;
  }

  /** The day under way so far, out of its closed minutes; null before the first. */
  dayUnderWay(symbol: string, nowMicros: EpochMicros): Bar | null {
    const past = this.#bySymbol.get(symbol);
    if (past === undefined) return null;
    if (past.forming.endMicros <= nowMicros) this.#closeMinute(past, symbol);
    return past.day === null || past.day.endMicros <= nowMicros ? null : { ...past.day.bar };
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

  /** Days out of minutes, by the exchange's dates; those that are over are kept unless the data has days of its own. */
  #addToDay(past: PastOfSymbol, symbol: string, bar: Bar): void {
    if (past.day !== null && bar.timeMicros >= past.day.endMicros) {
      if (!past.hasDays) past.days?.put(past.day.bar);
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

/** In the order of time, each once. */
function joined(seen: readonly Bar[], recalled: readonly Bar[]): readonly Bar[] {
  if (recalled.length === 0) return seen;
  const byStart = new Map([...recalled, ...seen].map((bar) => [bar.timeMicros, bar]));
  return [...byStart.values()].sort((one, other) => one.timeMicros - other.timeMicros);
}

function newestOf(bars: readonly Bar[], count: number): readonly Bar[] {
  return bars.slice(Math.max(0, bars.length - count));
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
