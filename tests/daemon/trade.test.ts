import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderRow, RunRow, TradeRow } from '../../src/models/contract.ts';
import { readRows, statusOf } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** The daemon as a newcomer runs it: the example plan, an empty directory, no key, no database. */
describe('openbell trade tradeplan.example.yaml', () => {
  let directory: string;
  let daemon: Running;
  const storage = () => ['--data-dir', join(directory, 'data')];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'openbell-trade-'));
    daemon = startOpenbell(['trade', 'tradeplan.example.yaml', ...storage()]);
    await daemon.heard('Trading, batch');
  });

  afterAll(async () => {
    daemon.child.kill('SIGKILL');
    await daemon.finished;
    rmSync(directory, { recursive: true, force: true });
  });

  it('is healthy and sees the market', async () => {
    await until(
      async () => {
        const status = await statusOf({ directory });
        return (
          status?.isHealthy === true &&
          status.feed.eventsPerSecond > 0 &&
          status.consumers.every((consumer) => consumer.eventsShown > 0)
        );
      },
      { what: 'a healthy status', timeoutMs: 30_000 },
    );
    const { exitCode, stdout } = await openbell(['status', '--json', ...storage()]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'trading', isHealthy: true });
  });

  it('fills a round trip, with reasons and indicators in its rows', async () => {
    await until(async () => hasRoundTrip(await readRows({ directory }, (rows) => rows.listTrades({}))), {
      what: 'a buy and a sell of one run and symbol',
      timeoutMs: 90_000,
    });
    const trades = await openbellJson<TradeRow[]>(['trades', ...storage()]);
    for (const trade of trades) {
      expect(trade.qty).toMatch(/^\d+(\.\d+)?$/);
      expect(trade.price).toMatch(/^\d+(\.\d+)?$/);
      expect(trade.executedAt).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/);
      expect(Object.keys(trade.indicators)).toEqual([trade.side]);
    }
  }, 100_000);

  it('lists by strategy and symbol, with totals for people and CSV for spreadsheets', async () => {
    const trades = await openbellJson<TradeRow[]>(['trades', ...storage()]);
    const { symbol, executedAt } = trades.at(-1)!;
    const of = ['--symbol', symbol, '--until', executedAt];
    expect((await openbell(['trades', ...of, ...storage()])).stdout).toContain('no trades yet');
    const { stdout: csv } = await openbell(['trades', '--csv', '--symbol', symbol, ...storage()]);
    const [heading, ...lines] = csv.trimEnd().split('\n');
    expect(heading).toMatch(/^tradeId,algoRunId,batchId,clientOrderId,symbol,side,qty,price,fee,/);
    expect(lines.length).toBeGreaterThanOrEqual(trades.filter((trade) => trade.symbol === symbol).length);
    expect(lines.every((line) => line.includes(`,${symbol},`))).toBe(true);
    const { stdout: table } = await openbell(['positions', '--strategy', 'momentum-long', ...storage()]);
    expect(table).toMatch(/\d+ positions: open P&L .*, realised P&L |no positions yet/);
    const wrong = await openbell(['trades', '--since', 'yesterday', ...storage()]);
    expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
    expect(wrong.stderr).toContain('2026-11-20T14:30:00Z');
  });

  it('refuses a second daemon in the same directory, in one line, with exit code 2', async () => {
    const second = await openbell(['trade', 'tradeplan.example.yaml', ...storage()]);
    expect(second.exitCode).toBe(2);
    expect(second.stderr).toContain('another daemon');
    expect(second.stderr).toContain('--data-dir');
  });

  it('stops taking risk when it is halted, and goes on when it is resumed', async () => {
    await openbell(['halt', '--reason', 'a test', ...storage()]);
    await until(async () => (await statusOf({ directory }))?.desk?.riskState === 'halted', {
      what: 'risk state halted',
    });
    expect((await openbell(['status', ...storage()])).exitCode).toBe(1);
    await openbell(['resume', ...storage()]);
    await until(async () => (await statusOf({ directory }))?.desk?.riskState === 'active', {
      what: 'risk state active',
    });
  });

  it('stops in order at SIGTERM: exit code 0, runs closed with their reason, no order left open', async () => {
    daemon.child.kill('SIGTERM');
    const { exitCode, stdout } = await daemon.finished;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Stopped in order');
    const runs = await openbellJson<RunRow[]>(['runs', ...storage()]);
    const orders = await openbellJson<OrderRow[]>(['orders', ...storage()]);
    expect(runs.length).toBeGreaterThan(0);
    expect(
      runs.every(
        (run) => run.environment === 'SIMULATED' && run.endReason === 'SIGTERM' && run.endedAt !== null,
      ),
    ).toBe(true);
    expect(new Set(runs.map((run) => run.strategy))).toEqual(new Set(['momentum-long', 'vwap-reversion']));
    const open = orders.filter((order) =>
      ['new', 'accepted', 'partially_filled', 'submitting', 'unknown'].includes(order.status),
    );
    expect(open).toEqual([]);
  });

  it('is found to be gone, with exit code 3', async () => {
    expect((await openbell(['status', ...storage()])).exitCode).toBe(3);
  });
});

function hasRoundTrip(trades: readonly TradeRow[]): boolean {
  const sides = new Map<string, Set<string>>();
  for (const trade of trades) {
    const key = `${trade.algoRunId} ${trade.symbol}`;
    sides.set(key, (sides.get(key) ?? new Set()).add(trade.side));
  }
  return [...sides.values()].some((both) => both.size === 2);
}
