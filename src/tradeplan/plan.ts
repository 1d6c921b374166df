/** A tradeplan after it was read and checked: plain data, complete with defaults, the same on every thread. */
import type { Schedule } from '../clock/schedule.ts';
import type { OrderLimits, StrategyLimits } from '../domain/limits.ts';
import type { AssetClass, MarketHours } from '../domain/market.ts';
import type { JsonObject } from '../domain/order.ts';

export type { Schedule } from '../clock/schedule.ts';

export type Mode = 'simulated' | 'paper' | 'live';
export type ChannelName = 'trades' | 'quotes' | 'bars';

export interface ScannerPlan {
  readonly scannerId: string;
  /** A built-in's name, or null when `path` names a file. */
  readonly name: string | null;
  /** Absolute. */
  readonly path: string | null;
  /** SHA-256 of the bundle of its file, where that was read. */
  readonly version?: string;
  readonly parameters: JsonObject;
  /** At least one; they all count. */
  readonly schedules: readonly Schedule[];
  /** Of one scan; the highest ranked are kept. */
  readonly picksMax: number;
}

export interface MinerPlan {
  readonly minerId: string;
  /** A built-in's name. */
  readonly name: string;
  readonly parameters: JsonObject;
  /** At least one; they all count. */
  readonly schedules: readonly Schedule[];
}

/** When a strategy may take new risk: from `startMs` after the regular open (negative: before it). */
export interface Window {
  readonly startMs: number;
  /** Ends with the session at the latest: on a half day it is cut. */
  readonly durationMs: number;
}

export interface StrategyPlan {
  /** Unique in the plan: the given `id:`, or the strategy's name, with `-2` where it stands there again. */
  readonly instanceId: string;
  /** A built-in's name, or null when `path` names a file. */
  readonly name: string | null;
  /** Absolute. */
  readonly path: string | null;
  readonly parameters: JsonObject;
  /** Either a list ... */
  readonly symbols: readonly string[];
  /** ... or scanners whose picks it takes, or both. */
  readonly scanners: readonly string[];
  /** Empty = the whole session. */
  readonly windows: readonly Window[];
  /** Flat before the close by the plan's lead. */
  readonly isIntraday: boolean;
  /** Whose cash it trades with; null = nobody's: the whole account. */
  readonly portfolioId: string | null;
  /** Null = none of its own. */
  readonly risk: StrategyLimits | null;
}

/** Amounts are decimal text. Null = no such limit. */
export interface RiskPlan {
  readonly orderNotionalMax: string;
  readonly orderQuantityMax: string | null;
  readonly positionNotionalMax: string;
  readonly positionQuantityMax: string | null;
  /** All positions and open orders together. */
  readonly grossNotionalMax: string | null;
  readonly openOrdersMax: number;
  readonly ordersPerMinuteMax: number;
  readonly dailyLossMax: string;
  /** From the account's highest equity on. */
  readonly drawdownMax: string | null;
  /** How far a limit price may lie from the market, in percent. */
  readonly priceCollarPercent: number;
  readonly marketAgeMaxMs: number;
  readonly shortAllowed: boolean;
  readonly fractionAllowed: boolean;
  /** Of every symbol, over all strategies. */
  readonly symbolOpenOrdersMax: number | null;
  readonly symbolOrdersPerMinuteMax: number | null;
  /** Of single symbols, beside those above: the tighter one counts. */
  readonly symbols: Readonly<Record<string, OrderLimits>>;
}

export interface AlertsPlan {
  readonly webhookUrl: string | null;
  /** Run with the alert as JSON on standard input. */
  readonly command: readonly string[] | null;
  readonly timeoutMs: number;
}

/**
 * What becomes of positions and orders that no strategy here has placed: reported and left; given to the strategy that
 * alone trades the symbol (orders are left, what they fill is given); or closed and canceled.
 */
export type UnknownHoldings = 'leave' | 'adopt' | 'flatten';

/** When an order counts as written down: what is `synced` survives a loss of power, `written` a kill of the daemon. */
export type JournalMode = 'synced' | 'written';

/** Where `/metrics`, `/healthz` and `/readyz` are served. */
export interface MetricsPlan {
  /** Null = nowhere; 0 = any free port. */
  readonly port: number | null;
  readonly host: string;
}

/** What is recorded on tapes, and for how long. */
export interface RecordPlan {
  readonly market: boolean;
  readonly inbox: boolean;
  /** Absolute; null = `tapes` in the data directory. */
  readonly directory: string | null;
  readonly segmentBytesMax: number;
  readonly ageMaxMs: number;
  readonly totalBytesMax: number;
  readonly freeBytesMin: number;
}

/** When units move from a consumer that is behind to others. */
export interface RebalancePlan {
  readonly isEnabled: boolean;
  /** A consumer whose newest event is older when it is shown is behind. */
  readonly lagMaxMs: number;
  /** Behind for so long before anything moves. */
  readonly patienceMs: number;
  readonly movesPerMinuteMax: number;
  /** How long a unit stays where it has moved to. */
  readonly restMs: number;
  /** What a consumer may have to do with what it takes, of one core. */
  readonly loadMax: number;
  readonly prepareTimeoutMs: number;
}

export interface LimitsPlan {
  readonly tradeRingRows: number;
  readonly historyBarsMax: number;
  readonly consumerHeapMb: number;
  readonly historyRequestTimeoutMs: number;
  readonly submitTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly scannerTimeoutMs: number;
  readonly minerTimeoutMs: number;
  readonly consumerRestartsPerHourMax: number;
}

export interface SimulationPlan {
  readonly seed: number;
  readonly symbols: readonly string[];
  /** Market events a second over all symbols. */
  readonly ratePerSecond: number;
  /** A tape file to play instead of the synthetic market, absolute. */
  readonly tape: string | null;
  /** Where in the tape playing begins: what lies before is history. */
  readonly tapeOffsetMs: number;
  /** 2 = twice as fast. */
  readonly tapeSpeed: number;
}

/**
 * How a backtest's broker deals. Shares of a price are in basis points (hundredths of a percent), amounts in the
 * account's currency.
 */
export interface BacktestPlan {
  /** Decimal text. */
  readonly startingCash: string;
  /** From a decision to the exchange, and the same from there back. */
  readonly latencyMs: number;
  /** Between bid and ask, where the data has no quotes: half of it is paid with each deal at the market. */
  readonly spreadBps: number;
  /** By which market and stop orders deal worse than the price shown. */
  readonly slippageBps: number;
  /** Of a bar's or a trade's volume, the most that our orders get. */
  readonly volumePercentMax: number;
  /** Of a deal's value. */
  readonly feeBps: number;
  readonly feePerShare: number;
  /** The least fee of a deal, where there is any. */
  readonly feeMinimum: number;
  /** Of sales only, beyond the fees above. */
  readonly sellFeeBps: number;
  readonly sellFeePerShare: number;
  /** A year, of the value of what is held short. */
  readonly borrowPercent: number;
  /** How long a bar of the data is, daily bars aside. */
  readonly barIntervalMs: number;
  /** What is done about rows that cannot be right. */
  readonly badData: 'refuse' | 'repair';
}

export type Objective = 'sharpe' | 'sortino' | 'return' | 'profit_factor' | 'return_by_drawdown';

/** One parameter that a search varies. */
export interface ParameterRange {
  readonly of: 'strategy' | 'scanner';
  /** The strategy's instance id or the scanner's. */
  readonly id: string;
  readonly parameter: string;
  /** At least one, each once. */
  readonly values: readonly (number | string | boolean)[];
}

export interface OptimizePlan {
  readonly ranges: readonly ParameterRange[];
  readonly objective: Objective;
  readonly search: 'grid' | 'random' | 'tpe';
  readonly trialsMax: number;
  readonly seed: number;
  /** Walk-forward folds; 0 = none. */
  readonly folds: number;
  /** The last part of the data's time, from 0 to 0.9. */
  readonly holdoutShare: number;
  readonly dataBytesMax: number;
}

/** Whether strategies of the table `trade_plan` run beside those of the plan's file. */
export interface TradePlanTable {
  readonly isEnabled: boolean;
  readonly pollMs: number;
  readonly rowsMax: number;
}

export interface Tradeplan {
  /** The file it was read from, absolute. */
  readonly path: string;
  readonly mode: Mode;
  readonly provider: string;
  /** `iex`, `sip`, `delayed_sip`, `test`, `crypto`. */
  readonly feed: string;
  readonly broker: string;
  readonly assetClass: AssetClass;
  readonly channels: readonly ChannelName[];
  readonly eventAgeMaxMs: number;
  readonly feedLagMaxMs: number;
  readonly feedDelayMs: number;
  readonly consumers: number | 'auto';
  readonly marketHours: MarketHours;
  /** Null = positions are held over the close. */
  readonly liquidateBeforeCloseMs: number | null;
  readonly scanners: readonly ScannerPlan[];
  readonly miners: readonly MinerPlan[];
  readonly strategies: readonly StrategyPlan[];
  readonly tradePlan: TradePlanTable;
  readonly risk: RiskPlan;
  readonly journal: JournalMode;
  readonly unknownHoldings: UnknownHoldings;
  readonly alerts: AlertsPlan;
  readonly metrics: MetricsPlan;
  readonly record: RecordPlan;
  readonly rebalance: RebalancePlan;
  readonly limits: LimitsPlan;
  readonly simulation: SimulationPlan;
  readonly backtest: BacktestPlan;
  readonly optimize: OptimizePlan;
}
