import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import type { Bar } from '../../src/domain/market.ts';
import { formatMicros } from '../../src/domain/time.ts';
import { EventKind, RowFlag } from '../../src/tape/batch.ts';
import { exportTape } from '../../src/tape/export.ts';
import { importTape } from '../../src/tape/import.ts';
import { tapeInfo, verifyTape } from '../../src/tape/info.ts';
import { TapeReader } from '../../src/tape/reader.ts';
import { barAt, quoteAt, tradeAt } from '../../src/tape/rows.ts';

const data = resolve(process.env.OPENBELL_TEST_DATA ?? '../shared/data');
const lean = join(data, 'QuantConnect+Lean/Data/equity/usa');
const eastern = join(data, 'masonblier+eqker/data');
const hasData = existsSync(lean) && existsSync(eastern);
if (!hasData) process.stderr.write(`skipped: tests on recorded data, which are not at ${data}\n`);
const clock = new SimulatedClock(1_700_000_000_000_000);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openbell-import-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function rowsOf<T>(
  path: string,
  read: (reader: TapeReader, ...row: RowOf) => T | undefined,
): Promise<T[]> {
  const reader = await TapeReader.open({ path });
  const rows: T[] = [];
  for await (const batch of reader) {
    for (let row = 0; row < batch.count; row += 1) {
      const value = read(reader, batch, row);
      if (value !== undefined) rows.push(value);
    }
  }
  return rows;
}
type RowOf = [batch: Parameters<typeof barAt>[0], row: number];

const readBar = (reader: TapeReader, ...[batch, row]: RowOf) =>
  batch.kind[row] === EventKind.minuteBar || batch.kind[row] === EventKind.dailyBar
    ? barAt(batch, row, reader.symbols)
    : undefined;

describe('importing CSV', () => {
  it('reads bars by the names in the header, whatever their order, and leaves out lines that are none', async () => {
    const output = join(folder, 'x.tape');
    const result = await importTape({
      format: 'csv',
      inputs: [
        await file(
          'x.csv',
          '\ufeffSymbol,Volume,Close,Low,High,Open,Time\r\nAAPL,10,2,1,3,1.5,2023-04-06T13:31:00Z\r\nMSFT,20,,1,3,1.5,2023-04-06T13:30:00Z\r\nMSFT,5,2,1,3,2,2023-04-06T13:30:00Z\r\nMSFT,5,9,1,3,2,2023-04-06T13:30:00Z\r\n',
        ),
      ],
      output,
      clock,
    });
    expect(result).toMatchObject({ rows: 2, bars: 2, skippedLines: 2, symbols: ['MSFT', 'AAPL'] });
    expect(result.skippedExamples.map((one) => [one.line, one.reason])).toEqual([
      [3, 'a blank price'],
      [5, 'open or close outside low and high'],
    ]);
    const bars = await rowsOf(output, readBar);
    expect(bars.map((bar) => [bar.symbol, formatMicros(bar.timeMicros), bar.open, bar.volume])).toEqual([
      ['MSFT', '2023-04-06T13:30:00.000000Z', 2, 5],
      ['AAPL', '2023-04-06T13:31:00.000000Z', 1.5, 10],
    ]);
  });

  it.each([
    ['seconds', '1680787800'],
    ['milliseconds', '1680787800000'],
    ['microseconds', '1680787800000000'],
    ['nanoseconds', '1680787800000000000'],
    ['wall-clock text', '2023-04-06 09:30:00'],
    ['text with a zone', '2023-04-06T09:30:00-04:00'],
  ])('reads times in %s', async (_, time) => {
    const output = join(folder, 'x.tape');
    await importTape({
      format: 'csv',
      inputs: [await file('x.csv', `ts_ms,open,high,low,close,volume\n${time},1,2,0.5,1.5,100\n`)],
      output,
      symbol: 'A',
      timeZone: 'America/New_York',
      clock,
    });
    const [bar] = await rowsOf(output, readBar);
    expect(formatMicros(bar!.timeMicros)).toBe('2023-04-06T13:30:00.000000Z');
  });

  it('gives back trades, quotes and bars that were exported', async () => {
    const texts = {
      trades:
        'time,symbol,price,size,exchange,conditions,tape,id\n2023-04-06T13:30:00.123456789Z,"A,B",1.5,100,K,@|I,C,9223372036854775808\n',
      quotes:
        'time,symbol,bid_price,bid_size,ask_price,ask_size\n2023-04-06T13:30:00.000000000Z,AAPL,1,2,1.5,4\n',
      bars: 'time,symbol,open,high,low,close,volume,vwap,trade_count\n2023-04-06T13:31:00.000000000Z,AAPL,1,2,0.5,1.5,100,,0\n',
    };
    const inputs = await Promise.all(Object.entries(texts).map(([kind, text]) => file(`${kind}.csv`, text)));
    const tape = join(folder, 'x.tape');
    await importTape({ format: 'csv', inputs, output: tape, clock });
    const files = await exportTape({ input: tape, output: join(folder, 'out.csv') });
    expect(files.map((one) => [one.kind, one.rows])).toEqual([
      ['trades', 1],
      ['quotes', 1],
      ['bars', 1],
    ]);
    for (const one of files) expect(await readFile(one.path, 'utf8')).toBe(texts[one.kind]);
  });

  it('says in one line what is wrong with a file, and leaves no tape behind', async () => {
    const output = join(folder, 'x.tape');
    const attempt = async (text: string) =>
      importTape({ format: 'csv', inputs: [await file('x.csv', text)], output, clock });
    await expect(attempt('a,b\n1,2\n')).rejects.toThrow(/neither bars nor trades nor quotes/);
    await expect(attempt('time,price,size\n1,2,3\n')).rejects.toThrow(/no symbol column/);
    await expect(
      importTape({ format: 'csv', inputs: [join(folder, 'none.csv')], output, clock }),
    ).rejects.toThrow(/ENOENT/);
    expect(existsSync(output)).toBe(false);
    expect(existsSync(`${output}.importing`)).toBe(false);
  });
});

describe.skipIf(!hasData)('importing recorded data', () => {
  it("gives Lean's own minute bars of IBM from its ticks", async () => {
    const output = join(folder, 'ibm.tape');
    let seen = 0;
    let bars = 0;
    let regular = 0;
    const agreed = { open: 0, high: 0, low: 0, close: 0, volume: 0 };
    for (const day of ['20131007', '20131008', '20131010', '20131011']) {
      const result = await importTape({
        format: 'lean',
        inputs: [join(lean, `tick/ibm/${day}_trade.zip`)],
        output,
        clock,
      });
      expect(result).toMatchObject({ symbols: ['IBM'], skippedLines: 0 });
      seen += result.trades;
      const built = await minuteBarsOf(output);
      await importTape({
        format: 'lean',
        inputs: [join(lean, `minute/ibm/${day}_trade.zip`)],
        output,
        clock,
      });
      for (const bar of await rowsOf(output, readBar)) {
        const own = built.get(bar.timeMicros);
        bars += 1;
        for (const field of ['open', 'high', 'low', 'close'] as const) {
          if (own?.[field] === bar[field]) agreed[field] += 1;
        }
        // Lean leaves the auctions' trades, which come around 16:00, out of the volume: regular minutes count here.
        const time = formatMicros(bar.timeMicros).slice(11, 16);
        if (time < '13:30' || time >= '20:00') continue;
        regular += 1;
        if (own?.volume === bar.volume) agreed.volume += 1;
      }
    }
    expect(seen).toBeGreaterThan(80_000);
    expect(bars).toBeGreaterThan(1_500);
    for (const field of ['open', 'high', 'low', 'close'] as const) {
      expect(agreed[field] / bars).toBeGreaterThanOrEqual(0.994);
    }
    expect(agreed.volume / regular).toBeGreaterThanOrEqual(0.992);
  });

  it('merges trades and quotes of a day in order of time, and folds the quotes of all exchanges', async () => {
    const output = join(folder, 'ibm.tape');
    const result = await importTape({
      format: 'lean',
      inputs: ['trade', 'quote'].map((kind) => join(lean, `tick/ibm/20131009_${kind}.zip`)),
      output,
      clock,
    });
    expect(result.trades).toBeGreaterThan(19_000);
    expect(result.quotes).toBeGreaterThan(15_000);
    expect(await verifyTape(output)).toMatchObject({ isWhole: true, rowsOutOfOrder: 0, rows: result.rows });
    expect(await tapeInfo(output)).toMatchObject({
      symbols: ['IBM'],
      compression: 'deflate',
      rowsByKind: { trade: result.trades, quote: result.quotes },
    });
    expect((await stat(output)).size / result.rows).toBeLessThan(16);
    // In regular hours the best quote is two-sided, and crossed for moments only.
    const open = Date.parse('2013-10-09T09:31:00-04:00') * 1_000;
    const close = Date.parse('2013-10-09T16:00:00-04:00') * 1_000;
    const quotes = await rowsOf(output, (reader, batch, row) =>
      batch.kind[row] === EventKind.quote ? quoteAt(batch, row, reader.symbols) : undefined,
    );
    const regular = quotes.filter((quote) => quote.timeMicros >= open && quote.timeMicros < close);
    const sound = regular.filter((quote) => quote.bidPrice > 0 && quote.askPrice >= quote.bidPrice);
    expect(sound.length / regular.length).toBeGreaterThan(0.98);
  });

  it('reads minute bars that are stamped with their end in New York, newest first', async () => {
    const output = join(folder, 'minutes.tape');
    const result = await importTape({
      format: 'eastern-minutes',
      inputs: ['AAPL', 'MSFT', 'SPY'].map((symbol) => join(eastern, `${symbol}_1min.csv`)),
      output,
      clock,
    });
    expect(result.symbols.toSorted()).toEqual(['AAPL', 'MSFT', 'SPY']);
    expect(result.bars).toBeGreaterThan(5_500);
    expect(formatMicros(result.fromMicros!)).toBe('2019-02-11T14:30:00.000000Z');
    expect(formatMicros(result.toMicros!)).toBe('2019-02-15T20:59:00.000000Z');
    expect((await verifyTape(output)).rowsOutOfOrder).toBe(0);
  });
});

/** Trades folded to minutes as the row flags say. */
async function minuteBarsOf(path: string): Promise<Map<number, Omit<Bar, 'symbol' | 'timeMicros' | 'vwap'>>> {
  const bars = new Map<
    number,
    { open: number; high: number; low: number; close: number; volume: number; tradeCount: number }
  >();
  await rowsOf(path, (reader, batch, row) => {
    const trade = tradeAt(batch, row, reader.symbols);
    const flags = batch.flags[row]!;
    const minute = Math.floor(trade.timeMicros / 60_000_000) * 60_000_000;
    let bar = bars.get(minute);
    if (bar === undefined) {
      bar = {
        open: Number.NaN,
        high: Number.NEGATIVE_INFINITY,
        low: Number.POSITIVE_INFINITY,
        close: Number.NaN,
        volume: 0,
        tradeCount: 0,
      };
      bars.set(minute, bar);
    }
    if ((flags & RowFlag.notVolume) === 0) bar.volume += trade.size;
    if ((flags & RowFlag.notRange) === 0) {
      bar.high = Math.max(bar.high, trade.price);
      bar.low = Math.min(bar.low, trade.price);
    }
    if ((flags & RowFlag.notLast) === 0) {
      if (Number.isNaN(bar.open)) bar.open = trade.price;
      bar.close = trade.price;
    }
    return undefined;
  });
  return bars;
}
