/** Who gets what: from symbol and kind to receivers. */
import { assert } from '../domain/assert.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { Subscription } from '../providers/contract.ts';
import { type Batch, EventKind, GapReason } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { ReceiverCounters, Route, RoutesOf } from '../transport/messages.ts';
import type { ProducerLimits } from './config.ts';
import { EVENT_KINDS } from './counters.ts';
import type { GapNotice } from './notices.ts';
import { type BatchSink, Receiver } from './receiver.ts';

/** Receivers are bits of a 32-bit mask. */
export const RECEIVERS_MAX = 32;
/** Longer "symbols" are rubbish that a broken feed sent; nobody can have asked for them. */
const SYMBOL_LENGTH_MAX = 64;
export const ALL_SYMBOLS = '*';

// What a route asks for, and the columns of the mask table.
const TRADES = 0;
const QUOTES = 1;
const BARS = 2;
const ANY = 3;
const COLUMNS = 4;
const FIRST_SYMBOLS = 1_024;

// Copies in this module: V8 folds its constants, and reads an imported one anew at each use.
const OWN_WORDS: number = EVENT_KINDS;
const GAP = EventKind.gap;
const LANE_ROWS = 1_024;

const COLUMN_OF_KIND = new Uint8Array(64).fill(ANY);
for (const kind of [EventKind.trade, EventKind.correction, EventKind.cancel]) COLUMN_OF_KIND[kind] = TRADES;
for (const kind of [EventKind.quote, EventKind.orderBook]) COLUMN_OF_KIND[kind] = QUOTES;
for (const kind of [EventKind.minuteBar, EventKind.updatedBar, EventKind.dailyBar])
  COLUMN_OF_KIND[kind] = BARS;

const GAP_REASONS = {
  disconnected: GapReason.disconnected,
  slow_client: GapReason.slowClient,
} as const;

class Lane {
  readonly receiver: Receiver;
  routes: ReadonlyMap<string, Route> = new Map();
  /** Rows of the batch under way that go to this receiver. */
  readonly rows = new Uint32Array(LANE_ROWS);
  count = 0;

  constructor(receiver: Receiver) {
    this.receiver = receiver;
  }
}

export class Router {
  readonly #symbols: SymbolTable;
  readonly #limits: ProducerLimits;
  readonly #lanes: Lane[] = [];
  /** Receivers by symbol id, a table for each column: what 11,000 symbols' quotes need of them stays in the cache. */
  #masks = Array.from({ length: COLUMNS }, () => new Uint32Array(FIRST_SYMBOLS));
  /** Symbol ids below this have their masks. */
  #masked = 0;

  constructor(symbols: SymbolTable, limits: ProducerLimits) {
    this.#symbols = symbols;
    this.#limits = limits;
  }

  /** Gives the receiver of that name buffers to fill; a successor takes over its predecessor's routes. */
  attach(name: string, sink: BatchSink, nowMicros: EpochMicros, spacingMs = 0): void {
    this.#laneOf(name).receiver.attach(sink, nowMicros, spacingMs);
  }

  /** A buffer of that receiver has come back. */
  credit(name: string, buffer: ArrayBuffer): void {
    this.#lanes[this.#indexOf(name)]?.receiver.credit(buffer);
  }

  /** The receiver is gone. Its routes and counters stay for a successor of the same name. */
  detach(name: string, nowMicros: EpochMicros): void {
    this.#lanes[this.#indexOf(name)]?.receiver.detach(nowMicros);
  }

  /** Sets the receiver's routes, whole. */
  route(name: string, routes: readonly Route[]): void {
    const lane = this.#laneOf(name);
    lane.routes = new Map(routes.map((route) => [route.symbol, route]));
    this.#masked = 0;
  }

  /**
   * A unit moves: both receivers get a barrier with the move's number, and their routes change at that very place.
   * Answers whether both were there; else nothing is changed.
   */
  move(
    moveId: number,
    ways: { readonly from: RoutesOf; readonly to: RoutesOf },
    nowMicros: EpochMicros,
  ): boolean {
    const lanes = [ways.from, ways.to].map(({ receiver }) => this.#lanes[this.#indexOf(receiver)]);
    if (!lanes.every((lane) => lane?.receiver.isAttached)) return false;
    for (const lane of lanes) lane?.receiver.barrier(moveId, nowMicros);
    for (const { receiver, routes } of [ways.from, ways.to]) this.route(receiver, routes);
    return true;
  }

  /** What all receivers together want. */
  subscription(): Subscription {
    const trades = new Set<string>();
    const quotes = new Set<string>();
    const bars = new Set<string>();
    for (const lane of this.#lanes) {
      for (const route of lane.routes.values()) {
        if (route.trades) trades.add(route.symbol);
        if (route.quotes) quotes.add(route.symbol);
        if (route.bars) bars.add(route.symbol);
      }
    }
    return { trades: wanted(trades), quotes: wanted(quotes), bars: wanted(bars) };
  }

  /**
   * Copies each row of a stream's batch to every receiver that wants it. A receiver that wants all of them is given
   * the batch itself, if it has another in exchange. Answers the batch that the stream is to write next.
   */
  distribute(batch: Batch): Batch {
    if (batch.count === 0) return batch;
    if (this.#masked < this.#symbols.size) this.#mask();
    const { kind: kinds, symbolId: symbolIds, count } = batch;
    const masks = this.#masks;
    const lanes = this.#lanes;
    for (let row = 0; row < count; row += 1) {
      const kind = kinds[row]!;
      if (kind >= OWN_WORDS) {
        if (kind === GAP) this.#distributeGap(batch, row);
        continue;
      }
      let mask = masks[COLUMN_OF_KIND[kind]!]![symbolIds[row]!]!;
      while (mask !== 0) {
        const index = 31 - Math.clz32(mask);
        mask ^= 1 << index;
        const lane = lanes[index]!;
        const at = lane.count;
        lane.rows[at] = row;
        lane.count = at + 1;
        if (at + 1 === LANE_ROWS && row + 1 < count) this.#flush(lane, batch);
      }
    }
    let whole: Lane | undefined;
    for (const lane of lanes) {
      if (whole === undefined && lane.count === count && lane.receiver.mayTakeWhole(batch)) whole = lane;
      else if (lane.count > 0) this.#flush(lane, batch);
    }
    if (whole === undefined) return batch;
    whole.count = 0;
    return whole.receiver.offerWhole(batch, whole.rows);
  }

  /** Tells every receiver that events of all symbols may be missing. */
  gap(fromMicros: EpochMicros, toMicros: EpochMicros, reason: keyof typeof GAP_REASONS): void {
    const notice = { symbolId: 0, fromMicros, toMicros, count: Number.NaN, reason: GAP_REASONS[reason] };
    for (const lane of this.#lanes) lane.receiver.notify(notice);
  }

  /** Sends what is due, and answers after how long more is: 0 when nothing was kept. */
  endTurn(nowMs: number): number {
    let dueMs = 0;
    for (const lane of this.#lanes) {
      const earlyMs = lane.receiver.endTurn(nowMs);
      if (earlyMs > 0) dueMs = dueMs === 0 ? earlyMs : Math.min(dueMs, earlyMs);
    }
    return dueMs;
  }

  counters(): readonly ReceiverCounters[] {
    return this.#lanes.map((lane) => lane.receiver.counters());
  }

  #flush(lane: Lane, batch: Batch): void {
    const count = lane.count;
    lane.count = 0;
    lane.receiver.offer(batch, lane.rows, count);
  }

  #distributeGap(batch: Batch, row: number): void {
    const symbolId = batch.symbolId[row]!;
    const notice: GapNotice = {
      symbolId,
      fromMicros: batch.timeMicros(row),
      toMicros: batch.baseMicros + Math.ceil(batch.n0[row]! / 1_000),
      count: batch.n1[row]!,
      reason: batch.code0[row]! as GapReason,
    };
    const mask = this.#masks[ANY]![symbolId]!;
    this.#lanes.forEach((lane, index) => {
      if (symbolId !== 0 && (mask & (1 << index)) === 0) return;
      this.#flush(lane, batch);
      lane.receiver.notify(notice);
    });
  }

  #laneOf(name: string): Lane {
    const known = this.#lanes[this.#indexOf(name)];
    if (known !== undefined) return known;
    assert(this.#lanes.length < RECEIVERS_MAX, `more than ${RECEIVERS_MAX} receivers`);
    const lane = new Lane(new Receiver(name, this.#symbols, this.#limits));
    this.#lanes.push(lane);
    return lane;
  }

  #indexOf(name: string): number {
    return this.#lanes.findIndex((lane) => lane.receiver.name === name);
  }

  /** Fills the masks of symbols that have come since, or of all where routes have changed. */
  #mask(): void {
    const size = this.#symbols.size;
    if (size > this.#masks[ANY]!.length) {
      this.#masks = this.#masks.map((masks) => {
        const grown = new Uint32Array(size * 2);
        grown.set(masks);
        return grown;
      });
    }
    for (let symbolId = this.#masked; symbolId < size; symbolId += 1) this.#maskSymbol(symbolId);
    this.#masked = size;
  }

  #maskSymbol(symbolId: number): void {
    for (const masks of this.#masks) masks[symbolId] = 0;
    const symbol = this.#symbols.textOf(symbolId);
    if (symbol.length > SYMBOL_LENGTH_MAX) return;
    this.#lanes.forEach((lane, index) => {
      const bit = 1 << index;
      const all = lane.routes.get(ALL_SYMBOLS);
      const own = lane.routes.get(symbol);
      const add = (column: number) => {
        const masks = this.#masks[column]!;
        masks[symbolId] = masks[symbolId]! | bit;
      };
      if (own?.trades || all?.trades) add(TRADES);
      if (own?.quotes || all?.quotes) add(QUOTES);
      if (own?.bars || all?.bars) add(BARS);
      // Symbol id 0 is news, which names its symbols inside.
      if (own !== undefined || all !== undefined || symbolId === 0) add(ANY);
    });
  }
}

function wanted(symbols: ReadonlySet<string>): readonly string[] {
  return symbols.has(ALL_SYMBOLS) ? [ALL_SYMBOLS] : [...symbols].sort();
}
