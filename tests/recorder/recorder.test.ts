import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { DEFAULT_RECORDER_LIMITS, type RecorderConfig } from '../../src/recorder/config.ts';
import { outdated } from '../../src/recorder/retention.ts';
import { Batch, EventKind } from '../../src/tape/batch.ts';
import { tapeInfo } from '../../src/tape/info.ts';
import type { RecorderCommand, RecorderReport } from '../../src/transport/messages.ts';
import { MARKET_RECORDING_LIMITS, RecordingPort } from '../../src/transport/recording.ts';
import { until } from '../support/until.ts';

const KIBIBYTE = 1_024;
const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 10, 20, 14, 30) * 1_000;

let directory: string;
let recorder: RunningRecorder | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'openbell-recorder-'));
});
afterEach(async () => {
  await recorder?.stop();
  recorder = undefined;
  rmSync(directory, { recursive: true, force: true });
});

/** The compiled recorder on a thread of its own, as the daemon runs it. */
class RunningRecorder {
  readonly reports: RecorderReport[] = [];
  readonly #worker: Worker;
  #ended = false;

  constructor(limits: Partial<RecorderConfig['limits']> = {}) {
    const config: RecorderConfig = {
      directory,
      batchId: 'batch',
      feed: 'test',
      session: '2026-11-20',
      limits: {
        ...DEFAULT_RECORDER_LIMITS,
        statisticsPeriodMs: 50,
        stopPackingMs: 20_000,
        segmentBytesMax: 256 * KIBIBYTE,
        ageMaxMs: 100_000 * DAY_MS,
        totalBytesMax: 1e12,
        freeBytesMin: 0,
        ...limits,
      },
      log: { level: 'silent', file: null, isPretty: false },
    };
    this.#worker = new Worker(resolve('dist/recorder/worker.js'), { workerData: config });
    this.#worker.on('message', (report: RecorderReport) => this.reports.push(report));
    this.#worker.once('exit', () => {
      this.#ended = true;
    });
  }

  attach(source: string): RecordingPort {
    const { port1, port2 } = new MessageChannel();
    this.tell({ type: 'attach', source, port: port1 }, [port1]);
    return new RecordingPort(port2, {
      clock: liveClock,
      limits: MARKET_RECORDING_LIMITS,
      isMarketRecorded: false,
    });
  }

  tell(command: RecorderCommand, transfer: readonly import('node:worker_threads').MessagePort[] = []): void {
    this.#worker.postMessage(command, [...transfer]);
  }

  /** Rows of all sources that are on the disk. */
  get rows(): number {
    const statistics = this.reports.findLast((report) => report.type === 'statistics');
    return statistics?.sources.reduce((sum, { rows }) => sum + rows, 0) ?? 0;
  }

  get troubles() {
    return this.reports.filter((report) => report.type === 'trouble');
  }

  async stop(): Promise<void> {
    if (!this.#ended) this.tell({ type: 'stop' });
    await until(() => this.#ended, { what: 'the recorder to end' });
  }
}

/** A quote a millisecond from `from` on. */
function quotes(count: number, from: number): Batch {
  const batch = Batch.create({ rows: count, heapBytes: 0 }, 0, START);
  for (let row = 0; row < count; row += 1) {
    batch.clearRow(row, EventKind.quote, 1);
    batch.timeNs[row] = (from + row) * 1_000_000;
    batch.n0[row] = from + row;
    batch.n1[row] = 100 + (row % 7);
  }
  batch.count = count;
  return batch;
}

/** Records so many quotes, waiting until each thousand is on the disk. */
async function recordQuotes(running: RunningRecorder, port: RecordingPort, count: number, from = 0) {
  const before = running.rows;
  for (let sent = 0; sent < count; sent += 1_000) {
    port.rows(quotes(1_000, from + sent));
    port.flush();
    await until(() => running.rows >= before + sent + 1_000, { what: 'the rows on the disk' });
  }
}

function files(): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.tape'))
    .sort();
}

describe('the recorder', () => {
  it('begins a new tape when one is long enough and when the session changes, and packs those closed', async () => {
    recorder = new RunningRecorder();
    const port = recorder.attach('market');
    port.name([[1, 'AAPL']]);
    await recordQuotes(recorder, port, 20_000);
    recorder.tell({ type: 'session', date: '2026-11-23' });
    await recordQuotes(recorder, port, 1_000, 20_000);
    port.close();
    await recorder.stop();
    const names = files();
    expect(names.length).toBeGreaterThanOrEqual(3);
    expect(names.at(-1)).toBe(`2026-11-23/market-batch-${String(names.length).padStart(4, '0')}.tape`);
    expect(names.slice(0, -1).every((name) => name.startsWith('2026-11-20/market-batch-'))).toBe(true);
    const infos = await Promise.all(names.map((name) => tapeInfo(join(directory, name))));
    expect(infos.reduce((sum, { rows }) => sum + rows, 0)).toBe(21_000);
    for (const info of infos) {
      expect(info).toMatchObject({ compression: 'deflate', symbols: ['AAPL'], tornBytes: 0, damages: [] });
      expect(info.segments[0]).toMatchObject({ kind: 'market', feed: 'test', labels: { batch: 'batch' } });
    }
    expect(recorder.troubles).toEqual([]);
  });

  it('removes the oldest closed tapes beyond the size, and none that is not its own', async () => {
    mkdirSync(join(directory, '2026-11-18'));
    mkdirSync(join(directory, 'mine'));
    for (const name of ['2026-11-18/market-old-0001.tape', '2026-11-18/notes.txt', 'mine/market-x-0001.tape'])
      writeFileSync(join(directory, name), Buffer.alloc(100 * KIBIBYTE, 1));
    recorder = new RunningRecorder({ totalBytesMax: 50 * KIBIBYTE });
    await until(() => !files().includes('2026-11-18/market-old-0001.tape'), { what: 'the old tape to go' });
    expect(readdirSync(join(directory, '2026-11-18'))).toEqual(['notes.txt']);
    expect(files()).toEqual(['mine/market-x-0001.tape']);
    const port = recorder.attach('market');
    await recordQuotes(recorder, port, 2_000);
    // It is over the size by itself, and stays: it is being written.
    expect(files()).toContain('2026-11-20/market-batch-0001.tape');
    port.close();
  });

  it('stops with one warning when the disk has too little room, and tells the threads', async () => {
    recorder = new RunningRecorder({ freeBytesMin: Number.MAX_SAFE_INTEGER });
    const port = recorder.attach('market');
    await until(() => !port.isOpen, { what: 'the port to be closed' });
    port.rows(quotes(1_000, 0));
    await until(() => (recorder?.reports.filter(({ type }) => type === 'statistics').length ?? 0) > 3, {
      what: 'statistics',
    });
    expect(recorder.troubles).toHaveLength(1);
    expect(recorder.troubles[0]).toMatchObject({ code: 'recording_stopped' });
    expect(recorder.reports.at(-1)).toMatchObject({ failure: expect.stringContaining('min_free_mb') });
    expect(files()).toEqual([]);
  });

  it('stops with one warning when the folder cannot be written', async () => {
    rmSync(directory, { recursive: true });
    writeFileSync(directory, 'a file stands here');
    recorder = new RunningRecorder();
    const port = recorder.attach('market');
    await until(() => !port.isOpen, { what: 'the port to be closed' });
    expect(recorder.troubles).toHaveLength(1);
  });

  it('loses rows, and counts and tells them, where a thread hands it more than there are chunks', async () => {
    recorder = new RunningRecorder();
    const port = recorder.attach('market');
    // Within one turn no chunk comes back.
    let sent = 0;
    for (; port.rowsLost === 0 || sent % 5_000 !== 0; sent += 1_000) port.rows(quotes(1_000, sent));
    const lost = port.rowsLost;
    expect(sent - lost).toBeGreaterThan(MARKET_RECORDING_LIMITS.chunksMax * 1_000);
    await until(() => port.hasRoom, { what: 'a chunk' });
    port.rows(quotes(10, 0));
    port.close();
    await until(() => (recorder?.troubles.length ?? 0) > 0, { what: 'the warning' });
    await recorder.stop();
    expect(recorder.troubles).toEqual([expect.objectContaining({ code: 'recording_behind' })]);
    const infos = await Promise.all(files().map((name) => tapeInfo(join(directory, name))));
    const rows = infos.reduce((sum, info) => sum + info.rows, 0);
    // One row more than was kept: the gap that tells of those lost.
    expect(rows).toBe(sent - lost + 10 + 1);
    expect(infos.reduce((sum, info) => sum + (info.rowsByKind.gap ?? 0), 0)).toBe(1);
  });
});

describe('retention', () => {
  const tape = (session: string, bytes: number) => ({ path: session, session, bytes, modifiedMs: 0 });
  const nowMicros = Date.UTC(2026, 10, 20) * 1_000;

  it('takes what is too old, then the oldest until the rest is small enough, never what is open', () => {
    const tapes = [
      tape('2026-10-01', 10),
      tape('2026-11-17', 30),
      tape('2026-11-18', 30),
      tape('2026-11-19', 30),
    ];
    const pathsOf = (ageDays: number, totalBytesMax: number, open: readonly string[] = []) =>
      outdated(tapes, {
        limits: { ageMaxMs: ageDays * DAY_MS, totalBytesMax },
        open: new Set(open),
        nowMicros,
      }).map(({ path }) => path);
    expect(pathsOf(365, 100)).toEqual([]);
    expect(pathsOf(30, 100)).toEqual(['2026-10-01']);
    expect(pathsOf(365, 60)).toEqual(['2026-10-01', '2026-11-17']);
    expect(pathsOf(365, 60, ['2026-10-01'])).toEqual(['2026-11-17', '2026-11-18']);
    expect(pathsOf(2, 0, ['2026-11-19'])).toEqual(['2026-10-01', '2026-11-17', '2026-11-18']);
  });
});
