/** "What if" over a session whose symbols a scanner picked: what was picked when, looked for again, and kept as rows. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BacktestResult } from '../../src/backtester/result.ts';
import type { OrderRow, RunRow, TradeRow } from '../../src/models/contract.ts';
import type { WhatIfResult } from '../../src/replay/whatIf.ts';
import type { ReportDocument } from '../../src/report/document.ts';
import { openWorkshop, statusOf, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** Buys and sells with every fifth trade that it sees. */
const STRATEGY = `import { defineStrategy, z } from 'openbell';
export default defineStrategy({
  name: 'mover', description: 'Made for a test.', scope: 'symbol', channels: ['trades'],
  parameters: z.strictObject({ quantity: z.number().default(1), every: z.number().default(5) }),
  initialState: () => ({ trades: 0 }),
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades % context.parameters.every !== 0 || context.openOrders.length > 0) return;
    if (context.position.quantity > 0) context.flatten('out');
    else context.buy({ quantity: context.parameters.quantity, reason: 'in' });
  },
});
`;

/** One symbol and another in turn, by the clock. */
const scannerOf = (comment: string) => `// ${comment}
import { defineScanner, z } from 'openbell/scanners';
export default defineScanner({
  name: 'turns', description: 'Made for a test.',
  parameters: z.strictObject({ first: z.string(), second: z.string(), turnSeconds: z.number() }),
  async scan(context) {
    const { first, second, turnSeconds } = context.parameters;
    const turn = Math.floor(context.nowMicros / 1e6 / turnSeconds);
    return [{ symbol: turn % 2 === 0 ? first : second, score: 1, reason: '${comment}' }];
  },
});
`;

const START_TIMEOUT_MS = 90_000;
const TURN_SECONDS = 20;

describe('what if, with scanners', () => {
  let workshop: Workshop;
  let batchId: string;
  const what = async (...more: string[]) => {
    const { exitCode, stdout, stderr } = await openbell([
      ...['replay', batchId, '--json', ...workshop.storage],
      ...more,
    ]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    return JSON.parse(stdout) as WhatIfResult;
  };
  const rowsOf = <Row>(command: string, batch: string) =>
    openbellJson<Row[]>([command, '--batch', batch, ...workshop.storage]);
  const symbolsOf = ({ instances }: BacktestResult) => instances.map(({ symbol }) => symbol).sort();
  const write = (name: string, text: string) => writeFileSync(join(workshop.directory, name), text);
  const plan = () =>
    workshop.plan({
      mode: 'simulated',
      market_hours: 'always',
      liquidate_before_close: 'never',
      simulation: { seed: 7, symbols: ['AAPL', 'MSFT', 'NVDA'], rate: 300 },
      scanners: {
        turns: {
          path: './turns.ts',
          every: '2s',
          parameters: { first: 'AAPL', second: 'MSFT', turnSeconds: TURN_SECONDS },
        },
      },
      strategies: [
        { id: 'mover', path: './mover.ts', scanners: ['turns'], intraday: false },
        { id: 'idle', path: './mover.ts', symbols: ['NVDA'], intraday: false, parameters: { every: 1e9 } },
      ],
      risk: { max_orders_per_minute: 10_000, max_orders_per_minute_per_symbol: 10_000 },
      record: { min_free_mb: 0 },
    });

  beforeAll(async () => {
    workshop = openWorkshop('scanned');
    write('mover.ts', STRATEGY);
    write('turns.ts', scannerOf('as in the session'));
    const daemon = startOpenbell(['trade', plan(), ...workshop.storage]);
    await daemon.heard('Trading, batch', START_TIMEOUT_MS);
    batchId = (await statusOf(workshop))!.batchId;
    await until(
      async () => {
        const trades = await rowsOf<TradeRow>('trades', batchId);
        return ['AAPL', 'MSFT'].every((symbol) => trades.filter((row) => row.symbol === symbol).length >= 3);
      },
      { what: 'trades in both symbols', timeoutMs: 120_000 },
    );
    daemon.child.kill('SIGTERM');
    expect((await daemon.finished).exitCode).toBe(0);
  }, 240_000);

  afterAll(() => workshop.close());

  it('gives strategies what an unchanged scanner picked in the session, when it did', async () => {
    const result = await what('--set', 'mover.quantity=2', '--save');
    expect(result.picks).toEqual([
      { instanceId: 'mover', scanners: ['turns'], unchanged: 'session', changed: 'session' },
    ]);
    expect(symbolsOf(result.unchanged)).toEqual(['AAPL', 'MSFT']);
    expect(symbolsOf(result.changed)).toEqual(['AAPL', 'MSFT']);
    const trades = await rowsOf<TradeRow>('trades', result.changed.batchId);
    const turnAt = (moment: string) => Math.floor(Date.parse(moment) / 1_000 / TURN_SECONDS);
    const later = turnAt(result.from) % 2 === 0 ? 'MSFT' : 'AAPL';
    const turns = trades.filter(({ symbol }) => symbol === later).map((row) => turnAt(row.executedAt));
    expect(Math.min(...turns)).toBeGreaterThan(turnAt(result.from));
  }, 120_000);

  it('keeps both runs as batches of their own beside the session, once', async () => {
    const before = await rowsOf<OrderRow>('orders', batchId);
    const { unchanged, changed } = await what('--set', 'mover.quantity=2', '--save');
    expect(new Set([batchId, unchanged.batchId, changed.batchId]).size).toBe(3);
    for (const run of [unchanged, changed]) {
      const runs = await rowsOf<RunRow>('runs', run.batchId);
      expect(runs.map(({ instanceId }) => instanceId).sort()).toEqual(['idle', 'mover']);
      for (const row of runs) {
        expect(row).toMatchObject({
          ...{ environment: 'REPLAY', repeatedBatchId: batchId, endReason: 'the data ended' },
          startedAt: run.from,
        });
      }
      const trades = await rowsOf<TradeRow>('trades', run.batchId);
      expect(trades).toHaveLength(run.fills);
      const orders = await rowsOf<OrderRow>('orders', run.batchId);
      expect(orders).toHaveLength(run.metrics.orders);
      for (const { clientOrderId } of orders) {
        expect(clientOrderId.startsWith(`${run.batchId.replaceAll('-', '').slice(0, 12)}.`)).toBe(true);
      }
    }
    expect(await rowsOf<OrderRow>('orders', batchId)).toEqual(before);
    // Its prices are those of the session's tape.
    const report = await openbellJson<ReportDocument>([
      ...['report', changed.batchId, '--start-equity', changed.startEquity, ...workshop.storage],
    ]);
    expect(report).toMatchObject({ environment: 'REPLAY', fills: changed.fills });
    expect(Number(report.finalEquity)).toBeCloseTo(Number(changed.finalEquity), 1);
  }, 120_000);

  it('lets a changed scanner look again in its own time, and the session’s beside it', async () => {
    const result = await what('--set', 'turns.second=NVDA');
    expect(result.picks).toMatchObject([{ instanceId: 'mover', unchanged: 'tape', changed: 'tape' }]);
    expect(symbolsOf(result.unchanged)).toEqual(['AAPL', 'MSFT']);
    expect(symbolsOf(result.changed)).toEqual(['AAPL', 'NVDA']);
    expect(result.unchanged.scanners).toMatchObject([{ scannerId: 'turns', symbols: ['AAPL', 'MSFT'] }]);
    expect(result.changed.scanners).toMatchObject([{ scannerId: 'turns', symbols: ['AAPL', 'NVDA'] }]);
    const page = join(workshop.directory, 'what-if.html');
    const { stdout } = await openbell([
      ...['replay', batchId, '--set', 'turns.second=NVDA', '--report', page, ...workshop.storage],
    ]);
    expect(stdout).toContain('picked: AAPL NVDA, before the change: AAPL MSFT.');
  }, 120_000);

  it('knows a scanner’s file that is another now', async () => {
    const same = await what('--plan', plan());
    expect(same.picks).toMatchObject([{ unchanged: 'session', changed: 'session' }]);
    expect(same.changed.batchId).toBe(same.unchanged.batchId);
    write('turns.ts', scannerOf('changed since'));
    const changed = await what('--plan', plan());
    // Its code of then is gone: beside the new one's picks stand those of the session.
    expect(changed.picks).toMatchObject([{ unchanged: 'session', changed: 'tape' }]);
    expect(symbolsOf(changed.changed)).toEqual(['AAPL', 'MSFT']);
  }, 120_000);

  it('refuses what cannot be kept or set', async () => {
    const plain = await openbell(['replay', batchId, '--save', ...workshop.storage]);
    expect(plain.exitCode).toBe(2);
    expect(plain.stderr).toContain('Name the change with --set or --plan');
    const wrong = await openbell(['replay', batchId, '--set', 'turns.third=NVDA', ...workshop.storage]);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain('third');
    const unknown = await openbell(['replay', batchId, '--set', 'nobody.x=1', ...workshop.storage]);
    expect(unknown.stderr).toContain('a strategy or a scanner of the session: mover, idle, turns');
  }, 120_000);
});
