/** Rows as plain values. Off the hot path: for answers over REST, tests and exports. */
import { assert } from '../domain/assert.ts';
import type { Bar, Quote, Trade } from '../domain/market.ts';
import type { EpochMicros } from '../domain/time.ts';
import { type Batch, EventKind, type GapReason, KIND_NAMES, RowFlag } from './batch.ts';
import { unpackConditions } from './conditions.ts';
import { overflowOf } from './overflow.ts';
import type { SymbolTable } from './symbols.ts';

/** A trade's id as text: the feed's own, or the two words of the row as one decimal number. Empty when it has none. */
export function tradeIdAt(batch: Batch, row: number): string {
  const high = batch.idHigh[row]!;
  const low = batch.idLow[row]!;
  if (high !== 0) return ((BigInt(high) << 32n) | BigInt(low)).toString();
  if (low !== 0) return String(low);
  const text = overflowOf(batch, row).i;
  return typeof text === 'string' ? text : '';
}

export function conditionsAt(batch: Batch, row: number): readonly string[] {
  const packed = batch.conditions[row]!;
  if (packed !== 0) return unpackConditions(packed);
  const codes = overflowOf(batch, row).c;
  return Array.isArray(codes) ? codes : [];
}

/** The trade in a row of kind `trade`. */
export function tradeAt(batch: Batch, row: number, symbols: SymbolTable): Trade {
  expectKind(batch, row, EventKind.trade);
  return {
    symbol: symbols.textOf(batch.symbolId[row]!),
    timeMicros: batch.timeMicros(row),
    price: batch.n0[row]!,
    size: batch.n1[row]!,
    exchange: characterOf(batch.code0[row]!),
    conditions: conditionsAt(batch, row),
    tape: characterOf(batch.tape[row]!),
    id: tradeIdAt(batch, row),
  };
}

/** Who took liquidity in a crypto trade. */
export function takerSideAt(batch: Batch, row: number): 'buy' | 'sell' | undefined {
  expectKind(batch, row, EventKind.trade);
  const side = characterOf(batch.code1[row]!);
  return side === 'B' ? 'buy' : side === 'S' ? 'sell' : undefined;
}

/** The quote in a row of kind `quote`. */
export function quoteAt(batch: Batch, row: number, symbols: SymbolTable): Quote {
  expectKind(batch, row, EventKind.quote);
  return {
    symbol: symbols.textOf(batch.symbolId[row]!),
    timeMicros: batch.timeMicros(row),
    bidPrice: batch.n0[row]!,
    bidSize: batch.n1[row]!,
    askPrice: batch.n2[row]!,
    askSize: batch.n3[row]!,
  };
}

/** The bar in a row of kind `minuteBar`, `updatedBar` or `dailyBar`. Its vwap is NaN when its source had none. */
export function barAt(batch: Batch, row: number, symbols: SymbolTable): Bar {
  const kind = batch.kind[row];
  assert(
    kind === EventKind.minuteBar || kind === EventKind.updatedBar || kind === EventKind.dailyBar,
    `row ${row} is no bar`,
  );
  const bar: Bar = {
    symbol: symbols.textOf(batch.symbolId[row]!),
    timeMicros: batch.timeMicros(row),
    open: batch.n0[row]!,
    high: batch.n1[row]!,
    low: batch.n2[row]!,
    close: batch.n3[row]!,
    volume: batch.heapFloat(row, 0),
    vwap: batch.heapFloat(row, 1),
    tradeCount: batch.heapFloat(row, 2),
  };
  return (batch.flags[row]! & RowFlag.incomplete) === 0 ? bar : { ...bar, incomplete: true };
}

export interface StatusChange {
  readonly symbol: string;
  readonly timeMicros: EpochMicros;
  /** What the codes mean depends on the tape (CTA: A, B; UTP: C, O). */
  readonly tape: string;
  readonly statusCode: string;
  readonly statusMessage: string;
  readonly reasonCode: string;
  readonly reasonMessage: string;
}

/** The trading status in a row of kind `status`. */
export function statusAt(batch: Batch, row: number, symbols: SymbolTable): StatusChange {
  expectKind(batch, row, EventKind.status);
  const told = JSON.parse(batch.heapText(row)) as Readonly<Record<'sc' | 'sm' | 'rc' | 'rm', string>>;
  return {
    symbol: symbols.textOf(batch.symbolId[row]!),
    timeMicros: batch.timeMicros(row),
    tape: characterOf(batch.tape[row]!),
    statusCode: told.sc,
    statusMessage: told.sm,
    reasonCode: told.rc,
    reasonMessage: told.rm,
  };
}

/** Price and size. Size 0 in an update deletes the level. */
export interface Level {
  readonly price: number;
  readonly size: number;
}

export interface OrderBookUpdate {
  readonly symbol: string;
  readonly timeMicros: EpochMicros;
  /** A full book: forget what you had. */
  readonly isSnapshot: boolean;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

/** The update in a row of kind `orderBook`. */
export function orderBookAt(batch: Batch, row: number, symbols: SymbolTable): OrderBookUpdate {
  expectKind(batch, row, EventKind.orderBook);
  const bidCount = batch.n0[row]!;
  const askCount = batch.n1[row]!;
  const level = (_: unknown, index: number): Level => ({
    price: batch.heapFloat(row, index * 2),
    size: batch.heapFloat(row, index * 2 + 1),
  });
  const levels = Array.from({ length: bidCount + askCount }, level);
  return {
    symbol: symbols.textOf(batch.symbolId[row]!),
    timeMicros: batch.timeMicros(row),
    isSnapshot: (batch.flags[row]! & RowFlag.snapshot) !== 0,
    bids: levels.slice(0, bidCount),
    asks: levels.slice(bidCount),
  };
}

export interface Gap {
  /** Empty: every symbol of the stream. */
  readonly symbol: string;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  /** `undefined`: nobody knows. */
  readonly missing: number | undefined;
  readonly reason: GapReason;
}

/** The gap in a row of kind `gap`. */
export function gapAt(batch: Batch, row: number, symbols: SymbolTable): Gap {
  expectKind(batch, row, EventKind.gap);
  const missing = batch.n1[row]!;
  return {
    symbol: symbols.textOf(batch.symbolId[row]!),
    fromMicros: batch.timeMicros(row),
    toMicros: batch.baseMicros + Math.floor(batch.n0[row]! / 1_000),
    missing: Number.isNaN(missing) ? undefined : missing,
    reason: batch.code0[row]! as GapReason,
  };
}

/** Takes over the definitions in a batch, so that its other rows can be named. */
export function defineSymbols(batch: Batch, symbols: SymbolTable): void {
  for (let row = 0; row < batch.count; row += 1) {
    if (batch.kind[row] === EventKind.definition) symbols.define(batch.symbolId[row]!, batch.heapText(row));
  }
}

function expectKind(batch: Batch, row: number, kind: EventKind): void {
  assert(batch.kind[row] === kind, `row ${row} is no ${KIND_NAMES[kind]}`);
}

function characterOf(byte: number): string {
  return byte === 0 ? '' : String.fromCharCode(byte);
}
