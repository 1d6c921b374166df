/** What every broker must do, whoever is behind it. Each adapter's test file runs these. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker, BrokerNotice, TradeUpdate } from '../../src/brokers/contract.ts';
import { absolute, add, type Decimal, decimal, isZero, multiply, ZERO } from '../../src/domain/decimal.ts';
import type { Order, OrderExits } from '../../src/domain/order.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { eventually } from '../network/eventually.ts';
import { order } from './alpaca.ts';

export interface BrokerStage {
  readonly broker: Broker;
  /** Trades all the time. */
  readonly symbol: string;
  /** A price near the market's. */
  readonly price: () => Promise<Decimal>;
  readonly now: () => number;
  readonly close: () => Promise<void>;
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.value;
}

export function brokerContract(name: string, start: () => Promise<BrokerStage>): void {
  describe(`the broker ${name}`, () => {
    const updates: TradeUpdate[] = [];
    const notices: BrokerNotice[] = [];
    let stage: BrokerStage;
    let broker: Broker;
    let sequence = 0;

    beforeAll(async () => {
      stage = await start();
      broker = stage.broker;
      broker.open({
        onTradeUpdate: (update) => updates.push(update),
        onNotice: (notice) => notices.push(notice),
      });
      await eventually(() => expect(notices).toMatchObject([{ type: 'connected' }]));
    });
    afterAll(async () => {
      await broker.close();
      await stage.close();
    });

    function propose(changes: Partial<Order>): Order {
      sequence += 1;
      const clientOrderId = `contract.${stage.symbol.replace('/', '-')}.${sequence}`;
      const plain = { type: 'market', limitPrice: null } as const;
      return order({ ...plain, symbol: stage.symbol, quantity: decimal('3'), clientOrderId, ...changes });
    }

    const eventsOf = (proposed: Order) =>
      updates.filter((update) => update.order.clientOrderId === proposed.clientOrderId);

    const held = async () =>
      unwrap(await broker.positions()).find(({ symbol }) => symbol === stage.symbol)?.quantity ?? ZERO;

    /** Accepted, and of a low price that will not be reached. */
    async function openOrder(): Promise<Order> {
      const limitPrice = decimal(String(Math.floor(Number((await stage.price()) / 10n ** 9n) * 0.9)));
      const proposed = propose({ type: 'limit', limitPrice, quantity: decimal('1') });
      const outcome = await broker.submit(proposed);
      if (outcome.type !== 'accepted') throw new Error(JSON.stringify(outcome));
      return { ...proposed, brokerOrderId: outcome.order.brokerOrderId };
    }

    it('has an account that may trade', async () => {
      const account = unwrap(await broker.account());
      expect(account.blockedReason).toBeNull();
      expect(account.equity).toBeGreaterThan(0n);
      expect(account.buyingPower).toBeGreaterThan(0n);
    });

    it('knows the instrument and the session', async () => {
      const instruments = unwrap(await broker.instruments());
      expect(instruments.find(({ symbol }) => symbol === stage.symbol)).toMatchObject({ tradable: true });
      const day = (moment: number) => new Date(moment / 1_000).toISOString().slice(0, 10);
      const now = stage.now();
      const sessions = unwrap(await broker.sessions(day(now - 7 * 86_400e6), day(now + 7 * 86_400e6)));
      expect(sessions.length).toBeGreaterThan(0);
      for (const session of sessions) {
        expect(session.openMicros).toBeLessThan(session.closeMicros);
        expect(session.extendedOpenMicros).toBeLessThanOrEqual(session.openMicros);
        expect(session.extendedCloseMicros).toBeGreaterThanOrEqual(session.closeMicros);
      }
    });

    it('fills a market order: executions, order, position and account agree', async () => {
      const sinceMicros = stage.now();
      const before = await held();
      const cash = unwrap(await broker.account()).cash;
      const proposed = propose({ side: 'buy' });
      expect(await broker.submit(proposed)).toMatchObject({ type: 'accepted' });
      await eventually(() => expect(eventsOf(proposed).at(-1)?.event).toBe('fill'));
      const executions = eventsOf(proposed).flatMap(({ execution }) => execution ?? []);
      const bought = executions.reduce((sum, { quantity }) => add(sum, quantity), ZERO);
      expect(bought).toBe(decimal('3'));
      const found = unwrap(await broker.orderByClientOrderId(proposed.clientOrderId));
      expect(found).toMatchObject({ status: 'filled', filledQuantity: decimal('3') });
      expect(await held()).toBe(add(before, decimal('3')));
      const paid = executions.reduce((sum, { quantity, price }) => add(sum, multiply(quantity, price)), ZERO);
      const difference = (unwrap(await broker.account()).cash - (cash - paid)) as Decimal;
      expect(absolute(difference)).toBeLessThanOrEqual(decimal('0.05'));
      const told = unwrap(await broker.executionsSince(sinceMicros));
      const ids = executions.map(({ executionId }) => executionId);
      expect(told.map(({ executionId }) => executionId)).toEqual(expect.arrayContaining(ids));
      expect(told.find(({ executionId }) => executionId === ids[0])).toMatchObject({
        brokerOrderId: found.brokerOrderId,
        symbol: stage.symbol,
        side: 'buy',
        quantity: executions[0]?.quantity,
        price: executions[0]?.price,
      });
    });

    it('closes what it opened', async () => {
      const quantity = await held();
      expect(quantity).toBeGreaterThan(0n);
      const proposed = propose({ side: 'sell', quantity, reduceOnly: true });
      expect(await broker.submit(proposed)).toMatchObject({ type: 'accepted' });
      await eventually(() => expect(eventsOf(proposed).at(-1)?.event).toBe('fill'));
      expect(isZero(await held())).toBe(true);
    });

    it('keeps an order open until it is cancelled, and then it is not open', async () => {
      const proposed = await openOrder();
      const isOpen = async () =>
        unwrap(await broker.openOrders()).some(
          ({ clientOrderId }) => clientOrderId === proposed.clientOrderId,
        );
      expect(await isOpen()).toBe(true);
      expect(await broker.cancel(proposed)).toEqual({ type: 'requested' });
      await eventually(() => expect(eventsOf(proposed).at(-1)).toMatchObject({ event: 'canceled' }));
      expect(await isOpen()).toBe(false);
      expect(await broker.cancel(proposed)).toMatchObject({ type: 'not_open' });
    });

    it('cancels an order whose broker id never came', async () => {
      const proposed = await openOrder();
      expect(await broker.cancel({ ...proposed, brokerOrderId: null })).toEqual({ type: 'requested' });
      await eventually(() => expect(eventsOf(proposed).at(-1)?.order.status).toBe('canceled'));
    });

    it('makes one order of an order that is sent twice', async () => {
      const proposed = await openOrder();
      expect(await broker.submit(proposed)).toMatchObject({
        type: 'accepted',
        order: { brokerOrderId: proposed.brokerOrderId },
      });
      const same = unwrap(await broker.openOrders()).filter(
        ({ clientOrderId }) => clientOrderId === proposed.clientOrderId,
      );
      expect(same).toHaveLength(1);
      await broker.cancel(proposed);
    });

    it('puts another order in the place of an open one, once', async () => {
      const old = await openOrder();
      await eventually(async () =>
        expect(unwrap(await broker.orderByClientOrderId(old.clientOrderId)).status).toBe('new'),
      );
      const next = propose({
        type: 'limit',
        limitPrice: old.limitPrice,
        quantity: decimal('2'),
        replaces: old.clientOrderId,
      });
      const outcome = await broker.replace(old, next);
      expect(outcome).toMatchObject({ type: 'accepted', order: { clientOrderId: next.clientOrderId } });
      await eventually(() => expect(eventsOf(old).at(-1)?.event).toBe('replaced'));
      await eventually(() => expect(eventsOf(next).at(-1)?.event).toBe('new'));
      const found = unwrap(await broker.orderByClientOrderId(next.clientOrderId));
      expect(found).toMatchObject({ quantity: decimal('2'), filledQuantity: ZERO });
      expect(unwrap(await broker.orderByBrokerId(old.brokerOrderId!))).toMatchObject({
        status: 'replaced',
        replacedBy: found.brokerOrderId,
      });
      // Asked for again, it is the one that is there; and an order that has ended is not replaced.
      expect(await broker.replace(old, next)).toMatchObject({
        type: 'accepted',
        order: { brokerOrderId: found.brokerOrderId },
      });
      const late = propose({ type: 'limit', limitPrice: old.limitPrice, quantity: decimal('3') });
      expect(await broker.replace(old, late)).toMatchObject({ type: 'refused', httpStatus: 422 });
      expect(await broker.cancel({ ...next, brokerOrderId: found.brokerOrderId })).toEqual({
        type: 'requested',
      });
      await eventually(() => expect(eventsOf(next).at(-1)?.event).toBe('canceled'));
    });

    it('keeps the exits of a bracket until it is filled, and cancels what is left of them together', async () => {
      const price = Math.floor(Number((await stage.price()) / 10n ** 9n));
      const at = (factor: number) => decimal(String(Math.floor(price * factor)));
      const exits: OrderExits = {
        orderClass: 'bracket',
        takeProfit: { limitPrice: at(1.5) },
        stopLoss: { stopPrice: at(0.5), limitPrice: null },
      };
      const proposed = propose({ side: 'buy', quantity: decimal('2'), exits });
      const outcome = await broker.submit(proposed);
      if (stage.symbol.includes('/')) {
        expect(outcome.type).toBe('refused');
        return;
      }
      if (outcome.type !== 'accepted') throw new Error(JSON.stringify(outcome));
      expect(outcome.order.exits?.map(({ type, status }) => `${type} ${status}`)).toEqual([
        'limit held',
        'stop held',
      ]);
      const ids = outcome.order.exits!.map(({ brokerOrderId }) => brokerOrderId);
      const exitEvents = () => updates.filter(({ order: told }) => ids.includes(told.brokerOrderId));
      await eventually(() => expect(eventsOf(proposed).at(-1)?.event).toBe('fill'));
      await eventually(() => expect(exitEvents().map(({ event }) => event)).toContain('new'));
      const asked = unwrap(await broker.orderByClientOrderId(proposed.clientOrderId));
      expect(asked.exits?.map(({ brokerOrderId }) => brokerOrderId)).toEqual(ids);
      const [gain] = asked.exits!;
      const exit = { ...proposed, clientOrderId: gain!.clientOrderId, brokerOrderId: gain!.brokerOrderId };
      expect(await broker.cancel(exit)).toEqual({ type: 'requested' });
      await eventually(() => {
        const ended = exitEvents().filter(({ event }) => event === 'canceled');
        expect(new Set(ended.map(({ order: told }) => told.brokerOrderId)).size).toBe(2);
      });
      const rest = propose({ side: 'sell', quantity: decimal('2'), reduceOnly: true });
      expect(await broker.submit(rest)).toMatchObject({ type: 'accepted' });
      await eventually(() => expect(eventsOf(rest).at(-1)?.event).toBe('fill'));
    });

    it('spends an amount, to the last fraction', async () => {
      const before = await held();
      const proposed = propose({ side: 'buy', quantity: decimal('2'), notional: decimal('150.55') });
      expect(await broker.submit(proposed)).toMatchObject({ type: 'accepted', order: { quantity: null } });
      await eventually(() => expect(eventsOf(proposed).at(-1)?.event).toBe('fill'));
      const executions = eventsOf(proposed).flatMap(({ execution }) => execution ?? []);
      const spent = executions.reduce(
        (sum, { quantity, price }) => add(sum, multiply(quantity, price)),
        ZERO,
      );
      expect(absolute((spent - decimal('150.55')) as Decimal)).toBeLessThan(decimal('0.000001'));
      const bought = executions.reduce((sum, { quantity }) => add(sum, quantity), ZERO);
      expect(await held()).toBe(add(before, bought));
      const rest = propose({ side: 'sell', quantity: bought, reduceOnly: true });
      expect(await broker.submit(rest)).toMatchObject({ type: 'accepted' });
      await eventually(() => expect(eventsOf(rest).at(-1)?.event).toBe('fill'));
    });

    it('refuses what the account cannot pay, and says why', async () => {
      const proposed = propose({ side: 'buy', quantity: decimal('1000000000') });
      const outcome = await broker.submit(proposed);
      expect(outcome.type).toBe('refused');
      expect(outcome.type === 'refused' ? outcome.message : '').not.toBe('');
      expect(await broker.orderByClientOrderId(proposed.clientOrderId)).toMatchObject({
        ok: false,
        failure: { kind: 'not_found' },
      });
    });

    it('refuses a symbol that does not exist', async () => {
      expect(await broker.submit(propose({ symbol: 'NOSUCH' }))).toMatchObject({ type: 'refused' });
    });

    it('does not know an order that was never sent', async () => {
      const proposed = propose({});
      expect(await broker.orderByClientOrderId(proposed.clientOrderId)).toMatchObject({
        ok: false,
        failure: { kind: 'not_found' },
      });
      expect(await broker.cancel(proposed)).toMatchObject({ type: 'not_open' });
    });
  });
}
