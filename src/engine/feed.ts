/** Market batches as the host takes them: what is stale is held back, bars are built, the rest is shown in order. */
import {
  type EpochMicros,
  MICROS_PER_MILLISECOND,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
} from '../domain/time.ts';
import type { BuiltBar } from '../fincalcs/bars.ts';
import { SERIES_MINUTE } from '../strategies/guest/bridge.ts';
import { type Batch, EventKind, GapReason, RowFlag } from '../tape/batch.ts';
import type { HostCore } from './core.ts';
import type { HistoryRequests } from './history.ts';
import type { SymbolMarket } from './market.ts';
import type { Runner } from './runner.ts';

const GAP_REASONS = {
  [GapReason.disconnected]: 'disconnected',
  [GapReason.overflow]: 'overflow',
  [GapReason.stale]: 'stale',
  [GapReason.slowClient]: 'slow_client',
  [GapReason.consumerRestarted]: 'consumer_restarted',
} as const;

/** Flags say what a trade does not do; shifted and inverted they are the builder's effects. */
const EFFECTS_SHIFT = 4;
const EFFECTS_MASK = 7;

interface Gap {
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  readonly count: number | null;
  readonly reason: (typeof GAP_REASONS)[GapReason];
}

export class Feed {
  readonly #core: HostCore;
  readonly #runner: Runner;
  readonly #history: HistoryRequests;
  readonly #fireTimers: (nowMicros: EpochMicros) => void;
  readonly #lagMaxNs: number;
  /** By the stream's symbol id. Undefined: no unit of this host ever looked at it. */
  #markets: (SymbolMarket | undefined)[] = [];
  #names: string[] = [];
  #stream = Number.NaN;
  /** Rows of the batch received before this, in nanoseconds from its base, are too old. */
  #oldestNs = 0;
  #takenMicros: EpochMicros = 0;

  constructor(
    core: HostCore,
    runner: Runner,
    history: HistoryRequests,
    fireTimers: (nowMicros: EpochMicros) => void,
  ) {
    this.#core = core;
    this.#runner = runner;
    this.#history = history;
    this.#fireTimers = fireTimers;
    this.#lagMaxNs = (core.config.feedDelayMs + core.config.feedLagMaxMs) * 1_000_000;
  }

  /** A unit came or went: which symbols are looked at is asked anew. */
  forgetMarkets(): void {
    this.#markets = [];
  }

  /** See {@link StrategyHost.handleBatch}. */
  handleBatch(batch: Batch, takenMicros: EpochMicros): void {
    const { clock, timers, instances } = this.#core;
    if (batch.streamId !== this.#stream) {
      this.#stream = batch.streamId;
      this.#names = [];
      this.#markets = [];
    }
    for (const instance of instances) instance.guest.read(batch);
    this.#takenMicros = takenMicros;
    const ageMaxMicros = this.#core.config.eventAgeMaxMs * MICROS_PER_MILLISECOND;
    this.#oldestNs = (takenMicros - ageMaxMicros - batch.baseMicros) * 1_000;
    const { count, kind } = batch;
    for (let row = 0; row < count; row += 1) {
      const rowKind = kind[row]!;
      if (rowKind === EventKind.none) continue;
      if (rowKind === EventKind.definition) {
        this.#define(batch.symbolId[row]!, batch.heapText(row));
        continue;
      }
      const receivedMicros = batch.receivedMicros(row);
      if (receivedMicros >= timers.nextDueMicros) this.#fireTimers(receivedMicros);
      if (receivedMicros > clock.nowMicros) clock.nowMicros = receivedMicros;
      this.#core.inboxSequence += 1;
      if (rowKind === EventKind.gap) {
        this.#gapRow(batch, row);
        continue;
      }
      const market = this.#marketOf(batch.symbolId[row]!);
      if (market === undefined) continue;
      if (rowKind === EventKind.trade) this.#trade(batch, row, market);
      else if (rowKind === EventKind.quote) this.#quote(batch, row, market);
      else if (rowKind === EventKind.minuteBar) this.#bar(batch, row, market);
      else if (rowKind === EventKind.updatedBar) this.#updatedBar(row, market);
      else if (rowKind === EventKind.correction || rowKind === EventKind.cancel) {
        market.forming.missedUntil(batch.timeMicros(row) + 1);
      }
    }
  }

  #define(symbolId: number, symbol: string): void {
    this.#names[symbolId] = symbol;
    this.#markets[symbolId] = undefined;
  }

  #marketOf(symbolId: number): SymbolMarket | undefined {
    const known = this.#markets[symbolId];
    if (known !== undefined) return known;
    const name = this.#names[symbolId];
    const market = name === undefined ? undefined : this.#core.markets.get(name);
    this.#markets[symbolId] = market;
    return market;
  }

  #trade(batch: Batch, row: number, market: SymbolMarket): void {
    const timeMicros = batch.timeMicros(row);
    const { forming } = market;
    const flags = batch.flags[row]!;
    if (forming.closesAt(timeMicros)) this.#closeBar(market);
    const isFirst = Number.isNaN(forming.timeMicros);
    forming.add(timeMicros, batch.n0[row]!, batch.n1[row]!, (~flags >> EFFECTS_SHIFT) & EFFECTS_MASK);
    if (isFirst && market.builtBarViewers.length > 0) this.#closeLater(market);
    if (this.#isStale(batch, row, market, 0)) return;
    if ((flags & RowFlag.notLast) === 0) market.lastPrice = batch.n0[row]!;
    const viewers = market.tradeViewers;
    for (let index = 0; index < viewers.length; index += 1) {
      const viewer = viewers[index]!;
      if (viewer.isShown) this.#runner.trade(viewer, row);
    }
  }

  #quote(batch: Batch, row: number, market: SymbolMarket): void {
    if (this.#isStale(batch, row, market, 0)) return;
    market.bidPrice = batch.n0[row]!;
    market.bidSize = batch.n1[row]!;
    market.askPrice = batch.n2[row]!;
    market.askSize = batch.n3[row]!;
    market.quoteMicros = batch.timeMicros(row);
    const viewers = market.quoteViewers;
    for (let index = 0; index < viewers.length; index += 1) {
      const viewer = viewers[index]!;
      if (viewer.isShown) this.#runner.quote(viewer, row);
    }
  }

  /** A closed minute is never lost: a stale one still goes into the series, it is only not shown. */
  #bar(batch: Batch, row: number, market: SymbolMarket): void {
    const viewers = market.feedBarViewers;
    for (const { unit, place } of viewers) unit.instance.guest.putBarRow(unit.id, place, row);
    if (market.builtBarViewers.length === 0 && market.forming.timeMicros <= batch.timeMicros(row)) {
      market.forming.take();
    }
    if (this.#isStale(batch, row, market, MICROS_PER_MINUTE * 1_000)) return;
    for (const viewer of viewers) {
      if (viewer.isShown && viewer.unit.instance.takesBars) this.#runner.bar(viewer);
    }
  }

  #updatedBar(row: number, market: SymbolMarket): void {
    for (const { unit, place } of market.feedBarViewers) unit.instance.guest.putBarRow(unit.id, place, row);
  }

  #closeLater(market: SymbolMarket): void {
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
    for (const { unit, place } of viewers) unit.instance.guest.putBar(unit.id, place, SERIES_MINUTE, full);
    for (const viewer of viewers) {
      if (viewer.isShown && viewer.unit.instance.takesBars) this.#runner.bar(viewer);
    }
  }

  /** Whether the row is too old to be shown; `spanNs` is how long after its time stamp it is complete. */
  #isStale(batch: Batch, row: number, market: SymbolMarket, spanNs: number): boolean {
    const receivedNs = batch.receivedNs[row]!;
    const lagNs = receivedNs - batch.timeNs[row]! - spanNs;
    if (receivedNs >= this.#oldestNs && lagNs <= this.#lagMaxNs) {
      if (market.staleCount > 0) this.#tellStale(market);
      this.#core.eventsShown += 1;
      this.#core.lagMs = Math.max(
        0,
        (this.#takenMicros - batch.receivedMicros(row)) / MICROS_PER_MILLISECOND,
      );
      return false;
    }
    this.#core.eventsStale += 1;
    const timeMicros = batch.timeMicros(row);
    if (market.staleCount === 0) market.staleFromMicros = timeMicros;
    market.staleToMicros = timeMicros;
    market.staleCount += 1;
    this.#logStale(market, timeMicros + spanNs / 1_000);
    return true;
  }

  /** One line per symbol and second, however many events were held back. */
  #logStale(market: SymbolMarket, completeMicros: EpochMicros): void {
    const nowMicros = Math.max(this.#takenMicros, this.#core.clock.nowMicros);
    const second = Math.floor(nowMicros / MICROS_PER_SECOND);
    if (second === market.staleLoggedSecond) return;
    market.staleLoggedSecond = second;
    const lagSeconds = (nowMicros - completeMicros) / MICROS_PER_SECOND;
    const { consumer } = this.#core.config;
    const { symbol, staleCount } = market;
    this.#core.output.log('warn', `consumer ${consumer} ${symbol} out of sync w ${lagSeconds.toFixed(1)}s`, {
      consumer,
      symbol,
      lagMs: Math.round(lagSeconds * 1_000),
      eventsHeldBack: staleCount,
    });
  }

  #tellStale(market: SymbolMarket): void {
    const { staleFromMicros, staleToMicros, staleCount } = market;
    market.staleCount = 0;
    const gap: Gap = {
      fromMicros: staleFromMicros,
      toMicros: staleToMicros,
      count: staleCount,
      reason: 'stale',
    };
    this.#tellGap(market, gap);
  }

  #gapRow(batch: Batch, row: number): void {
    const count = batch.n1[row]!;
    const gap: Gap = {
      fromMicros: batch.timeMicros(row),
      toMicros: batch.baseMicros + Math.floor(batch.n0[row]! / 1_000),
      count: Number.isNaN(count) ? null : count,
      reason: GAP_REASONS[batch.code0[row]! as GapReason] ?? 'disconnected',
    };
    const symbolId = batch.symbolId[row]!;
    const named = symbolId === 0 ? undefined : this.#marketOf(symbolId);
    const markets = symbolId === 0 ? [...this.#core.markets.values()] : named === undefined ? [] : [named];
    for (const market of markets) {
      market.forming.missedUntil(gap.toMicros);
      this.#tellGap(market, gap);
      // What the producer let go for us is missing in our own bars only; a lost connection in the feed's too.
      const affected = gap.reason === 'overflow' ? market.builtBarViewers : market.viewers;
      this.#history.refill(market, affected, gap);
    }
  }

  #tellGap(market: SymbolMarket, gap: Gap): void {
    for (const viewer of market.viewers) this.#runner.gap(viewer, { symbol: market.symbol, ...gap });
  }
}
