import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DaemonStatus } from '../../src/trader/control/status.ts';
import { type LogLine, logOf, openWorkshop, readRows, statusOf, type Workshop } from '../support/daemon.ts';
import { type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** Throws at its tenth trade of AAPL; goes on with MSFT. */
const FRAGILE = `
  initialState: () => ({ trades: 0 }),
  onTrade(context) {
    context.state.trades += 1;
    if (context.symbol === 'AAPL' && context.state.trades === 10) throw new Error('a bug of mine');
    if (context.state.trades % 10 === 0) context.log('info', 'seen', { trades: context.state.trades });
  },`;

/** Computes for some seconds, once. */
const SLOW = `
  initialState: () => ({ trades: 0, sum: 0 }),
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades !== 20) return;
    let sum = 0;
    for (let step = 0; step < 1.5e9; step += 1) sum += step % 7;
    context.state.sum = sum;
    context.log('info', 'computed');
  },`;

/** Buys at its 30th trade, and once it holds shares keeps everything it sees, until its memory is used up. */
const LEAKING = `
  initialState: () => ({ trades: 0, starts: 0, filled: false }),
  onStart(context) {
    context.state.starts += 1;
    const { trades, starts, filled } = context.state;
    context.log('info', 'began', { trades, starts, filled, held: context.position.quantity });
  },
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades === 30) context.buy({ quantity: 10, reason: 'to hold something' });
    if (context.state.starts === 2 && context.state.trades % 20 === 0)
      context.log('info', 'goes on', { trades: context.state.trades, held: context.position.quantity });
    if (context.state.starts !== 1 || context.position.quantity === 0) return;
    for (let piece = 0; piece < 20; piece += 1) hoard.push(new Array(100_000).fill(piece));
  },`;

/** Buys at its fifth trade and never wants the symbol again once it has it. */
const CHOOSY = `
  initialState: () => ({ trades: 0 }),
  onStart(context) {
    context.log('info', 'began');
  },
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades === 5) context.buy({ quantity: 5, reason: 'to have something to give up' });
  },
  onFill(context, fill) {
    if (fill.isComplete) context.reject('not what it seemed');
  },`;

describe('strategies that misbehave', () => {
  let workshop: Workshop;
  let daemon: Running;

  beforeAll(async () => {
    workshop = openWorkshop('strategies');
    const plan = workshop.plan({
      mode: 'simulated',
      consumers: 2,
      // Units go to the consumer with the least to do: the first, third and fifth to A, the others to B.
      strategies: [
        { path: workshop.strategy('leaking', LEAKING, 'const hoard: number[][] = [];'), symbols: ['TSLA'] },
        { path: workshop.strategy('slow', SLOW), symbols: ['NVDA'] },
        { path: workshop.strategy('choosy', CHOOSY), symbols: ['AMD'] },
        { path: workshop.strategy('fragile', FRAGILE), symbols: ['AAPL', 'MSFT'] },
      ],
      limits: { heartbeat_timeout: '1s', consumer_heap_mb: 96 },
      record: false,
      simulation: { seed: 11, symbols: ['TSLA', 'NVDA', 'AMD', 'AAPL', 'MSFT'], rate: 200 },
    });
    daemon = startOpenbell(['trade', plan, ...workshop.storage]);
    await daemon.heard('Trading, batch');
  });

  afterAll(async () => {
    daemon.child.kill('SIGKILL');
    await daemon.finished;
    workshop.close();
  });

  const alert = (status: DaemonStatus | null, code: string) =>
    status?.alerts.find((entry) => entry.code === code);
  const said = (strategy: string, msg: string): readonly LogLine[] =>
    logOf(daemon).filter((line) => line.strategy === strategy && line.msg === msg);

  it('one that blocks its thread is named while it blocks, and the other consumer goes on', async () => {
    const shown = (status: DaemonStatus, name: string) =>
      status.consumers.find((consumer) => consumer.name === name)?.eventsShown ?? 0;
    const whileBlocked: DaemonStatus[] = [];
    await until(
      async () => {
        const status = await statusOf(workshop);
        if (status?.consumers.some(({ name, state }) => name === 'B' && state === 'blocked'))
          whileBlocked.push(status);
        return said('slow', 'computed').length > 0;
      },
      { what: 'the slow strategy to have returned', timeoutMs: 40_000 },
    );
    const [first, last] = [whileBlocked[0], whileBlocked.at(-1)];
    if (first === undefined || last === undefined) throw new Error('nobody saw the consumer block');
    expect(first.isHealthy).toBe(false);
    expect(first.problems).toContain('consumer B is blocked: strategy slow has not returned');
    expect(alert(first, 'consumer_blocked')).toMatchObject({
      severity: 'critical',
      message: 'consumer B is blocked: strategy slow has not returned',
    });
    // It goes on, or has been started again meanwhile by the strategy that uses up its memory.
    const restarts = (status: DaemonStatus) =>
      status.consumers.find(({ name }) => name === 'A')?.restarts ?? 0;
    if (restarts(last) === restarts(first))
      expect(shown(last, 'A')).toBeGreaterThanOrEqual(shown(first, 'A'));
    expect(shown(last, 'B')).toBe(shown(first, 'B'));
    await until(
      async () => (await statusOf(workshop))?.consumers.find(({ name }) => name === 'B')?.state === 'running',
      { what: 'consumer B to run again' },
    );
  }, 60_000);

  it('one that throws is stopped for that symbol and reported with the line of its file; for others it goes on', async () => {
    await until(async () => alert(await statusOf(workshop), 'strategy_fault') !== undefined, {
      what: 'an alert strategy_fault',
    });
    const fault = alert(await statusOf(workshop), 'strategy_fault');
    expect(fault).toMatchObject({
      severity: 'critical',
      message: 'strategy fragile was stopped for AAPL: onTrade threw Error: a bug of mine',
      fields: { consumer: 'B', strategy: 'fragile', symbol: 'AAPL', handler: 'onTrade' },
    });
    expect(JSON.stringify(fault?.fields.stack)).toMatch(/fragile\.ts:\d+:\d+/);
    expect(logOf(daemon).some((line) => line.alert === 'strategy_fault' && line.strategy === 'fragile')).toBe(
      true,
    );
    await until(() => said('fragile', 'seen').some((line) => line.symbol === 'MSFT'), {
      what: 'the strategy to go on with MSFT',
    });
    expect(said('fragile', 'seen').filter((line) => line.symbol === 'AAPL')).toEqual([]);
  }, 60_000);

  it('one that uses up its memory: its consumer starts again with symbols, position and state', async () => {
    await until(() => said('leaking', 'began').length === 2, {
      what: 'the leaking strategy to begin again',
      timeoutMs: 60_000,
    });
    const [first, second] = said('leaking', 'began');
    expect(first).toMatchObject({ starts: 1, trades: 0, held: 0 });
    // What was saved with its order: it goes on from there.
    expect(second).toMatchObject({ starts: 2, trades: 30, held: 10, consumer: 'A' });
    await until(() => said('leaking', 'goes on').length > 0, { what: 'trades after the restart' });
    expect(said('leaking', 'goes on')[0]).toMatchObject({ held: 10 });

    const status = await statusOf(workshop);
    expect(alert(status, 'consumer_died')?.message).toContain('consumer A died and is started again');
    expect(alert(status, 'consumer_died')?.message).toContain('memory');
    expect(status?.consumers.find(({ name }) => name === 'A')).toMatchObject({
      state: 'running',
      restarts: 1,
    });
    expect(status?.desk?.positions.find(({ instanceId }) => instanceId === 'leaking')).toMatchObject({
      symbol: 'TSLA',
      qty: '10',
    });
  }, 90_000);

  it('one that rejects a symbol is flattened, and not called again even by the consumer that follows', async () => {
    await until(
      async () =>
        (await readRows(workshop, (rows) => rows.listTrades({ symbol: 'AMD' }))).some(
          (trade) => trade.side === 'sell',
        ),
      { what: 'the sale of what was rejected' },
    );
    const status = await statusOf(workshop);
    const held = status?.desk?.positions.find(({ instanceId }) => instanceId === 'choosy');
    expect(held?.qty ?? '0').toBe('0');
    expect(said('choosy', 'the strategy rejects the symbol for today')).toHaveLength(1);
    expect(said('choosy', 'began')).toHaveLength(1);
  });

  it('and the daemon has stayed up: it stops in order, and has recorded nothing, as it was told', async () => {
    daemon.child.kill('SIGTERM');
    expect((await daemon.finished).exitCode).toBe(0);
    expect(existsSync(join(workshop.directory, 'data', 'tapes'))).toBe(false);
  });
});
