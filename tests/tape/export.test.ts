import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import { appendBar, appendQuote, appendTrade } from '../../src/tape/append.ts';
import { Batch } from '../../src/tape/batch.ts';
import { exportTape } from '../../src/tape/export.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { TapeWriter } from '../../src/tape/writer.ts';

const START = 1_763_000_000_000_000;
const folder = mkdtempSync(join(tmpdir(), 'openbell-export-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function tapeOf(write: (batch: Batch, symbols: SymbolTable) => void): Promise<string> {
  const path = join(folder, 'events.tape');
  rmSync(path, { force: true });
  const symbols = new SymbolTable();
  const metadata = {
    kind: 'market',
    feed: 'test',
    createdAt: '2026-11-20T14:30:00Z',
    source: 'a test',
  } as const;
  const writer = await TapeWriter.open({ path, symbols, metadata });
  const batch = Batch.create({ rows: 4_096, heapBytes: 1_000_000 }, 1, START);
  write(batch, symbols);
  writer.append(batch);
  await writer.close();
  return path;
}

/** Rows as any reader of Parquet sees them; times as nanoseconds since the epoch. */
async function rowsOf(path: string): Promise<Record<string, unknown>[]> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const time = metadata.schema.find(({ name }) => name === 'time');
  expect(time?.logical_type).toMatchObject({ type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' });
  return parquetReadObjects({ file, parsers: { timestampFromNanoseconds: (nanos: bigint) => nanos } });
}

describe('an export to Parquet', () => {
  it('holds every trade, quote and bar as the tape has them, to the nanosecond', async () => {
    const figure = fc.double({ noNaN: true, min: 0, max: 1e12 });
    const event = fc.record({
      symbol: fc.constantFrom('AAPL', 'BRK.B', 'BTC/USD'),
      timeMicros: fc.integer({ min: START, max: START + 86_400_000_000 }),
      nanos: fc.integer({ min: 0, max: 999 }),
      figures: fc.tuple(figure, figure, figure, figure),
      id: fc.oneof(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String), fc.uuid()),
      conditions: fc.subarray(['@', 'I', 'T', 'odd one']),
      vwap: fc.oneof(figure, fc.constant(Number.NaN)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 60 }), async (events) => {
        const tape = await tapeOf((batch, symbols) => {
          for (const { figures, id, conditions, vwap, nanos, ...key } of events) {
            const [price, size, high, low] = figures;
            const options = { symbols, nanos };
            const trade = { ...key, price, size, exchange: 'V', conditions, tape: 'C', id };
            expect(appendTrade(batch, trade, options)).toBe(true);
            const quote = { ...key, bidPrice: price, bidSize: size, askPrice: high, askSize: low };
            expect(appendQuote(batch, quote, options)).toBe(true);
            const bar = { ...key, open: price, high, low, close: size, volume: high, vwap, tradeCount: 7 };
            expect(appendBar(batch, bar, options)).toBe(true);
          }
        });
        const files = await exportTape({ input: tape, output: join(folder, 'out.parquet') });
        expect(files.map(({ kind, path, rows }) => [kind, path.replace(`${folder}/`, ''), rows])).toEqual(
          ['trades', 'quotes', 'bars'].map((kind) => [kind, `out.${kind}.parquet`, events.length]),
        );
        const [trades, quotes, bars] = await Promise.all(files.map(({ path }) => rowsOf(path)));
        const keys = events.map(({ symbol, timeMicros, nanos }) => ({
          time: BigInt(timeMicros) * 1_000n + BigInt(nanos),
          symbol,
        }));
        expect(trades).toEqual(
          events.map(({ figures: [price, size], id, conditions }, index) => ({
            ...keys[index],
            ...{ price, size, exchange: 'V', conditions: conditions.join('|'), tape: 'C', id },
          })),
        );
        expect(quotes).toEqual(
          events.map(({ figures: [price, size, high, low] }, index) => ({
            ...keys[index],
            ...{ bid_price: price, bid_size: size, ask_price: high, ask_size: low },
          })),
        );
        expect(bars).toEqual(
          events.map(({ figures: [price, size, high, low], vwap }, index) => ({
            ...keys[index],
            ...{ open: price, high, low, close: size, volume: high, trade_count: 7 },
            vwap: Number.isNaN(vwap) ? null : vwap,
          })),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('may hold one kind, and nothing', async () => {
    const tape = await tapeOf(() => {});
    const output = join(folder, 'quotes.parquet');
    const files = await exportTape({ input: tape, output, kinds: ['quotes'] });
    expect(files).toEqual([{ kind: 'quotes', path: output, rows: 0 }]);
    expect(await rowsOf(output)).toEqual([]);
  });
});
