import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderRow, RunRow, TradeRow } from '../../src/models/contract.ts';
import type { DaemonStatus } from '../../src/trader/control/status.ts';
import { logOf, openWorkshop, statusOf, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** Buys and sells in turn, every tenth trade, and says what it missed. */
const BUSY = `
  initialState: () => ({ trades: 0 }),
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades % 10 !== 0 || context.openOrders.length > 0) return;
    if (context.position.quantity === 0) context.buy({ quantity: 1, reason: 'in' });
    else context.sell({ quantity: 1, reason: 'out' });
  },
  onGap(context, gap) {
    context.log('info', 'gap', { reason: gap.reason });
  },`;

describe('paper mode, against a market that misbehaves', () => {
  let workshop: Workshop;
  let exchange: Running;
  let daemon: Running;
  let env: Record<string, string>;
  let plan: string;

  beforeAll(async () => {
    workshop = openWorkshop('paper');
    plan = workshop.plan({
      mode: 'paper',
      consumers: 1,
      strategies: [{ path: workshop.strategy('busy', BUSY), symbols: ['AAPL', 'MSFT'] }],
      risk: { max_orders_per_minute: 10_000 },
    });
    const faults = ['malformedElements', 'unknownKinds', 'duplicateExecutions', 'disconnectEveryMs=6000'];
    exchange = startOpenbell([
      ...['sim', '--json', '--seed', '5', '--symbols', 'AAPL,MSFT', '--rate', '200'],
      ...faults.flatMap((fault) => ['--fault', fault]),
    ]);
    await exchange.heard('\n');
    ({ env } = JSON.parse(exchange.stdout()) as { env: Record<string, string> });
    daemon = startOpenbell(['trade', plan, ...workshop.storage], { ...env, OPENBELL_LOG_LEVEL: 'debug' });
    await daemon.heard('Trading, batch');
  });

  afterAll(async () => {
    daemon.child.kill('SIGKILL');
    exchange.child.kill('SIGKILL');
    await Promise.all([daemon.finished, exchange.finished]);
    workshop.close();
  });

  it('refuses wrong keys with exit code 3 in one line, and without repeating them', async () => {
    const wrong = { ...env, APCA_API_SECRET_KEY: 'n0t-the-secret' };
    const storage = ['--data-dir', `${workshop.directory}/other`];
    const { exitCode, stdout, stderr } = await openbell(['trade', plan, ...storage], wrong);
    const words = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect(exitCode).toBe(3);
    expect(words).toHaveLength(2);
    // Broker and feed are asked side by side; either may be the first to say so.
    expect(words[0]).toMatch(/^error: the (broker refused|feed refuses) us: /);
    expect(words[1]).toContain('APCA_API_KEY_ID');
    expect(`${stdout}${stderr}`).not.toContain('n0t-the-secret');
  });

  it('cut off again and again, it connects again, says what it missed, and goes on trading', async () => {
    let status: DaemonStatus | null = null;
    await until(
      async () => {
        status = await statusOf(workshop);
        return (status?.feed.reconnects ?? 0) >= 1;
      },
      { what: 'a reconnection', timeoutMs: 40_000 },
    );
    expect(status!.alerts.some(({ code }) => code === 'feed_gap')).toBe(true);
    expect(logOf(daemon).some(({ msg, reason }) => msg === 'gap' && reason === 'disconnected')).toBe(true);
    const fills = () => logOf(daemon).filter(({ msg }) => msg === 'fill').length;
    const before = fills();
    await until(() => fills() >= before + 2, { what: 'fills after the reconnection', timeoutMs: 40_000 });
  }, 90_000);

  it("compares its books with the broker's when the market data is back, whatever cut it off", () => {
    const reasons = logOf(daemon).flatMap(({ msg, reason }) =>
      msg === 'reconciliation is wanted' ? [reason] : [],
    );
    expect(reasons).toContain('the market data was cut off');
  });

  it('counts what it cannot read and keeps the rest', async () => {
    const status = await statusOf(workshop);
    expect(status?.feed.damagedElements).toBeGreaterThan(0);
    expect(status?.feed.events).toBeGreaterThan(0);
  });

  it('stops in order with exit code 0; every execution, though told twice, is one row', async () => {
    daemon.child.kill('SIGTERM');
    expect((await daemon.finished).exitCode).toBe(0);
    const runs = await openbellJson<RunRow[]>(['runs', ...workshop.storage]);
    const orders = await openbellJson<OrderRow[]>(['orders', ...workshop.storage]);
    const trades = await openbellJson<TradeRow[]>(['trades', ...workshop.storage]);
    expect(runs.map((run) => run.environment)).toEqual(['PAPER']);
    expect(trades.length).toBeGreaterThan(0);
    for (const order of orders) {
      const filled = trades
        .filter((trade) => trade.clientOrderId === order.clientOrderId)
        .reduce((sum, trade) => sum + Number(trade.qty), 0);
      expect(filled, order.clientOrderId).toBe(Number(order.filledQty));
    }
  });
});
