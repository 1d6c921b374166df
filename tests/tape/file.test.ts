import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Trade } from '../../src/domain/market.ts';
import { appendBar, appendGap, appendTrade } from '../../src/tape/append.ts';
import { Batch, EventKind, GapReason } from '../../src/tape/batch.ts';
import type { TapeMetadata } from '../../src/tape/file.ts';
import { TapeReader } from '../../src/tape/reader.ts';
import { barAt, gapAt, tradeAt } from '../../src/tape/rows.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { TapeWriter } from '../../src/tape/writer.ts';

const METADATA: TapeMetadata = {
  kind: 'market',
  feed: 'test',
  createdAt: '2026-11-20T14:30:00.000000Z',
  source: 'a test',
};
const START = 1_700_000_000_000_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openbell-tape-'));
});
afterEach(() => rm(folder, { recursive: true }));

function trade(index: number, symbol = 'AAPL'): Trade {
  return {
    symbol,
    timeMicros: START + index * 1_000,
    price: 100 + index / 100,
    size: 1 + (index % 7),
    exchange: 'K',
    conditions: index % 3 === 0 ? ['@', 'I'] : index % 3 === 1 ? ['longer', '@'] : [],
    tape: 'C',
    id: index % 5 === 0 ? 'a-b-c' : String(2n ** 63n + BigInt(index)),
  };
}

function batchOf(trades: readonly Trade[], symbols: SymbolTable): Batch {
  const batch = Batch.create({ rows: trades.length, heapBytes: trades.length * 64 }, 1, START);
  for (const value of trades) expect(appendTrade(batch, value, { symbols })).toBe(true);
  return batch;
}

async function readTrades(path: string, options: { onDamage?: 'skip' } = {}): Promise<Trade[]> {
  const reader = await TapeReader.open({ path, ...options });
  const trades: Trade[] = [];
  for await (const batch of reader) {
    for (let row = 0; row < batch.count; row += 1) trades.push(tradeAt(batch, row, reader.symbols));
  }
  return trades;
}

async function writeTape(path: string, trades: readonly Trade[], flushEvery = trades.length): Promise<void> {
  const symbols = new SymbolTable();
  const writer = await TapeWriter.open({ path, symbols, metadata: METADATA });
  for (let from = 0; from < trades.length; from += flushEvery) {
    writer.append(batchOf(trades.slice(from, from + flushEvery), symbols));
    await writer.flush();
  }
  await writer.close();
}

describe('a tape file', () => {
  for (const compression of ['none', 'deflate', 'brotli'] as const) {
    it(`gives back what was written, packed with ${compression}`, async () => {
      const path = join(folder, 'x.tape');
      const symbols = new SymbolTable();
      const writer = await TapeWriter.open({ path, symbols, metadata: METADATA, compression });
      const trades = Array.from({ length: 20_000 }, (_, index) =>
        trade(index, index % 2 === 0 ? 'AAPL' : 'MSFT'),
      );
      for (let from = 0; from < trades.length; from += 500)
        writer.append(batchOf(trades.slice(from, from + 500), symbols));
      await writer.close();
      expect(await readTrades(path)).toEqual(trades);
    });
  }

  it('is smaller, and says the same, when it is packed on closing', async () => {
    const plain = join(folder, 'plain.tape');
    const packed = join(folder, 'packed.tape');
    const trades = Array.from({ length: 5_000 }, (_, index) => trade(index));
    await writeTape(plain, trades);
    const symbols = new SymbolTable();
    const writer = await TapeWriter.open({
      path: packed,
      symbols,
      metadata: METADATA,
      compressionWhenClosed: 'brotli',
    });
    writer.append(batchOf(trades, symbols));
    await writer.close();
    expect((await stat(packed)).size).toBeLessThan((await stat(plain)).size / 4);
    expect(await readTrades(packed)).toEqual(trades);
  });

  it('keeps bars, gaps and a row that is larger than a block', async () => {
    const path = join(folder, 'x.tape');
    const symbols = new SymbolTable();
    const bar = {
      symbol: 'AAPL',
      timeMicros: START,
      open: 1,
      high: 2,
      low: 0.5,
      close: 1.5,
      volume: 10,
      vwap: 1.25,
      tradeCount: 3,
    };
    const gap = {
      symbol: '',
      fromMicros: START,
      toMicros: START + 5_000_000,
      missing: undefined,
      reason: GapReason.disconnected,
    };
    const batch = Batch.create({ rows: 3, heapBytes: 1_000_024 }, 1, START);
    appendBar(batch, { ...bar, incomplete: true }, { symbols });
    appendGap(batch, gap, { symbols });
    appendGap(batch, gap, { symbols });
    batch.kind[2] = EventKind.news;
    batch.setHeapBytes(2, new Uint8Array(1_000_000).fill(65));
    const writer = await TapeWriter.open({ path, symbols, metadata: METADATA });
    writer.append(batch);
    await writer.close();
    const reader = await TapeReader.open({ path });
    const seen: unknown[] = [];
    for await (const read of reader) {
      for (let row = 0; row < read.count; row += 1) {
        if (read.kind[row] === EventKind.minuteBar) seen.push(barAt(read, row, reader.symbols));
        if (read.kind[row] === EventKind.gap) seen.push(gapAt(read, row, reader.symbols));
        if (read.kind[row] === EventKind.news) seen.push(read.heapText(row).length);
      }
    }
    expect(seen).toEqual([{ ...bar, incomplete: true }, gap, 1_000_000]);
  });

  it('goes on in a new segment, whose symbol ids may differ', async () => {
    const path = join(folder, 'x.tape');
    await writeTape(path, [trade(1, 'AAPL'), trade(2, 'MSFT')]);
    await writeTape(path, [trade(3, 'MSFT'), trade(4, 'SPY'), trade(5, 'AAPL')]);
    const symbols = new SymbolTable();
    symbols.intern('SPY');
    const reader = await TapeReader.open({ path, symbols });
    const seen: string[] = [];
    for await (const batch of reader) {
      for (let row = 0; row < batch.count; row += 1) seen.push(symbols.textOf(batch.symbolId[row]!));
    }
    expect(seen).toEqual(['AAPL', 'MSFT', 'MSFT', 'SPY', 'AAPL']);
  });

  it('loses no whole block when it is torn anywhere, and is cut there by the next writer', async () => {
    const path = join(folder, 'x.tape');
    const trades = Array.from({ length: 40 }, (_, index) => trade(index));
    await writeTape(path, trades, 10);
    const whole = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 250, max: whole.length - 1 }), async (length) => {
        await writeFile(path, whole);
        await truncate(path, length);
        const kept = await readTrades(path);
        expect(kept.length % 10).toBe(0);
        expect(kept).toEqual(trades.slice(0, kept.length));
        await writeTape(path, [trade(99)]);
        expect(await readTrades(path)).toEqual([...kept, trade(99)]);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses to go on behind damage inside, or leaves out what is damaged if asked to', async () => {
    const path = join(folder, 'x.tape');
    const trades = Array.from({ length: 40 }, (_, index) => trade(index));
    await writeTape(path, trades, 10);
    const bytes = await readFile(path);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = bytes[middle]! ^ 0x10;
    await writeFile(path, bytes);
    await expect(readTrades(path)).rejects.toThrow(/damaged at byte/);
    expect((await readTrades(path, { onDamage: 'skip' })).length).toBe(30);
  });

  it('says in one line when a file is no tape', async () => {
    const path = join(folder, 'x.csv');
    await writeFile(path, 'time,open,high,low,close\n');
    await expect(TapeReader.open({ path })).rejects.toThrow(`${path} is not a tape file`);
    await expect(TapeReader.open({ path: join(folder, 'none') })).rejects.toThrow(/ENOENT/);
  });

  it('reports what the disk refuses, and counts the rows lost', async () => {
    const symbols = new SymbolTable();
    const writer = await TapeWriter.open({ path: join(folder, 'x.tape'), symbols, metadata: METADATA });
    writer.append(batchOf([trade(1)], symbols));
    // The file is closed under the writer, as a disk that went away.
    await writer.close();
    writer.append(batchOf([trade(2), trade(3)], symbols));
    await expect(writer.flush()).rejects.toThrow();
    expect(writer.rowsLost).toBe(2);
    expect(writer.failure).toBeInstanceOf(Error);
  });
});
