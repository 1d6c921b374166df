/** Strategies that are defined in the database instead of in a file: the stores' contract for rows of `trade_plan`. */
import type { JsonObject } from '../domain/order.ts';
import type { Environment } from './contract.ts';

export interface TradePlanRow {
  readonly tradePlanId: string;
  readonly portfolioId: string;
  readonly strategyName: string;
  /** As a strategy of a plan's file has it: `path` or `name`, `symbols`, `parameters` ... */
  readonly parameters: JsonObject;
  /** When somebody changed the row last. */
  readonly modifiedAt: string;
}

export interface TradePlanStores {
  /**
   * Rows that are to run: begun by that date (`YYYY-MM-DD`, the exchange's) and not expired at that moment; those that
   * began first, at most so many.
   */
  activeTradePlans(asked: {
    readonly date: string;
    readonly at: string;
    readonly limit: number;
  }): Promise<readonly TradePlanRow[]>;
  /**
   * Takes a row for a batch. `elsewhere`: a living batch has it. A row has one execution in
   * `trade_plan_execution_audit`: a batch that takes it after another goes on with it.
   */
  takeTradePlan(taking: {
    readonly tradePlanId: string;
    readonly batchId: string;
    readonly environment: Environment;
    readonly takenAt: string;
  }): Promise<'taken' | 'elsewhere'>;
  /** Closes the executions of a batch, all of them or those of the named rows. */
  endTradePlans(ending: {
    readonly batchId: string;
    readonly tradePlanIds: readonly string[] | null;
    readonly endedAt: string;
    readonly reason: string;
  }): Promise<number>;
}
