import { describe, expect, it } from 'vitest';
import { decimal, ONE, ZERO } from '../../src/domain/decimal.ts';
import type { OrderLimits } from '../../src/domain/limits.ts';
import type { DenialReason } from '../../src/domain/order.ts';
import { denialText } from '../../src/execution/orders/denials.ts';
import { type Bench, NO_LIMITS } from './harness.ts';
import { benchOf, OPEN } from './limited.ts';

const shares = (count: number) => decimal(String(count));

/** What is asked is within each limit but that of its name. */
const broken: readonly {
  readonly name: string;
  readonly limits: Partial<OrderLimits>;
  readonly asked?: Parameters<Bench['order']>[0];
  readonly prepare?: (bench: Bench) => void;
  readonly reason: DenialReason;
  readonly text: string;
}[] = [
  {
    name: 'money of an order',
    limits: { orderNotionalMax: '1000' },
    reason: { code: 'order_notional', notional: decimal('1000.1'), limit: decimal('1000') },
    text: '1000.1 over the limit of 1000',
  },
  {
    name: 'shares of an order',
    limits: { orderQuantityMax: '9' },
    reason: { code: 'order_quantity', quantity: shares(10), limit: shares(9) },
    text: '10 over the limit of 9',
  },
  {
    name: 'money of a position, open orders counted',
    limits: { positionNotionalMax: '2000' },
    prepare: (bench) => {
      bench.buy('5');
      bench.order({ quantity: shares(5) });
    },
    reason: { code: 'position_notional', notional: decimal('2000.2'), limit: decimal('2000') },
    text: '2000.2 over the limit of 2000',
  },
  {
    name: 'shares of a position, open orders counted',
    limits: { positionQuantityMax: '19' },
    prepare: (bench) => {
      bench.buy('5');
      bench.order({ quantity: shares(5) });
    },
    reason: { code: 'position_quantity', quantity: shares(20), limit: shares(19) },
    text: '20 over the limit of 19',
  },
  {
    name: 'open orders',
    limits: { openOrdersMax: 2 },
    prepare: (bench) => {
      bench.order();
      bench.order();
    },
    reason: { code: 'open_orders', open: 2, limit: 2 },
    text: '2 open',
  },
  {
    name: 'orders a minute',
    limits: { ordersPerMinuteMax: 2 },
    prepare: (bench) => {
      bench.buy('1');
      bench.buy('1');
    },
    reason: { code: 'orders_per_minute', count: 2, limit: 2 },
    text: '2 in the last minute',
  },
  {
    name: 'the price collar',
    limits: { priceCollarPercent: 1 },
    asked: { type: 'limit', limitPrice: decimal('101.01') },
    reason: {
      ...{ code: 'price_collar', price: decimal('101.01'), reference: shares(100), limitPercent: 1 },
    },
    text: '101.01 is over 1 % worse than 100',
  },
  {
    name: 'short positions',
    limits: { shortAllowed: false },
    asked: { side: 'sell' },
    reason: { code: 'short_not_allowed', symbol: 'X', held: ZERO, asked: shares(10) },
    text: '10 to sell of X, 0 held',
  },
  {
    name: 'fractions',
    limits: { fractionAllowed: false },
    asked: { quantity: decimal('1.5') },
    reason: { code: 'fraction_not_allowed', symbol: 'X', quantity: decimal('1.5') },
    text: '1.5 of X',
  },
];

describe.each(broken)('the limit of $name', ({ limits, asked = {}, prepare, reason, text }) => {
  it("is a strategy's own, which leaves the others alone", () => {
    const bench = benchOf({ account: OPEN, strategy: limits });
    prepare?.(bench);
    const id = bench.order(asked);
    expect(bench.denial(id)).toEqual({ ...reason, instanceId: 'alpha' });
    expect(denialText(bench.denial(id)!)).toContain(text);
    expect(denialText(bench.denial(id)!)).toContain('alpha');
    expect(bench.denial(bench.order({ ...asked, instanceId: 'beta' }))).toBeUndefined();
  });

  it("is a symbol's own, over all strategies, which leaves the other symbols alone", () => {
    const bench = benchOf({ account: OPEN, symbol: limits });
    prepare?.(bench);
    const id = bench.order({ ...asked, instanceId: 'beta' });
    expect(bench.denial(id)).toEqual({ ...reason, ofSymbol: 'X' });
    expect(denialText(bench.denial(id)!)).toContain(text);
    expect(bench.denial(bench.order({ ...asked, symbol: 'Y' }))).toBeUndefined();
  });

  it('is told to the strategy, written to its row and logged with the same words', () => {
    const bench = benchOf({ account: OPEN, strategy: limits });
    prepare?.(bench);
    const id = bench.order(asked);
    const words = denialText(bench.denial(id)!);
    expect(bench.of('record_order').find(({ row }) => row.clientOrderId === id)?.row).toMatchObject({
      ...{ status: 'denied', reason: words },
    });
    expect(bench.of('log').at(-1)?.fields).toMatchObject({ clientOrderId: id, reason: words });
  });

  it('lets a position be closed', () => {
    const bench = benchOf({ account: OPEN, strategy: limits, symbol: limits });
    bench.buy('1');
    let id = bench.order(asked);
    for (let count = 0; count < 3 && bench.denial(id) === undefined; count += 1) id = bench.order(asked);
    expect(bench.denial(id)?.code).toBe(reason.code);
    expect(bench.denial(bench.order({ side: 'sell', quantity: ONE }))).toBeUndefined();
  });
});

describe('limits of a strategy or a symbol', () => {
  it("are no leave to exceed the account's", () => {
    const wide = { ...NO_LIMITS, orderNotionalMax: '1000000', shortAllowed: true, priceCollarPercent: 50 };
    const bench = benchOf({ strategy: wide, symbol: wide });
    expect(bench.denial(bench.order({ quantity: shares(101) }))).toEqual({
      ...{ code: 'order_notional', notional: decimal('10101.01'), limit: decimal('10000') },
    });
    expect(bench.denial(bench.order({ side: 'sell' }))).toMatchObject({ code: 'short_not_allowed' });
    const dear = bench.order({ type: 'limit', limitPrice: decimal('105.01') });
    expect(bench.denial(dear)).toMatchObject({ code: 'price_collar', limitPercent: 5 });
  });

  it("count a strategy's position alone, and a symbol's over all strategies", () => {
    const bench = benchOf({ strategy: { positionQuantityMax: '15' }, symbol: { positionQuantityMax: '30' } });
    bench.buy('10', '100', { instanceId: 'beta' });
    expect(bench.denial(bench.order({ quantity: shares(16) }))).toMatchObject({ instanceId: 'alpha' });
    expect(bench.denial(bench.order({ quantity: shares(15) }))).toBeUndefined();
    expect(bench.denial(bench.order({ quantity: shares(6), instanceId: 'beta' }))).toEqual({
      ...{ code: 'position_quantity', quantity: shares(31), limit: shares(30), ofSymbol: 'X' },
    });
  });

  it('let an order be replaced where no further one may be opened', () => {
    const bench = benchOf({ strategy: { openOrdersMax: 1 }, symbol: { openOrdersMax: 1 } });
    const id = bench.order({ type: 'limit', limitPrice: decimal('99') });
    bench.accept(id);
    expect(bench.denial(bench.replace(id, { limitPrice: decimal('99.5') }))).toBeUndefined();
  });

  it('are others when the plan was read again', () => {
    const bench = benchOf({ strategy: { orderQuantityMax: '5' } });
    expect(bench.denial(bench.order())).toMatchObject({ code: 'order_quantity', instanceId: 'alpha' });
    const instance = { instanceId: 'alpha', isIntraday: false, runs: [{ consumer: 'A', algoRunId: '1' }] };
    bench.feed({ type: 'instances', instances: [instance], portfolios: [] });
    expect(bench.denial(bench.order())).toBeUndefined();
  });
});

describe('limits of every symbol', () => {
  it('bound its open orders over all strategies, and are tightened for single ones', () => {
    const bench = benchOf({ account: { symbolOpenOrdersMax: 3 }, symbol: { openOrdersMax: 2 } });
    for (const symbol of ['X', 'Y']) {
      bench.order({ symbol });
      bench.order({ symbol, instanceId: 'beta' });
    }
    expect(bench.denial(bench.order())).toEqual({ code: 'open_orders', open: 2, limit: 2, ofSymbol: 'X' });
    expect(bench.denial(bench.order({ symbol: 'Y' }))).toBeUndefined();
  });

  it('bound how often it is ordered', () => {
    const bench = benchOf({ account: { symbolOrdersPerMinuteMax: 2 } });
    bench.buy('1');
    bench.buy('1', '100', { instanceId: 'beta' });
    const reason = bench.denial(bench.order());
    expect(reason).toEqual({ code: 'orders_per_minute', count: 2, limit: 2, ofSymbol: 'X' });
    expect(denialText(reason!)).toBe('orders_per_minute: 2 in the last minute in X, limit 2');
    expect(bench.denial(bench.order({ symbol: 'Y' }))).toBeUndefined();
    bench.nowMicros += 60_000_000;
    bench.quote(99.99, 100.01);
    expect(bench.denial(bench.order())).toBeUndefined();
  });
});
