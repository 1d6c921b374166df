/** Narrow rows: what a daemon's tape holds while it is written. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Batch, EventKind } from '../../src/tape/batch.ts';
import { Chunk } from '../../src/tape/chunk.ts';
import { tapeInfo, verifyTape } from '../../src/tape/info.ts';
import { decodeNarrow } from '../../src/tape/narrow/decode.ts';
import { NarrowEncoder } from '../../src/tape/narrow/encode.ts';
import { payloadBytesMax } from '../../src/tape/narrow/layout.ts';
import { TapeReader } from '../../src/tape/reader.ts';
import { SegmentFile } from '../../src/tape/segment.ts';

const START = 1_700_000_000_000_000;
const FLOATS = ['timeNs', 'receivedNs', 'n0', 'n1', 'n2', 'n3'] as const;
const WORDS = ['idLow', 'idHigh', 'symbolId', 'conditions'] as const;
const BYTES = ['kind', 'flags', 'code0', 'code1', 'tape'] as const;

/** Numbers as feeds send them, and any others. */
const number = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 20_000_000 }).map((units) => units / 10_000) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 70_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: -5_000_000_000, max: 5_000_000_000 }) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 65_534, 65_535, 65_536, 214_748.3647, 2 ** 31, 2 ** 53) },
);
const word = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
/** A column: its values are drawn from a few of one sort, so that all forms come up. */
const floats = fc.array(number, { minLength: 1, maxLength: 20 });
const words = fc.array(word, { minLength: 1, maxLength: 20 });
const batches = fc.record({
  rows: fc.integer({ min: 1, max: 400 }),
  floats: fc.tuple(floats, floats, floats, floats, floats, floats),
  words: fc.tuple(words, words, words, words),
  kinds: fc.array(fc.constantFrom(...Object.values(EventKind)), { minLength: 1, maxLength: 8 }),
  isTradesOnly: fc.boolean(),
  heaps: fc.array(fc.uint8Array({ maxLength: 12 }), { minLength: 1, maxLength: 5 }),
  skip: fc.integer({ min: 0, max: 10 }),
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
});
type Given = typeof batches extends fc.Arbitrary<infer Value> ? Value : never;

function batchOf(given: Given): Batch {
  const heapBytes = given.rows * 12;
  const batch = Batch.create({ rows: given.rows, heapBytes }, 0, START);
  let state = given.seed;
  const pick = <Value>(values: readonly Value[]): Value => {
    state = Math.imul(state, 1_103_515_245) + 12_345;
    return values[(state >>> 8) % values.length] as Value;
  };
  for (let row = 0; row < given.rows; row += 1) {
    batch.clearRow(row, pick(given.kinds), 0);
    for (const [index, name] of FLOATS.entries()) batch[name][row] = pick(given.floats[index] ?? [0]);
    const isBare = given.isTradesOnly && batch.kind[row] !== EventKind.trade;
    for (const [index, name] of WORDS.entries()) {
      if (!(isBare && name.startsWith('id'))) batch[name][row] = pick(given.words[index] ?? [0]);
    }
    for (const name of BYTES.slice(1)) batch[name][row] = pick(given.words[3]);
    batch.setHeapBytes(row, pick(given.heaps));
  }
  batch.count = given.rows;
  return batch;
}

function encoded(batch: Batch, from: number, to: number): Uint8Array {
  const chunk = Chunk.create(payloadBytesMax(to - from, batch.heapUsed));
  chunk.bytes.fill(255);
  const end = new NarrowEncoder().encode({ batch, from, to, sequence: 7 }, chunk, 0);
  return chunk.bytes.subarray(0, end);
}

function expectRows(found: Batch, batch: Batch, from: number): void {
  for (let row = 0; row < found.count; row += 1) {
    for (const name of [...FLOATS, ...WORDS, ...BYTES])
      if (!Object.is(found[name][row], batch[name][from + row]))
        expect.fail(`${name} of row ${row}: ${found[name][row]}, not ${batch[name][from + row]}`);
    expect(found.heapBytes(row)).toEqual(batch.heapBytes(from + row));
  }
}

describe('narrow rows', () => {
  it('hold all columns exactly, whatever stands in them', () => {
    fc.assert(
      fc.property(batches, fc.boolean(), (given, isMisplaced) => {
        const batch = batchOf(given);
        const from = Math.min(given.skip, batch.count - 1);
        let payload = encoded(batch, from, batch.count);
        expect(payload.length).toBeLessThanOrEqual(payloadBytesMax(batch.count - from, batch.heapUsed));
        if (isMisplaced) {
          const behind = new Uint8Array(payload.length + 3);
          behind.set(payload, 3);
          payload = behind.subarray(3);
        }
        const into = Batch.create({ rows: 500, heapBytes: 8_192 });
        into.clearRow(3, EventKind.news, 4_711);
        const found = decodeNarrow(payload, into);
        expect(found).toMatchObject({ count: batch.count - from, baseMicros: START, firstSequence: 7 });
        if (found !== undefined) expectRows(found, batch, from);
      }),
      { numRuns: 400 },
    );
  });

  it('take a third of the bytes for quotes and trades as a feed sends them', () => {
    const batch = quotesAndTrades(512);
    expect(encoded(batch, 0, 512).length).toBeLessThan(512 * 25);
  });

  it('are refused where their lengths do not add up, without an exception or a read beyond their end', () => {
    fc.assert(
      fc.property(batches, fc.nat(), fc.integer({ min: 0, max: 255 }), (given, place, byte) => {
        const batch = batchOf(given);
        const payload = encoded(batch, 0, batch.count).slice();
        expect(decodeNarrow(payload.subarray(0, payload.length - 8), undefined)).toBeUndefined();
        expect(decodeNarrow(payload.subarray(0, place % payload.length), undefined)).toBeUndefined();
        payload[place % payload.length] = byte;
        const found = decodeNarrow(payload, undefined);
        if (found !== undefined) expect(found.count).toBeLessThanOrEqual(payload.length);
      }),
      { numRuns: 200 },
    );
  });
});

/** Quotes and trades in turn. */
function quotesAndTrades(count: number): Batch {
  const batch = Batch.create({ rows: count, heapBytes: 0 }, 0, START);
  for (let row = 0; row < count; row += 1) {
    const isTrade = row % 3 === 0;
    batch.clearRow(row, isTrade ? EventKind.trade : EventKind.quote, 1 + ((row * 7_919) % 11_000));
    batch.timeNs[row] = row * 5_000 - (row % 7) * 100_000;
    batch.receivedNs[row] = Math.floor(row / 100) * 500_000;
    batch.n0[row] = (13_141 + row) / 100;
    batch.n1[row] = 1 + (row % 400);
    batch.conditions[row] = isTrade ? 64 : 82;
    batch.tape[row] = 65 + (row % 3);
    batch.code0[row] = 65 + (row % 26);
    if (isTrade) {
      batch.idLow[row] = row * 977;
      batch.idHigh[row] = 12_336;
    } else {
      batch.n2[row] = (13_142 + row) / 100;
      batch.n3[row] = 100 * (1 + (row % 20));
      batch.code1[row] = 65 + (row % 25);
    }
  }
  batch.count = count;
  return batch;
}

describe('a tape that is being written', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'openbell-narrow-'));
    path = join(folder, 'x.tape');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const BLOCK_ROWS = 100;
  const BLOCKS = 6;

  /** Two chunks of three blocks each. */
  function write(): Batch {
    const batch = quotesAndTrades(BLOCK_ROWS * BLOCKS);
    const segment = new SegmentFile(path, {
      kind: 'market',
      feed: 'test',
      createdAt: '2026-11-20T14:30:00.000000Z',
      source: 'a test',
    });
    segment.define(Array.from({ length: 11_000 }, (_, index) => [index + 1, `S${index + 1}`] as const));
    const encoder = new NarrowEncoder();
    for (const first of [0, BLOCKS / 2]) {
      const chunk = Chunk.create(65_536);
      for (let block = first; block < first + BLOCKS / 2; block += 1) {
        const from = block * BLOCK_ROWS;
        expect(chunk.hasRoom(BLOCK_ROWS, 0)).toBe(true);
        chunk.append(encoder, { batch, from, to: from + BLOCK_ROWS, sequence: from + 1 });
      }
      expect(chunk).toMatchObject({ rows: 300, firstSequence: first * BLOCK_ROWS + 1 });
      segment.appendChunk(chunk);
    }
    segment.close();
    return batch;
  }

  async function rowsOf(onDamage: 'refuse' | 'skip' = 'refuse'): Promise<number> {
    let rows = 0;
    for await (const batch of await TapeReader.open({ path, onDamage })) rows += batch.count;
    return rows;
  }

  it('gives back its rows, and info and verify know them', async () => {
    const batch = write();
    let from = 0;
    const reader = await TapeReader.open({ path });
    for await (const found of reader) {
      for (let row = 0; row < found.count; row += 1) {
        const symbol = reader.symbols.textOf(found.symbolId[row] ?? 0);
        expect(symbol).toBe(`S${batch.symbolId[from + row]}`);
        found.symbolId[row] = batch.symbolId[from + row] ?? 0;
      }
      expect(found.firstSequence).toBe(from + 1);
      expectRows(found, batch, from);
      from += found.count;
    }
    expect(from).toBe(BLOCK_ROWS * BLOCKS);
    expect(await verifyTape(path)).toMatchObject({ isWhole: true, rows: 600 });
    expect(await tapeInfo(path)).toMatchObject({
      compression: 'none',
      rowsByKind: { trade: 200, quote: 400 },
    });
  });

  it('loses no whole block where it is torn, and one block only where a bit is wrong', async () => {
    write();
    const bytes = readFileSync(path);
    const whole = bytes.length;
    for (let cut = 1; cut < 1_500; cut += 97) {
      writeFileSync(path, bytes.subarray(0, whole - cut));
      expect(await rowsOf()).toBe(BLOCK_ROWS * (BLOCKS - 1));
    }
    const damaged = Buffer.from(bytes);
    damaged[whole - 8_000] = (damaged[whole - 8_000] ?? 0) ^ 4;
    writeFileSync(path, damaged);
    expect(await rowsOf('skip')).toBe(BLOCK_ROWS * (BLOCKS - 1));
    expect(await verifyTape(path)).toMatchObject({ isWhole: false, rows: 500 });
  });

  it('says that it is of a later version where it is', async () => {
    write();
    const bytes = readFileSync(path);
    expect(bytes.readUInt32LE(8)).toBe(2);
    bytes.writeUInt32LE(3, 8);
    writeFileSync(path, bytes);
    await expect(tapeInfo(path)).rejects.toMatchObject({
      message: `${path} is a tape of version 3; this program reads versions up to 2`,
    });
  });
});
