/** What the market has shown of one symbol: the latest, the ticks kept, and the bars folded from them. */
import { type EpochMicros, MICROS_PER_MINUTE } from '../../domain/time.ts';
import type { ExchangeLimits } from '../options.ts';
import { BarFold, foldTrades, joinBars, minuteOf } from './bars.ts';
import { effectOf } from './conditions.ts';
import type {
  BarEvent,
  BarRow,
  CancelEvent,
  CorrectionEvent,
  QuoteEvent,
  StatusEvent,
  TickEvent,
  TradeEvent,
} from './events.ts';
import type { EarlierBars } from './history.ts';
import type { Listing } from './instruments.ts';
import { QuoteRing, TradeFate, TradeRing } from './rings.ts';

/** Start of the daily bar that a minute counts in. */
export type DayOf = (moment: EpochMicros) => EpochMicros;

export class SymbolRecord {
  readonly listing: Listing;
  readonly trades: TradeRing;
  readonly quotes: QuoteRing;
  /** Closed minutes, oldest first. */
  #minuteBars: BarRow[] = [];
  /** Days before the running one, oldest first. */
  #dayBars: BarRow[] = [];
  #today: BarRow[] = [];
  #todayMicros: EpochMicros = Number.NEGATIVE_INFINITY;
  #fold: BarFold | undefined;
  readonly #changedMinutes = new Set<EpochMicros>();
  readonly #barsMax: number;
  readonly #dayOf: DayOf;
  /** The latest trade that sets a price. */
  lastTrade: TradeEvent | undefined;
  lastQuote: QuoteEvent | undefined;
  lastStatus: StatusEvent | undefined;
  /** Price of the last trade before the running day, for `lastday_price`. */
  previousClose: number | undefined;

  constructor(listing: Listing, limits: ExchangeLimits, dayOf: DayOf) {
    this.listing = listing;
    this.trades = new TradeRing(listing.symbol, listing.tape, limits.tradesPerSymbolMax);
    this.quotes = new QuoteRing(listing.symbol, listing.tape, limits.quotesPerSymbolMax);
    this.#barsMax = limits.barsPerSymbolMax;
    this.#dayOf = dayOf;
  }

  get isHalted(): boolean {
    return this.lastStatus?.halted ?? false;
  }

  /** Takes over the days before the ticks begin. */
  begin(earlier: EarlierBars): void {
    for (const bar of earlier.minutes) this.#keepMinute(bar);
    // Days whose minutes are kept were closed on the way; the others come from the history as they are.
    const firstMinuteDay = this.#dayBars[0]?.timeMicros ?? this.#todayMicros;
    this.#dayBars = [...earlier.days.filter((day) => day.timeMicros < firstMinuteDay), ...this.#dayBars];
    this.previousClose = this.#dayBars.at(-1)?.close;
  }

  /** Takes a tick in. Minute marks between ticks are told by {@link closeMinute}, in order of time. */
  apply(event: TickEvent): void {
    switch (event.kind) {
      case 'trade':
        this.#applyTrade(event);
        break;
      case 'quote':
        this.quotes.push(event);
        this.lastQuote = event;
        break;
      case 'status':
        this.lastStatus = event;
        break;
      case 'cancel':
        this.#applyCancel(event);
        break;
      case 'correction':
        this.#applyCorrection(event);
        break;
    }
  }

  /** The mark at which the minute that starts at `minute` ends: its bar and the day so far, if it had trades. */
  closeMinute(minute: EpochMicros): BarEvent[] {
    const row = this.#fold?.timeMicros === minute ? this.#fold.row() : undefined;
    this.#fold = undefined;
    if (row === undefined) return [];
    this.#keepMinute(row);
    const events: BarEvent[] = [{ kind: 'bar', channel: 'b', symbol: this.listing.symbol, bar: row }];
    const day = this.dayBar();
    if (day !== undefined) events.push({ kind: 'bar', channel: 'd', symbol: this.listing.symbol, bar: day });
    return events;
  }

  /** The half-minute mark: closed bars that late trades have changed since. */
  updatedBars(): BarEvent[] {
    if (this.#changedMinutes.size === 0) return [];
    const events: BarEvent[] = [];
    for (const minute of this.#changedMinutes) {
      const bar = this.#minuteBars.findLast((row) => row.timeMicros === minute);
      if (bar !== undefined) events.push({ kind: 'bar', channel: 'u', symbol: this.listing.symbol, bar });
    }
    this.#changedMinutes.clear();
    return events;
  }

  /** Closed minute bars with start times from `from` to `to`, both inclusive. */
  minuteBars(from: EpochMicros, to: EpochMicros): BarRow[] {
    return this.#minuteBars.filter((bar) => bar.timeMicros >= from && bar.timeMicros <= to);
  }

  get lastMinuteBar(): BarRow | undefined {
    return this.#minuteBars.at(-1);
  }

  /** Daily bars with start times from `from` to `to`, the running day's closed minutes last. */
  dayBars(from: EpochMicros, to: EpochMicros): BarRow[] {
    const today = this.dayBar();
    const all = today === undefined ? this.#dayBars : [...this.#dayBars, today];
    return all.filter((bar) => bar.timeMicros >= from && bar.timeMicros <= to);
  }

  /** The running day up to its last closed minute. */
  dayBar(): BarRow | undefined {
    return joinBars(this.#todayMicros, this.#today);
  }

  get previousDayBar(): BarRow | undefined {
    return this.#dayBars.at(-1);
  }

  #applyTrade(trade: TradeEvent, fate: number = TradeFate.stands): void {
    this.trades.push(trade, fate);
    const minute = minuteOf(trade.timeMicros);
    const newest = this.#minuteBars.at(-1)?.timeMicros ?? Number.NEGATIVE_INFINITY;
    const isLate = minute <= newest || minute < (this.#fold?.timeMicros ?? minute);
    if (isLate) this.#refold(minute);
    else {
      if (this.#fold?.timeMicros !== minute) this.#fold = new BarFold(minute);
      this.#fold.add(trade);
    }
    const isNewer = trade.timeMicros >= (this.lastTrade?.timeMicros ?? Number.NEGATIVE_INFINITY);
    if (isNewer && effectOf(trade.conditions).movesLast) this.lastTrade = trade;
  }

  #applyCancel(event: CancelEvent): void {
    const trade = this.trades.setFate(event.id, TradeFate.canceled);
    if (trade !== undefined) this.#refold(minuteOf(trade.timeMicros));
  }

  /** The corrected trade takes the original's time, so that it counts in the same minute. */
  #applyCorrection(event: CorrectionEvent): void {
    const original = this.trades.setFate(event.original.id, TradeFate.incorrect);
    if (original === undefined) return;
    this.trades.push({ ...original, ...event.corrected }, TradeFate.corrected);
    this.#refold(minuteOf(original.timeMicros));
  }

  /** Folds a minute again from the trades that still stand; a closed one is sent again at the half-minute mark. */
  #refold(minute: EpochMicros): void {
    const standing = this.trades
      .between(minute, minute + MICROS_PER_MINUTE - 1)
      .filter((trade) => trade.fate === TradeFate.stands || trade.fate === TradeFate.corrected);
    if (this.#fold?.timeMicros === minute) {
      this.#fold = new BarFold(minute);
      for (const trade of standing) this.#fold.add(trade);
      return;
    }
    const row = foldTrades(minute, standing);
    if (row === undefined) return;
    replaceOrInsert(this.#minuteBars, row);
    if (minute >= this.#todayMicros) replaceOrInsert(this.#today, row);
    this.#changedMinutes.add(minute);
  }

  #keepMinute(bar: BarRow): void {
    const day = this.#dayOf(bar.timeMicros);
    if (day > this.#todayMicros) {
      const finished = this.dayBar();
      if (finished !== undefined) {
        this.#dayBars.push(finished);
        this.previousClose = finished.close;
      }
      this.#today = [];
      this.#todayMicros = day;
    }
    this.#today.push(bar);
    this.#minuteBars.push(bar);
    if (this.#minuteBars.length > this.#barsMax) {
      this.#minuteBars = this.#minuteBars.slice(-Math.ceil(this.#barsMax * 0.9));
    }
  }
}

/** Keeps bars ordered by time, one per time. */
function replaceOrInsert(bars: BarRow[], row: BarRow): void {
  let at = bars.length;
  while (at > 0 && bars[at - 1]!.timeMicros > row.timeMicros) at -= 1;
  if (at > 0 && bars[at - 1]!.timeMicros === row.timeMicros) bars[at - 1] = row;
  else bars.splice(at, 0, row);
}
