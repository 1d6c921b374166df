/** What takes our orders. */
import type { Random } from '../clock/chance.ts';
import type { Clock } from '../clock/clock.ts';
import type { Decimal } from '../domain/decimal.ts';
import type { Instrument, Session } from '../domain/market.ts';
import type { Account, Order, OrderStatus, OrderType, Side } from '../domain/order.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { Log } from '../observability/log.ts';
import type { Batch } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';

/** What an adapter takes from its thread. */
export interface BrokerContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** An order as the broker describes it, in our words. */
export interface BrokerOrder {
  readonly brokerOrderId: string;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  /** Null for orders by notional. */
  readonly quantity: Decimal | null;
  readonly filledQuantity: Decimal;
  readonly averagePrice: Decimal | null;
  /** A status this version does not know is kept as `unknown` and its text in {@link rawStatus}. */
  readonly status: OrderStatus;
  readonly rawStatus: string;
  readonly type?: OrderType;
  /** Exits that came with it; missing where the broker does not tell of them. */
  readonly exits?: readonly BrokerOrder[] | undefined;
  /** The broker's id of the order that took its place, once it is replaced. */
  readonly replacedBy?: string | null;
  readonly createdAtMicros: EpochMicros;
  readonly updatedAtMicros: EpochMicros;
}

export interface BrokerPosition {
  readonly symbol: string;
  /** Signed. */
  readonly quantity: Decimal;
  readonly averagePrice: Decimal;
  readonly currentPrice: Decimal | null;
}

/** One execution, as told by the stream or by the account's activities: the same one has the same id in both. */
export interface Execution {
  readonly executionId: string;
  readonly brokerOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly fee: Decimal;
  readonly executedAtMicros: EpochMicros;
}

/** An execution that was told before does not stand any more. */
export interface Revision {
  readonly previousExecutionId: string;
  /** Its price and size, where the broker repeats them. */
  readonly revoked: { readonly price: Decimal; readonly quantity: Decimal } | null;
  /** What stands instead of it: null when it was busted, an execution under a new id when it was corrected. */
  readonly corrected: Execution | null;
}

/** One message of the trade-updates stream: the order as it stands now, and the execution if it was one. */
export interface TradeUpdate {
  /** The broker's own word: `new`, `fill`, `order_cancel_rejected` ... Unknown ones are passed on as they are. */
  readonly event: string;
  readonly order: BrokerOrder;
  readonly execution: Execution | null;
  /** Missing for all but busts and corrections. */
  readonly revision?: Revision;
  readonly atMicros: EpochMicros;
}

/**
 * What became of a request to place an order, or to put one in another's place. The three ways to fail ask for three answers: `not_sent` may be sent
 * again; `refused` must not be; `unknown` must be asked for by client order id first.
 */
export type SubmitOutcome =
  | { readonly type: 'accepted'; readonly order: BrokerOrder }
  | {
      readonly type: 'refused';
      readonly httpStatus: number;
      readonly vendorCode: number | null;
      readonly message: string;
      readonly retryAfterMs: number | null;
    }
  | { readonly type: 'not_sent'; readonly message: string }
  | { readonly type: 'unknown'; readonly message: string };

/** `requested` is not canceled: the stream says when it is. `not_open`: it had already ended, or is not known. */
export type CancelOutcome =
  | { readonly type: 'requested' }
  | { readonly type: 'not_open'; readonly message: string }
  | { readonly type: 'refused'; readonly httpStatus: number; readonly message: string }
  | { readonly type: 'not_sent'; readonly message: string }
  | { readonly type: 'unknown'; readonly message: string };

export type BrokerNotice =
  /** The trade-updates stream is (again) listening: what happened before must be asked for. */
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected'; readonly detail: string }
  | { readonly type: 'fatal'; readonly detail: string; readonly remedy: string };

export interface BrokerListener {
  onTradeUpdate(update: TradeUpdate): void;
  onNotice(notice: BrokerNotice): void;
}

export interface Broker {
  readonly name: string;
  /** Connects the trade-updates stream, which then reconnects by itself until closed. */
  open(listener: BrokerListener): void;
  account(): Promise<Outcome<Account>>;
  positions(): Promise<Outcome<readonly BrokerPosition[]>>;
  openOrders(): Promise<Outcome<readonly BrokerOrder[]>>;
  /** `not_found` failure when the broker does not know it (yet). */
  orderByClientOrderId(clientOrderId: string): Promise<Outcome<BrokerOrder>>;
  /** The same by the broker's own id. */
  orderByBrokerId(brokerOrderId: string): Promise<Outcome<BrokerOrder>>;
  /** Executions after the moment, oldest first. */
  executionsSince(moment: EpochMicros): Promise<Outcome<readonly Execution[]>>;
  instruments(): Promise<Outcome<readonly Instrument[]>>;
  sessions(fromDate: string, toDate: string): Promise<Outcome<readonly Session[]>>;
  /** The market's own time, to measure how far our clock is off. The answer is as old as its way here. */
  now?(): Promise<Outcome<EpochMicros>>;
  submit(order: Order): Promise<SubmitOutcome>;
  cancel(order: Order): Promise<CancelOutcome>;
  /**
   * Asks for another order in the place of an open one. `accepted` is not replaced: the old one may be filled first,
   * and the stream says which it was.
   * @param order as it stands.
   * @param replacement its quantity is what is left to fill when the old one is not filled any further.
   */
  replace(order: Order, replacement: Order): Promise<SubmitOutcome>;
  /** Brokers that fill orders themselves (`paper`) need the market; the others ignore it. */
  onMarket?(batch: Batch, symbols: SymbolTable): void;
  close(): Promise<void>;
}
