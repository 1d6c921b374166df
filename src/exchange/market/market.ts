/** The running market: lets ticks happen as time passes, keeps their record, and marks minutes and sessions. */
import type { Clock, Timer } from '../../clock/clock.ts';
import { type EpochMicros, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../../domain/time.ts';
import { roundTo } from './bars.ts';
import type { LuldEvent, MarketEvent, TickEvent, TickSource } from './events.ts';
import type { SymbolRecord } from './record.ts';
import type { SessionSchedule, TradingSession } from './sessions.ts';

/** How often due ticks are let out: a feed's own batching. */
const PULSE_MS = 20;
/** After a longer silence than this (a computer that slept) the missed time is skipped, not caught up. */
const CATCH_UP_MAX_MICROS = 60 * MICROS_PER_SECOND;
const HALF_MINUTE_MICROS = MICROS_PER_MINUTE / 2;
/** Limit-up limit-down of tier 1 stocks: percent around the reference price. */
const LULD_PERCENT = 5;

export interface MarketListener {
  /** A tick, right after the record has taken it in. */
  onTick(event: TickEvent): void;
  /** Everything that happened in one pulse, in order, for the streams. */
  onEvents(events: readonly MarketEvent[]): void;
  onSessionOpen(session: TradingSession): void;
  onSessionClose(session: TradingSession): void;
}

export class Market {
  readonly records: ReadonlyMap<string, SymbolRecord>;
  readonly schedule: SessionSchedule;
  readonly counts = { trades: 0, quotes: 0, bars: 0 };
  readonly #source: TickSource;
  readonly #clock: Clock;
  readonly #listeners: MarketListener[] = [];
  readonly #lastBands = new Map<string, number>();
  #at: EpochMicros;
  #nextMark: EpochMicros;
  #timer: Timer | undefined;

  /** @param from where the ticks begin: the record's history lies before it. */
  constructor(options: {
    records: ReadonlyMap<string, SymbolRecord>;
    schedule: SessionSchedule;
    source: TickSource;
    clock: Clock;
    from: EpochMicros;
  }) {
    this.records = options.records;
    this.schedule = options.schedule;
    this.#source = options.source;
    this.#clock = options.clock;
    this.#at = options.from;
    this.#nextMark = (Math.floor(options.from / HALF_MINUTE_MICROS) + 1) * HALF_MINUTE_MICROS;
  }

  listen(listener: MarketListener): void {
    this.#listeners.push(listener);
  }

  /** Lets the past happen, before anyone listens: up to the moment, a minute at a time. */
  replayTo(moment: EpochMicros): void {
    while (this.#at < moment) this.#advance(Math.min(this.#at + MICROS_PER_MINUTE, moment));
  }

  start(): void {
    this.#timer = this.#clock.every(PULSE_MS, () => this.pulse());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Lets everything happen that is due by now. */
  pulse(): void {
    const now = this.#clock.nowMicros();
    if (now <= this.#at) return;
    if (now - this.#at > CATCH_UP_MAX_MICROS) {
      const resumeAt = now - MICROS_PER_SECOND;
      this.#passMarks(resumeAt, []);
      this.#source.skipTo(resumeAt);
    }
    this.#advance(now);
  }

  record(symbol: string): SymbolRecord | undefined {
    return this.records.get(symbol);
  }

  /** Whether the symbol can trade at the moment: crypto always, stocks in a session and unless halted. */
  isTradable(symbol: string, moment: EpochMicros): boolean {
    const record = this.records.get(symbol);
    if (record === undefined || record.isHalted) return false;
    return record.listing.assetClass === 'crypto' || this.schedule.running(moment) !== undefined;
  }

  #advance(to: EpochMicros): void {
    const events: MarketEvent[] = [];
    for (const { at, event } of this.#source.advanceTo(to)) {
      this.#passMarks(at, events);
      this.#take(event, events);
    }
    this.#passMarks(to, events);
    this.#at = to;
    if (events.length === 0) return;
    for (const listener of this.#listeners) listener.onEvents(events);
  }

  #take(event: TickEvent, events: MarketEvent[]): void {
    const record = this.records.get(event.symbol);
    if (record === undefined) return;
    record.apply(event);
    if (event.kind === 'trade') this.counts.trades += 1;
    else if (event.kind === 'quote') this.counts.quotes += 1;
    events.push(event);
    for (const listener of this.#listeners) listener.onTick(event);
  }

  #passMarks(to: EpochMicros, events: MarketEvent[]): void {
    while (this.#nextMark <= to) {
      const mark = this.#nextMark;
      this.#nextMark += HALF_MINUTE_MICROS;
      const isMinute = mark % MICROS_PER_MINUTE === 0;
      const before = events.length;
      for (const record of this.records.values()) {
        events.push(...(isMinute ? record.closeMinute(mark - MICROS_PER_MINUTE) : record.updatedBars()));
      }
      this.counts.bars += events.length - before;
      if (!isMinute) continue;
      this.#bands(mark, events);
      this.#markSessions(mark);
    }
  }

  #markSessions(mark: EpochMicros): void {
    const closed = this.schedule.running(mark - 1);
    if (closed?.closeMicros === mark) for (const listener of this.#listeners) listener.onSessionClose(closed);
    const opened = this.schedule.running(mark);
    if (opened?.openMicros === mark) for (const listener of this.#listeners) listener.onSessionOpen(opened);
  }

  /** A new price band for each stock whose reference price has moved by a percent or more. */
  #bands(mark: EpochMicros, events: MarketEvent[]): void {
    for (const record of this.records.values()) {
      const price = record.lastTrade?.price;
      if (price === undefined || record.listing.assetClass === 'crypto') continue;
      const before = this.#lastBands.get(record.listing.symbol);
      if (before !== undefined && Math.abs(price / before - 1) < 0.01) continue;
      this.#lastBands.set(record.listing.symbol, price);
      const band: LuldEvent = {
        kind: 'luld',
        symbol: record.listing.symbol,
        timeMicros: mark,
        nanos: 0,
        up: roundTo(price * (1 + LULD_PERCENT / 100), 2),
        down: roundTo(price * (1 - LULD_PERCENT / 100), 2),
        indicator: 'B',
        tape: record.listing.tape,
      };
      events.push(band);
    }
  }
}
