/** Plain values as rows: what the exchange, importers and tests write batches with. */
import { assert } from '../domain/assert.ts';
import type { Bar, Quote, Trade } from '../domain/market.ts';
import type { EpochMicros } from '../domain/time.ts';
import { type Batch, EventKind, RowFlag } from './batch.ts';
import { conditionFlags, packConditions } from './conditions.ts';
import { appendOverflow, encodeOverflow } from './overflow.ts';
import type { Gap, OrderBookUpdate, StatusChange } from './rows.ts';
import type { SymbolTable } from './symbols.ts';

/** What a row has beside its value. */
export interface RowOptions {
  /** Where the symbol's id is found, or given. */
  readonly symbols: SymbolTable;
  /** The event's own time by default. */
  readonly receivedMicros?: EpochMicros;
  /** Nanoseconds (0 to 999) of the event's time beyond its microseconds. */
  readonly nanos?: number;
}

export interface TradeOptions extends RowOptions {
  /** {@link RowFlag} bits notLast, notRange, notVolume; told from the conditions and tape by default. */
  readonly flags?: number;
  /** Crypto. */
  readonly takerSide?: 'buy' | 'sell';
}

const MAX_ID = 2n ** 64n - 1n;
const DECIMAL_ID = /^(?:0|[1-9]\d{0,19})$/;
/** Times in a batch are exact this far from its base. */
const REACH_NS = 2 ** 53;

/** Appends a trade. Answers false, and writes nothing, when the batch is full. */
export function appendTrade(batch: Batch, trade: Trade, options: TradeOptions): boolean {
  const packed = packConditions(trade.conditions);
  const id = DECIMAL_ID.test(trade.id) ? BigInt(trade.id) : undefined;
  const hasId = id !== undefined && id <= MAX_ID;
  const overflow =
    packed !== undefined && (hasId || trade.id === '')
      ? undefined
      : encodeOverflow({
          ...(packed === undefined ? { c: trade.conditions } : {}),
          ...(hasId ? {} : { i: trade.id }),
        });
  if (!batch.hasRoom(overflow?.length ?? 0)) return false;
  const row = startRow(batch, EventKind.trade, trade, options);
  batch.n0[row] = trade.price;
  batch.n1[row] = trade.size;
  if (hasId) {
    batch.idLow[row] = Number(id & 0xffff_ffffn);
    batch.idHigh[row] = Number(id >> 32n);
  }
  batch.conditions[row] = packed ?? 0;
  batch.code0[row] = byteOf(trade.exchange);
  batch.code1[row] = options.takerSide === 'buy' ? 66 : options.takerSide === 'sell' ? 83 : 0;
  batch.tape[row] = byteOf(trade.tape);
  batch.flags[row] = options.flags ?? conditionFlags(trade.tape, trade.conditions);
  if (overflow !== undefined) appendOverflow(batch, row, overflow);
  return true;
}

/** Appends a quote. Answers false, and writes nothing, when the batch is full. */
export function appendQuote(batch: Batch, quote: Quote, options: RowOptions): boolean {
  if (!batch.hasRoom(0)) return false;
  const row = startRow(batch, EventKind.quote, quote, options);
  batch.n0[row] = quote.bidPrice;
  batch.n1[row] = quote.bidSize;
  batch.n2[row] = quote.askPrice;
  batch.n3[row] = quote.askSize;
  return true;
}

export interface BarOptions extends RowOptions {
  readonly kind?: typeof EventKind.minuteBar | typeof EventKind.updatedBar | typeof EventKind.dailyBar;
  /** Built here from trades, not sent by the feed. */
  readonly built?: boolean;
}

/** Appends a bar, a closed minute unless `kind` says otherwise. Answers false when the batch is full. */
export function appendBar(batch: Batch, bar: Bar, options: BarOptions): boolean {
  if (!batch.hasRoom(24)) return false;
  const row = startRow(batch, options.kind ?? EventKind.minuteBar, bar, options);
  batch.n0[row] = bar.open;
  batch.n1[row] = bar.high;
  batch.n2[row] = bar.low;
  batch.n3[row] = bar.close;
  batch.setBarTail(row, bar.volume, bar.vwap, bar.tradeCount);
  batch.flags[row] =
    (bar.incomplete === true ? RowFlag.incomplete : 0) | (options.built === true ? RowFlag.built : 0);
  return true;
}

/** Appends a trading status. Answers false, and writes nothing, when the batch is full. */
export function appendStatus(batch: Batch, status: StatusChange, options: RowOptions): boolean {
  const told = encodeOverflow({
    sc: status.statusCode,
    sm: status.statusMessage,
    rc: status.reasonCode,
    rm: status.reasonMessage,
  });
  if (!batch.hasRoom(told.length)) return false;
  const row = startRow(batch, EventKind.status, status, options);
  batch.code0[row] = byteOf(status.statusCode);
  batch.tape[row] = byteOf(status.tape);
  batch.setHeapBytes(row, told);
  return true;
}

/** Appends an order book or a change of one. Answers false, and writes nothing, when the batch is full. */
export function appendOrderBook(batch: Batch, book: OrderBookUpdate, options: RowOptions): boolean {
  const numbers = [...book.bids, ...book.asks].flatMap((level) => [level.price, level.size]);
  if (!batch.hasRoom(numbers.length * 8)) return false;
  const row = startRow(batch, EventKind.orderBook, book, options);
  batch.n0[row] = book.bids.length;
  batch.n1[row] = book.asks.length;
  batch.flags[row] = book.isSnapshot ? RowFlag.snapshot : 0;
  batch.setHeapFloats(row, numbers);
  return true;
}

/** Names a symbol id in-band. Answers false, and writes nothing, when the batch is full. */
export function appendDefinition(batch: Batch, symbolId: number, symbol: string): boolean {
  const text = new TextEncoder().encode(symbol);
  if (!batch.hasRoom(text.length)) return false;
  const row = blankRow(batch, EventKind.definition, symbolId);
  batch.setHeapBytes(row, text);
  return true;
}

/** Says that events are missing. Answers false, and writes nothing, when the batch is full. */
export function appendGap(batch: Batch, gap: Gap, options: RowOptions): boolean {
  if (!batch.hasRoom(0)) return false;
  const row = blankRow(batch, EventKind.gap, gap.symbol === '' ? 0 : options.symbols.intern(gap.symbol));
  batch.timeNs[row] = nanosFromBase(batch, gap.fromMicros);
  batch.receivedNs[row] = nanosFromBase(batch, options.receivedMicros ?? gap.toMicros);
  batch.n0[row] = nanosFromBase(batch, gap.toMicros);
  batch.n1[row] = gap.missing ?? Number.NaN;
  batch.code0[row] = gap.reason;
  return true;
}

function startRow(
  batch: Batch,
  kind: EventKind,
  event: { readonly symbol: string; readonly timeMicros: EpochMicros },
  options: RowOptions,
): number {
  const row = blankRow(batch, kind, options.symbols.intern(event.symbol));
  batch.timeNs[row] = nanosFromBase(batch, event.timeMicros) + (options.nanos ?? 0);
  batch.receivedNs[row] = nanosFromBase(batch, options.receivedMicros ?? event.timeMicros);
  return row;
}

function blankRow(batch: Batch, kind: EventKind, symbolId: number): number {
  const row = batch.count;
  batch.count = row + 1;
  batch.timeNs[row] = 0;
  batch.receivedNs[row] = 0;
  batch.n0[row] = 0;
  batch.n1[row] = 0;
  batch.n2[row] = 0;
  batch.n3[row] = 0;
  batch.idLow[row] = 0;
  batch.idHigh[row] = 0;
  batch.conditions[row] = 0;
  batch.origin[row] = 0;
  batch.heapOffset[row] = 0;
  batch.heapLength[row] = 0;
  batch.flags[row] = 0;
  batch.code0[row] = 0;
  batch.code1[row] = 0;
  batch.tape[row] = 0;
  batch.kind[row] = kind;
  batch.symbolId[row] = symbolId;
  return row;
}

function nanosFromBase(batch: Batch, moment: EpochMicros): number {
  const nanos = (moment - batch.baseMicros) * 1_000;
  assert(Math.abs(nanos) <= REACH_NS, 'a moment over 104 days from the base of its batch');
  return nanos;
}

function byteOf(code: string): number {
  return code === '' ? 0 : code.charCodeAt(0) & 0x7f;
}
