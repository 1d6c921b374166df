/** Between the trader and the desk. */
import type { Decimal } from '../../domain/decimal.ts';
import type { PlainUserError } from '../../domain/exit.ts';
import type { StrategyLimits } from '../../domain/limits.ts';
import type { Session } from '../../domain/market.ts';
import type { Account, Fill, JsonObject, Order, Position, RiskState } from '../../domain/order.ts';
import type { PortfolioFunds } from '../../models/portfolios.ts';
import type { ThreadMeasurements } from '../../observability/vitals.ts';
import type { Handover } from './orders.ts';
import type { Unit } from './units.ts';

/** What the desk must know of a strategy instance. */
export interface InstanceRules {
  readonly instanceId: string;
  /** Flat before the close by the plan's lead. */
  readonly isIntraday: boolean;
  readonly runs: readonly { readonly consumer: string; readonly algoRunId: string }[];
  /** Those that the plan names for it; scanners may find others. */
  readonly symbols?: readonly string[];
  /** Whose cash it trades with; missing = nobody's. It stays the same until the next start. */
  readonly portfolioId?: string;
  /** Limits of its own. */
  readonly risk?: StrategyLimits;
}

/** A portfolio's cash as the desk knows it, in the account's currency. */
export interface PortfolioCash {
  readonly portfolioId: string;
  readonly cash: Decimal;
  readonly credit: Decimal;
  /**
   * What open orders may still cost, and what secures short positions: their proceeds, which are not the portfolio's to
   * spend, and as much again.
   */
  readonly reserved: Decimal;
}

export type DeskCommand =
  | {
      readonly type: 'attach';
      readonly consumer: string;
      readonly port: import('node:worker_threads').MessagePort;
    }
  | { readonly type: 'detach'; readonly consumer: string }
  /** As a consumer tells it by its orders port: for one that died on the way. */
  | { readonly type: 'handover'; readonly handover: Handover }
  /** Replaces the port from a producer, or to a database thread, that was started again. */
  | { readonly type: 'market'; readonly port: import('node:worker_threads').MessagePort }
  | { readonly type: 'database'; readonly port: import('node:worker_threads').MessagePort }
  | { readonly type: 'session'; readonly session: Session }
  /** Strategy instances of a plan that was read again; those that it no longer has are known further. */
  | {
      readonly type: 'instances';
      readonly instances: readonly InstanceRules[];
      /** Of portfolios that instances trade for, and nobody did before. */
      readonly portfolios: readonly PortfolioFunds[];
    }
  /** Ask for the state of units, to hand them to a (restarted) consumer. */
  | { readonly type: 'units'; readonly requestId: number; readonly units: readonly Unit[] }
  /** Compare the broker's books with ours, though nothing here asks for it. */
  | { readonly type: 'reconcile'; readonly reason: string }
  | { readonly type: 'halt'; readonly reason: string }
  | { readonly type: 'resume' }
  | { readonly type: 'liquidate'; readonly reason: string; readonly instanceIds: readonly string[] | null }
  | { readonly type: 'status'; readonly requestId: number }
  /** No new risk; cancel what is open; write everything down; answer `stopped`. */
  | { readonly type: 'stop'; readonly reason: string };

export interface DeskStatus {
  readonly riskState: RiskState;
  readonly riskReason: string | null;
  readonly brokerConnected: boolean;
  readonly reconciled: boolean;
  readonly account: Account | null;
  readonly positions: readonly (Position & {
    readonly marketPrice: number | null;
    readonly unrealizedPnl: number | null;
  })[];
  readonly openOrders: readonly Order[];
  readonly recentFills: readonly Fill[];
  readonly portfolios: readonly PortfolioCash[];
  readonly ordersSubmitted: number;
  readonly denials: number;
  readonly rowsWaiting: number;
  readonly measurements?: ThreadMeasurements;
}

export interface UnitState extends Unit {
  readonly orderSequence: number;
  readonly positions: readonly Position[];
  readonly openOrders: readonly Order[];
}

export type Severity = 'info' | 'warning' | 'critical';

export type DeskReport =
  | { readonly type: 'ready'; readonly account: Account }
  | { readonly type: 'units'; readonly requestId: number; readonly units: readonly UnitState[] }
  | { readonly type: 'status'; readonly requestId: number; readonly status: DeskStatus }
  | {
      readonly type: 'alert';
      readonly severity: Severity;
      readonly code: string;
      readonly message: string;
      readonly fields: JsonObject;
    }
  | { readonly type: 'failed'; readonly error: PlainUserError }
  | { readonly type: 'stopped'; readonly openOrders: number; readonly rowsWaiting: number };
