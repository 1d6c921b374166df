import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TradeRow } from '../../src/models/contract.ts';
import { logOf, openWorkshop, readRows, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

const DATA = resolve(process.env.OPENBELL_TEST_DATA ?? '../shared/data', 'QuantConnect+Lean/Data/equity/usa');
const DAY = '20131008';
const isThere = existsSync(DATA);
if (!isThere) process.stderr.write(`skipped: no recorded data at ${DATA}\n`);

/** Says which minutes it knows, then buys and sells in turn, every fifth trade. */
const WATCHER = `
  warmUp: () => ({ minuteBars: 330 }),
  initialState: () => ({ trades: 0 }),
  onStart(context) {
    const bars = [];
    for (let index = 0; index < context.minuteBars.length; index += 1) {
      const { timeMicros, open, high, low, close, volume } = context.minuteBars.at(index);
      bars.push([timeMicros, open, high, low, close, volume]);
    }
    context.log('info', 'history', { bars });
  },
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades % 5 !== 0 || context.openOrders.length > 0) return;
    if (context.position.quantity === 0) context.buy({ quantity: 1, reason: 'in' });
    else context.sell({ quantity: 1, reason: 'out' });
  },`;

type Minute = readonly [
  minute: number,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
];

/** Lean's own minutes of the day: ms after midnight in New York, prices times 10,000. */
function leanMinutes(): readonly Minute[] {
  const text = execFileSync('unzip', ['-p', join(DATA, 'minute/ibm', `${DAY}_trade.zip`)], {
    encoding: 'utf8',
  });
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(',').map(Number))
    .map(([ms, open, high, low, close, volume]): Minute => {
      const price = (value: number | undefined) => (value ?? Number.NaN) / 10_000;
      return [(ms ?? 0) / 60_000, price(open), price(high), price(low), price(close), volume ?? Number.NaN];
    });
}

describe.skipIf(!isThere)('a recorded day of IBM', () => {
  let workshop: Workshop;
  let daemon: Running;

  beforeAll(async () => {
    workshop = openWorkshop('tape');
    const ticks = ['trade', 'quote'].map((kind) => join(DATA, 'tick/ibm', `${DAY}_${kind}.zip`));
    const tape = join(workshop.directory, 'ibm.tape');
    const imported = await openbell([
      ...['tape', 'import', ...ticks, '--format', 'lean', '--symbol', 'IBM', '--output', tape],
    ]);
    expect(imported.exitCode, imported.stderr).toBe(0);
    const plan = workshop.plan({
      mode: 'simulated',
      consumers: 1,
      strategies: [{ path: workshop.strategy('watcher', WATCHER), symbols: ['IBM'] }],
      // The recording begins at 4:00 in New York; so it is played from 15:00 on.
      simulation: { tape: './ibm.tape', tape_offset: '11h' },
    });
    daemon = startOpenbell(['trade', plan, ...workshop.storage]);
    await daemon.heard('Trading, batch');
  });

  afterAll(async () => {
    daemon.child.kill('SIGKILL');
    await daemon.finished;
    workshop.close();
  });

  it("gives IBM's minute bars: those that strategies see are Lean's own, but for a few", async () => {
    await until(() => logOf(daemon).some(({ msg }) => msg === 'history'), { what: 'the history' });
    const history = logOf(daemon).find(({ msg }) => msg === 'history')?.bars as number[][];
    const recorded = new Map(leanMinutes().map(([minute, ...values]) => [minute, values]));
    const minuteOf = (bar: readonly number[]) => Math.round((bar[0] ?? 0) / 60_000_000);
    // Times were moved to now by whole minutes: the last known one is the last before 15:00.
    const last = Math.max(...history.map(minuteOf));
    const sharesOf = (shift: number) => {
      const pairs = history.flatMap((bar) => {
        const values = recorded.get(minuteOf(bar) - shift);
        return values === undefined ? [] : [{ ours: bar.slice(1), theirs: values }];
      });
      const agreeing = (column: number) =>
        pairs.filter(({ ours, theirs }) => ours[column] === theirs[column]).length / pairs.length;
      return { count: pairs.length, shares: [0, 1, 2, 3, 4].map(agreeing) };
    };
    const near = [-1, 0, 1].map((by) => sharesOf(last - (15 * 60 - 1) + by));
    const best = near.reduce((a, b) => ((b.shares[3] ?? 0) > (a.shares[3] ?? 0) ? b : a));
    expect(best.count).toBeGreaterThan(300);
    for (const share of best.shares) expect(share).toBeGreaterThanOrEqual(0.992);
  });

  it('is traded on: orders fill at its prices', async () => {
    await until(() => logOf(daemon).filter(({ msg }) => msg === 'fill').length >= 2, {
      what: 'two fills',
      timeoutMs: 50_000,
    });
    await until(async () => (await readRows(workshop, (rows) => rows.listTrades({}))).length >= 2, {
      what: 'their rows',
    });
    const trades = await openbellJson<TradeRow[]>(['trades', ...workshop.storage]);
    const prices = leanMinutes().flatMap(([, , high, low]) => [high, low]);
    for (const trade of trades) {
      expect(trade.symbol).toBe('IBM');
      expect(Number(trade.price)).toBeGreaterThan(Math.min(...prices) - 0.5);
      expect(Number(trade.price)).toBeLessThan(Math.max(...prices) + 0.5);
    }
  }, 70_000);

  it('stops in order', async () => {
    daemon.child.kill('SIGTERM');
    expect((await daemon.finished).exitCode).toBe(0);
  });
});
