import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPlannedData } from '../../src/backtester/data/planned.ts';
import type { ProofResult } from '../../src/backtester/prove/contract.ts';
import { type ProofData, prove } from '../../src/backtester/prove/prove.ts';
import { seededRandom } from '../../src/clock/chance.ts';
import { type Batch, EventKind } from '../../src/tape/batch.ts';
import { loadTradeplan } from '../../src/tradeplan/load.ts';
import { prepareStrategies } from '../../src/trader/preparation.ts';
import { openbell } from '../support/openbell.ts';
import { folder, MINUTE } from './harness.ts';

const WEEK = ['2024-03-04', '2024-03-05', '2024-03-06', '2024-03-07', '2024-03-08'];
const TWO_WEEKS = ['2024-02-26', '2024-02-27', '2024-02-28', '2024-02-29', '2024-03-01', ...WEEK];
const SESSION_MINUTES = 390;

/** Regular sessions of bars that wander, swing and trend; times are starts. A second symbol follows the first. */
function csvOf(
  symbols: readonly string[],
  {
    everyMinutes = 1,
    days = WEEK.slice(0, 3),
  }: { readonly everyMinutes?: number; readonly days?: readonly string[] } = {},
): string {
  const lines: string[] = [];
  const random = seededRandom(11);
  const prices = new Map(symbols.map((symbol) => [symbol, 100]));
  for (const day of days) {
    const open = Date.parse(`${day}T14:30:00Z`);
    for (let minute = 0; minute < SESSION_MINUTES; minute += everyMinutes) {
      const swing = Math.sin(minute / 25) * 0.0015;
      for (const symbol of symbols) {
        const from = prices.get(symbol)!;
        const first = prices.get(symbols[0]!)!;
        const isFirst = symbol === symbols[0];
        const to = isFirst
          ? from * (1 + swing + (random() - 0.5) * 0.003)
          : first * (1 + Math.sin(minute / 9) * 0.002 + (random() - 0.5) * 0.001);
        const high = Math.max(from, to) * (1 + random() * 0.0005);
        const low = Math.min(from, to) * (1 - random() * 0.0005);
        const figures = [from, high, low, to].map((price) => price.toFixed(4));
        lines.push(
          `${open + minute * 60_000},${symbol},${figures.join(',')},${Math.round(5_000 + random() * 20_000)}`,
        );
        prices.set(symbol, to);
      }
    }
  }
  return `ts_ms,symbol,open,high,low,close,volume\n${lines.join('\n')}\n`;
}

/** Every ten seconds of two hours a trade of each; the second follows the first. */
function tradesOf(symbols: readonly string[]): string {
  const lines: string[] = [];
  const random = seededRandom(12);
  const open = Date.parse('2024-03-04T14:30:00Z');
  let first = 100;
  for (let step = 0; step < 720; step += 1) {
    first *= 1 + (random() - 0.5) * 0.001;
    const second = first * (1 + Math.sin(step / 60) * 0.002 + (random() - 0.5) * 0.001);
    for (const [index, symbol] of symbols.entries()) {
      const price = index === 0 ? first : second;
      lines.push(`${open + step * 10_000 + index * 1_000},${symbol},${price.toFixed(4)},10000`);
    }
  }
  return `ts_ms,symbol,price,size\n${lines.join('\n')}\n`;
}

/** Buys above the mean of the last closes, sells below it. */
const follower = (lookback: number, warmUp = lookback) => `
import { defineStrategy, z } from 'openbell';
export default defineStrategy({
  name: 'follower', description: 'follows the mean', scope: 'symbol', channels: ['bars'],
  parameters: z.strictObject({}),
  warmUp: () => ({ minuteBars: ${warmUp} }),
  initialState: () => ({}),
  onBar(context, bar) {
    if (context.openOrders.length > 0 || context.minuteBars.length < ${warmUp}) return;
    const closes = context.minuteBars.column('close', ${lookback});
    const mean = closes.reduce((sum, close) => sum + close, 0) / closes.length;
    if (context.position.quantity === 0 && bar.close > mean) context.buy({ quantity: 10, reason: 'above' });
    else if (context.position.quantity > 0 && bar.close < mean) context.flatten('below');
  },
});
`;

/** Rests below the market with a stop under it, in more shares than a bar's volume gives. */
const BRACKET = `
import { defineStrategy, z } from 'openbell';
export default defineStrategy({
  name: 'bracket', description: 'rests', scope: 'symbol', channels: ['bars'],
  parameters: z.strictObject({}),
  initialState: () => ({}),
  onBar(context, bar) {
    const { quantity } = context.position;
    for (const order of context.openOrders) context.cancel(order.clientOrderId, 'again');
    if (quantity === 0) context.buy({ quantity: 90, limitPrice: bar.close * 0.999, reason: 'in' });
    else context.sell({ quantity, stopPrice: bar.low * 0.999, reason: 'out' });
  },
  onFill(context, { isComplete, side }) {
    if (isComplete && side === 'sell') context.buy({ quantity: 30, reason: 'again' });
  },
});
`;

let plans = 0;
function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function planOf(strategies: readonly object[]): string {
  plans += 1;
  // JSON is YAML.
  return write(
    `prove${plans}.yaml`,
    JSON.stringify({
      mode: 'simulated',
      strategies,
      backtest: { max_volume_percent: 0.5 },
      risk: {
        allow_short: true,
        max_orders_per_minute: 1_000,
        max_daily_loss: 100_000,
        max_position_notional: 1_000_000,
      },
    }),
  );
}

interface Case {
  readonly plan: string;
  readonly data: string;
  readonly barTime?: 'end';
  /** The rows as a faulty source would show them. */
  readonly spoil?: (batch: Batch) => void;
}

async function proofOf({ plan: path, data, barTime, spoil }: Case): Promise<ProofResult> {
  const plan = loadTradeplan(path);
  const { instances, violations } = await prepareStrategies(plan);
  expect(violations).toEqual([]);
  const files = { paths: [data], ...(barTime === undefined ? {} : { barTime }) };
  const { sources, symbols, firstMicros, lastMicros } = await openPlannedData(
    plan,
    instances,
    files,
    () => {},
  );
  async function* batches(): ReturnType<ProofData['batches']> & AsyncGenerator<Batch> {
    for await (const batch of sources.batches()) {
      spoil?.(batch);
      yield batch;
    }
  }
  return prove({
    plan,
    instances,
    batchId: 'proof',
    data: { symbols, hasBars: sources.hasBars, firstMicros, lastMicros, batches },
    moments: 10,
    seed: 3,
  });
}

const minutes = write('minutes.csv', csvOf(['AAPL'], { days: WEEK }));

describe('a proof of no look-ahead', () => {
  it.each([
    { name: 'momentum-long' },
    { name: 'vwap-reversion' },
    { name: 'opening-range-breakout' },
    {
      name: 'trend-following',
      intraday: false,
      parameters: { trendDays: 5, averageDays: 5, atrDays: 2, rebalanceSessions: 1 },
      days: TWO_WEEKS,
    },
    {
      name: 'pairs',
      symbols: ['AAPL', 'MSFT'],
      parameters: { windowMinutes: 30, entryZ: 1.2 },
      days: WEEK.slice(0, 2),
    },
  ])(
    'is quiet on $name',
    async ({ days, ...strategy }) => {
      const { symbols } = { symbols: ['AAPL'], ...strategy };
      const data = write(`${strategy.name}.csv`, csvOf(symbols, days === undefined ? {} : { days }));
      const proof = await proofOf({ plan: planOf([{ symbols, ...strategy }]), data });
      expect(proof.moments.filter(({ change }) => change !== null)).toEqual([]);
      expect(proof).toMatchObject({ isClean: true, causes: [], remarks: [] });
      expect(proof.decisions).toBeGreaterThan(0);
    },
    60_000,
  );

  it('is quiet on pairs, over trades', async () => {
    const symbols = ['AAPL', 'MSFT'];
    const parameters = { windowMinutes: 30, entryZ: 1.2 };
    const plan = planOf([{ name: 'pairs', symbols, parameters }]);
    const proof = await proofOf({ plan, data: write('trades.csv', tradesOf(symbols)) });
    expect(proof).toMatchObject({ isClean: true, causes: [], remarks: [] });
    expect(proof.decisions).toBeGreaterThan(5);
  }, 60_000);

  it('is quiet on limits, stops and partial fills', async () => {
    const plan = planOf([{ path: write('bracket.ts', BRACKET), symbols: ['AAPL'] }]);
    const proof = await proofOf({ plan, data: minutes });
    expect(proof).toMatchObject({ isClean: true, causes: [] });
    expect(proof.decisions).toBeGreaterThan(50);
  }, 60_000);

  it('names the decisions that a bar leads to before it is over', async () => {
    const plan = planOf([{ path: write('follower.ts', follower(5)), symbols: ['AAPL'] }]);
    expect(await proofOf({ plan, data: minutes })).toMatchObject({ isClean: true });
    const early = await proofOf({
      plan,
      data: minutes,
      spoil: (batch) => {
        for (let row = 0; row < batch.count; row += 1) {
          if (batch.kind[row] === EventKind.minuteBar) batch.receivedNs[row]! -= MINUTE * 1_000;
        }
      },
    });
    expect(early.isClean).toBe(false);
    const found = early.moments.find(({ change }) => change !== null);
    expect(found?.of).toBe('decision');
    expect(found?.change?.before ?? found?.change?.after).toMatchObject({ symbol: 'AAPL' });
  });

  it('tells bars that are longer than the plan says, and starts that were read as ends', async () => {
    const plan = planOf([{ path: write('follower.ts', follower(5)), symbols: ['AAPL'] }]);
    const fives = await proofOf({ plan, data: write('fives.csv', csvOf(['AAPL'], { everyMinutes: 5 })) });
    expect(fives.isClean).toBe(false);
    expect(fives.causes[0]).toContain('a bar every 300 s, and backtest.bar_interval says 60 s');
    expect(fives.moments.some(({ change }) => change !== null)).toBe(true);
    const ends = await proofOf({ plan, data: minutes, barTime: 'end' });
    expect(ends.isClean).toBe(false);
    expect(ends.causes[0]).toContain('starts were read as ends');
  });

  it('names the strategy that a longer history makes decide otherwise', async () => {
    // It asks for five bars, and looks at as many as there are.
    const plan = planOf([{ path: write('forgetful.ts', follower(400, 5)), symbols: ['AAPL'] }]);
    const proof = await proofOf({ plan, data: minutes });
    expect(proof.isClean).toBe(false);
    expect(proof.moments.every(({ change }) => change === null)).toBe(true);
    expect(proof.warmUp?.changes.map(({ instanceId }) => instanceId)).toEqual(['forgetful']);
  });

  it('ends with 1 when it finds something, and prints JSON or a table', async () => {
    const clean = planOf([{ path: write('follower.ts', follower(5)), symbols: ['AAPL'] }]);
    const good = await openbell(['backtest', clean, '--data', minutes, '--prove', '--moments', '4']);
    expect(good.stdout).toMatch(/^Clean: none of \d+ decisions/m);
    expect(good.exitCode).toBe(0);
    const bad = ['backtest', clean, '--data', minutes, '--prove', '--moments', '4', '--bar-time', 'end'];
    const found = await openbell([...bad, '--json']);
    expect(found.exitCode).toBe(1);
    expect((JSON.parse(found.stdout) as ProofResult).isClean).toBe(false);
    expect((await openbell(bad)).stdout).toContain('Look ahead: ');
  }, 60_000);
});
