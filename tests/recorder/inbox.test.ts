import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import type { Decimal } from '../../src/domain/decimal.ts';
import { RecordedSource } from '../../src/recorder/source.ts';
import { Batch, EventKind, GapReason } from '../../src/tape/batch.ts';
import { readInbox } from '../../src/tape/inbox.ts';
import { decodeNote, encodeNote } from '../../src/tape/notes.ts';
import { SegmentFile } from '../../src/tape/segment.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { compressTape } from '../../src/tape/writer.ts';
import { RecordingPort } from '../../src/transport/recording.ts';

const START = 1_763_000_000_000_000;
/** So small that a random test reaches every limit. */
const BATCH = { rows: 8, heapBytes: 256 };

interface Row {
  readonly kind: number;
  readonly symbol: string;
  readonly atMicros: number;
  readonly heap: string;
}
type Entry =
  | { readonly type: 'batch'; readonly atMicros: number; readonly rows: readonly Row[] }
  | { readonly type: 'note'; readonly atMicros: number; readonly value: unknown };

const row: fc.Arbitrary<Omit<Row, 'atMicros'>> = fc.record({
  kind: fc.constantFrom(EventKind.trade, EventKind.quote, EventKind.minuteBar, EventKind.gap),
  symbol: fc.constantFrom('A', 'B', 'C', 'D'),
  heap: fc.oneof({ weight: 4, arbitrary: fc.constant('') }, fc.string({ maxLength: 40 })),
});
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string().map((text) => `\u0001${text}`),
    fc.double(),
    fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('any'),
      { maxKeys: 4 },
    ),
  ),
})).any;
const step = fc.oneof(
  fc.record({ type: fc.constant('batch' as const), rows: fc.array(row, { maxLength: 30 }) }),
  fc.record({ type: fc.constant('note' as const), value }),
  /** The recorder takes what was posted, and its credits come back. */
  fc.record({ type: fc.constant('turn' as const) }),
);

/** Posts the steps, and answers what was posted and the tapes. */
async function record(
  steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[],
  options: { directory: string; batchesMax: number },
): Promise<{ posted: Entry[]; paths: string[]; rowsLost: number; counted: number }> {
  const { port1, port2 } = new MessageChannel();
  const source = new RecordedSource({
    name: 'consumer A',
    begin: (number) =>
      new SegmentFile(join(options.directory, `${String(number).padStart(6, '0')}.tape`), {
        kind: 'inbox',
        feed: 'test',
        createdAt: '2026-11-20T14:30:00.000000Z',
        source: 'a test',
      }),
    segmentBytesMax: 4_096,
    onClosed: () => {},
    onLost: () => {},
    onFailure: (error) => {
      throw error;
    },
  });
  source.attach(port2);
  const limits = { batch: BATCH, batchesMax: options.batchesMax, flushPeriodMs: 3_600_000 };
  const recording = new RecordingPort(port1, { clock: liveClock, limits });
  const symbols = new SymbolTable();
  const defined = new Set<string>();
  const posted: Entry[] = [];
  let at = START;
  for (const next of steps) {
    at += 1_000_000;
    if (next.type === 'turn') {
      recording.flush();
      source.drain();
      while (!recording.hasRoom) await new Promise(setImmediate);
    } else if (next.type === 'note') {
      recording.note(next.value, at);
      posted.push({ type: 'note', atMicros: at, value: next.value });
    } else {
      const batch = Batch.create({ rows: 2 * next.rows.length, heapBytes: 4_096 }, 0, at - 500);
      const write = (kind: EventKind, symbol: string, heap: string) => {
        batch.clearRow(batch.count, kind, symbols.intern(symbol));
        batch.timeNs[batch.count] = batch.count * 1_000;
        if (kind === EventKind.gap) batch.n0[batch.count] = batch.count * 1_000;
        batch.setHeapText(batch.count, heap);
        batch.count += 1;
      };
      for (const { kind, symbol, heap } of next.rows) {
        if (!defined.has(symbol)) write(EventKind.definition, symbol, symbol);
        defined.add(symbol);
        write(kind as EventKind, symbol, heap);
      }
      posted.push({ type: 'batch', atMicros: at, rows: rowsOf(batch, symbols) });
      recording.taken(batch, at);
    }
  }
  recording.close();
  source.drain();
  source.detach();
  source.rotate();
  const paths = readdirSync(options.directory)
    .sort()
    .map((name) => join(options.directory, name));
  return { posted, paths, rowsLost: recording.rowsLost, counted: source.counters.rowsLost };
}

function rowsOf(batch: Batch, symbols: SymbolTable): Row[] {
  return Array.from({ length: batch.count }, (_, index) => ({
    kind: batch.kind[index] ?? 0,
    symbol: symbols.textOf(batch.symbolId[index] ?? 0),
    atMicros:
      batch.kind[index] === EventKind.gap
        ? batch.baseMicros + (batch.n0[index] ?? 0) / 1_000
        : batch.timeMicros(index),
    heap: batch.heapText(index),
  }));
}

async function read(paths: readonly string[]): Promise<{ entries: Entry[]; lost: number }> {
  const symbols = new SymbolTable();
  const entries: Entry[] = [];
  let lost = 0;
  for await (const entry of readInbox(paths, symbols)) {
    if (entry.type === 'lost') lost += entry.rows;
    else if (entry.type === 'note')
      entries.push({ type: 'note', atMicros: entry.atMicros, value: entry.value });
    else entries.push({ type: 'batch', atMicros: entry.takenMicros, rows: rowsOf(entry.batch, symbols) });
  }
  return { entries, lost };
}

async function withFolder<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'openbell-inbox-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('an inbox tape', () => {
  it('gives back all that was posted, in order, over many segments, packed or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, isPacked) =>
        withFolder(async (directory) => {
          const { posted, paths, rowsLost } = await record(steps, { directory, batchesMax: 10_000 });
          if (isPacked) for (const path of paths) await compressTape(path, 'deflate', { isPackedHere: true });
          const { entries, lost } = await read(paths);
          expect(entries).toEqual(posted);
          expect(lost + rowsLost).toBe(0);
        }),
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('tells exactly what is missing when the recorder was too slow, and gives the rest in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) =>
        withFolder(async (directory) => {
          // What comes at the end is not lost, so that all losses are seen.
          const ended = [...steps, { type: 'turn' as const }, { type: 'note' as const, value: 'end' }];
          const { posted, paths, rowsLost, counted } = await record(ended, { directory, batchesMax: 3 });
          const { entries, lost } = await read(paths);
          expect(lost).toBe(rowsLost);
          expect(counted).toBe(rowsLost);
          const moments = new Set(entries.map(({ atMicros }) => atMicros));
          expect(entries).toEqual(posted.filter(({ atMicros }) => moments.has(atMicros)));
          if (rowsLost === 0) expect(entries.length).toBe(posted.length);
        }),
      ),
      { numRuns: 100 },
    );
  }, 60_000);

  it('keeps amounts, numbers that are not finite, and any text in notes', () => {
    const note = { amount: 1_500_000_000n as Decimal, none: Number.NaN, far: -Infinity, mark: '\u0001d1' };
    expect(decodeNote(encodeNote(note))).toEqual(note);
    expect(encodeNote({ amount: note.amount })).toBe('{"amount":"\\u0001d1.5"}');
    expect(GapReason.overflow).toBe(2);
  });
});
