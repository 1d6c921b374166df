/**
 * What crosses the border between the host and a strategy's realm.
 *
 * The realm is a JavaScript context of its own. The guest is the part of us that runs inside it, in one script with
 * the strategy. Whatever an author can touch was made inside the realm: a host object that leaked would lead, by its
 * `constructor.constructor`, to the host's own `Function`. So only numbers, strings and JSON text are handed to
 * strategies; the host's columns, builders and functions are kept in variables of the guest's modules.
 */
import type { RiskState } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';

/** Columns of the batch that is being read: a `Batch` of the tape has this shape. Never shown to a strategy. */
export interface Columns {
  readonly baseMicros: EpochMicros;
  readonly timeNs: Float64Array;
  readonly receivedNs: Float64Array;
  readonly n0: Float64Array;
  readonly n1: Float64Array;
  readonly n2: Float64Array;
  readonly n3: Float64Array;
  readonly flags: Uint8Array;
  readonly code0: Uint8Array;
  readonly tape: Uint8Array;
  /** Up to four ASCII characters a row, the first in the lowest byte. */
  readonly conditions: Uint32Array;
  readonly heapOffset: Uint32Array;
  readonly heapNumbers: Float64Array | null;
  heapFloat(row: number, index: number): number;
}

/** The bar under way. Its time is NaN when there is none. */
export interface FormingBar {
  readonly timeMicros: EpochMicros;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly notional: number;
  readonly tradeCount: number;
  readonly incomplete: boolean;
}

/** What the host knows of a symbol's market. The guest reads it in place; it is never shown to a strategy. */
export interface SymbolMarketState {
  readonly symbol: string;
  readonly lastPrice: number;
  readonly bidPrice: number;
  readonly bidSize: number;
  readonly askPrice: number;
  readonly askSize: number;
  /** NaN before the first quote. */
  readonly quoteMicros: EpochMicros;
  readonly forming: FormingBar;
}

export type OrderSide = 'buy' | 'sell';

/** Price fields that an author may leave out are `undefined` then. Nothing has been checked yet. */
export interface OrderFields {
  readonly symbol: unknown;
  readonly quantity: unknown;
  readonly notional?: unknown;
  readonly limitPrice: unknown;
  readonly stopPrice: unknown;
  readonly trailPrice?: unknown;
  readonly trailPercent?: unknown;
  readonly timeInForce: unknown;
  readonly orderClass?: unknown;
  /** Null where an exit was asked for without its price. */
  readonly takeProfitLimitPrice?: unknown;
  readonly stopLossStopPrice?: unknown;
  readonly stopLossLimitPrice?: unknown;
  readonly targetPrice: unknown;
  readonly stopLossPrice: unknown;
  readonly reason: unknown;
  /** JSON text of the indicators, or null when they are not JSON. */
  readonly indicators: string | null;
}

/** What is to be different of an order, unchecked; what an author leaves out is `undefined`. */
export type ChangeFields = Partial<Readonly<Record<ChangeName, unknown>>> & { readonly reason: unknown };
export type ChangeName = 'quantity' | 'limitPrice' | 'stopPrice' | 'trailPrice' | 'trailPercent';

/** Where a host stands in its inbox. The guest moves it on while it goes through rows: see {@link Guest.barRows}. */
export interface InboxPlace {
  nowMicros: EpochMicros;
  /** Counts what came out of the inbox. */
  sequence: number;
  /** What a handler has said is seen to before the next row is shown. */
  isPaused: boolean;
}

/** The host's side, called by the guest. Units are numbers given by the host. */
export interface HostBridge {
  readonly clock: InboxPlace;
  /** Uniform in [0, 1). Unit -1 is the module itself, while it is being loaded. */
  random(unit: number): number;
  isWindowOpen(unit: number): boolean;
  /** Answers the client order id. */
  order(unit: number, side: OrderSide, fields: OrderFields): string;
  /** JSON of a symbol's open orders as they are now. */
  openOrders(unit: number, place: number): string;
  cancel(unit: number, clientOrderId: string, reason: string): void;
  /** Answers the client order id of the order that is to take the other's place. */
  replace(unit: number, clientOrderId: string, fields: ChangeFields): string;
  flatten(unit: number, symbol: string, reason: string): void;
  reject(unit: number, symbol: string, reason: string): void;
  setTimer(unit: number, name: string, atMicros: EpochMicros): void;
  cancelTimer(unit: number, name: string): void;
  log(unit: number, level: string, message: string, fieldsJson: string): void;
  plot(unit: number, symbol: string, series: string, value: number): void;
}

/** What the strategy's definition says of itself. */
export interface GuestDescription {
  readonly name: string;
  readonly description: string;
  readonly scope: 'symbol' | 'universe';
  readonly channels: readonly ('trades' | 'quotes' | 'bars')[];
  readonly handlers: readonly string[];
}

export interface GuestViolation {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly found: string;
}

export type GuestParameters =
  | {
      readonly ok: true;
      readonly value: unknown;
      readonly warmUp: { readonly minuteBars: number; readonly dailyBars: number };
    }
  | { readonly ok: false; readonly violations: readonly GuestViolation[] };

/** Why a handler failed. */
export interface GuestFault {
  readonly handler: string;
  readonly message: string;
  readonly stack: string;
}

/** Nothing happened but what was wished. */
export const CALL_DONE = 0;
/** The handler failed: {@link Guest.fault} says why. */
export const CALL_FAILED = 1;
export type CallResult = typeof CALL_DONE | typeof CALL_FAILED;

/** Which series a bar belongs to. */
export const SERIES_MINUTE = 0;
export const SERIES_DAILY = 1;
export type SeriesKind = typeof SERIES_MINUTE | typeof SERIES_DAILY;

/** The guest's side, called by the host. JSON goes in and out as text. */
export interface Guest {
  /** JSON of {@link GuestDescription}; throws when the file's default export is no strategy. */
  readonly describe: () => string;
  /** JSON of {@link GuestParameters}. The last parameters that passed are those of the units. */
  checkParameters(parametersJson: string): string;
  /** JSON of the last failure's {@link GuestFault}. */
  fault(): string;

  addUnit(unit: number, symbol: string): void;
  /** Gives the unit its state: a saved one, or a fresh one for null. */
  setState(unit: number, stateJson: string | null): CallResult;
  removeUnit(unit: number): void;
  /** `place` numbers the unit's symbols from 0. */
  addSymbol(unit: number, place: number, market: SymbolMarketState, barsMax: number): void;
  removeSymbol(unit: number, place: number): void;
  setPosition(unit: number, place: number, quantity: number, averagePrice: number, realizedPnl: number): void;
  /** The open orders are others than before: {@link HostBridge.openOrders} is asked when a strategy looks. */
  changeOpenOrders(unit: number, place: number): void;
  setSession(date: string, openMicros: EpochMicros, closeMicros: EpochMicros): void;
  setAccount(equity: number, cash: number, buyingPower: number, riskState: RiskState): void;
  /** JSON text of the unit's state; fails when it is not plain data. */
  saveState(unit: number): string | null;

  read(columns: Columns): void;
  /** Brings what the next rows need of so many units into the cache: states, and the texts of their symbols. */
  touch(units: Int32Array, places: Int32Array, count: number): void;
  /** Puts a bar into a series: appended, replacing the one of the same time, or inserted. */
  putBar(unit: number, place: number, kind: SeriesKind, bar: FormingBar & { readonly vwap: number }): void;
  putBarRow(unit: number, place: number, row: number): void;
  /** JSON of a series' bars, oldest first, for {@link putBars} of another guest. */
  bars(unit: number, place: number, kind: SeriesKind): string;
  putBars(unit: number, place: number, kind: SeriesKind, barsJson: string): void;

  start(unit: number): CallResult;
  readonly trade: (unit: number, place: number, row: number) => CallResult;
  readonly quote: (unit: number, place: number, row: number) => CallResult;
  /** The bar is the newest of the symbol's minute series. */
  readonly bar: (unit: number, place: number) => CallResult;
  /** {@link putBarRow} and {@link bar} in one: a call over the border takes 10 ns of a bar's 150. */
  readonly barRow: (unit: number, place: number, row: number) => CallResult;
  /**
   * {@link barRow} for bars of one symbol that follow each other, each of a moment of its own: the guest moves the
   * host's inbox on, and notes each close where the host keeps the last price. A row by itself takes 40 ns more, for
   * the border and what the host does at each. Stops behind a row whose handler has paused the inbox. Answers the row
   * to go on with; where a handler failed, the failed row with its bits inverted.
   */
  readonly barRows: (
    unit: number,
    place: number,
    rows: { readonly from: number; readonly to: number },
    lastPrice: { readonly figures: Float64Array; readonly at: number },
  ) => number;
  fill(unit: number, place: number, fillJson: string): CallResult;
  order(unit: number, place: number, updateJson: string): CallResult;
  denial(unit: number, place: number, denialJson: string): CallResult;
  gap(unit: number, place: number, gapJson: string): CallResult;
  timer(unit: number, name: string): CallResult;
}
