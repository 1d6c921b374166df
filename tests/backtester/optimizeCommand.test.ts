import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchLines } from '../../bench/backtest/bars.ts';
import type { BacktestResult } from '../../src/backtester/result.ts';
import type { SearchResult, TrialResult } from '../../src/optimizer/search.ts';
import { preparedDirectory } from '../models/databases.ts';
import { openbell, openbellJson, startOpenbell } from '../support/openbell.ts';
import { folder } from './harness.ts';

const SESSION = 'a-session-of-the-test';
const bars = join(folder, 'optimize.csv');
// Six days of minutes.
writeFileSync(bars, `${[...benchLines(8_640)].join('\n')}\n`);

/** The example of crossing averages, with something to try. */
function planFile(name: string, optimize: object, parameters = { fast: 10, slow: 50 }): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    JSON.stringify({
      mode: 'simulated',
      asset_class: 'crypto',
      channels: ['bars'],
      strategies: [
        {
          path: resolve('examples/sma-cross/strategy.ts'),
          id: 'sma-cross',
          symbols: ['BENCH/USD'],
          intraday: false,
          parameters,
        },
      ],
      backtest: { latency: 0, spread_bps: 0, slippage_bps: 0, max_volume_percent: 100, fee_bps: 5 },
      optimize,
    }),
  );
  return path;
}

const GRID = { strategies: { 'sma-cross': { fast: { from: 10, to: 50, step: 20 }, slow: [50, 80] } } };

const run = (plan: string, directory: string, ...more: string[]) =>
  openbellJson<SearchResult>([
    ...['optimize', plan, '--data', bars, '--data-dir', directory, '--workers', '1', '--json'],
    ...more,
  ]);
const SIDE_BY_SIDE = ['--workers', '2'];

/** Node's options for a process that signals itself when so many backtests are kept. */
function signalAfter(kept: number, signal: 'SIGKILL' | 'SIGINT'): readonly string[] {
  const hook = `import { subscribe } from 'node:diagnostics_channel';
    let left = ${kept};
    subscribe('openbell.optimizer.kept', () => { left -= 1; if (left === 0) process.kill(process.pid, '${signal}'); });`;
  return ['--import', `data:text/javascript,${encodeURIComponent(hook)}`];
}

const parametersOf = (trials: readonly TrialResult[]) => trials.map(({ parameters }) => parameters);

describe('openbell optimize', () => {
  it('ranks what backtests come to, walks forward, and shows the hold-out once', async () => {
    const directory = preparedDirectory();
    const plan = planFile('walk.yaml', { ...GRID, folds: 2, objective: 'return' });
    const result = await run(plan, directory, '--session', SESSION, ...SIDE_BY_SIDE);
    expect(result).toMatchObject({ sessionId: SESSION, objective: 'return', rows: 8_640, known: 0 });
    // Fast 50 and slow 50 is what the strategy does not take.
    expect(result.trials).toHaveLength(6);
    expect(result.trials.at(-1)).toMatchObject({ score: null, figures: null });
    expect(result.trials.at(-1)?.refused).toContain('must be less than slow');
    const scores = result.trials.slice(0, -1).map(({ score }) => score!);
    expect(scores).toEqual(scores.toSorted((one, other) => other - one));

    // The best is what an ordinary backtest of the same time makes of the same parameters.
    const best = result.trials[0]!;
    const parameters = (best.parameters as { 'sma-cross': { fast: number; slow: number } })['sma-cross'];
    const same = planFile('best.yaml', {}, parameters);
    const backtest = await openbellJson<BacktestResult>([
      ...['backtest', same, '--data', bars, '--from', result.search.from, '--to', result.search.to],
    ]);
    expect(best.figures?.finalEquity).toBe(backtest.finalEquity);
    expect(best.figures?.metrics).toEqual(backtest.metrics);

    expect(result.deflation).toMatchObject({ trials: 5 });
    expect(result.deflation!.deflatedSharpe!).toBeLessThanOrEqual(result.deflation!.probabilisticSharpe!);
    expect(result.walkForward).toHaveLength(2);
    for (const { best: chosen, tested, train, test } of result.walkForward) {
      expect(tested?.parameters).toEqual(chosen?.parameters);
      expect(train.to < test.from).toBe(true);
    }
    const { holdout } = result;
    expect(holdout).toMatchObject({ type: 'shown', result: { parameters: best.parameters } });
    expect(holdout!.span.from > result.search.to).toBe(true);

    // The same search again knows everything; another one may not look at the hold-out any more.
    const again = await run(plan, directory, '--session', SESSION);
    expect(again).toEqual({ ...result, known: 6 * 3 + 2 + 1 });
    const other = planFile('other.yaml', {
      ...{ strategies: { 'sma-cross': { fast: [7], slow: [33] } } },
      objective: 'return',
    });
    const second = await run(other, directory);
    expect(second.sessionId).not.toBe(SESSION);
    expect(second.holdout).toMatchObject({ type: 'used', sessionId: SESSION });
  });

  it('goes on after kill -9 and after Ctrl-C: what was finished is not run again, and the result is the same', async () => {
    const directory = preparedDirectory();
    const plan = planFile('broken-off.yaml', { ...GRID, holdout_percent: 0 });
    const begin = (nodeOptions: readonly string[]) =>
      startOpenbell(
        [
          ...['optimize', plan, '--data', bars, '--data-dir', directory, '--session', SESSION],
          ...['--workers', '1', '--json'],
        ],
        {},
        nodeOptions,
      ).finished;
    const killed = await begin(signalAfter(2, 'SIGKILL'));
    expect(killed.exitCode).toBeNull();
    expect(killed.stdout).toBe('');
    expect(killed.stderr).toContain(`--session ${SESSION}`);

    const stopped = await begin(signalAfter(1, 'SIGINT'));
    expect(stopped.exitCode, stopped.stderr).toBe(0);
    expect(stopped.stderr).toContain('stopped on request');

    const resumed = await run(plan, directory, '--session', SESSION);
    // One more each may have been written while the process died, and while it was being stopped.
    expect(resumed.known).toBeGreaterThanOrEqual(3);
    expect(resumed.known).toBeLessThan(6);
    const whole = await run(plan, preparedDirectory(), ...SIDE_BY_SIDE);
    expect(whole.known).toBe(0);
    expect(resumed.trials).toEqual(whole.trials);
    expect(parametersOf(resumed.trials)).toHaveLength(6);
    expect(resumed.deflation).toEqual(whole.deflation);
  });

  it('is shown to people as tables, and says at once what is wrong', async () => {
    const directory = preparedDirectory();
    const plan = planFile('people.yaml', { ...GRID, folds: 1, objective: 'return' });
    const map = join(folder, 'map.html');
    const shown = await openbell([
      'optimize',
      plan,
      '--data',
      bars,
      '--data-dir',
      directory,
      '--top',
      '2',
      '--map',
      map,
    ]);
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toContain('for the most return');
    expect(shown.stdout).toMatch(/sma-cross\.fast=\d+ sma-cross\.slow=\d+ +-?\d/);
    expect(shown.stdout).toContain('1 combinations are not taken');
    expect(shown.stdout).toContain('hold-out');
    expect(readFileSync(map, 'utf8')).toContain('sma-cross.fast across, sma-cross.slow down');

    const large = planFile('large.yaml', { ...GRID, max_trials: 5 });
    const refused = await openbell(['optimize', large, '--data', bars]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('max_trials');
    const without = await openbell(['optimize', plan]);
    expect(without.exitCode).toBe(2);
    expect(without.stderr).toContain('--data');
  });
});
