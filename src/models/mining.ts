/** What miners write and ask, as rows: the stores' contract for them. */
import type { AssetClass } from '../domain/market.ts';
import type { JsonObject } from '../domain/order.ts';
import type { Environment, RowFilter } from './contract.ts';

export interface NewMinerRun {
  /** Who runs it: a daemon's batch, or one of the command's own. */
  readonly batchId: string;
  /** Its name in the plan: of each only one runs at a time, whoever runs it. */
  readonly minerId: string;
  readonly miner: string;
  readonly parameters: JsonObject;
  readonly startedAt: string;
}

export type MinerStart =
  | { readonly type: 'started'; readonly minerRunId: string }
  /** Another process is at it. */
  | { readonly type: 'busy'; readonly batchId: string; readonly startedAt: string };

export type MinerEndReason = 'done' | 'failed' | 'stopped' | 'abandoned';

export interface MinerEnd {
  readonly endedAt: string;
  readonly reason: MinerEndReason;
  /** One line; null unless it failed. */
  readonly error: string | null;
  readonly rows: number;
}

export interface MinerRunRow extends Omit<NewMinerRun, 'parameters'> {
  readonly minerRunId: string;
  readonly endedAt: string | null;
  readonly endReason: MinerEndReason | null;
  readonly error: string | null;
  /** Rows that are new or different. */
  readonly rows: number;
  readonly progress: string | null;
}

/** When a miner was last started, and when the last of its runs that were done was. */
export interface MinerHistoryRow {
  readonly minerId: string;
  readonly startedAt: string;
  readonly doneAt: string | null;
}

/** A day of `stock_ohlc`; the date is the session's in the exchange's time zone, `YYYY-MM-DD`. */
export interface DayRow {
  readonly symbol: string;
  readonly date: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  readonly vwap: string | null;
  readonly tradeCount: number | null;
}

export interface TickerRow {
  readonly symbol: string;
  readonly name: string;
  readonly exchange: string;
  readonly assetClass: AssetClass;
  readonly tradable: boolean;
  readonly shortable: boolean;
  readonly fractionable: boolean;
}

export interface GainLossRow {
  readonly symbol: string;
  readonly algoRunId: string;
  readonly gainPercentage: string;
  readonly gainValue: string;
}

/** What a portfolio earned in one symbol, over all its runs. */
export interface PortfolioGainRow {
  readonly portfolioId: string;
  readonly symbol: string;
  readonly gainPercentage: string;
  readonly gainValue: string;
  readonly fees: string;
}

export interface TradeAnalysisRow extends GainLossRow {
  readonly startedAt: string;
  readonly endedAt: string;
  readonly rUnits: string | null;
}

/** A symbol and a run that traded it. */
export type TradedRow = Pick<GainLossRow, 'symbol' | 'algoRunId'>;

/** An execution with what is known of its run. */
export interface FillRow {
  readonly tradeId: string;
  readonly algoRunId: string;
  readonly batchId: string;
  readonly instanceId: string;
  readonly environment: Environment;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly qty: string;
  readonly price: string;
  readonly fee: string;
  readonly stopPrice: string | null;
  readonly executedAt: string;
  /** Whose cash it moved; null = nobody's. */
  readonly portfolioId: string | null;
}

/** A day of `stock_ohlc` as little as is needed to compare symbols. */
export type CloseRow = Pick<DayRow, 'symbol' | 'date' | 'close' | 'volume'>;

export interface SimilarTickersRow {
  readonly symbol: string;
  readonly similar: readonly string[];
  readonly cluster: string | null;
}

export interface IndexMemberRow {
  readonly symbol: string;
  readonly name: string | null;
  readonly sector: string | null;
  readonly industry: string | null;
}

/** Those that write rows answer how many are new or different. */
export interface MiningStores {
  /** Closes runs of processes that died; the same run again answers the row that is there. */
  startMinerRun(run: NewMinerRun): Promise<MinerStart>;
  noteMinerRun(minerRunId: string, note: { rows: number; progress: string }): Promise<void>;
  endMinerRun(minerRunId: string, end: MinerEnd): Promise<void>;
  minerHistory(): Promise<readonly MinerHistoryRow[]>;
  /** Newest first; strategy and symbol are not asked of them. */
  listMinerRuns(filter: RowFilter): Promise<readonly MinerRunRow[]>;
  recordDays(days: readonly DayRow[]): Promise<number>;
  /** Removes all days of the symbols. */
  forgetDays(symbols: readonly string[]): Promise<void>;
  /** The newest day of each of the symbols that has one. */
  newestDays(symbols: readonly string[]): Promise<readonly Pick<DayRow, 'symbol' | 'date' | 'close'>[]>;
  /** Leaves columns alone that are not in the rows, such as sector and industry. */
  recordTickers(tickers: readonly TickerRow[]): Promise<number>;
  /** Those that are marked as tradable, by symbol. */
  listTickers(assetClass: AssetClass): Promise<readonly TickerRow[]>;
  /** Days of the symbols from a date on, by symbol and date. */
  closesSince(symbols: readonly string[], fromDate: string): Promise<readonly CloseRow[]>;
  /** Writes `similar_tickers` and the tag `cluster:X` of tickers that are there. */
  recordSimilarTickers(rows: readonly SimilarTickersRow[]): Promise<number>;
  /** Writes sector, industry and the tag `index:X`, which tickers lose that are not in the rows. */
  recordIndexMembers(index: string, rows: readonly IndexMemberRow[]): Promise<number>;
  /** @param whole what of these the rows do not have is removed. */
  recordGains(gains: readonly GainLossRow[], whole?: readonly TradedRow[]): Promise<number>;
  /** The whole table: what is not among the rows is removed. */
  recordPortfolioGains(gains: readonly PortfolioGainRow[]): Promise<number>;
  /** @param whole as of {@link recordGains}. */
  recordRoundTrips(trips: readonly TradeAnalysisRow[], whole?: readonly TradedRow[]): Promise<number>;
  /** All runs of instances, in symbols in which an execution of the instance was taken back. */
  takenBack(): Promise<readonly TradedRow[]>;
  /** In the order of execution, beginning after a row, at most {@link FILLS_PER_PAGE}; without those taken back. */
  fillsAfter(after: Pick<FillRow, 'tradeId' | 'executedAt'> | null): Promise<readonly FillRow[]>;
}

export const FILLS_PER_PAGE = 5_000;
