/** A unit's context: what its handlers are given. Questions are answered here, proposals handed to the host. */
import type { JsonObject } from '../../domain/order.ts';
import type {
  BarSeries,
  BarView,
  OpenOrderView,
  OrderRequest,
  PortfolioView,
  PositionView,
  QuoteView,
  ReplaceRequest,
  SessionView,
  StrategyContext,
  SymbolView,
} from '../contract.ts';
import type { HostBridge, OrderFields, OrderSide } from './bridge.ts';
import type { GuestSymbol } from './symbol.ts';

const stringify = JSON.stringify;
const NO_SESSION: SessionView = Object.freeze({ date: '', openMicros: Number.NaN, closeMicros: Number.NaN });
const NO_PORTFOLIO: PortfolioView = Object.freeze({
  equity: Number.NaN,
  cash: Number.NaN,
  buyingPower: Number.NaN,
  riskState: 'active',
});

/** What all units of a realm share. */
export const shared: { session: SessionView; portfolio: PortfolioView; parameters: unknown } = {
  session: NO_SESSION,
  portfolio: NO_PORTFOLIO,
  parameters: {},
};

let bridge: HostBridge;

export function connectContexts(host: HostBridge): void {
  bridge = host;
}

/**
 * Calls the host. An error of the host's own must not reach the strategy's `catch` as it is, because it would lead
 * back to the host's functions: only its text does.
 */
function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const text = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
    throw new Error(String(text));
  }
}

export class GuestContext implements StrategyContext<unknown, unknown> {
  state: unknown = undefined;
  readonly #unit: number;
  readonly #isUniverse: boolean;
  readonly #symbols = new Map<string, GuestSymbol>();
  /** By their places; a place is not given again. */
  readonly #places: (GuestSymbol | undefined)[] = [];
  /** Where the symbol being handled stands; -1: none is. */
  #place = -1;

  constructor(unit: number, symbol: string) {
    this.#unit = unit;
    this.#isUniverse = symbol === '*';
  }

  get parameters(): unknown {
    return shared.parameters;
  }

  get session(): SessionView {
    return shared.session;
  }

  get portfolio(): PortfolioView {
    return shared.portfolio;
  }

  get nowMicros(): number {
    return bridge.clock.nowMicros;
  }

  get minutesSinceOpen(): number {
    return (bridge.clock.nowMicros - shared.session.openMicros) / 60_000_000;
  }

  get isWindowOpen(): boolean {
    return guarded(() => bridge.isWindowOpen(this.#unit));
  }

  get symbols(): readonly string[] {
    return [...this.#symbols.keys()];
  }

  get symbol(): string {
    return this.#places[this.#place]?.symbol ?? '';
  }

  get minuteBars(): BarSeries {
    return this.#here().minuteBars;
  }

  get dailyBars(): BarSeries {
    return this.#here().dailyBars;
  }

  get formingBar(): BarView | undefined {
    return this.#here().formingBar;
  }

  get lastPrice(): number {
    return this.#here().lastPrice;
  }

  get quote(): QuoteView | undefined {
    return this.#here().quote;
  }

  get position(): PositionView {
    return this.#here().position;
  }

  get openOrders(): readonly OpenOrderView[] {
    return this.#here().openOrders;
  }

  view(symbol: string): SymbolView | undefined {
    return this.#symbols.get(symbol);
  }

  random(): number {
    return guarded(() => bridge.random(this.#unit));
  }

  buy(request: OrderRequest): string {
    return this.#order('buy', request);
  }

  sell(request: OrderRequest): string {
    return this.#order('sell', request);
  }

  cancel(clientOrderId: string, reason: string): void {
    guarded(() => bridge.cancel(this.#unit, String(clientOrderId), String(reason)));
  }

  replace(clientOrderId: string, request: ReplaceRequest): string {
    if (typeof request !== 'object' || request === null) {
      throw new TypeError("replace needs what is to be different, such as {limitPrice: 99, reason: '...'}");
    }
    const { quantity, limitPrice, stopPrice, trailPrice, trailPercent, reason } = request;
    const fields = { quantity, limitPrice, stopPrice, trailPrice, trailPercent, reason };
    return guarded(() => bridge.replace(this.#unit, String(clientOrderId), fields));
  }

  flatten(reason: string, symbol: string = this.symbol): void {
    guarded(() => bridge.flatten(this.#unit, String(symbol), String(reason)));
  }

  reject(reason: string, symbol: string = this.symbol): void {
    guarded(() => bridge.reject(this.#unit, String(symbol), String(reason)));
  }

  setTimer(name: string, atMicros: number): void {
    guarded(() => bridge.setTimer(this.#unit, String(name), Number(atMicros)));
  }

  cancelTimer(name: string): void {
    guarded(() => bridge.cancelTimer(this.#unit, String(name)));
  }

  log(level: 'debug' | 'info' | 'warn', message: string, fields: JsonObject = {}): void {
    const text = textOf(fields) ?? '{}';
    guarded(() => bridge.log(this.#unit, String(level), String(message), text));
  }

  plot(series: string, value: number, symbol: string = this.symbol): void {
    guarded(() => bridge.plot(this.#unit, String(symbol), String(series), Number(value)));
  }

  #here(): GuestSymbol {
    const current = this.#places[this.#place];
    if (current === undefined) {
      throw new Error(
        'no symbol is being handled: a universe strategy looks at one with context.view(symbol)',
      );
    }
    return current;
  }

  #order(side: OrderSide, request: OrderRequest): string {
    if (typeof request !== 'object' || request === null) {
      throw new TypeError(`${side} needs an order such as {quantity: 10, reason: '...'}`);
    }
    const { takeProfit, stopLoss } = request;
    const fields: OrderFields = {
      symbol: request.symbol ?? this.symbol,
      quantity: request.quantity,
      notional: request.notional,
      limitPrice: request.limitPrice,
      stopPrice: request.stopPrice,
      trailPrice: request.trailPrice,
      trailPercent: request.trailPercent,
      timeInForce: request.timeInForce,
      orderClass: request.orderClass,
      takeProfitLimitPrice: takeProfit === undefined ? undefined : (takeProfit?.limitPrice ?? null),
      stopLossStopPrice: stopLoss === undefined ? undefined : (stopLoss?.stopPrice ?? null),
      stopLossLimitPrice: stopLoss?.limitPrice,
      targetPrice: request.targetPrice,
      stopLossPrice: request.stopLossPrice,
      reason: request.reason,
      indicators: request.indicators === undefined ? '{}' : textOf(request.indicators),
    };
    return guarded(() => bridge.order(this.#unit, side, fields));
  }

  /** For the guest alone: a universe's symbol changes from call to call, a symbol's unit keeps its one. */
  static enter(context: GuestContext, place: number): void {
    if (context.#isUniverse) context.#place = place;
  }

  static add(context: GuestContext, place: number, symbol: GuestSymbol): void {
    context.#symbols.set(symbol.symbol, symbol);
    context.#places[place] = symbol;
    if (!context.#isUniverse) context.#place = place;
  }

  static remove(context: GuestContext, place: number): void {
    const symbol = context.#places[place];
    if (symbol !== undefined) context.#symbols.delete(symbol.symbol);
    context.#places[place] = undefined;
  }

  static at(context: GuestContext, place: number): GuestSymbol {
    return context.#places[place]!;
  }
}

/** JSON text in which NaN and infinities are null; null for what is not plain data. */
function textOf(value: unknown): string | null {
  try {
    return (
      stringify(value, (_, entry: unknown) => (typeof entry === 'bigint' ? String(entry) : entry)) ?? null
    );
  } catch {
    return null;
  }
}
