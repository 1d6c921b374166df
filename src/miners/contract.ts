/**
 * What a miner is and what it is given. A miner collects what other parts will want to know: days of prices, companies,
 * what trades earned. It only asks and yields rows: its context has queries, and the runner writes what it yields.
 */
import type { ZodType } from 'zod';
import type { Decimal } from '../domain/decimal.ts';
import type { AssetClass, Bar, Instrument } from '../domain/market.ts';
import type { JsonObject } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { SimilarColumns } from '../fincalcs/correlation.ts';

/** A bar of one session. Its date is the session's in the exchange's time zone, `YYYY-MM-DD`, as all dates here. */
export interface DayBar extends Bar {
  readonly date: string;
}

/** The newest day of a symbol that is stored. */
export interface StoredDay {
  readonly symbol: string;
  readonly date: string;
  readonly close: number;
}

/** An instrument as it was last stored. */
export type StoredTicker = Pick<Instrument, 'symbol' | 'name' | 'exchange'> & {
  readonly assetClass: AssetClass;
};

/** Stored closes of a symbol, oldest first, in today's shares. */
export interface StoredCloses {
  readonly symbol: string;
  readonly dates: readonly string[];
  readonly closes: readonly number[];
  readonly volumes: readonly number[];
}

/** Whom a symbol is like, the most alike first; the cluster is named after its most traded member. */
export interface SimilarRow {
  readonly symbol: string;
  readonly similar: readonly string[];
  readonly cluster: string | null;
}

/** A member of an index; null = the file does not say. */
export interface ConstituentRow {
  readonly symbol: string;
  readonly name: string | null;
  readonly sector: string | null;
  readonly industry: string | null;
}

/** A CSV file with a heading row: names of columns in lower case. */
export interface TableFile {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** A fill of ours, of any batch. */
export interface MinedFill {
  readonly fillId: string;
  readonly algoRunId: string;
  readonly batchId: string;
  readonly instanceId: string;
  readonly environment: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly fee: Decimal;
  /** Of the order, when it had one. */
  readonly stopPrice: Decimal | null;
  readonly executedAtMicros: EpochMicros;
  /** Whose cash it moved; null = nobody's. */
  readonly portfolioId: string | null;
}

/** What a run of a strategy earned in one symbol, before fees. */
export interface GainRow {
  readonly symbol: string;
  readonly algoRunId: string;
  /** Of what the closed part had cost. */
  readonly gainPercentage: Decimal;
  readonly gainValue: Decimal;
}

/** A symbol and a run that traded it. */
export type Traded = Pick<GainRow, 'symbol' | 'algoRunId'>;

/** What a portfolio earned in one symbol, over all its runs; a simulated one with its newest batch. */
export interface PortfolioGainRow {
  readonly portfolioId: string;
  readonly symbol: string;
  readonly gainPercentage: Decimal;
  /** Before fees. */
  readonly gainValue: Decimal;
  /** Of all its executions, those of what is still held too. */
  readonly fees: Decimal;
}

/** From flat to flat again. */
export interface RoundTripRow extends GainRow {
  readonly startMicros: EpochMicros;
  readonly endMicros: EpochMicros;
  /** (exit - entry) / (entry - stop), by average prices and the first stop; null without one. */
  readonly rUnits: Decimal | null;
}

/**
 * Rows for one table. A row that is there already is brought up to date. Whatever was yielded is kept, however the run
 * ends: a miner that orders its work well goes on where it was interrupted.
 */
export type MinedRows =
  | {
      readonly table: 'stock_ohlc';
      readonly rows: readonly DayBar[];
      /** Symbols whose stored days are all wrong: they are removed before the rows are written. */
      readonly replaces?: readonly string[];
    }
  | { readonly table: 'ticker_data'; readonly rows: readonly Instrument[] }
  /** Columns of `ticker_data`. */
  | { readonly table: 'similar_tickers'; readonly rows: readonly SimilarRow[] }
  /** The whole index: who is not among the rows is no member any more. */
  | { readonly table: 'constituents'; readonly index: string; readonly rows: readonly ConstituentRow[] }
  /** `whole`: of these nothing stays that is not among the rows. */
  | { readonly table: 'gain_loss'; readonly rows: readonly GainRow[]; readonly whole?: readonly Traded[] }
  /** The whole table: what is not among the rows is removed. */
  | { readonly table: 'portfolio_gain_loss'; readonly rows: readonly PortfolioGainRow[] }
  | {
      readonly table: 'trade_analysis';
      readonly rows: readonly RoundTripRow[];
      readonly whole?: readonly Traded[];
    };

export interface MinerContext<Parameters> {
  readonly parameters: Parameters;
  readonly nowMicros: EpochMicros;
  readonly assetClass: AssetClass;
  /** Of the newest session that has closed. */
  readonly lastSessionDate: string;
  /** Aborted when the run is to end: nothing that is yielded later is written. */
  readonly signal: AbortSignal;
  /** What the broker lists, tradable or not, sorted by symbol. */
  instruments(): Promise<readonly Instrument[]>;
  /** Last prices; symbols without one are left out. */
  lastPrices(symbols: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Bars of the sessions between the dates, both inclusive, oldest first, in today's shares (adjusted for splits). */
  dayBars(
    symbols: readonly string[],
    fromDate: string,
    toDate: string,
  ): Promise<ReadonlyMap<string, readonly DayBar[]>>;
  /** The newest stored day of each symbol that has one. */
  storedDays(symbols: readonly string[]): Promise<ReadonlyMap<string, StoredDay>>;
  /** The stored tickers of {@link assetClass} that are marked as tradable. */
  storedTickers(): Promise<readonly StoredTicker[]>;
  /** Stored days of the symbols that have any, of the newest so many calendar days. */
  storedCloses(symbols: readonly string[], calendarDays: number): Promise<readonly StoredCloses[]>;
  /** As `similarColumns` of fincalcs, away from the threads that trade. */
  similarColumns(
    columns: readonly Float64Array[],
    options: { readonly correlationMin: number; readonly neighboursMax: number },
  ): Promise<SimilarColumns>;
  /** Reads a CSV file; a relative path counts from the plan's folder. Rejects with one line where it cannot. */
  table(path: string): Promise<TableFile>;
  /** All runs of strategies in symbols in which one of their fills was taken back: what is stored of them may be wrong. */
  takenBack(): Promise<readonly Traded[]>;
  /** All our fills that still count, in the order of their execution. */
  fills(): AsyncIterable<MinedFill>;
  /** @param share of the work that is done, from 0 to 1. */
  progress(share: number, text: string): void;
  log(level: 'debug' | 'info' | 'warn', message: string, fields?: JsonObject): void;
}

export interface MinerDefinition<Parameters> {
  /** Lower-case words joined by hyphens. */
  readonly name: string;
  /** One sentence for lists and help. */
  readonly description: string;
  /** Checks the plan's `parameters:`; unknown keys should be refused (`z.strictObject`). */
  readonly parameters: ZodType<Parameters>;
  /** Runs once. A query that fails rejects, and the run with it; what was yielded before is kept. */
  mine(context: MinerContext<Parameters>): AsyncIterable<MinedRows>;
}

/** Declares a miner. Only types: it answers what it was given. */
export function defineMiner<Parameters>(
  definition: MinerDefinition<Parameters>,
): MinerDefinition<Parameters> {
  return definition;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of miners mixes parameters of any type.
export type AnyMiner = MinerDefinition<any>;
