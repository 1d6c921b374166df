import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY, remember, renderLine, renderView, totalProfit } from '../../src/cli/view.ts';
import type { DaemonStatus } from '../../src/trader/control/status.ts';
import { STATUS } from '../support/status.ts';

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

  it('shows how long each stage takes on its slowest thread, and where Prometheus reads', () => {
    const text = screen({ ...STATUS, metricsUrl: 'http://127.0.0.1:9464/metrics' });
    expect(text).toContain('p50/p99  decode 3.3µs/40µs · queue 2.0s/7.2s\n');
    expect(text).toContain('metrics  http://127.0.0.1:9464/metrics');
    expect(screen({ ...STATUS, stages: [] })).not.toContain('p50/p99');
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
