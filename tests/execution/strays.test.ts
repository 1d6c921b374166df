import { describe, expect, it } from 'vitest';
import type { BrokerOrder } from '../../src/brokers/contract.ts';
import { decimal, ZERO } from '../../src/domain/decimal.ts';
import type { UnknownHoldings } from '../../src/tradeplan/plan.ts';
import { Bench, START } from './harness.ts';

const instances = (alpha: readonly string[], beta: readonly string[] = []) =>
  [
    ['alpha', alpha, '1'],
    ['beta', beta, '2'],
  ].map(([instanceId, symbols, algoRunId]) => ({
    instanceId: instanceId as string,
    isIntraday: false,
    symbols: symbols as readonly string[],
    runs: [{ consumer: 'A', algoRunId: algoRunId as string }],
  }));

function benchWith(unknownHoldings: UnknownHoldings, ...symbols: Parameters<typeof instances>): Bench {
  return new Bench({ config: { unknownHoldings, instances: instances(...symbols) } });
}

const held = (quantity: string) => [
  { symbol: 'X', quantity: decimal(quantity), averagePrice: decimal('97.5'), currentPrice: null },
];

const FOREIGN: BrokerOrder = {
  brokerOrderId: 'by-hand',
  clientOrderId: 'somebody',
  symbol: 'X',
  side: 'buy',
  quantity: decimal('5'),
  filledQuantity: ZERO,
  averagePrice: null,
  status: 'new',
  rawStatus: 'new',
  createdAtMicros: START,
  updatedAtMicros: START,
};

describe('a position that nobody knows', () => {
  it('is reported and left, unless the plan says otherwise', () => {
    const bench = benchWith('leave', ['X']);
    bench.reconcile({ positions: held('7') });
    expect(bench.alerts()).toEqual(['foreign_position']);
    expect(bench.position()).toBe(ZERO);
    expect(bench.of('submit')).toEqual([]);
  });

  it.each([
    ['7', 'buy', 'buy'],
    ['-7', 'sell', 'sell_short'],
  ] as const)(
    'of %s is given to the strategy that alone trades the symbol, once',
    (quantity, side, operation) => {
      const bench = benchWith('adopt', ['X'], ['Y']);
      bench.reconcile({ positions: held(quantity) });
      bench.reconcile({ positions: held(quantity) });
      expect(bench.position()).toBe(decimal(quantity));
      expect(bench.of('record_trade').map(({ row }) => row)).toMatchObject([
        { algoRunId: '1', side, operation, qty: '7', price: '97.5' },
      ]);
      expect(bench.of('record_order').at(-1)?.row).toMatchObject({ status: 'filled', filledQty: '7' });
      expect(bench.events()).toMatchObject(
        expect.arrayContaining([expect.objectContaining({ type: 'fill' })]) as never,
      );
      expect(bench.alerts()).toEqual(['foreign_position']);
      expect(bench.of('submit')).toEqual([]);
    },
  );

  it('is given to nobody when two strategies trade the symbol', () => {
    const bench = benchWith('adopt', ['X'], ['X']);
    bench.reconcile({ positions: held('7') });
    expect(bench.of('alert')[0]?.message).toContain('no strategy or several trade it');
    expect(bench.position()).toBe(ZERO);
    expect(bench.position('beta')).toBe(ZERO);
  });

  it('on top of what a strategy holds is adopted at the price of the market', () => {
    const bench = benchWith('adopt', ['X']);
    bench.buy('10', '100');
    bench.skipTo(bench.nowMicros + 10_000_000);
    bench.reconcile({ positions: held('12') });
    expect(bench.position()).toBe(decimal('12'));
    expect(bench.of('record_trade').at(-1)?.row).toMatchObject({ qty: '2', price: '100' });
  });

  it('is closed at the market where the plan flattens, whoever trades the symbol', () => {
    const bench = benchWith('flatten', ['Y']);
    bench.reconcile({ positions: held('7') });
    const [sale] = bench.of('submit');
    expect(sale?.order).toMatchObject({ side: 'sell', type: 'market', quantity: decimal('7') });
    bench.accept(sale!.order.clientOrderId);
    bench.fill(sale!.order.clientOrderId, '7', '98');
    expect(bench.position()).toBe(ZERO);
    bench.reconcile({ positions: [] });
    expect(bench.alerts()).toEqual(['foreign_position']);
  });

  it('is closed without what the strategy itself holds', () => {
    const bench = benchWith('flatten', ['X']);
    bench.buy('10', '100');
    bench.skipTo(bench.nowMicros + 10_000_000);
    bench.reconcile({ positions: held('12') });
    expect(bench.of('submit').at(-1)?.order).toMatchObject({ side: 'sell', quantity: decimal('2') });
  });

  it.each(['adopt', 'flatten'] as const)(
    'is none as long as an order of unknown fate may explain it: nobody will %s it',
    (policy) => {
      const bench = benchWith(policy, ['X']);
      const id = bench.order();
      bench.feed({ type: 'submitted', clientOrderId: id, outcome: { type: 'unknown', message: 'reset' } });
      for (let time = 0; time < 4; time += 1) {
        bench.pass(6);
        bench.reconcile({ positions: held('10') });
      }
      expect(bench.alerts()).not.toContain('foreign_position');
      expect(bench.of('submit')).toHaveLength(1);
      const execution = bench.execution(id, '10', '100');
      const order = bench.described(id, 'filled', decimal('10'));
      bench.feed({ type: 'resolved', clientOrderId: id, order });
      bench.reconcile({ positions: held('10') });
      // Its fill is counted, but not told yet.
      bench.pass(6);
      bench.reconcile({ positions: held('10') });
      expect(bench.position()).toBe(ZERO);
      bench.reconcile({ positions: held('10'), executions: [execution] });
      bench.pass(6);
      bench.reconcile({ positions: held('10'), executions: [execution] });
      expect(bench.position()).toBe(decimal('10'));
      expect(bench.of('record_trade')).toHaveLength(1);
      expect(bench.of('submit')).toHaveLength(1);
    },
  );

  it('is none while a working order of ours is asked for, but not for ever', () => {
    const bench = benchWith('adopt', ['X']);
    const id = bench.order({ type: 'limit', limitPrice: decimal('100') });
    bench.accept(id);
    // It was filled, and neither the stream nor any answer says so.
    for (let time = 0; time < 3; time += 1) {
      bench.pass(6);
      bench.reconcile({ positions: held('10') });
      bench.feed({ type: 'resolve_failed', clientOrderId: id, message: 'a bad gateway' });
    }
    expect(bench.alerts()).toEqual([]);
    for (let time = 0; time < 12; time += 1) {
      bench.feed({ type: 'resolve_failed', clientOrderId: id, message: 'a bad gateway' });
    }
    bench.reconcile({ positions: held('10') });
    expect(bench.alerts()).toEqual(['foreign_position']);
  });

  it('is closed at the first comparison of a start already, and again when that is refused', () => {
    const bench = new Bench({
      isReady: false,
      config: { unknownHoldings: 'flatten', instances: instances(['X']) },
    });
    const row = { instanceId: 'alpha', symbol: 'X', qty: '10', avgPrice: '100', realizedPnl: '0' };
    const holdings = [{ ...row, targetPrice: null, stopPrice: null }];
    bench.feed({ type: 'restore', orders: [], executionIds: [], holdings, risk: null });
    bench.account({});
    bench.feed({ type: 'broker_connection', connected: true, detail: '' });
    bench.quote(99.99, 100.01);
    bench.skipTo(bench.nowMicros + 10_000_000);
    bench.reconcile({ positions: held('12') });
    bench.pass(1);
    const sales = () => bench.of('submit').map(({ order }) => order);
    expect(sales().map(({ side, quantity }) => [side, quantity])).toEqual([['sell', decimal('2')]]);
    const refusal = { httpStatus: 403, vendorCode: null, message: 'no', retryAfterMs: null };
    const { clientOrderId } = sales()[0]!;
    bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'refused', ...refusal } });
    bench.pass(10);
    expect(sales().map(({ quantity }) => quantity)).toEqual([decimal('2'), decimal('2')]);
    const second = sales()[1]!.clientOrderId;
    bench.accept(second);
    bench.fill(second, '1');
    bench.update(second, 'canceled', 'canceled');
    bench.pass(10);
    const third = sales()[2]!;
    expect(third.quantity).toBe(decimal('1'));
    bench.accept(third.clientOrderId);
    bench.fill(third.clientOrderId, '1');
    bench.pass(60);
    expect(sales()).toHaveLength(3);
    expect(bench.position()).toBe(decimal('10'));
    expect(bench.journal().findLast(({ entry }) => entry === 'closing')).toMatchObject({ closing: [] });
  });
});

describe('an order that nobody knows', () => {
  it.each(['leave', 'adopt'] as const)('is reported once and left: %s', (policy) => {
    const bench = benchWith(policy, ['X']);
    bench.reconcile({ openOrders: [FOREIGN] });
    bench.reconcile({ openOrders: [FOREIGN] });
    expect(bench.alerts()).toEqual(['foreign_order']);
    expect(bench.of('cancel')).toEqual([]);
  });

  it('is canceled where the plan flattens, as long as it is there', () => {
    const bench = benchWith('flatten', ['X']);
    bench.reconcile({ openOrders: [FOREIGN] });
    bench.reconcile({ openOrders: [FOREIGN] });
    bench.reconcile({ openOrders: [] });
    expect(bench.of('cancel').map(({ order }) => order.brokerOrderId)).toEqual(['by-hand', 'by-hand']);
    expect(bench.alerts()).toEqual(['foreign_order']);
  });
});
