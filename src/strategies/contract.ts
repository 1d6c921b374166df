/**
 * What a strategy is and what it is given.
 *
 * A strategy is a plain definition with synchronous handlers. It sees the market through its context, answers with
 * intents, and cannot tell whether it runs live, on paper, in a backtest or in a replay. It reaches no broker, no
 * table, no network, and no clock but the context's.
 *
 * Numbers here are floating-point, for calculating. What becomes an order is converted to exact amounts at the
 * border: quantities to nine decimals, prices to the symbol's tick.
 */
import type { ZodType } from 'zod';
import type {
  DenialReason,
  JsonObject,
  OrderClass,
  OrderStatus,
  OrderType,
  RiskState,
  Side,
  TimeInForce,
} from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';

/** `symbol`: one unit, one state and one set of handler calls per symbol. `universe`: one for all its symbols. */
export type StrategyScope = 'symbol' | 'universe';

export type Channel = 'trades' | 'quotes' | 'bars';

/** How much history must be there before the first handler is called. */
export interface WarmUp {
  readonly minuteBars?: number;
  readonly dailyBars?: number;
}

/**
 * A trade as a handler sees it: a view over the tape that is only valid during the call. Copy what you keep.
 * `movesLast` and `movesRange` say whether its sale conditions let it set the last price and a bar's high and low.
 */
export interface TradeView {
  readonly symbol: string;
  readonly timeMicros: EpochMicros;
  readonly price: number;
  readonly size: number;
  readonly exchange: string;
  readonly movesLast: boolean;
  readonly movesRange: boolean;
  readonly countsInVolume: boolean;
  /** Codes of the tape, such as `I` for an odd lot; empty where there were more than four. */
  readonly conditions: readonly string[];
}

/** A quote as a handler sees it: a view, only valid during the call. A side without a quote has price 0. */
export interface QuoteView {
  readonly symbol: string;
  readonly timeMicros: EpochMicros;
  readonly bidPrice: number;
  readonly bidSize: number;
  readonly askPrice: number;
  readonly askSize: number;
  /** Middle of bid and ask; NaN when a side is empty or the quote is crossed or locked. */
  readonly mid: number;
}

/** A quote in `onQuote`, with what its condition codes say. */
export interface QuoteUpdateView extends QuoteView {
  readonly conditions: readonly string[];
  /** False for a quote that nobody has to honour: not firm, of a closed market, in an auction. */
  readonly isEligible: boolean;
}

/** A bar; its time is the start of the bar. Bars are kept in series, so this one is a value and may be kept. */
export interface BarView {
  readonly symbol: string;
  readonly timeMicros: EpochMicros;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number;
  readonly tradeCount: number;
  /** True when trades were missed while it was built. */
  readonly incomplete: boolean;
}

/** Closed bars, oldest first. Its length is limited by the plan's `max_history_bars`. */
export interface BarSeries {
  readonly length: number;
  /** `at(-1)` is the newest; undefined outside. */
  at(index: number): BarView | undefined;
  /** One figure of the bar at `index`, without a bar being made for it; NaN outside. */
  value(index: number, name: 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap'): number;
  /** The newest `count` values of a column (fewer when there are fewer), oldest first, as a copy. */
  column(name: 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap', count?: number): Float64Array;
}

export interface PositionView {
  /** Signed: short is negative. */
  readonly quantity: number;
  readonly averagePrice: number;
  readonly realizedPnl: number;
  /** At the last price seen; 0 when flat or before the first price. */
  readonly unrealizedPnl: number;
}

/** The account, or the portfolio whose cash the strategy trades with, in the account's currency. */
export interface PortfolioView {
  readonly equity: number;
  readonly cash: number;
  readonly buyingPower: number;
  readonly riskState: RiskState;
}

export interface OpenOrderView {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly quantity: number;
  readonly filledQuantity: number;
  readonly limitPrice: number | null;
  readonly stopPrice: number | null;
  /** Of an exit the id of the order that it came with, else null. */
  readonly parentId: string | null;
  readonly status: OrderStatus;
  readonly createdAtMicros: EpochMicros;
}

export interface FillView {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: number;
  readonly price: number;
  readonly timeMicros: EpochMicros;
  /** True when this was the order's last share. */
  readonly isComplete: boolean;
}

export interface OrderUpdateView {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly status: OrderStatus;
  readonly filledQuantity: number;
  /** Why it ended, when it did not end by being filled. */
  readonly reason: string | null;
}

export interface DenialView {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly reason: DenialReason;
}

/** Events are missing between two moments. `count` is null when nobody knows how many. */
export interface GapView {
  readonly symbol: string;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  readonly count: number | null;
  readonly reason: 'disconnected' | 'overflow' | 'stale' | 'slow_client' | 'consumer_restarted';
}

export interface SessionView {
  readonly date: string;
  readonly openMicros: EpochMicros;
  readonly closeMicros: EpochMicros;
}

/** What an order needs beyond its side. Without `limitPrice` it is a market order. */
export interface OrderRequest {
  /** Only for `universe` strategies, which must name one; a `symbol` strategy orders its own. */
  readonly symbol?: string;
  /** Shares or coins; or else `notional`. */
  readonly quantity?: number;
  /**
   * How much money to spend or to raise, in the account's currency and whole cents: a market order, of fractions. How
   * many shares that is, its fills say.
   */
  readonly notional?: number;
  readonly limitPrice?: number;
  /** With it the order is a stop (or, with `limitPrice`, a stop-limit) order. */
  readonly stopPrice?: number;
  /** With one of these it is a trailing stop: the broker's stop follows the best price at this distance. */
  readonly trailPrice?: number;
  /** The distance in percent of the best price: 1.5 is 1.5 %. */
  readonly trailPercent?: number;
  readonly timeInForce?: TimeInForce;
  /**
   * Exits that the broker keeps for you: they wait for the order's last share, and when one is filled the other is
   * canceled. With both the order is a bracket, with one it triggers the other. They are orders of their own, with the
   * order's id and `.take_profit` or `.stop_loss` behind it.
   */
  readonly takeProfit?: { readonly limitPrice: number };
  /** With `limitPrice` a stop-limit, else a stop order. */
  readonly stopLoss?: { readonly stopPrice: number; readonly limitPrice?: number };
  /** `oco`: the two exits are of what is held already, and the order is the take-profit. Otherwise left out. */
  readonly orderClass?: OrderClass;
  /** Where you mean to take profit; recorded with the fills. */
  readonly targetPrice?: number;
  /** Where you mean to give up; recorded with the fills. */
  readonly stopLossPrice?: number;
  /** Why, in words; recorded with the order. */
  readonly reason: string;
  /** The figures that decided; recorded with every fill of the order. NaN and infinities are recorded as null. */
  readonly indicators?: JsonObject;
}

/** What is to be different of an open order; what is left out stays as it is. */
export interface ReplaceRequest {
  /** All of it, what has been filled by now included. */
  readonly quantity?: number;
  readonly limitPrice?: number;
  readonly stopPrice?: number;
  readonly trailPrice?: number;
  readonly trailPercent?: number;
  /** Why, in words; recorded with the order. */
  readonly reason: string;
}

/** Everything of one symbol that a strategy can look at. */
export interface SymbolView {
  readonly symbol: string;
  readonly minuteBars: BarSeries;
  readonly dailyBars: BarSeries;
  /** The minute under way, built from the trades seen so far; undefined before its first trade. */
  readonly formingBar: BarView | undefined;
  /** Last price by eligible trades, or the close of a minute since which none came; NaN before the first. */
  readonly lastPrice: number;
  /** The latest quote; a value that may be kept. Undefined before the first. */
  readonly quote: QuoteView | undefined;
  readonly position: PositionView;
  readonly openOrders: readonly OpenOrderView[];
}

export interface StrategyContext<Parameters, State> extends SymbolView {
  /** `symbol` scope: the unit's symbol. `universe` scope: the symbol of the event being handled, or ''. */
  readonly symbol: string;
  readonly parameters: Parameters;
  /** Yours: plain JSON-like data, kept across restarts. Change it in place or assign `context.state = ...`. */
  state: State;
  readonly nowMicros: EpochMicros;
  readonly session: SessionView;
  /** Minutes since the session's regular open; negative before it. */
  readonly minutesSinceOpen: number;
  /** Whether one of the plan's windows is open. Outside them the framework denies orders that add risk. */
  readonly isWindowOpen: boolean;
  readonly portfolio: PortfolioView;
  /** `universe` scope: all symbols; `symbol` scope: the one. */
  readonly symbols: readonly string[];
  /** Another symbol of a `universe` strategy. Undefined when it is not one of {@link symbols}. */
  view(symbol: string): SymbolView | undefined;
  /** Uniform in [0, 1), seeded by batch and instance, so that a replay draws the same. */
  random(): number;

  /** Proposes to buy; answers the client order id. What becomes of it comes by `onFill`, `onOrder`, `onDenial`. */
  buy(request: OrderRequest): string;
  sell(request: OrderRequest): string;
  cancel(clientOrderId: string, reason: string): void;
  /**
   * Asks for another order in the place of an open one; answers its client order id. Until the broker has decided both
   * are open, and only one of them will be filled. A replacement that is denied or refused leaves the old order as it was.
   */
  replace(clientOrderId: string, request: ReplaceRequest): string;
  /** Cancels the open orders of the symbol and closes its position at the market. Always allowed. */
  flatten(reason: string, symbol?: string): void;
  /** Never calls this strategy for the symbol again today. An open position is flattened first. */
  reject(reason: string, symbol?: string): void;

  /** Calls `onTimer(name)` at that moment of the context's time. Setting the same name again moves it. */
  setTimer(name: string, atMicros: EpochMicros): void;
  cancelTimer(name: string): void;
  log(level: 'debug' | 'info' | 'warn', message: string, fields?: JsonObject): void;
  /**
   * A point of a series of yours, at the context's time: reports draw it with the symbol's price. Of each minute and
   * series the first counts; what is no finite number is left out. A unit has at most 16 series of a symbol.
   */
  plot(series: string, value: number, symbol?: string): void;
}

export interface StrategyDefinition<Parameters, State> {
  /** Lower-case words joined by hyphens; stands in tables and logs. */
  readonly name: string;
  /** One sentence for lists and help. */
  readonly description: string;
  readonly scope: StrategyScope;
  /** Checks the plan's `parameters:`; unknown keys should be refused (`z.strictObject`). */
  readonly parameters: ZodType<Parameters>;
  /** Which streams it needs. Bars are built from trades where the feed has none. */
  readonly channels: readonly Channel[];
  warmUp?(parameters: Parameters): WarmUp;
  /** The state of a new unit. Must be plain data that survives JSON. */
  initialState(parameters: Parameters): State;
  /** After the warm-up history is there, and again after a restart with the restored state. */
  onStart?(context: StrategyContext<Parameters, State>): void;
  onTrade?(context: StrategyContext<Parameters, State>, trade: TradeView): void;
  onQuote?(context: StrategyContext<Parameters, State>, quote: QuoteUpdateView): void;
  /** A closed minute; `context.minuteBars.at(-1)` is the same bar. */
  onBar?(context: StrategyContext<Parameters, State>, bar: BarView): void;
  onFill?(context: StrategyContext<Parameters, State>, fill: FillView): void;
  onOrder?(context: StrategyContext<Parameters, State>, update: OrderUpdateView): void;
  onDenial?(context: StrategyContext<Parameters, State>, denial: DenialView): void;
  onGap?(context: StrategyContext<Parameters, State>, gap: GapView): void;
  onTimer?(context: StrategyContext<Parameters, State>, name: string): void;
}

/** Declares a strategy; the default export of a strategy's file. Only types: it answers what it was given. */
export function defineStrategy<Parameters, State>(
  definition: StrategyDefinition<Parameters, State>,
): StrategyDefinition<Parameters, State> {
  return definition;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of strategies mixes parameters and states of any type.
export type AnyStrategy = StrategyDefinition<any, any>;
