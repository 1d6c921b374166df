/** A market for strategies under test: the real strategy host, fed with prices; orders are filled at the last one. */
import { expect } from 'vitest';
import { decimal, numberFromDecimal } from '../../src/domain/decimal.ts';
import type { Bar, Session } from '../../src/domain/market.ts';
import type { DenialReason, JsonObject, OrderIntent } from '../../src/domain/order.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import type { StrategyBundle } from '../../src/strategies/bundle.ts';
import { describeStrategy } from '../../src/strategies/registry.ts';
import {
  ACCOUNT,
  assignment,
  filled,
  hostConfig,
  instance,
  MINUTE,
  positionOf,
  Recorder,
  SECOND,
  tradesBatch,
} from '../engine/inbox.ts';

export interface Tick {
  readonly symbol: string;
  readonly atMicros: number;
  readonly price: number;
  readonly size?: number;
}

export interface History {
  readonly minuteBars?: readonly Bar[];
  readonly dailyBars?: readonly Bar[];
}

export interface MarketOptions {
  readonly bundle: StrategyBundle;
  readonly parameters?: JsonObject;
  readonly symbols: readonly string[];
  readonly session: Session;
  /** When the strategy is started; default the session's open. */
  readonly startMicros?: number;
  readonly history: (symbol: string) => History;
  readonly equity?: string;
  /** Why the desk refuses an order; by default it refuses none. */
  readonly refuse?: (order: OrderIntent) => DenialReason | undefined;
}

export class TestMarket {
  readonly #host: StrategyHost;
  readonly #output = new Recorder();
  readonly #options: MarketOptions;
  readonly #held = new Map<string, number>();
  readonly #last = new Map<string, number>();
  #told = 0;
  #answered = 0;

  constructor(options: MarketOptions) {
    this.#options = options;
    const { bundle, parameters = {}, symbols, session, equity = '100000' } = options;
    const { startMicros = session.openMicros } = options;
    const isIntraday = false;
    this.#host = new StrategyHost(
      hostConfig([instance(bundle, { parameters, isIntraday })], { session }),
      this.#output,
    );
    const account = { ...ACCOUNT, equity: decimal(equity) };
    this.#host.handleCommand({ type: 'account', account, riskState: 'active' }, startMicros);
    const units =
      describeStrategy(bundle).scope === 'universe'
        ? [assignment(bundle.name, '*', { symbols })]
        : symbols.map((symbol) => assignment(bundle.name, symbol));
    this.#host.handleCommand({ type: 'assign', units }, startMicros);
    this.#answerHistory(startMicros);
  }

  /** Orders that were proposed, refused ones included. */
  get orders(): readonly OrderIntent[] {
    return this.#output.orders;
  }

  /** Quantity held of a symbol. */
  held(symbol: string): number {
    return this.#held.get(symbol) ?? 0;
  }

  get holdings(): ReadonlyMap<string, number> {
    return new Map([...this.#held].filter(([, quantity]) => quantity !== 0));
  }

  get messages(): readonly string[] {
    return this.#output.said;
  }

  /** Prices, oldest first; each is answered before the next is shown. */
  play(ticks: readonly Tick[]): void {
    for (const tick of ticks) {
      this.#last.set(tick.symbol, tick.price);
      this.#host.handleBatch(tradesBatch([tick]), tick.atMicros);
      this.#settle(tick.atMicros);
    }
    expect(this.#output.of('fault')).toEqual([]);
  }

  /** Bars as four prices each: open, low, high, close; those of one minute side by side. */
  playBars(bars: readonly Bar[]): void {
    const ticks = bars.flatMap(({ symbol, timeMicros, open, high, low, close, volume }) =>
      [open, low, high, close].map((price, part) => ({
        symbol,
        atMicros: timeMicros + part * 15 * SECOND,
        price,
        size: Math.max(1, Math.round(volume / 4)),
      })),
    );
    this.play(ticks.sort((a, b) => a.atMicros - b.atMicros));
  }

  startSession(session: Session): void {
    this.#host.handleCommand({ type: 'session', session }, session.openMicros);
    this.#answerHistory(session.openMicros);
  }

  /** Time passes without a trade: minutes close. */
  advanceTo(atMicros: number): void {
    this.#host.advanceTo(atMicros);
    this.#settle(atMicros);
  }

  /** Somebody else closes what is held, and the desk tells of it. */
  closeFromOutside(symbol: string, atMicros: number): void {
    this.#held.set(symbol, 0);
    const order = this.orders.find((known) => known.symbol === symbol)!;
    this.#host.handleDesk([{ type: 'position', position: positionOf(order, '0') }], atMicros);
  }

  #answerHistory(nowMicros: number): void {
    const requests = this.#output.of('history_request');
    for (; this.#answered < requests.length; this.#answered += 1) {
      const { requestId, symbol, minuteBars, dailyBars, toMicros } = requests[this.#answered]!;
      const past = this.#options.history(symbol);
      const newest = (bars: readonly Bar[] = [], count: number) =>
        count === 0 ? [] : bars.filter(({ timeMicros }) => timeMicros < toMicros).slice(-count);
      const answer = {
        ok: true,
        minuteBars: newest(past.minuteBars, minuteBars),
        dailyBars: newest(past.dailyBars, dailyBars),
      } as const;
      this.#host.handleCommand({ type: 'history', requestId, symbol, answer }, nowMicros);
    }
  }

  #settle(atMicros: number): void {
    for (; this.#told < this.orders.length; this.#told += 1) {
      const order = this.orders[this.#told]!;
      const { clientOrderId, symbol } = order;
      const reason = this.#options.refuse?.(order);
      if (reason !== undefined) {
        const denial = { clientOrderId, instanceId: order.instanceId, symbol, reason };
        this.#host.handleDesk([{ type: 'denial', denial }], atMicros);
        continue;
      }
      const change = (order.side === 'buy' ? 1 : -1) * numberFromDecimal(order.quantity);
      const held = this.held(symbol) + change;
      this.#held.set(symbol, held);
      const price = this.#last.get(symbol);
      if (price === undefined) throw new Error(`an order for ${symbol}, which has no price yet`);
      this.#host.handleDesk([filled(order, String(held), String(price))], atMicros);
    }
  }
}

/** Regular sessions on the given dates, at 14:30 UTC for six and a half hours each. */
export function sessionOn(date: string): Session {
  const openMicros = Date.parse(`${date}T14:30:00Z`) * 1_000;
  return {
    date,
    openMicros,
    closeMicros: openMicros + 390 * MINUTE,
    extendedOpenMicros: openMicros - 330 * MINUTE,
    extendedCloseMicros: openMicros + 630 * MINUTE,
  };
}
