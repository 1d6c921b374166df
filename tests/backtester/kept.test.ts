import { describe, expect, it } from 'vitest';
import { KeptRows } from '../../src/backtester/data/kept.ts';
import { appendBar } from '../../src/tape/append.ts';
import { Batch } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { MINUTE, OPEN } from './harness.ts';

const SIZE = { rows: 4, heapBytes: 4 * 24 };

/** Bars with these closes, and places from 10 on. */
function rowsOf(batch: Batch, closes: readonly number[]) {
  const symbols = new SymbolTable();
  batch.reset(0, OPEN);
  closes.forEach((close, index) => {
    const prices = { open: close, high: close, low: close, close };
    const bar = { symbol: 'ACME', timeMicros: OPEN + index * MINUTE, ...prices };
    appendBar(batch, { ...bar, volume: 5, vwap: close, tradeCount: 1 }, { symbols });
  });
  return { batch, placeOf: (row: number) => row + 10 };
}

function closesOf(kept: KeptRows): readonly (readonly number[])[] | undefined {
  const batches = kept.take();
  if (batches === null) return undefined;
  return [...batches].flatMap(({ batch, placeOf }) =>
    Array.from({ length: batch.count }, (_, row) => [placeOf(row), batch.n3[row]!, batch.heapFloat(row, 0)]),
  );
}

describe('rows that are kept for the second look', () => {
  it('are what was read, whatever becomes of the batch that they were read into, and once', () => {
    const kept = new KeptRows({ bytesLeft: 1e6 });
    const batch = Batch.create(SIZE);
    kept.keep(rowsOf(batch, [1, 2]));
    kept.keep(rowsOf(batch, [3]));
    rowsOf(batch, [7, 8, 9]);
    expect(closesOf(kept)).toEqual([
      [10, 1, 5],
      [11, 2, 5],
      [10, 3, 5],
    ]);
    expect(closesOf(kept)).toBeUndefined();
  });

  it('are none where they take too much memory, which others then have', () => {
    const batch = Batch.create(SIZE);
    const budget = { bytesLeft: batch.buffer.byteLength * 2 };
    const large = new KeptRows(budget);
    for (let count = 0; count < 3; count += 1) large.keep(rowsOf(batch, [count]));
    expect(closesOf(large)).toBeUndefined();
    const small = new KeptRows(budget);
    small.keep(rowsOf(batch, [4]));
    expect(closesOf(small)).toEqual([[10, 4, 5]]);
  });
});
