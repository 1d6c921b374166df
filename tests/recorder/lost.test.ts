import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { Batch, EventKind, GapReason } from '../../src/tape/batch.ts';
import { chunkBytesFor } from '../../src/tape/chunk.ts';
import { TapeReader } from '../../src/tape/reader.ts';
import { type Gap, gapAt } from '../../src/tape/rows.ts';
import { RecordingPort } from '../../src/transport/recording.ts';
import { until } from '../support/until.ts';
import { openSource, tapesIn } from './source.ts';

const START = Date.UTC(2026, 10, 20, 14, 30) * 1_000;
const SECOND = 1_000_000;
const BATCH = { rows: 8, heapBytes: 256 };

/** So many quotes, all received then. */
function quotes(count: number, receivedMicros: number): Batch {
  const batch = Batch.create({ rows: count, heapBytes: 0 }, 0, receivedMicros);
  for (let row = 0; row < count; row += 1) batch.clearRow(row, EventKind.quote, 1);
  batch.count = count;
  return batch;
}

describe('a market tape that lacks rows', () => {
  it.each([
    ['later', START + 9 * SECOND],
    ['earlier, because the clock was set back', START - 60 * SECOND],
  ])('tells how many between the row before and the next, which came %s', async (_, nextMicros) => {
    const directory = mkdtempSync(join(tmpdir(), 'openbell-lost-'));
    const market = openSource('market', directory);
    const port = new RecordingPort(market.port, {
      clock: liveClock,
      limits: {
        batch: BATCH,
        chunkBytes: chunkBytesFor(BATCH.rows, BATCH.heapBytes),
        chunksMax: 1,
        longNotesBytesMax: 0,
        flushPeriodMs: 3_600_000,
      },
      isMarketRecorded: false,
    });
    port.rows(quotes(4, START));
    port.flush();
    // The only chunk is under way.
    port.rows(quotes(3, START + SECOND));
    expect(port.rowsLost).toBe(3);
    market.source.drain();
    await until(() => port.hasRoom, { what: 'the chunk to come back' });
    port.rows(quotes(2, nextMicros));
    port.close();
    market.source.drain();
    market.source.rotate();
    const gaps: Gap[] = [];
    const kinds: number[] = [];
    for (const path of tapesIn(directory, 'market')) {
      const reader = await TapeReader.open({ path });
      for await (const batch of reader) {
        for (let row = 0; row < batch.count; row += 1) {
          kinds.push(batch.kind[row] ?? 0);
          if (batch.kind[row] === EventKind.gap) gaps.push(gapAt(batch, row, reader.symbols));
        }
      }
    }
    const quote = EventKind.quote;
    expect(kinds).toEqual([quote, quote, quote, quote, EventKind.gap, quote, quote]);
    const fromMicros = Math.min(START, nextMicros);
    const toMicros = nextMicros;
    expect(gaps).toEqual([{ symbol: '', fromMicros, toMicros, missing: 3, reason: GapReason.overflow }]);
    rmSync(directory, { recursive: true });
  });
});
