/** Scanners in backtests: at their own times, over what was known, their picks come to strategies and leave them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { BacktestResult } from '../../src/backtester/result.ts';
import type { SearchResult } from '../../src/optimizer/search.ts';
import { beginFolder } from '../support/folder.ts';
import { openbell, openbellJson } from '../support/openbell.ts';

const folder = mkdtempSync(join(tmpdir(), 'openbell-scans-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const OPEN = '14:30';
const minuteOf = (clock: string) => {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  const [openHours = 0, openMinutes = 0] = OPEN.split(':').map(Number);
  return (hours - openHours) * 60 + minutes - openMinutes;
};

/** Straight lines between the given moments of a day. */
function priceAt(minute: number, line: readonly (readonly [string, number])[]): number {
  for (const [index, [clock, price]] of line.entries()) {
    const [nextClock, next] = line[index + 1] ?? [clock, price];
    const [from, to] = [minuteOf(clock), minuteOf(nextClock)];
    if (minute < to) return price + ((next - price) * Math.max(0, minute - from)) / (to - from);
  }
  return line.at(-1)![1];
}

const FLAT = [['14:30', 100]] as const;
const DAYS: readonly {
  readonly date: string;
  readonly lines: Record<string, readonly (readonly [string, number])[]>;
}[] = [
  { date: '2024-03-05', lines: { AAA: FLAT, BBB: FLAT, CCC: FLAT } },
  {
    date: '2024-03-06',
    lines: {
      AAA: [
        ['14:30', 100],
        ['16:00', 110],
        ['18:00', 100],
        ['21:00', 100],
      ],
      BBB: [
        ['14:30', 100],
        ['17:00', 100],
        ['18:30', 110],
        ['21:00', 110],
      ],
      CCC: FLAT,
    },
  },
];

function dataOf(): string {
  const rows = DAYS.flatMap(({ date, lines }) =>
    Array.from({ length: 390 }, (_, minute) =>
      Object.entries(lines).map(([symbol, line]) => {
        const [open, close] = [priceAt(minute, line), priceAt(minute + 1, line)];
        const figures = [open, Math.max(open, close), Math.min(open, close), close];
        const start = Date.parse(`${date}T${OPEN}:00Z`) + minute * 60_000;
        return `${start},${symbol},${figures.map((price) => price.toFixed(4)).join(',')},10000`;
      }),
    ).flat(),
  );
  return `ts_ms,symbol,open,high,low,close,volume\n${rows.join('\n')}\n`;
}

/** Says each bar that it is shown; buys at first sight, sells at a given moment. */
const WATCHER = `
import { defineStrategy, z } from 'openbell';
export default defineStrategy({
  name: 'watcher', description: 'Watches.', scope: 'symbol', channels: ['bars'],
  parameters: z.strictObject({ sellAt: z.string() }),
  warmUp: () => ({ minuteBars: 10 }),
  initialState: () => ({ bars: 0 }),
  onStart(context) {
    const [last] = [context.minuteBars.at(-1)];
    context.log('info', 'start', { now: context.nowMicros, bars: context.minuteBars.length, last: last?.timeMicros ?? null, seen: context.state.bars });
  },
  onBar(context, bar) {
    context.state.bars += 1;
    context.log('info', 'bar', { time: bar.timeMicros });
    const sellAt = Date.parse(context.parameters.sellAt) * 1000;
    if (context.openOrders.length > 0) return;
    if (context.position.quantity === 0 && context.nowMicros < sellAt) context.buy({ quantity: 1, reason: 'first sight' });
    else if (context.position.quantity > 0 && context.nowMicros >= sellAt) context.flatten('it is time');
  },
});
`;

const data = write('bars.csv', dataOf());
write('watcher.ts', WATCHER);

const planOf = (name: string, scanner: object, more: object = {}, optimize: object = {}) =>
  write(
    `${name}.yaml`,
    JSON.stringify({
      mode: 'simulated',
      liquidate_before_close: 'never',
      scanners: { movers: scanner },
      strategies: [
        {
          path: './watcher.ts',
          scanners: ['movers'],
          intraday: false,
          parameters: { sellAt: '2024-03-06T17:40:00Z' },
          ...more,
        },
      ],
      optimize,
    }),
  );

interface Said {
  readonly msg: string;
  readonly symbol: string;
  readonly time: number;
  readonly now: number;
  readonly bars: number;
  readonly last: number;
  readonly seen: number;
}

async function run(plan: string, ...more: string[]) {
  const { exitCode, stdout, stderr } = await openbell([
    ...['backtest', plan, '--data', data, '--json', '--log-level', 'info'],
    ...more,
  ]);
  expect(exitCode).toBe(0);
  const lines = stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Said);
  return { result: JSON.parse(stdout) as BacktestResult, lines };
}

const clockOf = (micros: number) => new Date(micros / 1_000).toISOString().slice(11, 16);

describe('scanners in a backtest', () => {
  it('pick at their own times by what was known, and their symbols leave again when they are flat', async () => {
    const plan = planOf('momentum', { name: 'momentum', every: '30m' });
    const { result, lines } = await run(plan);
    const bars = (symbol: string) =>
      lines.filter((line) => line.msg === 'bar' && line.symbol === symbol).map(({ time }) => clockOf(time));
    // It is up by 3.5 % at 15:02, and the next scan is at 15:30: the first bar shown is the one that begins there.
    expect(bars('AAA').at(0)).toBe('15:30');
    // It is no more at 17:18, is held until 17:40, and leaves with the scan of 18:00.
    expect(bars('AAA').at(-1)).toBe('17:59');
    expect(bars('BBB').at(0)).toBe('18:00');
    expect(bars('BBB').at(-1)).toBe('20:59');
    expect(bars('CCC')).toEqual([]);
    const [start] = lines.filter(({ msg }) => msg === 'start');
    expect(start).toMatchObject({ symbol: 'AAA', bars: 10, seen: 0 });
    expect([clockOf(start!.now), clockOf(start!.last)]).toEqual(['15:30', '15:29']);
    // Twelve and a half hours of sessions, from their beginning; on the first day there was no day before.
    expect(result.scanners).toEqual([
      { scannerId: 'movers', scans: 26, failures: 0, lastFailure: null, symbols: ['AAA', 'BBB'] },
    ]);
    expect(result.fills).toBe(2);
    expect(result.instances).toMatchObject([{ symbol: 'AAA', qty: '0' }]);
  }, 60_000);

  it('are shown nothing of later than their moment, whatever they ask, and a user file runs as live', async () => {
    write(
      'curious.ts',
      `
import { defineScanner, z } from 'openbell/scanners';
export default defineScanner({
  name: 'curious', description: 'Asks for everything.', parameters: z.strictObject({}),
  async scan(context) {
    const { nowMicros, session } = context;
    const symbols = context.instruments.map(({ symbol }) => symbol);
    const minutes = await context.minuteBars(symbols, 120);
    const days = await context.dailyBars(symbols, 5);
    const volumes = await context.sessionVolumes(symbols, 3);
    const snapshots = await context.snapshots();
    for (const bars of minutes.values()) for (const bar of bars) if (bar.timeMicros + 60e6 > nowMicros) throw new Error('a minute of the future');
    for (const bars of days.values()) for (const bar of bars) if (bar.timeMicros + 86400e6 > nowMicros) throw new Error('a day of the future');
    const passed = Math.floor((nowMicros - session.openMicros) / 60e6);
    const aaa = snapshots.get('AAA');
    const today = volumes.get('AAA');
    if (aaa?.today && aaa.today.volume !== passed * 10000) throw new Error('volume ' + aaa.today.volume + ' after ' + passed);
    if (today && today.today !== passed * 10000) throw new Error('volume of the session ' + today.today);
    if (today && today.earlier.some((shares) => shares !== 0 && shares !== passed * 10000)) throw new Error('earlier volume');
    if (nowMicros < session.openMicros) return [];
    const known = minutes.get('AAA')?.length ?? 0;
    if (known !== Math.min(120, Math.max(0, passed))) throw new Error(known + ' minutes after ' + passed);
    if (aaa?.today && aaa.lastPrice !== aaa.today.close) throw new Error('last price');
    return symbols.map((symbol) => ({ symbol, score: 1, reason: 'is there, ' + (days.get('AAA')?.length ?? 0) }));
  },
});
`,
    );
    const plan = planOf('curious', { path: './curious.ts', cron: '45 8,9,12,15,22 * * *' });
    const { result } = await run(plan);
    expect(result.scanners).toMatchObject([
      { failures: 0, lastFailure: null, symbols: ['AAA', 'BBB', 'CCC'] },
    ]);
    expect(result.scanners?.[0]?.scans).toBeGreaterThan(6);
  }, 120_000);

  it('that fail are told, and change nothing; each picks for its strategies alone', async () => {
    const plan = planOf(
      'sql',
      { name: 'sql', at: '1h after open', parameters: { query: 'select symbol from x' } },
      { symbols: ['CCC'] },
    );
    const result = await openbellJson<BacktestResult>(['backtest', plan, '--data', data]);
    expect(result.scanners).toMatchObject([{ scans: 2, failures: 2, symbols: [] }]);
    expect(result.scanners?.[0]?.lastFailure).toContain('no database');
    expect(result.fills).toBe(2);
    expect((await openbell(['backtest', plan, '--data', data])).stdout).toContain(
      'scanner movers failed 2 times',
    );
  }, 60_000);

  it('do not look ahead', async () => {
    const plan = planOf('proved', { name: 'momentum', every: '30m' });
    const { exitCode, stdout } = await openbell([
      ...['backtest', plan, '--data', data, '--prove', '--moments', '6'],
    ]);
    expect(stdout).toContain('Clean: ');
    expect(exitCode).toBe(0);
  }, 60_000);

  it('run in the trials of a search, whose ranges may be theirs', async () => {
    const plan = planOf(
      'search',
      { name: 'momentum', every: '30m' },
      {},
      {
        scanners: { movers: { today_change_percent: [3.5, 50, -1] } },
        objective: 'return',
        holdout_percent: 0,
      },
    );
    beginFolder(join(folder, 'search'));
    const found = await openbellJson<SearchResult>([
      ...['optimize', plan, '--data', data, '--workers', '1', '--data-dir', join(folder, 'search')],
    ]);
    const fills = found.trials.map(({ parameters, figures, refused }) => [
      (parameters['scanner:movers'] as { today_change_percent: number }).today_change_percent,
      figures?.fills ?? refused,
    ]);
    const { result } = await run(planOf('as-searched', { name: 'momentum', every: '30m' }));
    expect(result.fills).toBeGreaterThan(0);
    expect(Object.fromEntries(fills)).toMatchObject({ '3.5': result.fills, '50': 0 });
  });

  it('are not varied where no strategy takes their picks', async () => {
    const plan = planOf(
      'idle',
      { name: 'momentum', every: '30m' },
      { scanners: [], symbols: ['AAA'] },
      {
        scanners: { movers: { today_change_percent: [1, 2] } },
      },
    );
    const { exitCode, stderr } = await openbell(['optimize', plan, '--data', data]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('no strategy takes its picks')]);
  });
});
