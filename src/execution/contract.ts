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
import type { AssetClass, Instrument, MarketHours, Session, TradingStatus } from '../domain/market.ts';
import type { Account, Intent, JsonObject, Order } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { HoldingRow, NewTrade, OrderRow } from '../models/contract.ts';
import type { PortfolioFunds } from '../models/portfolios.ts';
import type { RiskPlan, UnknownHoldings } from '../tradeplan/plan.ts';
import type { DeskEvent, Handover, InstanceRules, Severity } from '../transport/messages.ts';

declare const approvedBrand: unique symbol;
/** An order that risk has let through. Only `execution/risk/risk.ts` makes one. */
export type ApprovedOrder = Order & { readonly [approvedBrand]: true };

/** How long the machine waits before it acts. Every delay in milliseconds. */
export interface DeskPolicy {
  /** First question for an order of unknown fate; each further one waits twice as long, up to the most. */
  readonly resolveDelayMs: number;
  readonly resolveDelayMaxMs: number;
  /** An order that the broker does not know this long after it was sent was not taken (Alpaca: 404 for 2 s). */
  readonly absentAfterMs: number;
  /** An order that was not taken is sent again under the same id up to this age; an older one is given up. */
  readonly resendAgeMaxMs: number;
  /** An order that was given up is asked for until this long after it was sent: its request may arrive late. */
  readonly lateArrivalMs: number;
  /** A cancel that has not ended an order after this long is asked for again, and alerted. */
  readonly cancelOverdueMs: number;
  /** How long a reducing order waits for cancels of the same position before it goes out with what is free. */
  readonly cancelWaitMs: number;
  /** Fills that the broker counts and that no execution has told of are asked for after this long; then later. */
  readonly missingFillsDelayMs: number;
  readonly missingFillsDelayMaxMs: number;
  /** Between tries to flatten a position. Doubles with every try, up to the most. */
  readonly flattenDelayMs: number;
  readonly flattenDelayMaxMs: number;
}

export const DEFAULT_DESK_POLICY: DeskPolicy = {
  resolveDelayMs: 250,
  resolveDelayMaxMs: 15_000,
  absentAfterMs: 5_000,
  resendAgeMaxMs: 30_000,
  lateArrivalMs: 60_000,
  cancelOverdueMs: 10_000,
  cancelWaitMs: 3_000,
  missingFillsDelayMs: 1_000,
  missingFillsDelayMaxMs: 60_000,
  flattenDelayMs: 1_000,
  flattenDelayMaxMs: 30_000,
};

export interface DeskMachineConfig {
  readonly batchId: string;
  readonly instances: readonly InstanceRules[];
  readonly risk: RiskPlan;
  readonly assetClass: AssetClass;
  readonly marketHours: MarketHours;
  readonly liquidateBeforeCloseMs: number | null;
  /** An order whose request was not answered after this long is of unknown fate. */
  readonly submitTimeoutMs: number;
  readonly session: Session | null;
  readonly policy: DeskPolicy;
  /** What becomes of positions and orders that nobody here has placed. Left alone unless it says otherwise. */
  readonly unknownHoldings?: UnknownHoldings;
  /** False where nobody reads journal, rows and log lines (a backtest without a log): then none are made. */
  readonly keepsRecords?: boolean;
  /** Ended orders, and executions, that stay known for late events; the oldest are forgotten first. */
  readonly rememberedMax?: number;
}

/** An order as the journal kept it, with what only the desk knows of it. */
export interface KeptOrder {
  readonly order: Order;
  readonly batchId: string;
  /** The highest cumulative quantity that the broker has told of. */
  readonly reportedFilled: import('../domain/decimal.ts').Decimal;
  readonly isCancelWanted: boolean;
}

/** The state of risk as the journal kept it. What the day has lost is valid in the session that it names. */
export interface KeptRisk {
  readonly sessionOpenMicros: EpochMicros;
  readonly startEquity: string | null;
  /** Realised P&L of all instances, less fees, when the session began. */
  readonly startRealized: string;
  readonly haltReason: string | null;
  readonly lossReason: string | null;
  /** Whatever the session: the account's highest equity, and how far it had fallen when that reached the limit. */
  readonly drawdown?: { readonly highest: string | null; readonly reached: string | null };
  readonly strategies?: readonly KeptStrategyRisk[];
  /** Instances that a person has liquidated, and in which words: they take no new risk. */
  readonly liquidated?: readonly { readonly instanceId: string; readonly reason: string }[];
}

/** A position that must become flat, or a part of one that must go, and why: whatever the session, and until it is. */
export interface KeptClosing {
  readonly instanceId: string;
  readonly symbol: string;
  readonly reason: string;
  /** Only a part of it must go: how much is left of that, signed as it is, and the order that is closing it. */
  readonly part?: { readonly left: string; readonly clientOrderId: string | null };
}

/** The state of one instance's loss limits. What it lost since the session began is valid in that session. */
export interface KeptStrategyRisk {
  readonly instanceId: string;
  readonly startRealized: string;
  readonly isLossReached: boolean;
  /** Its highest P&L since the ledger began. */
  readonly highest: string | null;
  readonly isDrawdownReached: boolean;
}

export type DeskInput =
  /** What the journal and the tables know, before anything else. */
  | {
      readonly type: 'restore';
      readonly orders: readonly KeptOrder[];
      readonly executionIds: readonly string[];
      readonly holdings: readonly HoldingRow[];
      readonly risk: KeptRisk | null;
      readonly closing?: readonly KeptClosing[];
      /** Every execution of before is booked in them. */
      readonly portfolios?: readonly PortfolioFunds[];
    }
  /** People have paid in or out, or changed a credit. */
  | { readonly type: 'funds'; readonly portfolios: readonly PortfolioFunds[] }
  /** Strategy instances of a plan that was read again: others stay as they are. */
  | {
      readonly type: 'instances';
      readonly instances: readonly InstanceRules[];
      /** Of portfolios that instances trade for, and nobody did before. */
      readonly portfolios: readonly PortfolioFunds[];
    }
  | { readonly type: 'instruments'; readonly instruments: readonly Instrument[] }
  | { readonly type: 'intents'; readonly consumer: string; readonly intents: readonly Intent[] }
  /** A unit has moved to another consumer. */
  | { readonly type: 'handover'; readonly handover: Handover }
  | { readonly type: 'submitted'; readonly clientOrderId: string; readonly outcome: SubmitOutcome }
  | { readonly type: 'cancel_answered'; readonly clientOrderId: string; readonly outcome: CancelOutcome }
  /** The broker's answer to a question for an order; null = it does not know it. */
  | { readonly type: 'resolved'; readonly clientOrderId: string; readonly order: BrokerOrder | null }
  /** The question could not be answered. */
  | { readonly type: 'resolve_failed'; readonly clientOrderId: string; readonly message: string }
  | { readonly type: 'trade_update'; readonly update: TradeUpdate }
  /** `atMicros`: when the producer received it. A side without a quote has price 0. */
  | {
      readonly type: 'quote';
      readonly symbol: string;
      readonly bidPrice: number;
      readonly askPrice: number;
      readonly atMicros: EpochMicros;
    }
  /** Only trades whose conditions let them set the last price. */
  | {
      readonly type: 'trade';
      readonly symbol: string;
      readonly price: number;
      readonly atMicros: EpochMicros;
    }
  | { readonly type: 'trading_status'; readonly symbol: string; readonly status: TradingStatus }
  | { readonly type: 'session'; readonly session: Session }
  /** `askedAtMicros`: when the question was put, so that orders sent later are not thought to be in the answer. */
  | { readonly type: 'account'; readonly account: Account; readonly askedAtMicros: EpochMicros }
  /** Everything the broker says at a start, after a reconnect and from time to time. */
  | {
      readonly type: 'reconcile';
      readonly positions: readonly BrokerPosition[];
      readonly openOrders: readonly BrokerOrder[];
      readonly executions: readonly Execution[];
      /** From when on they were asked for, by the broker's clock. */
      readonly executionsFromMicros?: EpochMicros;
      readonly askedAtMicros: EpochMicros;
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
  /** Ask for `order` in the place of `replaced`. Its outcome comes as `submitted`. */
  | { readonly type: 'replace'; readonly order: ApprovedOrder; readonly replaced: Order }
  /** Ask the broker what became of an order, at that moment: by its own id where one is given. */
  | {
      readonly type: 'resolve';
      readonly clientOrderId: string;
      readonly brokerOrderId: string | null;
      readonly atMicros: EpochMicros;
    }
  | { readonly type: 'tell'; readonly consumer: string; readonly event: DeskEvent }
  | { readonly type: 'tell_all'; readonly event: DeskEvent }
  | { readonly type: 'record_order'; readonly row: OrderRow }
  | { readonly type: 'record_trade'; readonly row: NewTrade }
  | { readonly type: 'refresh_account' }
  /** Ask for the broker's books: at once when the connection is new, else when the requests' budget allows. */
  | { readonly type: 'reconcile'; readonly reason: string; readonly isUrgent: boolean }
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

/** One line of the journal: what must not be forgotten when the process dies. */
export type JournalEntry =
  /** Heads every segment. Lines of another environment, or of another simulated batch, are not ours to restore. */
  | {
      readonly entry: 'batch';
      readonly atMicros: EpochMicros;
      readonly batchId: string;
      readonly environment: string;
    }
  | { readonly entry: 'order'; readonly atMicros: EpochMicros; readonly kept: KeptOrder }
  | {
      readonly entry: 'trade';
      readonly atMicros: EpochMicros;
      readonly instanceId: string;
      readonly row: NewTrade;
    }
  /** What an instance held when the segment began; trades after it are added. */
  | { readonly entry: 'holding'; readonly atMicros: EpochMicros; readonly row: HoldingRow }
  /** An execution that is part of the holdings, when it was booked, and of which order it is. */
  | {
      readonly entry: 'execution';
      readonly atMicros: EpochMicros;
      readonly executionId: string;
      readonly clientOrderId?: string;
    }
  | { readonly entry: 'risk'; readonly atMicros: EpochMicros; readonly kept: KeptRisk }
  /** All that is being closed at that moment. */
  | {
      readonly entry: 'closing';
      readonly atMicros: EpochMicros;
      readonly closing: readonly KeptClosing[];
    }
  /** The database has every row up to this line. */
  | { readonly entry: 'flushed'; readonly atMicros: EpochMicros; readonly throughLine: number };
