/** What a market can tell us, as plain values. Off the hot path; on it the tape's columns are read in place. */
import type { EpochMicros } from './time.ts';

export type AssetClass = 'us_equity' | 'crypto';

/** A tradable instrument as the broker describes it. Decimal fields are text, as they came. */
export interface Instrument {
  readonly symbol: string;
  readonly name: string;
  readonly assetClass: AssetClass;
  readonly exchange: string;
  readonly tradable: boolean;
  readonly shortable: boolean;
  readonly fractionable: boolean;
}

export interface Trade {
  readonly symbol: string;
  readonly timeMicros: EpochMicros;
  readonly price: number;
  readonly size: number;
  readonly exchange: string;
  readonly conditions: readonly string[];
  readonly tape: string;
  /** Text, because crypto trade ids exceed 2^53. */
  readonly id: string;
}

/** A side with no active quote has price 0 and size 0. */
export interface Quote {
  readonly symbol: string;
  readonly timeMicros: EpochMicros;
  readonly bidPrice: number;
  readonly bidSize: number;
  readonly askPrice: number;
  readonly askSize: number;
}

export interface Bar {
  readonly symbol: string;
  /** Start of the bar. */
  readonly timeMicros: EpochMicros;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number;
  readonly tradeCount: number;
  /** True when trades were missed while it was built here, so volume and range may be too small. */
  readonly incomplete?: boolean;
}

export interface Snapshot {
  readonly symbol: string;
  readonly latestTrade?: Trade;
  readonly latestQuote?: Quote;
  readonly minuteBar?: Bar;
  readonly dailyBar?: Bar;
  readonly previousDailyBar?: Bar;
}

/** Whether a symbol may trade, as its exchange last said. `unknown` until it says so: only changes are sent. */
export type TradingStatus = 'unknown' | 'trading' | 'halted' | 'quotation_only';

/** One trading session of an exchange. */
export interface Session {
  /** The session's date in the exchange's time zone, `YYYY-MM-DD`. */
  readonly date: string;
  readonly openMicros: EpochMicros;
  readonly closeMicros: EpochMicros;
  /** With pre-market and after-hours. */
  readonly extendedOpenMicros: EpochMicros;
  readonly extendedCloseMicros: EpochMicros;
}

/** Which part of the day a plan trades in. */
export type MarketHours = 'regular' | 'extended' | 'always';
