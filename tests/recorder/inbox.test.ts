import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import type { Decimal } from '../../src/domain/decimal.ts';
import { MarketRecording } from '../../src/producer/recording.ts';
import { Batch, EventKind } from '../../src/tape/batch.ts';
import { chunkBytesFor } from '../../src/tape/chunk.ts';
import { type InboxTapes, readInbox } from '../../src/tape/inbox.ts';
import { decodeNote, encodeNote } from '../../src/tape/notes.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { compressTape } from '../../src/tape/writer.ts';
import { RecordingPort } from '../../src/transport/recording.ts';
import { openSource, tapesIn } from './source.ts';

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

const row = fc.record({
  kind: fc.constantFrom(EventKind.trade, EventKind.quote, EventKind.minuteBar),
  symbol: fc.constantFrom('A', 'B', 'C', 'D'),
  heap: fc.oneof({ weight: 4, arbitrary: fc.constant('') }, fc.string({ maxLength: 40 })),
  /** How the consumer sees it: at once, after the rows of the next batch, never, or after a gap. */
  fate: fc.constantFrom('shown', 'shown', 'shown', 'late', 'conflated', 'gap'),
});
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ minLength: 200, maxLength: 900, size: 'max' }),
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
  fc.record({
    type: fc.constant('batch' as const),
    rows: fc.array(row, { maxLength: 30 }),
    isSlow: fc.boolean(),
  }),
  fc.record({ type: fc.constant('note' as const), value }),
  /** The recorder takes what was posted, and its credits come back. */
  fc.record({ type: fc.constant('turn' as const) }),
);

interface Recorded {
  readonly posted: readonly Entry[];
  readonly tapes: { readonly inbox: string[]; readonly market: string[] };
  readonly rowsLost: number;
  readonly counted: number;
}

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Posts the steps, and answers what was posted and the tapes. */
async function record(
  steps: readonly Step[],
  options: { directory: string; chunksMax: number; isMarketRecorded: boolean },
): Promise<Recorded> {
  const { directory, chunksMax, isMarketRecorded } = options;
  const market = openSource('market', directory);
  const inbox = openSource('inbox', directory);
  const limits = {
    batch: BATCH,
    chunkBytes: chunkBytesFor(BATCH.rows, BATCH.heapBytes),
    chunksMax,
    longNotesBytesMax: chunksMax * 400,
    flushPeriodMs: 3_600_000,
  };
  const fed = new SymbolTable();
  const feed = new MarketRecording(
    new RecordingPort(market.port, { clock: liveClock, limits, isMarketRecorded: false }),
    fed,
  );
  const recording = new RecordingPort(inbox.port, { clock: liveClock, limits, isMarketRecorded });
  const defined = new Set<string>();
  const posted: Entry[] = [];
  let late = Batch.create({ rows: 64, heapBytes: 16_384 }, 0, START);
  let at = START;
  for (const next of steps) {
    at += 1_000_000;
    if (next.type === 'turn') {
      recording.flush();
      feed.flush();
      market.source.drain();
      inbox.source.drain();
      while (!recording.hasRoom) await new Promise(setImmediate);
    } else if (next.type === 'note') {
      recording.note(next.value, at);
      posted.push({ type: 'note', atMicros: at, value: next.value });
    } else {
      const sent = Batch.create({ rows: 64, heapBytes: 16_384 }, 0, at - 500);
      for (const { kind, symbol, heap } of next.rows) write(sent, kind, { id: fed.intern(symbol), heap });
      if (isMarketRecorded) feed.take(sent);
      const batch = Batch.create({ rows: 256, heapBytes: 32_768 }, 0, at - 400);
      const define = (source: Batch, index: number) => {
        const symbol = fed.textOf(source.symbolId[index] ?? 0);
        if (!defined.has(symbol))
          write(batch, EventKind.definition, { id: fed.intern(symbol), heap: symbol });
        defined.add(symbol);
      };
      const lateNext = Batch.create({ rows: 64, heapBytes: 16_384 }, 0, at - 500);
      for (const [index, { fate }] of next.rows.entries()) {
        if (fate === 'late') lateNext.appendRow(sent, index);
        if (fate === 'late' || fate === 'conflated') continue;
        if (fate === 'gap') write(batch, EventKind.gap, { id: 0, heap: '' });
        define(sent, index);
        batch.appendRow(sent, index);
      }
      for (let index = 0; index < late.count; index += 1) {
        define(late, index);
        batch.appendRow(late, index);
      }
      late = lateNext;
      // A slow consumer takes a batch in parts.
      const parts = next.isSlow ? [0, batch.count >> 1, batch.count] : [0, batch.count];
      for (const [index, to] of parts.slice(1).entries()) {
        const from = parts[index] ?? 0;
        posted.push({ type: 'batch', atMicros: at + index, rows: rowsOf(batch, fed).slice(from, to) });
        recording.taken(batch, at + index, from, to);
      }
    }
  }
  recording.close();
  feed.close();
  for (const { source } of [market, inbox]) {
    source.drain();
    source.detach();
    source.rotate();
  }
  return {
    posted,
    tapes: { inbox: tapesIn(directory, 'inbox'), market: tapesIn(directory, 'market') },
    rowsLost: recording.rowsLost,
    counted: inbox.source.counters.rowsLost,
  };
}

function write(batch: Batch, kind: EventKind, { id, heap }: { id: number; heap: string }): void {
  const at = batch.count;
  batch.clearRow(at, kind, id);
  batch.timeNs[at] = at * 1_000;
  if (kind === EventKind.gap) batch.n0[at] = at * 1_000;
  batch.setHeapText(at, heap);
  batch.count += 1;
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

async function read(tapes: InboxTapes): Promise<{ entries: Entry[]; lost: number }> {
  const symbols = new SymbolTable();
  const entries: Entry[] = [];
  let lost = 0;
  for await (const entry of readInbox({ ...tapes, symbols })) {
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
  for (const isMarketRecorded of [false, true]) {
    const how = isMarketRecorded ? 'naming rows of the market tape' : 'with its own copy of the market';
    it(`gives back all that was posted, in order, over many segments, packed or not, ${how}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, isPacked) =>
          withFolder(async (directory) => {
            const options = { directory, chunksMax: 10_000, isMarketRecorded };
            const { posted, tapes, rowsLost } = await record(steps, options);
            const all = [...tapes.inbox, ...tapes.market];
            if (isPacked) for (const path of all) await compressTape(path, 'deflate', { isPackedHere: true });
            const { entries, lost } = await read(tapes);
            expect(entries).toEqual(posted);
            expect(lost + rowsLost).toBe(0);
          }),
        ),
        { numRuns: 60 },
      );
    }, 60_000);

    it(`tells what is missing when the recorder was too slow, and gives the rest in order, ${how}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) =>
          withFolder(async (directory) => {
            // What comes at the end is not lost, so that all losses are seen.
            const ended = [...steps, { type: 'turn' as const }, { type: 'note' as const, value: 'end' }];
            const options = { directory, chunksMax: 3, isMarketRecorded };
            const { posted, tapes, rowsLost, counted } = await record(ended, options);
            const { entries, lost } = await read(tapes);
            expect(counted).toBe(rowsLost);
            // Rows that the market's tape lost are lost to the inbox as well.
            if (isMarketRecorded) expect(lost).toBeGreaterThanOrEqual(rowsLost);
            else expect(lost).toBe(rowsLost);
            const moments = new Set(entries.map(({ atMicros }) => atMicros));
            expect(entries).toEqual(posted.filter(({ atMicros }) => moments.has(atMicros)));
            if (lost === 0) expect(entries.length).toBe(posted.length);
          }),
        ),
        { numRuns: 100 },
      );
    }, 60_000);
  }

  it('keeps amounts, numbers that are not finite, and any text in notes', () => {
    const note = { amount: 1_500_000_000n as Decimal, none: Number.NaN, far: -Infinity, mark: '\u0001d1' };
    expect(decodeNote(encodeNote(note))).toEqual(note);
    expect(encodeNote({ amount: note.amount })).toBe('{"amount":"\\u0001d1.5"}');
  });
});
