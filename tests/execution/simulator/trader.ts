/** Strategies that want something at every moment: orders of every kind, and cancels of what they have open. */
import { type Decimal, decimal, decimalFromNumber, ZERO } from '../../../src/domain/decimal.ts';
import {
  deriveClientOrderId,
  type Intent,
  type Order,
  type OrderExits,
  type OrderIntent,
  type OrderType,
  type TimeInForce,
} from '../../../src/domain/order.ts';
import type { Dice } from './dice.ts';
import { SYMBOLS } from './exchange.ts';
import { INSTANCES, type Life } from './life.ts';

const TYPES: readonly OrderType[] = ['market', 'market', 'market', 'limit', 'limit', 'stop', 'stop_limit'];
const TIMES_IN_FORCE: readonly TimeInForce[] = ['day', 'day', 'day', 'gtc', 'ioc', 'fok'];

export class Trader {
  readonly #dice: Dice;
  readonly #sequences = new Map<string, number>();
  /** Every order that was ever proposed, and how much of it. */
  readonly proposed = new Map<string, Decimal>();
  /** Of orders by amount how much money. */
  readonly amounts = new Map<string, Decimal>();
  /** Of each replacement what it takes the place of, and whether it asked for a quantity of its own. */
  readonly replacements = new Map<string, { readonly replaces: string; readonly hasQuantity: boolean }>();

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  act(life: Life, price: (symbol: string) => number): void {
    const open = life.openOrders();
    const intent = this.#intent(life, open, price);
    life.core.feed({ type: 'intents', consumer: 'A', intents: [intent] });
  }

  #intent(life: Life, open: readonly Order[], price: (symbol: string) => number): Intent {
    if (open.length === 0 || this.#dice.chance(0.5)) return this.#order(life, price);
    const order = this.#dice.pick(open);
    return this.#dice.chance(0.6) ? this.#cancel(order) : this.#replace(life, order, price);
  }

  /** Another size, another price, or both, and sometimes of an order that cannot be replaced. */
  #replace(life: Life, old: Order, priceOf: (symbol: string) => number): Intent {
    const dice = this.#dice;
    const { instanceId, symbol, clientOrderId: replaces } = old;
    const clientOrderId = this.#nextId(life, instanceId, symbol);
    const quantity = dice.chance(0.6) ? decimal(String(dice.integer(1, 90))) : undefined;
    const price = () => decimalFromNumber(Math.round(priceOf(symbol) * 100 + dice.integer(-8, 8)) / 100);
    const changes = {
      ...(quantity === undefined ? {} : { quantity }),
      ...(old.limitPrice !== null && dice.chance(0.7) ? { limitPrice: price() } : {}),
      ...(old.stopPrice !== null && dice.chance(0.7) ? { stopPrice: price() } : {}),
    };
    this.proposed.set(clientOrderId, quantity ?? this.proposed.get(replaces) ?? old.quantity);
    this.replacements.set(clientOrderId, { replaces, hasQuantity: quantity !== undefined });
    const rest = { reason: 'chance', causedBy: 0, decidedAtMicros: life.clock.nowMicros() };
    return { kind: 'replace', clientOrderId, replaces, instanceId, symbol, changes, ...rest };
  }

  #nextId(life: Life, instanceId: string, symbol: string): string {
    const key = `${life.batchId} ${instanceId} ${symbol}`;
    const sequence = (this.#sequences.get(key) ?? 0) + 1;
    this.#sequences.set(key, sequence);
    return deriveClientOrderId(life.batchId, instanceId, symbol, sequence);
  }

  #order(life: Life, priceOf: (symbol: string) => number): OrderIntent {
    const dice = this.#dice;
    const instanceId = dice.pick(INSTANCES);
    const symbol = dice.pick(SYMBOLS);
    const clientOrderId = this.#nextId(life, instanceId, symbol);
    const type = dice.pick(TYPES);
    const side = dice.pick(['buy', 'sell'] as const);
    const quantity = decimal(String(dice.integer(1, 90)));
    const around = () => decimalFromNumber(Math.round(priceOf(symbol) * 100 + dice.integer(-8, 8)) / 100);
    this.proposed.set(clientOrderId, quantity);
    const isNotional = type === 'market' && dice.chance(0.15);
    const notional = decimal(String(dice.integer(1, 900_000) / 100));
    // As many as could ever be bought by that: the exchange's own truth is compared with the amount.
    if (isNotional) this.amounts.set(clientOrderId, notional);
    const exits = isNotional ? null : this.#exits(side, priceOf, symbol);
    const isComplex = exits !== null && type !== 'stop_limit';
    if (isComplex) {
      this.proposed.set(`${clientOrderId}.take_profit`, quantity);
      this.proposed.set(`${clientOrderId}.stop_loss`, quantity);
    }
    return {
      kind: 'order',
      clientOrderId,
      instanceId,
      algoRunId: `${life.batchId}-${instanceId}`,
      consumer: 'A',
      symbol,
      side,
      type,
      timeInForce: isNotional
        ? 'day'
        : (type === 'market' || type === 'limit') && !isComplex
          ? dice.pick(TIMES_IN_FORCE)
          : 'day',
      extendedHours: false,
      quantity: isNotional ? ZERO : quantity,
      ...(isNotional ? { notional } : {}),
      limitPrice: type === 'limit' || type === 'stop_limit' ? around() : null,
      stopPrice: type === 'stop' || type === 'stop_limit' ? around() : null,
      reduceOnly: !isComplex && !isNotional && dice.chance(0.15),
      ...(isComplex ? { exits } : {}),
      targetPrice: null,
      stopLossPrice: null,
      reason: 'chance',
      indicators: {},
      causedBy: 0,
      decidedAtMicros: life.clock.nowMicros(),
    };
  }

  /** Near enough to be reached, and sometimes on the wrong side. */
  #exits(side: 'buy' | 'sell', price: (symbol: string) => number, symbol: string): OrderExits | null {
    const dice = this.#dice;
    if (!dice.chance(0.25)) return null;
    const orderClass = dice.pick(['bracket', 'bracket', 'oto', 'oco'] as const);
    const away = (direction: number) =>
      decimalFromNumber(Math.round(price(symbol) * 100 + direction * dice.integer(5, 25)) / 100);
    const isLong = (side === 'buy') !== (orderClass === 'oco');
    const takeProfit = { limitPrice: away(isLong ? 1 : -1) };
    const stopPrice = away(isLong ? -1 : 1);
    const stopLoss = { stopPrice, limitPrice: dice.chance(0.2) ? stopPrice : null };
    if (orderClass === 'bracket') return { orderClass, takeProfit, stopLoss };
    if (orderClass === 'oco') return { orderClass, takeProfit: null, stopLoss };
    return dice.chance(0.5)
      ? { orderClass, takeProfit, stopLoss: null }
      : { orderClass, takeProfit: null, stopLoss };
  }

  #cancel(order: { clientOrderId: string; instanceId: string; symbol: string }): Intent {
    const { clientOrderId, instanceId, symbol } = order;
    const rest = { reason: 'chance', causedBy: 0, decidedAtMicros: 0 };
    return { kind: 'cancel', clientOrderId, instanceId, symbol, ...rest };
  }
}
