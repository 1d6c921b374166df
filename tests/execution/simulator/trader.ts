/** Strategies that want something at every moment: orders of every kind, and cancels of what they have open. */
import { type Decimal, decimal, decimalFromNumber } from '../../../src/domain/decimal.ts';
import {
  deriveClientOrderId,
  type Intent,
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

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  act(life: Life, price: (symbol: string) => number): void {
    const open = life.openOrders();
    const intent: Intent =
      open.length > 0 && this.#dice.chance(0.3)
        ? this.#cancel(this.#dice.pick(open))
        : this.#order(life, price);
    life.core.feed({ type: 'intents', consumer: 'A', intents: [intent] });
  }

  #order(life: Life, priceOf: (symbol: string) => number): OrderIntent {
    const dice = this.#dice;
    const instanceId = dice.pick(INSTANCES);
    const symbol = dice.pick(SYMBOLS);
    const key = `${life.batchId} ${instanceId} ${symbol}`;
    const sequence = (this.#sequences.get(key) ?? 0) + 1;
    this.#sequences.set(key, sequence);
    const clientOrderId = deriveClientOrderId(life.batchId, instanceId, symbol, sequence);
    const type = dice.pick(TYPES);
    const side = dice.pick(['buy', 'sell'] as const);
    const quantity = decimal(String(dice.integer(1, 90)));
    const around = () => decimalFromNumber(Math.round(priceOf(symbol) * 100 + dice.integer(-8, 8)) / 100);
    this.proposed.set(clientOrderId, quantity);
    return {
      kind: 'order',
      clientOrderId,
      instanceId,
      algoRunId: `${life.batchId}-${instanceId}`,
      consumer: 'A',
      symbol,
      side,
      type,
      timeInForce: type === 'market' || type === 'limit' ? dice.pick(TIMES_IN_FORCE) : 'day',
      extendedHours: false,
      quantity,
      limitPrice: type === 'limit' || type === 'stop_limit' ? around() : null,
      stopPrice: type === 'stop' || type === 'stop_limit' ? around() : null,
      reduceOnly: dice.chance(0.15),
      targetPrice: null,
      stopLossPrice: null,
      reason: 'chance',
      indicators: {},
      causedBy: 0,
      decidedAtMicros: life.clock.nowMicros(),
    };
  }

  #cancel(order: { clientOrderId: string; instanceId: string; symbol: string }): Intent {
    const { clientOrderId, instanceId, symbol } = order;
    const rest = { reason: 'chance', causedBy: 0, decidedAtMicros: 0 };
    return { kind: 'cancel', clientOrderId, instanceId, symbol, ...rest };
  }
}
