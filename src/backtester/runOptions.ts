/** What a run is made of, and what it notes. */
import type { Session } from '../domain/market.ts';
import type { Intent, JsonObject } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { NewTrade, OrderRow } from '../models/contract.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import type { PlotPoint } from '../transport/messages.ts';
import type { BacktestInstance } from './config.ts';
import type { Dividend } from './data/actions.ts';
import type { RecalledBars } from './history.ts';

export interface RunOptions {
  readonly batchId: string;
  readonly plan: Tradeplan;
  readonly instances: readonly BacktestInstance[];
  readonly symbols: SymbolTable;
  readonly feedHasBars: boolean;
  /** The run's first moment: what is shown before it is only history. */
  readonly startMicros: EpochMicros;
  /** Sessions that the market told of, in place of the calendar's own on their dates. */
  readonly sessions?: readonly Session[];
  /** History that the data lacks. */
  readonly recalled?: RecalledBars;
  /** In the order of their days. */
  readonly dividends?: readonly Dividend[];
  /** What strategies and desk log; left out, nobody reads it. */
  readonly log?: (level: string, message: string, fields: JsonObject) => void;
  /** Each order as a row of the database would have it, whenever it has changed; each fill so as well. */
  readonly onOrder?: (row: OrderRow) => void;
  readonly onTrade?: (row: NewTrade) => void;
  /** Each point that a strategy draws. */
  readonly onPlot?: (point: PlotPoint) => void;
  /** Each decision of a strategy, before the desk has it. */
  readonly onIntent?: (intent: Intent) => void;
  /** Histories are so many times as long as strategies ask for, as far as there are bars: do they decide the same? */
  readonly warmUpFactor?: number;
}

/** A strategy that failed, or a critical alert of the desk. */
export interface RunNote {
  readonly at: string;
  readonly code: string;
  readonly message: string;
}
