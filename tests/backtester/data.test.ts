import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPlainFields } from '../../src/backtester/data/numbers.ts';
import type { Violation } from '../../src/domain/exit.ts';
import { UserError } from '../../src/domain/exit.ts';
import { csvOf, MINUTE, type OhlcRow, OPEN, runOnBars, runOnFiles, said } from './harness.ts';

const HEADER = 'ts_ms,open,high,low,close,volume';
const at = (minute: number) => (OPEN + minute * MINUTE) / 1_000;
const good = (minute: number, price = 100) => `${at(minute)},${price},${price + 1},${price - 1},${price},500`;
const file = (...lines: readonly string[]) => ({ 'dirty.csv': `${[HEADER, ...lines].join('\n')}\n` });

async function violationsOf(files: Readonly<Record<string, string>>): Promise<readonly Violation[]> {
  const error: unknown = await runOnFiles({}, files).then(
    () => new Error('was not refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw error;
  expect(error.exitCode).toBe(2);
  return error.violations;
}

describe('rows that cannot be right', () => {
  it.each([
    ['a price of zero', `${at(1)},0,101,0,100,500`, 'a price of zero or below'],
    ['a price below zero', `${at(1)},100,101,-1,100,500`, 'a price of zero or below'],
    ['a close above the high', `${at(1)},100,101,99,102,500`, 'open or close outside low and high'],
    ['a blank price', `${at(1)},100,,99,100,500`, 'a blank price'],
    ['a word for a price', `${at(1)},100,101,n/a,100,500`, 'a blank price'],
    ['no time', `soon,100,101,99,100,500`, 'no time: soon'],
    ['a volume below zero', `${at(1)},100,101,99,100,-5`, 'a volume below zero'],
    ['a second row of a minute', good(0, 104), 'a second bar of the same symbol and time'],
    ['a row of the past', good(-3), expect.stringContaining('older than the row before')],
  ])('%s: refused with its row and the reason', async (_, line, reason) => {
    const [violation, ...more] = await violationsOf(file(good(0), line, good(2)));
    expect(violation).toMatchObject({ line: 3, allowed: reason });
    expect(violation?.path).toMatch(/dirty\.csv:3$/);
    expect(more).toEqual([]);
  });

  it('are left out and reported where the plan says repair, and those out of order sorted', async () => {
    const { result, lines } = await runOnFiles(
      { sees: true, backtest: { bad_data: 'repair' } },
      file(good(0), `${at(1)},100,101,99,102,500`, good(3), good(2), good(3, 105), good(4)),
    );
    expect(said(lines, 'bar').map(({ time }) => ((time as number) - OPEN) / MINUTE)).toEqual([0, 2, 3, 4]);
    expect(said(lines, 'bar').map(({ close }) => close)).toEqual([100, 100, 100, 100]);
    expect(result.data.bad).toBe(2);
    expect(result.data.badExamples.map(({ row, reason }) => [row, reason])).toEqual([
      [3, 'open or close outside low and high'],
      [6, 'a second bar of the same symbol and time'],
    ]);
    expect(result.data.sorted).toBeGreaterThan(0);
  });

  it('are all named before anything has run', async () => {
    const violations = await violationsOf(
      file(good(0), `${at(1)},0,1,0,1,500`, good(2), `${at(3)},0,1,0,1,500`, good(4)),
    );
    expect(violations.map(({ line }) => line)).toEqual([3, 5]);
  });
});

describe('rows that deserve a look', () => {
  it('are reported with their place: gaps within a day, and jumps as splits make them', async () => {
    const { result } = await runOnFiles({}, file(good(0), good(1), good(5), good(6, 50), good(7, 50)));
    expect(result.data).toMatchObject({ bad: 0, gaps: 1, jumps: 1 });
    expect(result.data.gapExamples[0]).toMatchObject({
      row: 4,
      reason: expect.stringContaining('3 bars are missing'),
    });
    expect(result.data.jumpExamples[0]).toMatchObject({
      row: 5,
      reason: expect.stringContaining('from 100 to 50'),
    });
  });

  it('are not what nights and a vwap outside of the range are', async () => {
    const night = 20 * 60;
    const { result } = await runOnFiles(
      {},
      {
        'a.csv': `${HEADER},vwap\n${good(0)},120\n${good(1)},90\n${good(night)},100\n`,
      },
    );
    expect(result.data).toMatchObject({ bad: 0, gaps: 0, jumps: 0 });
    expect(result.bars).toBe(3);
  });
});

describe('files', () => {
  it('of many symbols are merged by time, whatever order they are named in', async () => {
    const rows = (price: number): OhlcRow[] =>
      [0, 1, 2].map((up): OhlcRow => [price + up, price + up + 1, price - 1, price + up]);
    const named = (symbol: string, price: number, shift: number) =>
      csvOf(rows(price), OPEN + shift * MINUTE)
        .trim()
        .split('\n')
        .map((line, index) => (index === 0 ? `${line},symbol` : `${line},${symbol}`))
        .join('\n');
    const world = { symbols: ['AAPL', 'MSFT'], scope: 'universe' as const, sees: true };
    const { lines } = await runOnFiles(world, {
      'm.csv': named('MSFT', 300, 1),
      'a.csv': named('AAPL', 100, 0),
    });
    expect(said(lines, 'bar').map(({ symbol, close }) => [symbol, close])).toEqual([
      ['AAPL', 100],
      ['MSFT', 300],
      ['AAPL', 101],
      ['MSFT', 301],
      ['AAPL', 102],
      ['MSFT', 302],
    ]);
    // The whole of one symbol before the other, in one file.
    const both = `${named('MSFT', 300, 1)}\n${named('AAPL', 100, 0).split('\n').slice(1).join('\n')}\n`;
    const inOne = await runOnFiles(world, { 'both.csv': both });
    expect(said(inOne.lines, 'bar').map(({ close }) => close)).toEqual([100, 300, 101, 301, 102, 302]);
  });

  it('without any symbol of the plan are refused by name', async () => {
    await expect(
      runOnFiles({ symbols: ['MSFT'] }, { 'a.csv': csvOf([[1, 2, 1, 2]]) }, { symbol: 'IBM' }),
    ).rejects.toThrow(/none of the plan's symbols: it has IBM, the plan MSFT/);
  });

  it('are read alike whether their times are milliseconds or text', async () => {
    const rows: OhlcRow[] = [
      [100, 101, 99, 100.25],
      [101, 102, 100, 101.75],
    ];
    const text = `time,open,high,low,close,volume\n${rows.map(([o, h, l, c], index) => `${new Date(at(index)).toISOString()},${o},${h},${l},${c},1000`).join('\n')}\n`;
    const [numbers, words] = await Promise.all([
      runOnBars({ sees: true }, rows),
      runOnFiles({ sees: true }, { 'bars.csv': text }),
    ]);
    expect(words.lines).toEqual(numbers.lines);
  });

  it('give numbers exactly as JavaScript reads them, and leave others to the slower reader', () => {
    const fields = new Float64Array(4);
    fc.assert(
      fc.property(fc.nat(99_999_999), fc.nat(6), fc.nat(6), (digits, places, zeros) => {
        const text = `${(digits / 10 ** places).toFixed(places)}${places > 0 ? '0'.repeat(zeros) : ''}`;
        const bytes = Buffer.from(`${text},,7`);
        expect(readPlainFields(bytes, 0, bytes.length, fields)).toBe(3);
        expect([...fields.subarray(0, 3)]).toEqual([Number(text), Number.NaN, 7]);
      }),
    );
    for (const other of ['1e5', '-1', '1.2.3', '"1"', '0.12345678901234567', 'x', '.']) {
      expect(readPlainFields(Buffer.from(other), 0, other.length, fields)).toBe(-1);
    }
  });
});

describe('a history', () => {
  const rising = Array.from(
    { length: 10 },
    (_, index): OhlcRow => [100 + index, 101 + index, 99, 100 + index],
  );

  it('holds what was known before the first decision, and nothing of later', async () => {
    const { lines, result } = await runOnFiles(
      { minuteBars: 3, sees: true },
      { 'a.csv': csvOf(rising) },
      { fromMicros: OPEN + 5 * MINUTE },
    );
    expect(said(lines, 'start')[0]).toMatchObject({ minutes: [101, 102, 103] });
    // The bar that is over at that very moment is the first that is decided on.
    expect(said(lines, 'bar').map(({ close }) => close)).toEqual([104, 105, 106, 107, 108, 109]);
    expect(result.shortWarmUps).toEqual([]);
  });

  it('that is shorter than wanted is said to be', async () => {
    const { result } = await runOnFiles({ minuteBars: 3 }, { 'a.csv': csvOf(rising) });
    expect(result.shortWarmUps).toEqual([{ symbol: 'AAPL', wanted: 3, found: 0 }]);
  });

  it('is one sample of the statistics for each session that has begun', async () => {
    const day = Array.from({ length: 390 }, (): OhlcRow => [100, 101, 99, 100]);
    const { result } = await runOnFiles(
      { minuteBars: 3 },
      { 'a.csv': csvOf(day), 'b.csv': csvOf(day, OPEN + 24 * 60 * MINUTE) },
    );
    expect(result.metrics.sessions).toBe(2);
    expect(result.shortWarmUps).toHaveLength(1);
  });

  it('makes days of minutes where the data has none', async () => {
    const day = 24 * 60;
    const { lines } = await runOnFiles(
      { dailyBars: 2 },
      {
        'a.csv': csvOf(rising),
        'b.csv': csvOf(
          rising.map(([o, h, l, c]): OhlcRow => [o + 50, h + 50, l + 50, c + 50]),
          OPEN + day * MINUTE,
        ),
        'c.csv': csvOf(rising, OPEN + 2 * day * MINUTE),
      },
      { fromMicros: OPEN + (2 * day + 3) * MINUTE },
    );
    expect(said(lines, 'start')[0]).toMatchObject({ days: [109, 159] });
  });

  it('ends the run where it is told to', async () => {
    const { result } = await runOnFiles({}, { 'a.csv': csvOf(rising) }, { toMicros: OPEN + 4 * MINUTE });
    expect(result.bars).toBe(4);
  });
});
