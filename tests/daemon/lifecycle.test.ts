import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunRow, TradeRow } from '../../src/models/contract.ts';
import { childrenOf, isAlive, logOf, openWorkshop, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** Buys and sells in turn, every tenth trade. */
const BUSY = `
  initialState: () => ({ trades: 0 }),
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades % 10 !== 0 || context.openOrders.length > 0) return;
    if (context.position.quantity === 0) context.buy({ quantity: 1, reason: 'in' });
    else context.sell({ quantity: 1, reason: 'out' });
  },`;

const STOP_MAX_MS = 10_000;
const ABANDONED = 'abandoned: its process ended without saying so';

describe('a daemon whose life is cut short', () => {
  let workshop: Workshop;
  let plan: string;

  beforeAll(() => {
    workshop = openWorkshop('lifecycle');
    plan = workshop.plan({
      mode: 'simulated',
      consumers: 1,
      strategies: [{ path: workshop.strategy('busy', BUSY), symbols: ['AAPL', 'MSFT'] }],
      simulation: { seed: 3, symbols: ['AAPL', 'MSFT'], rate: 200 },
    });
  });

  const started: Running[] = [];
  const start = () => {
    const daemon = startOpenbell(['trade', plan, ...workshop.storage]);
    started.push(daemon);
    return daemon;
  };

  afterEach(async () => {
    for (const daemon of started.splice(0)) {
      daemon.child.kill('SIGKILL');
      await daemon.finished;
    }
  });

  afterAll(() => workshop.close());

  it.each([
    ['starting the local exchange', 'SIGTERM'],
    ['reconciling orders and positions', 'SIGINT'],
  ] as const)('while it is %s: %s ends it in order, in time, and no process stays', async (step, signal) => {
    const daemon = start();
    await daemon.heard(step);
    await until(() => childrenOf(daemon.child.pid ?? 0).length > 0, { what: 'the exchange to be started' });
    const children = childrenOf(daemon.child.pid ?? 0);
    const askedAtMs = performance.now();
    daemon.child.kill(signal);
    const { exitCode, stdout, stderr } = await daemon.finished;
    expect(performance.now() - askedAtMs).toBeLessThan(STOP_MAX_MS);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain(`Stopping (${signal})`);
    await until(() => !children.some(isAlive), { what: 'the exchange to be gone' });
  });

  it('killed in the middle of trading: its exchange goes too, and the next one clears up, trades, and stops when asked twice', async () => {
    const first = start();
    await first.heard('Trading, batch');
    await until(() => logOf(first).filter(({ msg }) => msg === 'fill').length >= 4, {
      what: 'four fills',
      timeoutMs: 40_000,
    });
    const children = childrenOf(first.child.pid ?? 0);
    first.child.kill('SIGKILL');
    await first.finished;
    await until(() => !children.some(isAlive), { what: 'its exchange to end with it' });
    expect((await openbell(['status', ...workshop.storage])).exitCode).toBe(3);

    const second = start();
    await second.heard('Trading, batch');
    await until(() => logOf(second).some(({ msg }) => msg === 'fill'), { what: 'a fill' });
    const runs = await openbellJson<RunRow[]>(['runs', ...workshop.storage]);
    expect(runs.filter((run) => run.endedAt === null)).toHaveLength(1);
    const abandoned = runs.filter((run) => run.endedAt !== null);
    expect(abandoned.map((run) => run.endReason)).toContain(ABANDONED);
    // What the first one had traded is not lost with it.
    const trades = await openbellJson<TradeRow[]>(['trades', ...workshop.storage]);
    const ofFirst = abandoned.filter((run) => run.endReason === ABANDONED).map((run) => run.algoRunId);
    expect(trades.filter((trade) => ofFirst.includes(trade.algoRunId)).length).toBeGreaterThanOrEqual(4);

    // Twice at once, as by a terminal and npm: it stops in order all the same.
    second.child.kill('SIGINT');
    second.child.kill('SIGINT');
    const { exitCode, stdout } = await second.finished;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Stopped in order');
    const left = readdirSync(join(workshop.directory, 'data'), { recursive: true }).map(String);
    expect(left.filter((file) => /daemon\.lock\/.|control\.sock/.test(file))).toEqual([]);
  }, 120_000);
});
