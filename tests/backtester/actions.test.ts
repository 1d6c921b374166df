import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runBacktest } from '../../src/backtester/backtest.ts';
import { dividendsOf } from '../../src/backtester/data/actions.ts';
import type { BacktestResult } from '../../src/backtester/result.ts';
import { liveClock } from '../../src/clock/live.ts';
import { decimal } from '../../src/domain/decimal.ts';
import type { JsonObject } from '../../src/domain/order.ts';
import { csvOf, type OhlcRow, OPEN, type Step, worldOf } from './harness.ts';

const DAY = 86_400_000_000;
const flat = (price: number, minutes: number): readonly OhlcRow[] =>
  Array.from({ length: minutes }, () => [price, price, price, price, 1_000]);

/** A day at 400, then a day at 100 less 0.50: a split of four for one, and a dividend. */
const SPLIT_BARS = `${csvOf(flat(400, 20))}${csvOf(flat(99.5, 20), OPEN + DAY)
  .split('\n')
  .slice(1)
  .join('\n')}`;
const HEADING = 'symbol,date,kind,value';

async function run(of: {
  readonly steps: readonly Step[];
  readonly actions?: string;
  readonly risk?: JsonObject;
  readonly cash?: number;
}): Promise<BacktestResult> {
  const { plan, instances, place } = await worldOf({
    steps: of.steps,
    risk: of.risk ?? {},
    backtest: { borrow_percent: 0, starting_cash: of.cash ?? 100_000 },
  });
  const data = join(place, 'bars.csv');
  writeFileSync(data, SPLIT_BARS);
  const actions = join(place, 'actions.csv');
  if (of.actions !== undefined) writeFileSync(actions, of.actions);
  return runBacktest({
    plan,
    instances,
    paths: [data],
    clock: liveClock,
    ...(of.actions === undefined ? {} : { actions }),
  });
}

const BUY: readonly Step[] = [{ at: 0, do: 'buy', quantity: 40 }];

describe('splits and dividends', () => {
  it('restate what was before a split, in prices and shares, and no jump is left', async () => {
    const raw = await run({ steps: BUY });
    expect(raw.data.jumps).toBe(1);
    expect(raw.finalEquity).toBe('87980.00');
    const restated = await run({ steps: BUY, actions: `${HEADING}\nAAPL,2024-03-07,split,4\n` });
    expect(restated.data.jumps).toBe(0);
    expect(restated.instances).toMatchObject([{ qty: '40', avgPrice: '100' }]);
    expect(restated.finalEquity).toBe('99980.00');
    // A bar's 1,000 shares are 4,000 of today's: enough for the whole order.
    const large = await run({
      steps: [{ at: 0, do: 'buy', quantity: 3_900 }],
      actions: `${HEADING}\nAAPL,2024-03-07,split,4\n`,
      cash: 1_000_000,
    });
    expect(large.fills).toBe(1);
  });

  it('pay who holds the shares when the day begins, and charge who is short', async () => {
    const actions = `${HEADING}\nAAPL,2024-03-07,split,4\nAAPL,2024-03-07,dividend,0.5\nMSFT,2024-03-07,dividend,9\n`;
    const long = await run({ steps: BUY, actions });
    expect(long.metrics.dividends).toBe('20');
    expect(long.finalEquity).toBe('100000.00');
    const short = await run({
      steps: [{ at: 0, do: 'sell', quantity: 40 }],
      actions,
      risk: { allow_short: true },
    });
    expect(short.metrics.dividends).toBe('-20');
    expect(short.finalEquity).toBe('100000.00');
    const late = await run({ steps: [{ at: 25, do: 'buy', quantity: 40 }], actions });
    expect(late.metrics.dividends).toBe('0');
  });

  it('are told in the shares of today, and refused line by line where they cannot be read', async () => {
    const dividends = dividendsOf([
      { symbol: 'AAPL', exMicros: 1, kind: 'dividend', value: 0.82 },
      { symbol: 'AAPL', exMicros: 2, kind: 'split', value: 4 },
      { symbol: 'AAPL', exMicros: 3, kind: 'dividend', value: 0.205 },
    ]);
    expect(dividends.map(({ amount }) => amount)).toEqual([decimal('0.205'), decimal('0.205')]);
    await expect(run({ steps: BUY, actions: 'a,b\n' })).rejects.toThrow(
      'its first line is not symbol,date,kind,value',
    );
    const wrong = run({
      steps: BUY,
      actions: `${HEADING}\nAAPL,2024-03-07,split,4\nAAPL,soon,split,4\nAAPL,2024-03-07,merger,1\n`,
    });
    await expect(wrong).rejects.toMatchObject({
      exitCode: 2,
      violations: [{ line: 3 }, { line: 4, found: 'AAPL,2024-03-07,merger,1' }],
    });
  });
});
