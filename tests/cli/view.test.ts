import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY, remember, renderLine, renderView, totalProfit } from '../../src/cli/view.ts';
import type { DaemonStatus } from '../../src/trader/status.ts';

const STATUS: DaemonStatus = {
  state: 'trading',
  isHealthy: true,
  problems: [],
  batchId: '3f1c22d0-0000-4000-8000-000000000000',
  mode: 'simulated',
  environment: 'SIMULATED',
  plan: '/plan.yaml',
  startedAt: '2026-11-20T14:30:00.000000Z',
  uptimeMs: 41_200,
  processId: 1,
  feed: {
    state: 'live',
    detail: '',
    symbols: 20,
    eventsPerSecond: 1_004.4,
    events: 40_000,
    reconnects: 0,
    damagedElements: 0,
    ageMs: 3,
    receivers: [],
  },
  threads: [],
  consumers: [
    {
      name: 'A',
      state: 'running',
      detail: '',
      restarts: 0,
      units: 14,
      eventsShown: 21_344,
      eventsStale: 0,
      lagMs: 1.2,
      heapUsedBytes: 18_874_368,
      heartbeatAgeMs: 10,
    },
    {
      name: 'B',
      state: 'blocked',
      detail: 'strategy slow has not returned',
      restarts: 1,
      units: 1,
      eventsShown: 7,
      eventsStale: 2,
      lagMs: 7_200,
      heapUsedBytes: 0,
      heartbeatAgeMs: 9_000,
    },
  ],
  desk: {
    riskState: 'active',
    riskReason: null,
    brokerConnected: true,
    reconciled: true,
    account: { equity: '100031.77', cash: '95000', buyingPower: '190000', currency: 'USD' },
    positions: [
      {
        symbol: 'NVDA',
        instanceId: 'momentum-long',
        algoRunId: '1',
        qty: '37',
        avgPrice: '131.42',
        marketPrice: '131.9',
        unrealizedPnl: '17.7600',
        realizedPnl: '14.01',
        fees: '0',
      },
      {
        symbol: 'AAPL',
        instanceId: 'momentum-long',
        algoRunId: '1',
        qty: '0',
        avgPrice: '0',
        marketPrice: null,
        unrealizedPnl: null,
        realizedPnl: '-2.5',
        fees: '0.5',
      },
    ],
    openOrders: [],
    recentFills: [
      {
        executionId: 'e',
        clientOrderId: 'c',
        instanceId: 'momentum-long',
        symbol: 'NVDA',
        side: 'buy',
        qty: '37',
        price: '131.42',
        executedAt: '2026-11-20T14:31:07.412000Z',
      },
    ],
    ordersSubmitted: 42,
    denials: 1,
    rowsWaiting: 0,
  },
  alerts: [
    {
      at: '2026-11-20T14:31:00.000000Z',
      severity: 'warning',
      code: 'feed_gap',
      message: 'market data may be missing for 12.0 s',
      fields: {},
    },
  ],
};

const SIZE = { rows: 60, columns: 120 };

function screen(status: DaemonStatus, size = SIZE): string {
  return stripVTControlCharacters(renderView(status, EMPTY_MEMORY, size));
}

describe('the live view', () => {
  it('shows events, symbols, consumers and their lag, orders, positions, profit and the last fills', () => {
    const text = screen(STATUS);
    for (const part of [
      '1,004 events/s',
      '20 symbols',
      'healthy',
      'equity 100031.77 USD',
      'P&L 28.77',
      '42 orders sent',
      '1 denied',
    ])
      expect(text).toContain(part);
    expect(text).toMatch(/A +running +14 +21,344 +0 +1ms/);
    expect(text).toMatch(/NVDA +momentum-long +37 +131\.42 +131\.90 +17\.76/);
    expect(text).toMatch(/14:31:07\.412 +NVDA +momentum-long +buy +37 +131\.42/);
    expect(text).toContain('market data may be missing');
  });

  it('names what blocks a consumer', () => {
    expect(screen(STATUS)).toContain('blocked strategy slow has not returned');
  });

  it('says why the daemon is not healthy', () => {
    expect(screen({ ...STATUS, isHealthy: false, problems: ['no market event for 12.0 s'] })).toContain(
      'no market event for 12.0 s',
    );
  });

  it('never has more lines than the terminal', () => {
    expect(screen(STATUS, { rows: 12, columns: 80 }).split('\n').length).toBeLessThanOrEqual(12);
  });

  it('leaves positions out that are flat, but counts what they earned, after fees', () => {
    expect(screen(STATUS)).not.toMatch(/AAPL +momentum-long +0/);
    expect(totalProfit(STATUS)).toBeCloseTo(17.76 + 14.01 - 2.5 - 0.5, 6);
  });

  it('stands before the desk has answered', () => {
    expect(screen({ ...STATUS, desk: null })).toContain('waiting for the broker');
  });

  it('draws how events and profit went, over the last drawings only', () => {
    let memory = EMPTY_MEMORY;
    for (let index = 0; index < 100; index += 1)
      memory = remember(memory, { ...STATUS, feed: { ...STATUS.feed, eventsPerSecond: index } });
    expect(memory.eventsPerSecond).toHaveLength(40);
    expect(stripVTControlCharacters(renderView(STATUS, memory, SIZE))).toContain('▁');
  });

  it('is one line where a screen cannot be redrawn', () => {
    expect(stripVTControlCharacters(renderLine(STATUS))).toBe(
      'trading · 1004 events/s · 20 symbols · lag 7.2s · 0 open orders · 1 positions · P&L 28.77',
    );
  });
});
