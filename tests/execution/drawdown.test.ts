import { describe, expect, it } from 'vitest';
import { decimal } from '../../src/domain/decimal.ts';
import type { StrategyLimits } from '../../src/domain/limits.ts';
import type { KeptRisk } from '../../src/execution/contract.ts';
import { denialText } from '../../src/execution/orders/denials.ts';
import { ACCOUNT, Bench, type BenchOptions, NO_LIMITS, ONE_SECOND, SESSION } from './harness.ts';

const shares = (count: number) => decimal(String(count));

/** `alpha` has limits of its own, `beta` none. */
function benchOf(limits: Partial<StrategyLimits>, options: BenchOptions = {}): Bench {
  return new Bench({
    ...options,
    config: {
      instances: ['alpha', 'beta'].map((instanceId) => ({
        ...{ instanceId, isIntraday: false, runs: [{ consumer: 'A', algoRunId: '1' }] },
        ...(instanceId === 'alpha' ? { risk: { ...NO_LIMITS, ...limits } } : {}),
      })),
      ...options.config,
    },
  });
}

const keptBy = (bench: Bench): KeptRisk | null => {
  const kept = bench.journal().flatMap((entry) => (entry.entry === 'risk' ? [entry.kept] : []));
  return kept.at(-1) ?? null;
};

/** A desk that goes on where another has ended; the same positions are held. */
function restarted(bench: Bench, limits: Partial<StrategyLimits>, options: BenchOptions = {}): Bench {
  const next = benchOf(limits, { ...options, isReady: false });
  next.nowMicros = bench.nowMicros;
  const { positions } = bench.machine.status();
  const holdings = positions.map((position) => ({
    ...{ instanceId: position.instanceId, symbol: position.symbol, qty: '90' },
    ...{ avgPrice: '100', realizedPnl: '0', targetPrice: null, stopPrice: null },
  }));
  next.feed({ type: 'restore', orders: [], executionIds: [], holdings, risk: keptBy(bench) });
  next.feed({ type: 'account', account: ACCOUNT, askedAtMicros: next.nowMicros });
  next.feed({ type: 'broker_connection', connected: true, detail: '' });
  next.reconcile({
    positions: holdings.map(({ symbol }) => ({
      symbol,
      quantity: decimal('90'),
      averagePrice: decimal('100'),
      currentPrice: null,
    })),
  });
  next.quote(99.99, 100.01);
  return next;
}

describe('a fall of the account from its highest equity', () => {
  const risk = { drawdownMax: '5000', dailyLossMax: '100000' };
  const equity = (bench: Bench, amount: string) => bench.account({ equity: decimal(amount) });

  it('bars new risk at the limit, with the numbers, and lets positions be closed', () => {
    const bench = new Bench({ risk });
    equity(bench, '104000');
    bench.buy('10');
    equity(bench, '99000.01');
    expect(bench.denial(bench.order())).toBeUndefined();
    equity(bench, '99000');
    const reason = bench.denial(bench.order());
    expect(reason).toEqual({
      ...{ code: 'drawdown', drawdown: decimal('5000'), highest: decimal('104000'), limit: decimal('5000') },
    });
    expect(denialText(reason!)).toBe('drawdown: 5000 below the highest of 104000, limit 5000');
    expect(bench.machine.status()).toMatchObject({ riskState: 'reducing' });
    expect(bench.alerts()).toContain('drawdown');
    expect(bench.denial(bench.order({ side: 'sell', quantity: shares(10) }))).toBeUndefined();
  });

  it('stays in force over a restart and the next session, until a person resumes; then it counts from there', () => {
    const bench = new Bench({ risk });
    equity(bench, '104000');
    equity(bench, '98000');
    const next = restarted(bench, {}, { risk });
    next.account({ equity: decimal('103000') });
    expect(next.denial(next.order())).toMatchObject({ code: 'drawdown', highest: decimal('104000') });
    expect(next.alerts()).toContain('risk_restored');
    const day = 86_400 * ONE_SECOND;
    next.nowMicros += day;
    next.feed({
      type: 'session',
      session: {
        date: '2026-11-21',
        ...{ openMicros: SESSION.openMicros + day, closeMicros: SESSION.closeMicros + day },
        extendedOpenMicros: SESSION.extendedOpenMicros + day,
        extendedCloseMicros: SESSION.extendedCloseMicros + day,
      },
    });
    next.quote(99.99, 100.01);
    expect(next.denial(next.order())).toMatchObject({ code: 'drawdown' });
    next.feed({ type: 'command', command: 'resume', reason: 'by hand', instanceIds: null });
    expect(next.denial(next.order())).toBeUndefined();
    next.account({ equity: decimal('98001') });
    expect(next.denial(next.order())).toBeUndefined();
    next.account({ equity: decimal('98000') });
    expect(next.denial(next.order())).toMatchObject({ highest: decimal('103000') });
  });

  it('is measured from the mark that the journal has, to a hundredth of the limit', () => {
    const bench = new Bench({ risk });
    for (let step = 0; step < 200; step += 1) equity(bench, String(100_000 + step * 10));
    const kept = keptBy(bench);
    expect(Number(kept?.drawdown?.highest)).toBeGreaterThan(101_990 - 50);
    // Not every new mark was written down.
    expect(bench.journal().length).toBeLessThan(60);
  });
});

describe("a strategy's own limits", () => {
  it.each([
    ['order_notional', { orderNotionalMax: '500' }, () => {}],
    ['gross_notional', { notionalMax: '1500' }, (bench: Bench) => bench.buy('8')],
    ['open_orders', { openOrdersMax: 2 }, (bench: Bench) => [bench.order(), bench.order()]],
    ['orders_per_minute', { ordersPerMinuteMax: 2 }, (bench: Bench) => [bench.buy('1'), bench.buy('1')]],
  ] as const)('refuse with %s, and leave the other strategy alone', (code, limits, prepare) => {
    const bench = benchOf(limits);
    prepare(bench);
    const reason = bench.denial(bench.order());
    expect(reason).toMatchObject({ code, instanceId: 'alpha' });
    expect(bench.denial(bench.order({ instanceId: 'beta' }))).toBeUndefined();
  });

  it('count what another symbol holds at its own price, and what closes not at all', () => {
    const bench = benchOf({ notionalMax: '3000' });
    bench.quote(49.99, 50.01, 'Y');
    bench.buy('20', '50', { symbol: 'Y' });
    const stop = { side: 'sell', type: 'stop', stopPrice: decimal('45'), symbol: 'Y' } as const;
    bench.order({ ...stop, quantity: shares(20), reduceOnly: true });
    expect(bench.denial(bench.order({ quantity: shares(20) }))).toMatchObject({
      ...{ code: 'gross_notional', notional: decimal('3000.2'), limit: decimal('3000') },
    });
    expect(bench.denial(bench.order({ quantity: shares(19) }))).toBeUndefined();
  });

  it('end its day at the loss, and not that of the others; the next session begins anew', () => {
    const bench = benchOf({ dailyLossMax: '100' });
    bench.buy('90');
    bench.quote(98.87, 98.89);
    bench.feed({ type: 'tick' });
    expect(bench.alerts()).toContain('strategy_daily_loss');
    expect(bench.denial(bench.order())).toMatchObject({ code: 'daily_loss', instanceId: 'alpha' });
    expect(bench.denial(bench.order({ instanceId: 'beta' }))).toBeUndefined();
    const next = restarted(bench, { dailyLossMax: '100' });
    expect(next.denial(next.order())).toMatchObject({ code: 'daily_loss', instanceId: 'alpha' });
    next.feed({ type: 'session', session: { ...SESSION, openMicros: SESSION.openMicros + 1 } });
    expect(next.denial(next.order())).toBeUndefined();
  });

  it('end its trading at the fall from its highest P&L, over a restart, until a person resumes', () => {
    const limits = { drawdownMax: '200' };
    const bench = benchOf(limits, { risk: { dailyLossMax: '100000' } });
    bench.buy('90');
    bench.quote(103.99, 104.01);
    bench.feed({ type: 'tick' });
    bench.quote(101.79, 101.81);
    bench.feed({ type: 'tick' });
    expect(bench.denial(bench.order({ quantity: shares(1) }))).toBeUndefined();
    bench.quote(101.75, 101.77);
    bench.feed({ type: 'tick' });
    expect(bench.alerts()).toContain('strategy_drawdown');
    expect(bench.denial(bench.order({ quantity: shares(1) }))).toEqual({
      ...{ code: 'drawdown', instanceId: 'alpha', drawdown: decimal('201.6') },
      ...{ highest: decimal('360'), limit: decimal('200') },
    });
    const next = restarted(bench, limits, { risk: { dailyLossMax: '100000' } });
    expect(next.denial(next.order())).toMatchObject({ code: 'drawdown', instanceId: 'alpha' });
    expect(next.denial(next.order({ instanceId: 'beta' }))).toBeUndefined();
    next.feed({ type: 'command', command: 'resume', reason: 'by hand', instanceIds: null });
    expect(next.denial(next.order())).toBeUndefined();
  });
});

describe('limits of the account', () => {
  it('bound a position in shares over all strategies', () => {
    const bench = new Bench({ risk: { positionQuantityMax: '15' } });
    bench.buy('10');
    expect(bench.denial(bench.order({ instanceId: 'beta', quantity: shares(6) }))).toEqual({
      ...{ code: 'position_quantity', quantity: shares(16), limit: shares(15) },
    });
  });

  it('bound all that is held and ordered', () => {
    const bench = new Bench({ risk: { grossNotionalMax: '2500' } });
    bench.quote(49.99, 50.01, 'Y');
    bench.buy('10');
    bench.order({ symbol: 'Y', instanceId: 'beta', quantity: shares(20) });
    expect(bench.denial(bench.order({ quantity: shares(6) }))).toEqual({
      ...{ code: 'gross_notional', notional: decimal('2600.16'), limit: decimal('2500') },
    });
  });
});
