import { describe, expect, it } from 'vitest';
import { ACCOUNT, Bench, ONE_SECOND, SESSION } from './harness.ts';

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
