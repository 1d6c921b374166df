/**
 * Portfolios as rows: the stores' contract for them. A portfolio has a cash account of its own, whatever the broker's
 * account is; strategies that the plan gives to it trade with its cash. Amounts are decimal text in the account's
 * currency.
 */
import type { Environment, TradeRow } from './contract.ts';

export type PortfolioAssets = 'US_EQUITIES' | 'CRYPTO';

export interface NewPortfolio {
  readonly portfolioId: string;
  readonly assets: PortfolioAssets;
  /** What it is meant to manage. */
  readonly size: string;
  /** Paid in at once; "0" is nothing. */
  readonly cash: string;
  /** How far below zero its cash may go. */
  readonly credit: string;
}

export interface PortfolioRow {
  readonly portfolioId: string;
  readonly assets: PortfolioAssets;
  /** Whose trades it books; null before the first batch. */
  readonly environment: Environment | null;
  readonly size: string;
  readonly cash: string;
  readonly credit: string;
  /** Paid in less paid out. */
  readonly funded: string;
  readonly batches: number;
  readonly trades: number;
  readonly createdAt: string;
}

/** What the desk needs to know of a portfolio's account. */
export interface PortfolioFunds {
  readonly portfolioId: string;
  /** All that was booked. */
  readonly cash: string;
  /** What was booked but for trades: what people paid in and out, and corrections. */
  readonly funded: string;
  readonly credit: string;
}

export interface Funding {
  readonly portfolioId: string;
  /** Negative = paid out. */
  readonly amount: string;
  /** A second funding under the same one is not booked. */
  readonly reference: string;
  readonly note: string | null;
}

export type FundingOutcome =
  | { readonly type: 'booked'; readonly cash: string }
  | { readonly type: 'unknown_portfolio' }
  /** More would be paid out than cash and credit hold. */
  | { readonly type: 'beyond_credit'; readonly cash: string; readonly credit: string };

/** Why a batch may not trade for a portfolio. */
export type AssignmentRefusal =
  | { readonly portfolioId: string; readonly type: 'unknown_portfolio' }
  | {
      readonly portfolioId: string;
      readonly type: 'other_environment';
      readonly environment: Environment;
    }
  | { readonly portfolioId: string; readonly type: 'other_assets'; readonly assets: PortfolioAssets };

export interface Assignment {
  readonly batchId: string;
  readonly environment: Environment;
  readonly assets: PortfolioAssets;
  readonly portfolioIds: readonly string[];
}

/** What a portfolio was worth at the end of a day. */
export interface EquityPoint {
  /** In the exchange's time zone; crypto's is UTC. */
  readonly date: string;
  readonly cash: string;
  /** What was held, at the day's close by `stock_ohlc`, else at the price of the portfolio's last trade in it. */
  readonly invested: string;
  readonly equity: string;
  /** Paid in less paid out so far. */
  readonly funded: string;
  /** Equity less what was paid in. */
  readonly gain: string;
}

/** What a portfolio holds now, by its own trades. */
export interface PortfolioHolding {
  readonly symbol: string;
  readonly qty: string;
  readonly avgPrice: string;
  readonly price: string;
  readonly value: string;
}

/** A portfolio's whole history, folded. */
export interface PortfolioHistory {
  /** By date; without end a year of days is a few hundred points. */
  readonly equity: readonly EquityPoint[];
  readonly holdings: readonly PortfolioHolding[];
  /** Strategy instances of the newest batch. */
  readonly strategies: readonly string[];
}

/** What rebuilding the account from trades and bookings has found. */
export interface Recalculation {
  readonly portfolioId: string;
  readonly tradesChecked: number;
  /** Executions that are booked otherwise than they should be, the oldest first. */
  readonly differences: readonly BookingDifference[];
  readonly cashBefore: string;
  /** The sum of all bookings, with what was missing. */
  readonly cashAfter: string;
}

export interface BookingDifference {
  readonly tradeId: string;
  readonly symbol: string;
  readonly executedAt: string;
  /** Null = not at all. */
  readonly booked: string | null;
  /** What the execution cost (negative) or brought; 0 where it was taken back. */
  readonly right: string;
}

export interface PortfolioStores {
  /** False when there is one of that name already. */
  createPortfolio(portfolio: NewPortfolio): Promise<boolean>;
  /** By name, those named, or all. */
  listPortfolios(portfolioIds?: readonly string[]): Promise<readonly PortfolioRow[]>;
  fundPortfolio(funding: Funding): Promise<FundingOutcome>;
  /**
   * Notes that a batch trades for portfolios; empty = done, else nothing was changed. The first batch decides whose
   * trades a portfolio books; with each simulated batch the simulated account begins anew, and the portfolio with it.
   */
  assignPortfolios(assignment: Assignment): Promise<readonly AssignmentRefusal[]>;
  /** As {@link assignPortfolios} would answer, changing nothing. */
  checkPortfolios(assignment: Omit<Assignment, 'batchId'>): Promise<readonly AssignmentRefusal[]>;
  portfolioFunds(portfolioIds: readonly string[]): Promise<readonly PortfolioFunds[]>;
  /** Null where there is none. */
  portfolioHistory(portfolioId: string): Promise<PortfolioHistory | null>;
  /** The newest first, at most `limit`. */
  portfolioTrades(portfolioId: string, limit: number): Promise<readonly TradeRow[]>;
  /** Null where there is none. With `isDryRun` nothing is changed. */
  recalculatePortfolio(portfolioId: string, isDryRun: boolean): Promise<Recalculation | null>;
}
