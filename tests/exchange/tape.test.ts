import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { formatMicros, MICROS_PER_MINUTE, parseMicros } from '../../src/domain/time.ts';
import { appendQuote, appendTrade } from '../../src/tape/append.ts';
import { Batch } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { TapeWriter } from '../../src/tape/writer.ts';
import { allowLoopbackOnly, closeAll, type Json, START_MICROS, start, whileTimePasses } from './harness.ts';

beforeAll(allowLoopbackOnly);
const folders: string[] = [];
afterEach(async () => {
  await closeAll();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const RECORDED_MICROS = parseMicros('2013-10-07T13:30:20.5Z')!;

/** Ten minutes of IBM: a quote and a trade each second, the price rising a cent a second. */
async function recordTape(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'openbell-exchange-'));
  folders.push(folder);
  const path = join(folder, 'ibm.tape');
  const symbols = new SymbolTable();
  const writer = await TapeWriter.open({
    path,
    symbols,
    metadata: { kind: 'market', feed: 'test', createdAt: formatMicros(RECORDED_MICROS), source: 'a test' },
  });
  const batch = Batch.create({ rows: 2_000, heapBytes: 32_768 }, 0, RECORDED_MICROS);
  for (let second = 0; second < 600; second += 1) {
    const timeMicros = RECORDED_MICROS + second * 1_000_000;
    const price = Math.round(18_000 + second) / 100;
    const options = { symbols };
    appendQuote(
      batch,
      {
        symbol: 'IBM',
        timeMicros,
        bidPrice: price - 0.01,
        bidSize: 300,
        askPrice: price + 0.01,
        askSize: 200,
      },
      options,
    );
    appendTrade(
      batch,
      {
        symbol: 'IBM',
        timeMicros: timeMicros + 1,
        price,
        size: 100,
        exchange: 'N',
        conditions: [' '],
        tape: 'A',
        id: String(second + 1),
      },
      options,
    );
  }
  writer.append(batch);
  await writer.close();
  return path;
}

describe('a recorded tape', () => {
  it('is played restamped to now by whole minutes, and its trades make its bars', async () => {
    const test = await start({ tape: await recordTape(), symbols: [] });
    expect(test.exchange.symbols).toEqual(['IBM']);
    const client = await test.data({ trades: ['IBM'], quotes: ['IBM'], bars: ['IBM'] });
    await whileTimePasses(test, () => {
      expect(client.messages.filter(({ T }) => T === 'b').length).toBeGreaterThan(1);
    });
    // The recording began at second 20.5: so the whole minute before the start has what was recorded of it.
    const { body } = await test.get('/v2/stocks/IBM/bars?timeframe=1Min&start=2026-11-20T14:00:00Z');
    const bars = body.bars as Json[];
    expect(bars[0]).toMatchObject({ t: '2026-11-20T14:29:00Z', o: 180, c: 180.39, v: 4_000, n: 40 });
    expect(bars[1]).toMatchObject({
      t: '2026-11-20T14:30:00Z',
      o: 180.4,
      h: 180.99,
      l: 180.4,
      c: 180.99,
      v: 6_000,
      n: 60,
    });
    const trade = client.messages.find(({ T }) => T === 't');
    expect(trade).toMatchObject({ S: 'IBM', z: 'A', x: 'N', c: [' '] });
    expect(String(trade?.t)).toMatch(/\.500001Z$/);
  });

  it('matches orders against its quotes, and takes what lies before the offset as history', async () => {
    const test = await start({ tape: await recordTape(), symbols: [], tapeOffsetMs: 300_000 });
    const { body } = await test.get('/v2/stocks/IBM/trades?start=2026-11-20T14:00:00Z&limit=10000');
    const trades = body.trades as Json[];
    expect(trades.length).toBeGreaterThan(299);
    expect(parseMicros(String(trades[0]?.t))).toBeLessThan(START_MICROS - 4 * MICROS_PER_MINUTE);
    const { body: order } = await test.order({ symbol: 'IBM', qty: '500', side: 'buy' });
    await whileTimePasses(test, async () => {
      const { body: now } = await test.get(`/v2/orders/${String(order.id)}`);
      expect(now.status).toBe('filled');
    });
    // 200 are shown at a time: three quotes were taken, a cent apart.
    const { body: activities } = await test.get('/v2/account/activities/FILL?direction=asc');
    expect(
      (activities as unknown as Json[]).map(({ qty, type }) => `${String(qty)} ${String(type)}`),
    ).toEqual(['200 partial_fill', '200 partial_fill', '100 fill']);
  });

  it('is refused with its reason when it is no tape or holds nothing that was asked for', async () => {
    await expect(start({ tape: import.meta.filename, symbols: [] })).rejects.toMatchObject({ exitCode: 2 });
    await expect(start({ tape: await recordTape(), symbols: ['AAPL'] })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('holds no trades or quotes of AAPL'),
    });
  });
});

describe('the start', () => {
  it('gives the same market for the same seed, and another for another', async () => {
    const trades = async (seed: number) => {
      const test = await start({ seed });
      test.clock.advanceBy(30_000);
      return (await test.get('/v2/stocks/trades?symbols=AAPL,F&start=2026-11-20T14:20:00Z&limit=10000')).body;
    };
    const first = await trades(1);
    expect(await trades(1)).toEqual(first);
    expect(await trades(2)).not.toEqual(first);
  });

  it('names every option that is wrong at once, and a port that is taken', async () => {
    await expect(start({ port: 70_000, symbols: ['not a symbol'], ratePerSecond: 0 })).rejects.toMatchObject({
      exitCode: 2,
      violations: [{ path: '--symbols' }, { path: '--rate' }, { path: '--port' }],
    });
    const test = await start();
    await expect(start({ port: test.exchange.port })).rejects.toMatchObject({ exitCode: 3 });
  });
});
