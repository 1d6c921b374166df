import { describe, expect, it } from 'vitest';
import { decimal, formatDecimal } from '../../src/domain/decimal.ts';
import { splitOf } from '../../src/execution/books/splits.ts';
import { ACCOUNT, Bench, NO_LIMITS, ONE_SECOND, SESSION } from './harness.ts';

const DAY = 86_400 * ONE_SECOND;
const NEXT = {
  date: '2026-11-21',
  openMicros: SESSION.openMicros + DAY,
  closeMicros: SESSION.closeMicros + DAY,
  extendedOpenMicros: SESSION.extendedOpenMicros + DAY,
  extendedCloseMicros: SESSION.extendedCloseMicros + DAY,
};

describe('an intraday position that is left over night', () => {
  it('is alerted also where the next session is told before the desk looked at the close', () => {
    const bench = new Bench();
    bench.buy('10');
    bench.skipTo(SESSION.closeMicros);
    bench.feed({ type: 'session', session: NEXT });
    bench.feed({ type: 'tick' });
    bench.feed({ type: 'tick' });
    expect(bench.alerts().filter((code) => code === 'not_flat')).toEqual(['not_flat']);
  });

  it('is alerted by a desk that was started again after the close', () => {
    const bench = new Bench({ isReady: false, config: { session: NEXT } });
    bench.skipTo(SESSION.closeMicros + 1);
    const held = { qty: '10', avgPrice: '100', realizedPnl: '0', targetPrice: null, stopPrice: null };
    const holdings = ['alpha', 'beta'].map((instanceId) => ({ instanceId, symbol: 'X', ...held }));
    bench.feed({ type: 'restore', orders: [], executionIds: [], holdings, risk: null });
    bench.feed({ type: 'account', account: ACCOUNT, askedAtMicros: bench.nowMicros });
    bench.feed({ type: 'broker_connection', connected: true, detail: '' });
    bench.feed({ type: 'tick' });
    expect(bench.alerts()).not.toContain('not_flat');
    bench.reconcile({});
    bench.feed({ type: 'tick' });
    // Only alpha is intraday.
    expect(bench.of('alert').filter(({ code }) => code === 'not_flat').length).toBe(1);
  });

  it('is no matter before the open where the plan trades then', () => {
    const bench = new Bench({ config: { marketHours: 'extended' } });
    bench.skipTo(SESSION.extendedOpenMicros + 1);
    bench.buy('10');
    bench.feed({ type: 'tick' });
    expect(bench.alerts()).not.toContain('not_flat');
  });
});

describe('shares that were split over night', () => {
  const books = (quantity: string, averagePrice: string) => ({
    positions: [
      { symbol: 'X', quantity: decimal(quantity), averagePrice: decimal(averagePrice), currentPrice: null },
    ],
  });
  /** The night of a desk whose alpha holds 60 and whose beta 30, with limits that a crash would reach. */
  const night = () => {
    const risk = { drawdownMax: '1500', dailyLossMax: '1500' };
    const instances = ['alpha', 'beta'].map((instanceId) => ({
      ...{ instanceId, isIntraday: false, runs: [{ consumer: 'A', algoRunId: '1' }] },
      risk: { ...NO_LIMITS, dailyLossMax: '1500', drawdownMax: '1500' },
    }));
    const bench = new Bench({ risk, config: { instances } });
    bench.buy('60');
    bench.buy('30', '106', { instanceId: 'beta' });
    bench.skipTo(SESSION.closeMicros);
    bench.feed({ type: 'session', session: NEXT });
    bench.pass(10);
    bench.actions.length = 0;
    return bench;
  };

  it('leave cost and gain as they were, and no limit takes the new price for a crash', () => {
    const bench = night();
    bench.reconcile(books('900', '10.2'));
    expect(bench.alerts()).toEqual(['split']);
    const { positions } = bench.machine.status();
    expect(
      positions.map(({ instanceId, quantity, averagePrice, realizedPnl }) => [
        instanceId,
        ...[quantity, averagePrice, realizedPnl].map(formatDecimal),
      ]),
    ).toEqual([
      ['alpha', '600', '10', '0'],
      ['beta', '300', '10.6', '0'],
    ]);
    bench.skipTo(NEXT.openMicros + ONE_SECOND);
    bench.quote(9.99, 10.01);
    bench.feed({ type: 'tick' });
    bench.account({});
    expect(bench.denial(bench.order({ quantity: decimal('1') }))).toBeUndefined();
    expect(bench.denial(bench.order({ quantity: decimal('1'), instanceId: 'beta' }))).toBeUndefined();
    expect(bench.machine.status().riskState).toBe('active');
    // The strategy is told of what it holds now, and the rows tell the same.
    const told = bench.events().flatMap((event) => (event.type === 'fill' ? [event.position.quantity] : []));
    expect(told.map(formatDecimal)).toEqual(['0', '600', '0', '300']);
    expect(bench.of('record_trade').map(({ row }) => [row.side, row.qty, row.price])).toEqual([
      ['sell', '60', '100'],
      ['buy', '600', '10'],
      ['sell', '30', '106'],
      ['buy', '300', '10.6'],
    ]);
    bench.reconcile(books('900', '10.2'));
    expect(bench.alerts()).toEqual(['split']);
  });

  it('or put together are booked the same way', () => {
    const bench = night();
    bench.reconcile(books('9', '1020'));
    expect(bench.alerts()).toEqual(['split']);
    expect([bench.position(), bench.position('beta')].map(formatDecimal)).toEqual(['6', '3']);
  });

  it('are told from what somebody bought by hand, which stays a break', () => {
    const bench = night();
    bench.reconcile(books('900', '101'));
    expect(bench.alerts()).toEqual(['position_break']);
    expect(formatDecimal(bench.position())).toBe('60');
  });

  it.each([
    ['2:1', '10', '100', '20', '50', { after: 2n, before: 1n }],
    ['3:2', '10', '90', '15', '60', { after: 3n, before: 2n }],
    ['1:20', '40', '1.5', '2', '30.01', { after: 1n, before: 20n }],
    ['a short one', '-10', '100', '-40', '25', { after: 4n, before: 1n }],
    ['a purchase at the old price', '10', '100', '20', '100', undefined],
    ['the other side', '10', '100', '-20', '50', undefined],
    ['a few more shares', '10', '100', '11', '91', undefined],
    ['nothing held', '0', '0', '20', '50', undefined],
    ['all sold', '10', '100', '0', '0', undefined],
  ])('are known by quantity and price: %s', (_name, quantity, price, theirs, theirPrice, split) => {
    const ours = { quantity: decimal(quantity), averagePrice: decimal(price) };
    expect(splitOf(ours, { quantity: decimal(theirs), averagePrice: decimal(theirPrice) })).toEqual(split);
  });
});
