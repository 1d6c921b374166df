/** Prices for a test, made of a few numbers. */
import type { EpochMicros } from '../domain/time.ts';

/** Wednesday, 2024-03-06, 14:30 UTC: an ordinary session's open in New York. */
export const OPEN_MICROS: EpochMicros = 1_709_735_400_000_000;
export const MINUTE_MICROS = 60_000_000;
/** A session's minutes. */
export const MINUTES_MAX = 390;

/** A minute of a symbol; times are the minute's start, microseconds since the epoch. */
export interface MinuteBar {
  readonly symbol: string;
  readonly timeMicros: EpochMicros;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Shares. */
  readonly volume: number;
  /** NaN where the source tells none, as many do; left out, the typical price. */
  readonly vwap?: number;
}

export interface MinuteBarOptions {
  /** Default `TEST`. */
  readonly symbol?: string;
  /** Shares of each minute; default 10,000. */
  readonly volume?: number;
  /** How far high and low lie beyond open and close, in percent; default 0.02. */
  readonly wickPercent?: number;
}

/**
 * Minute bars from these closes, one after the other from a session's open on: each opens at the close before.
 * @throws {RangeError} for more than a session's 390 minutes.
 */
export function minuteBars(
  closes: readonly number[],
  { symbol = 'TEST', volume = 10_000, wickPercent = 0.02 }: MinuteBarOptions = {},
): MinuteBar[] {
  if (closes.length > MINUTES_MAX) {
    throw new RangeError(`a session has ${MINUTES_MAX} minutes, found ${closes.length} closes`);
  }
  return closes.map((close, minute) => {
    const open = closes[minute - 1] ?? close;
    return {
      symbol,
      timeMicros: OPEN_MICROS + minute * MINUTE_MICROS,
      open,
      high: Math.max(open, close) * (1 + wickPercent / 100),
      low: Math.min(open, close) * (1 - wickPercent / 100),
      close,
      volume,
    };
  });
}

/** A trade of a symbol. */
export interface TestTrade {
  readonly symbol: string;
  readonly timeMicros: EpochMicros;
  readonly price: number;
  readonly size: number;
}

/** The trades that such bars could be made of: open, low, high and close, a quarter of a minute apart. */
export function tradesOf(bars: readonly MinuteBar[]): TestTrade[] {
  return bars.flatMap(({ symbol, timeMicros, open, high, low, close, volume }) =>
    [open, low, high, close].map((price, part) => ({
      symbol,
      timeMicros: timeMicros + (part * MINUTE_MICROS) / 4,
      price,
      size: volume / 4,
    })),
  );
}
