/** Sessions of a real daemon on a local exchange that misbehaves, run again from what was recorded of them. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReplayResult } from '../../src/replay/contract.ts';
import type { WhatIfResult } from '../../src/replay/whatIf.ts';
import { logOf, openWorkshop, statusOf, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** Market and limit orders, cancels, flattening, timers, the dice, saved state; a hundred trades apart it takes long. */
const bodyOf = (every: number) => `import { defineStrategy, z } from 'openbell';

export default defineStrategy({
  name: 'busy',
  description: 'Made for a test.',
  scope: 'symbol',
  channels: ['trades'],
  parameters: z.strictObject({ quantity: z.number().default(1) }),
  warmUp: () => ({ minuteBars: 20 }),
  initialState: () => ({ trades: 0, gaps: 0 }),
  onStart(context) {
    context.setTimer('look', context.nowMicros + 700_000);
  },
  onTimer(context) {
    context.setTimer('look', context.nowMicros + 700_000);
    for (const order of context.openOrders) context.cancel(order.clientOrderId, 'rests');
  },
  onGap(context) {
    context.state.gaps += 1;
  },
  onTrade(context, trade) {
    context.state.trades += 1;
    if (context.state.trades % 100 === 0) for (let turn = 0; turn < 1e8; turn += 1);
    if (context.state.trades % ${every} !== 0 || context.openOrders.length > 0) return;
    const dice = context.random();
    if (dice < 0.2) return;
    if (context.position.quantity !== 0) context.sell({ quantity: context.position.quantity, reason: 'out' });
    else if (dice < 0.5) context.buy({ quantity: 1, limitPrice: trade.price * 0.99, reason: 'bid' });
    else context.buy({ quantity: context.parameters.quantity, reason: 'in', stopLossPrice: trade.price * 0.9 });
  },
});
`;

const FAULTS = [
  'malformedElements',
  'unknownKinds',
  'duplicateExecutions',
  'oddEvents',
  'shuffledUpdatesMs=150',
  'rejectProbability=0.1',
  'disconnectEveryMs=5000',
  'lostAnswer=reset_after_accepting:2',
];
const START_TIMEOUT_MS = 90_000;

describe('a recorded session with faults and lag', () => {
  let workshop: Workshop;
  let exchange: Running;
  let env: Record<string, string>;
  let plan: string;
  let batchId: string;
  const replayed = (...more: string[]) => openbell(['replay', batchId, ...workshop.storage, ...more]);
  const replayedJson = async (...more: string[]) =>
    JSON.parse((await replayed('--json', ...more)).stdout) as ReplayResult;
  const tapesOf = (source: string) => {
    const directory = join(workshop.directory, 'data', 'tapes');
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.includes(`/${source}-${batchId}`))
      .map((name) => join(directory, name));
  };

  const write = (code: string) => writeFileSync(join(workshop.directory, 'busy.ts'), code);

  /** Trades until enough has happened, and ends the daemon. */
  async function record(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const daemon = startOpenbell(['trade', plan, ...workshop.storage], env);
    await daemon.heard('Trading, batch', START_TIMEOUT_MS);
    const count = (wanted: string) => logOf(daemon).filter(({ msg }) => msg === wanted).length;
    await until(async () => count('fill') >= 15 && ((await statusOf(workshop))?.feed.reconnects ?? 0) >= 1, {
      what: 'fills and a reconnection',
      timeoutMs: 90_000,
    });
    batchId = (await statusOf(workshop))!.batchId;
    daemon.child.kill(signal);
    await daemon.finished;
  }

  beforeAll(async () => {
    workshop = openWorkshop('replay');
    const symbols = ['AAPL', 'MSFT', 'NVDA'];
    write(bodyOf(10));
    plan = workshop.plan({
      mode: 'paper',
      consumers: 2,
      strategies: [{ id: 'busy', path: './busy.ts', symbols }],
      risk: { max_orders_per_minute: 60 },
      record: { min_free_mb: 0 },
    });
    exchange = startOpenbell([
      ...['sim', '--json', '--seed', '7', '--symbols', symbols.join(','), '--rate', '400'],
      ...FAULTS.flatMap((fault) => ['--fault', fault]),
    ]);
    await exchange.heard('\n');
    ({ env } = JSON.parse(exchange.stdout()) as { env: Record<string, string> });
    await record('SIGTERM');
  }, 240_000);

  afterAll(async () => {
    exchange.child.kill('SIGKILL');
    await exchange.finished;
    workshop.close();
  });

  it('decides the same again: every intent, order, cancel and denial of every machine', async () => {
    const { exitCode, stdout, stderr } = await replayed();
    expect(stdout).toContain('decides the same again');
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const result = await replayedJson();
    expect(result).toMatchObject({ batchId, environment: 'REPLAY', isEqual: true, firstDifference: null });
    expect(result.machines.map(({ machine }) => machine)).toEqual(['desk', 'consumer A', 'consumer B']);
    for (const machine of result.machines) {
      expect(machine).toMatchObject({ difference: null, rowsLost: 0, unconfirmed: 0, faults: [] });
      expect(machine.equal).toBeGreaterThan(0);
    }
    const orders = await openbellJson<unknown[]>(['orders', '--batch', batchId, ...workshop.storage]);
    expect(result.machines[0]?.equal).toBeGreaterThanOrEqual(orders.length);
  }, 120_000);

  it('names the first decision that changed code makes otherwise, and its event', async () => {
    write(bodyOf(7));
    const { exitCode, stdout } = await replayed('--strategies', plan);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /The first difference is decision 1 of consumer [AB], at .*, on trade of (AAPL|MSFT|NVDA) at /,
    );
    const { firstDifference, isEqual } = await replayedJson('--strategies', plan);
    expect(isEqual).toBe(false);
    expect(firstDifference?.index).toBe(1);

    const changed = bodyOf(10).replace(
      'context.sell({ quantity: context.position.quantity,',
      'context.sell({ quantity: context.position.quantity / 2,',
    );
    write(changed);
    const smaller = (await replayedJson('--strategies', plan)).firstDifference;
    expect(smaller).toMatchObject({
      recorded: { quantity: '1', side: 'sell' },
      replayed: { quantity: '0.5' },
    });
    expect(smaller?.fields).toContain('quantity');
    expect(smaller?.event).toMatch(/^trade of /);
    write(bodyOf(10));
    expect((await replayed('--strategies', plan)).exitCode).toBe(0);
  }, 120_000);

  it('shows the session beside what it would have been: the same again, and with a change', async () => {
    const same = JSON.parse((await replayed('--json', '--plan', plan)).stdout) as WhatIfResult;
    const { elapsedSeconds: _, eventsPerSecond: __, ...unchanged } = same.unchanged;
    expect(same.changed).toMatchObject(unchanged);
    expect(unchanged.fills).toBeGreaterThan(10);
    expect(unchanged.shortWarmUps).toEqual([]);
    expect(same.session.fills).toBeGreaterThan(10);
    const doubled = JSON.parse((await replayed('--json', '--set', 'busy.quantity=2')).stdout) as WhatIfResult;
    expect(doubled.unchanged.finalEquity).toBe(unchanged.finalEquity);
    expect(doubled.changed.finalEquity).not.toBe(unchanged.finalEquity);
    const { exitCode, stdout } = await replayed('--set', 'busy.quantity=2');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/session +backtest +with the change\norders/);
    const wrong = await replayed('--set', 'busy.quantity=many', '--set', 'idle.x=1');
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain('busy.quantity');
    expect(wrong.stderr).toContain('a strategy or a scanner of the session: busy');
  }, 120_000);

  it('killed amid it, it still decides the same as far as both tapes go', async () => {
    await record('SIGKILL');
    const result = await replayedJson();
    expect(result.firstDifference).toBeNull();
    expect(result.isEqual).toBe(true);
    expect(result.decisions).toBeGreaterThan(20);
  }, 240_000);

  it('says in one line which tape is missing, damaged or of no such batch, and what to do', async () => {
    const refusal = async () => {
      const { exitCode, stderr, stdout } = await replayed();
      expect(stdout).toBe('');
      expect(exitCode).toBe(2);
      return stderr.trim().split('\n');
    };
    const [consumer = ''] = tapesOf('consumer-A');
    writeFileSync(consumer, 'no tape');
    expect(await refusal()).toHaveLength(2);
    rmSync(consumer);
    expect((await refusal())[0]).toContain('the inbox of consumer A is not among its tapes');
    for (const path of tapesOf('desk')) rmSync(path);
    expect((await refusal())[0]).toContain("the desk's inbox is not among its tapes");
    batchId = '00000000';
    expect((await refusal())[0]).toContain('there are no tapes of a batch 00000000');
  }, 120_000);
});
