/**
 * What is kept in the database, as plain data: the rows that go in and the answers that come out. Every call crosses
 * a thread, so there are no classes here. Decimals are text, moments RFC 3339, ids text, as in the JSON output.
 */
import type { JsonObject } from '../domain/order.ts';
import type { MiningStores } from './mining.ts';
import type { OptimizerStores } from './optimizing.ts';
import type { PortfolioStores } from './portfolios.ts';
import type { TradePlanStores } from './tradePlans.ts';

export type Environment = 'SIMULATED' | 'PAPER' | 'PROD' | 'BACKTEST' | 'REPLAY';

export interface NewRun {
  readonly batchId: string;
  readonly strategy: string;
  readonly instanceId: string;
  readonly environment: Environment;
  readonly consumer: string;
  /** Hash of the strategy's bundle. */
  readonly version: string;
  readonly parameters: JsonObject;
  readonly startedAt: string;
  /** Whose cash its trades move; missing = nobody's. */
  readonly portfolioId?: string;
  /** Of a `REPLAY`: the batch whose run of the same instance it repeats. */
  readonly repeatedBatchId?: string;
}

export interface RunRow {
  readonly batchId: string;
  readonly algoRunId: string;
  readonly strategy: string;
  readonly instanceId: string;
  readonly environment: Environment;
  readonly consumer: string;
  readonly version: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly endReason: string | null;
  /** Of a `REPLAY`: the batch that it repeats, where its rows are here too. */
  readonly repeatedBatchId: string | null;
  /** What it ran with, the first first: more than one where the plan was read again. */
  readonly settings: readonly RunSettings[];
}

/** Code and parameters of a run, from a moment on. */
export interface RunSettings {
  readonly since: string;
  /** Hash of the strategy's bundle. */
  readonly version: string;
  readonly parameters: JsonObject;
}

export interface OrderRow {
  readonly clientOrderId: string;
  readonly brokerOrderId: string | null;
  readonly algoRunId: string;
  readonly batchId: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly type: string;
  readonly timeInForce: string;
  readonly qty: string;
  readonly limitPrice: string | null;
  readonly stopPrice: string | null;
  readonly filledQty: string;
  readonly avgPrice: string | null;
  readonly status: string;
  readonly reason: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface NewTrade {
  /** The broker's id of the execution; a second row with the same one is ignored. */
  readonly executionId: string;
  readonly algoRunId: string;
  readonly batchId: string;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  /** `trade_operation`: opening short and closing short are told apart from plain sell and buy. */
  readonly operation: 'buy' | 'sell' | 'sell_short' | 'buy_short';
  readonly qty: string;
  readonly price: string;
  readonly fee: string;
  readonly executedAt: string;
  readonly targetPrice: string | null;
  readonly stopPrice: string | null;
  /** `{buy: {...}}` or `{sell: {...}}` with the order's reason and indicators. */
  readonly indicators: JsonObject;
}

export interface TradeRow extends Omit<NewTrade, 'executionId' | 'operation'> {
  readonly tradeId: string;
  readonly recordedAt: string;
  /** When the desk approved its order; null where the order's row is missing. */
  readonly orderedAt: string | null;
}

export interface PositionRow {
  readonly symbol: string;
  readonly algoRunId: string;
  readonly qty: string;
  readonly avgPrice: string;
  readonly marketPrice: string | null;
  readonly unrealizedPnl: string | null;
  readonly realizedPnl: string;
}

export interface NewPick {
  readonly batchId: string;
  readonly symbol: string;
  readonly scanner: string;
  readonly rank: number;
  readonly reason: string;
  readonly pickedAt: string;
}

/** The saved state of one unit: a strategy instance and a symbol (`*` for a universe). */
export interface StateRow {
  readonly instanceId: string;
  readonly symbol: string;
  readonly state: string;
  readonly savedAt: string;
}

/** Signed quantity and average price that a strategy instance holds by the rows of all its batches. */
export interface HoldingRow {
  readonly instanceId: string;
  readonly symbol: string;
  readonly qty: string;
  readonly avgPrice: string;
  readonly realizedPnl: string;
  readonly targetPrice: string | null;
  readonly stopPrice: string | null;
}

/** Which rows of a list: those that meet all that is given. */
export interface RowFilter {
  readonly batchId?: string;
  /** Name of a strategy or of an instance of one. */
  readonly strategy?: string;
  /** Not asked of runs. */
  readonly symbol?: string;
  /** RFC 3339, inclusive: when the run began, the order was created, the trade executed. Not asked of positions. */
  readonly since?: string;
  /** RFC 3339, exclusive. */
  readonly until?: string;
  /** The newest rows only, at most this many. Missing = {@link ROWS_PER_LIST_DEFAULT}. */
  readonly limit?: number;
}

export const ROWS_PER_LIST_DEFAULT = 1_000;
/** No list is longer; who needs more reads the tables with SQL. */
export const ROWS_PER_LIST_MAX = 100_000;

/** Of a user's query. */
export interface SelectLimits {
  readonly rowsMax: number;
  readonly timeoutMs: number;
}

/** All values as text. */
export interface SelectedRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/**
 * The stores, as the database thread offers them to the others. Every call may be repeated without harm, and fails
 * with a `DatabaseFailure` (failure.ts), whose `retry` says whether repeating it is sensible.
 */
export interface Stores extends MiningStores, OptimizerStores, PortfolioStores, TradePlanStores {
  /**
   * Answers the `algo_run_id`. The same batch, instance and consumer again answers the row that is there, and opens it
   * again where it had ended.
   */
  startRun(run: NewRun): Promise<string>;
  /** Closes one row, unless it is closed. */
  endRun(algoRunId: string, endedAt: string, reason: string): Promise<void>;
  endRuns(batchId: string, endedAt: string, reason: string): Promise<number>;
  /** Closes rows of batches that died without saying so; answers how many. */
  endAbandonedRuns(exceptBatchId: string, endedAt: string): Promise<number>;
  /** Inserts or updates by client order id; an older `updatedAt` never overwrites a newer one. */
  recordOrders(orders: readonly OrderRow[]): Promise<void>;
  /**
   * Inserts, and books to the account of the portfolio that the run trades for; an execution id that is there already
   * is ignored. Answers how many rows are new.
   */
  recordTrades(trades: readonly NewTrade[]): Promise<number>;
  recordPicks(picks: readonly NewPick[]): Promise<void>;
  /** Inserts or updates; an older `savedAt` never overwrites a newer one. Paper and live are kept apart. */
  saveStates(states: readonly StateRow[], environment: Environment): Promise<void>;
  loadStates(instanceIds: readonly string[], environment: Environment): Promise<readonly StateRow[]>;
  /** Open positions only. */
  holdings(instanceIds: readonly string[], environment: Environment): Promise<readonly HoldingRow[]>;
  /**
   * The first rows of a user's own query, which can change nothing. The failure's message is one line without values of
   * rows. The embedded database is copied for it, one query at a time.
   */
  select(query: string, limits: SelectLimits): Promise<SelectedRows>;
  /** Lists are ordered newest first. */
  listRuns(filter: RowFilter): Promise<readonly RunRow[]>;
  listOrders(filter: RowFilter): Promise<readonly OrderRow[]>;
  listTrades(filter: RowFilter): Promise<readonly TradeRow[]>;
  /**
   * What was traded, what of it is still held and what it earned, by the rows of `new_trades`; flat positions too.
   * Market prices are null here, `algoRunId` is the run that traded last. With a batch: as that batch left it. Only
   * PAPER and PROD carry positions from one batch into the next; a simulated account begins anew with every batch.
   */
  listPositions(filter: RowFilter): Promise<readonly PositionRow[]>;
}

/**
 * How the embedded or the real database is reached. `directory` is the daemon's data directory: the embedded
 * database keeps its files in `database/` there, and its lock in `database.lock/`.
 */
export type DatabaseLocation =
  | { readonly type: 'embedded'; readonly directory: string }
  | { readonly type: 'postgres'; readonly url: string };
