import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Batch, EventKind } from '../../src/tape/batch.ts';
import { copyColumns, gatherRows } from '../../src/tape/copy.ts';

const SOURCE_ROWS = 80;
const BASE_MICROS = 1_700_000_000_000_000;
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const byte = fc.integer({ min: 0, max: 255 });
const row = fc.record({
  numbers: fc.tuple(fc.double(), fc.double(), fc.double(), fc.double()),
  words: fc.tuple(word, word, word, word),
  bytes: fc.tuple(byte, byte, byte, byte),
  times: fc.tuple(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 1e9 })),
  heap: fc.uint8Array({ maxLength: 12 }),
});
type Row = typeof row extends fc.Arbitrary<infer Value> ? Value : never;

function filled(rows: readonly Row[]): Batch {
  const batch = Batch.create({ rows: rows.length, heapBytes: 4_096 }, 0, BASE_MICROS);
  for (const each of rows) {
    const at = batch.count;
    batch.clearRow(at, EventKind.trade, each.words[0]);
    [batch.timeNs[at], batch.receivedNs[at]] = each.times;
    [batch.n0[at], batch.n1[at], batch.n2[at], batch.n3[at]] = each.numbers;
    [, batch.idLow[at], batch.idHigh[at], batch.conditions[at]] = each.words;
    [batch.flags[at], batch.code0[at], batch.code1[at], batch.tape[at]] = each.bytes;
    if (each.heap.length > 0) batch.setHeapBytes(at, each.heap);
    batch.count += 1;
  }
  return batch;
}

function rowOf(batch: Batch, at: number): unknown {
  return [
    (batch.baseMicros - BASE_MICROS) * 1_000 + batch.timeNs[at]!,
    (batch.baseMicros - BASE_MICROS) * 1_000 + batch.receivedNs[at]!,
    ...[batch.n0, batch.n1, batch.n2, batch.n3].map((column) => column[at]),
    ...[batch.idLow, batch.idHigh, batch.symbolId, batch.conditions].map((column) => column[at]),
    ...[batch.kind, batch.flags, batch.code0, batch.code1, batch.tape].map((column) => column[at]),
    [...batch.heapBytes(at)],
  ];
}

/** Neighbours, so that memory is copied in one piece, and scattered rows, so that it is not. */
const selection = fc.oneof(
  fc
    .tuple(fc.nat(SOURCE_ROWS - 1), fc.nat(SOURCE_ROWS))
    .map(([from, length]) =>
      Uint32Array.from({ length: Math.min(length, SOURCE_ROWS - from) }, (_, index) => from + index),
    ),
  fc.subarray(Array.from({ length: SOURCE_ROWS }, (_, index) => index)).map((rows) => Uint32Array.from(rows)),
);

describe('copying rows between batches', () => {
  it('carries over every column and heap byte of the rows that were chosen, and their moments', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: SOURCE_ROWS, maxLength: SOURCE_ROWS }),
        selection,
        fc.nat(5),
        (rows, chosen, before) => {
          const source = filled(rows);
          const target = Batch.create({ rows: SOURCE_ROWS + 8, heapBytes: 4_096 }, 0, source.baseMicros - 7);
          for (let index = 0; index < before; index += 1) target.appendRow(source, index);
          gatherRows(source, { rows: chosen, from: 0, to: chosen.length }, target);
          expect(target.count).toBe(before + chosen.length);
          for (const [index, each] of chosen.entries())
            expect(rowOf(target, before + index)).toEqual(rowOf(source, each));
        },
      ),
    );
  });

  it('moves both moments of a gap to the new base', () => {
    const source = Batch.create({ rows: 1, heapBytes: 0 }, 0, 1_000_000);
    source.clearRow(0, EventKind.gap, 0);
    source.timeNs[0] = 5_000;
    source.n0[0] = 9_000;
    const target = Batch.create({ rows: 1, heapBytes: 0 }, 0, 999_000);
    copyColumns(source, 0, target, 0);
    expect(target.timeMicros(0)).toBe(1_000_005);
    expect(target.baseMicros + target.n0[0]! / 1_000).toBe(1_000_009);
  });
});
