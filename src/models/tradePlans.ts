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

export interface NewTradePlan extends Omit<TradePlanRow, 'modifiedAt'> {
  /** `YYYY-MM-DD`, the exchange's. */
  readonly startDate: string;
  /** Null = it does not. */
  readonly expiresAt: string | null;
}

/** What is given is changed, the rest stays. */
export type TradePlanChange = Pick<NewTradePlan, 'tradePlanId'> &
  Partial<Pick<NewTradePlan, 'parameters' | 'startDate' | 'expiresAt'>>;

export interface ListedTradePlan extends NewTradePlan, Pick<TradePlanRow, 'modifiedAt'> {
  readonly createdAt: string;
  /** The living batch that runs it; null = none. */
  readonly batchId: string | null;
}

/** Rows that are listed. */
export const TRADE_PLANS_MAX = 10_000;

export interface TradePlanStores {
  /** The newest first, at most {@link TRADE_PLANS_MAX}, those that have expired too; or those named. */
  listTradePlans(tradePlanIds?: readonly string[]): Promise<readonly ListedTradePlan[]>;
  /** False when there is no such portfolio. A row of the same id stays as it is. */
  addTradePlan(plan: NewTradePlan): Promise<boolean>;
  /** False when there is no such row. */
  changeTradePlan(change: TradePlanChange): Promise<boolean>;
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
