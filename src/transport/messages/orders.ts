/** Between consumers and the desk, on a port for each consumer: intents there, and what becomes of them back. */
import type { Decimal } from '../../domain/decimal.ts';
import type { Account, Denial, Fill, Intent, Order, Position, RiskState } from '../../domain/order.ts';
import type { Unit } from './units.ts';

/** What the desk tells a consumer, in the order in which it happened. */
export type DeskEvent =
  | { readonly type: 'order'; readonly order: Order }
  | { readonly type: 'fill'; readonly fill: Fill; readonly order: Order; readonly position: Position }
  | { readonly type: 'denial'; readonly denial: Denial }
  | { readonly type: 'position'; readonly position: Position }
  | {
      readonly type: 'account';
      readonly account: Account;
      readonly riskState: RiskState;
      /** What those see of the account that trade with a portfolio's cash. Left out where there are none. */
      readonly portfolios?: readonly PortfolioShare[];
    }
  /** Told to both: events of the unit went to `from` before this one, and go to `to` after it. */
  | ({ readonly type: 'handover' } & Handover);

/** In the account's currency. */
export interface PortfolioShare {
  readonly instanceIds: readonly string[];
  /** Its cash, and what its strategies hold, at the market. */
  readonly equity: Decimal;
  readonly cash: Decimal;
  /** Cash and credit, less what is reserved; never below zero. */
  readonly buyingPower: Decimal;
}

/** From now on the orders of a unit are those of another consumer. */
export interface Handover {
  readonly moveId: number;
  readonly unit: Unit;
  readonly from: string;
  readonly to: string;
}

/** Intents, or word that a unit has left: in the order in which they happened at the consumer. */
export type IntentMessage = readonly Intent[] | Handover;
export type DeskMessage = readonly DeskEvent[];
