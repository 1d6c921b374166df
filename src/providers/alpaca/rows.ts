/** Rows of the data REST (protocol D) in our words. `undefined` for a row that is not of its form. */
import type { Bar, Quote, Snapshot, Trade } from '../../domain/market.ts';
import { parseMicros } from '../../domain/time.ts';

export type Row = Readonly<Record<string, unknown>>;

export function readBar(symbol: string, row: Row): Bar | undefined {
  const timeMicros = timeOf(row.t);
  const { o, h, l, c, v } = row;
  if (timeMicros === undefined) return undefined;
  if (!isNumber(o) || !isNumber(h) || !isNumber(l) || !isNumber(c) || !isNumber(v)) return undefined;
  return {
    symbol,
    timeMicros,
    open: o,
    high: h,
    low: l,
    close: c,
    volume: v,
    vwap: isNumber(row.vw) ? row.vw : 0,
    tradeCount: isNumber(row.n) ? row.n : 0,
  };
}

export function readTrade(symbol: string, row: Row): Trade | undefined {
  const timeMicros = timeOf(row.t);
  const { p, s } = row;
  if (timeMicros === undefined || !isNumber(p) || !isNumber(s)) return undefined;
  return {
    symbol,
    timeMicros,
    price: p,
    size: s,
    exchange: textOf(row.x),
    conditions: Array.isArray(row.c) ? row.c.map(String) : [],
    tape: textOf(row.z),
    id: textOf(row.i),
  };
}

/** Amended trades stand in the history beside what replaced them: these two never happened. */
export function isWithdrawn(row: Row): boolean {
  return row.u === 'canceled' || row.u === 'incorrect';
}

export function readQuote(symbol: string, row: Row): Quote | undefined {
  const timeMicros = timeOf(row.t);
  const { bp, bs, ap, as } = row;
  if (timeMicros === undefined) return undefined;
  if (!isNumber(bp) || !isNumber(bs) || !isNumber(ap) || !isNumber(as)) return undefined;
  return { symbol, timeMicros, bidPrice: bp, bidSize: bs, askPrice: ap, askSize: as };
}

/** Any member may be missing or null: a symbol that has not traded yet today. */
export function readSnapshot(symbol: string, row: Row): Snapshot {
  const latestTrade = member(row.latestTrade, (value) => readTrade(symbol, value));
  const latestQuote = member(row.latestQuote, (value) => readQuote(symbol, value));
  const minuteBar = member(row.minuteBar, (value) => readBar(symbol, value));
  const dailyBar = member(row.dailyBar, (value) => readBar(symbol, value));
  const previousDailyBar = member(row.prevDailyBar, (value) => readBar(symbol, value));
  return {
    symbol,
    ...(latestTrade && { latestTrade }),
    ...(latestQuote && { latestQuote }),
    ...(minuteBar && { minuteBar }),
    ...(dailyBar && { dailyBar }),
    ...(previousDailyBar && { previousDailyBar }),
  };
}

/** An id of sixteen digits or more after the key `i`; unescaped quotes cannot stand inside a JSON text. */
const LONG_ID = /"i"\s*:\s*(\d{16,})/g;

/**
 * Parses an answer of trades, quotes, bars or snapshots. Crypto trade ids exceed 2^53, which `JSON.parse` would
 * round in silence: they become text first.
 */
export function parseRows(text: string): Row | undefined {
  try {
    const parsed: unknown = JSON.parse(text.replace(LONG_ID, '"i":"$1"'));
    return isRow(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member<T>(value: unknown, read: (row: Row) => T | undefined): T | undefined {
  return isRow(value) ? read(value) : undefined;
}

function timeOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseMicros(value) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
