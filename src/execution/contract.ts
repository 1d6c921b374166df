/**
 * The desk's machine: a pure function over one ordered inbox. What comes in is listed in {@link DeskInput}, what must
 * be done about it in {@link DeskAction}; the desk thread, the backtester and a replay carry the actions out.
 */
import type {
  BrokerOrder,
  BrokerPosition,
  CancelOutcome,
  Execution,
  SubmitOutcome,
  TradeUpdate,
} from '../brokers/contract.ts';
import type { Session, TradingStatus } from '../domain/market.ts';
import type { Account, Intent, JsonObject, Order } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { HoldingRow, NewTrade, OrderRow } from '../models/contract.ts';
import type { DeskEvent, Severity } from '../transport/messages.ts';

declare const approvedBrand: unique symbol;
/** An order that risk has let through. Only `execution/risk.ts` makes one. */
export type ApprovedOrder = Order & { readonly [approvedBrand]: true };

export type DeskInput =
  | { readonly type: 'intents'; readonly consumer: string; readonly intents: readonly Intent[] }
  | { readonly type: 'submitted'; readonly clientOrderId: string; readonly outcome: SubmitOutcome }
  | { readonly type: 'cancel_answered'; readonly clientOrderId: string; readonly outcome: CancelOutcome }
  /** The broker's answer to a question for an order of unknown fate; null = it does not know it. */
  | { readonly type: 'resolved'; readonly clientOrderId: string; readonly order: BrokerOrder | null }
  | { readonly type: 'trade_update'; readonly update: TradeUpdate }
  | { readonly type: 'quote'; readonly symbol: string; readonly bidPrice: number; readonly askPrice: number }
  | { readonly type: 'trade'; readonly symbol: string; readonly price: number }
  | { readonly type: 'trading_status'; readonly symbol: string; readonly status: TradingStatus }
  | { readonly type: 'session'; readonly session: Session }
  | { readonly type: 'account'; readonly account: Account }
  /** Everything the broker says at a start or after a reconnect, against what our rows say. */
  | {
      readonly type: 'reconcile';
      readonly positions: readonly BrokerPosition[];
      readonly openOrders: readonly BrokerOrder[];
      readonly executions: readonly Execution[];
      readonly holdings: readonly HoldingRow[];
    }
  | { readonly type: 'broker_connection'; readonly connected: boolean; readonly detail: string }
  | {
      readonly type: 'command';
      readonly command: 'halt' | 'resume' | 'liquidate' | 'stop';
      readonly reason: string;
      readonly instanceIds: readonly string[] | null;
    }
  | { readonly type: 'tick' };

export type DeskAction =
  /** Must be durable before the actions after it are carried out. */
  | { readonly type: 'journal'; readonly entry: JournalEntry }
  | { readonly type: 'submit'; readonly order: ApprovedOrder }
  | { readonly type: 'cancel'; readonly order: Order }
  /** Ask the broker what became of an order, at that moment. */
  | { readonly type: 'resolve'; readonly clientOrderId: string; readonly atMicros: EpochMicros }
  | { readonly type: 'tell'; readonly consumer: string; readonly event: DeskEvent }
  | { readonly type: 'tell_all'; readonly event: DeskEvent }
  | { readonly type: 'record_order'; readonly row: OrderRow }
  | { readonly type: 'record_trade'; readonly row: NewTrade }
  | { readonly type: 'refresh_account' }
  | { readonly type: 'reconcile' }
  | {
      readonly type: 'alert';
      readonly severity: Severity;
      readonly code: string;
      readonly message: string;
      readonly fields: JsonObject;
    }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: JsonObject;
    };

/** One line of the journal: what must not be forgotten when the process dies. Amounts are text. */
export type JournalEntry =
  | {
      readonly entry: 'order';
      readonly atMicros: EpochMicros;
      readonly row: OrderRow;
      readonly instanceId: string;
      readonly consumer: string;
      readonly indicators: JsonObject;
      readonly targetPrice: string | null;
      readonly stopLossPrice: string | null;
    }
  | { readonly entry: 'trade'; readonly atMicros: EpochMicros; readonly row: NewTrade }
  | {
      readonly entry: 'risk';
      readonly atMicros: EpochMicros;
      readonly state: string;
      readonly reason: string;
    };
