/**
 * The recorder: writes what the threads hand it to tapes, and keeps them within their limits. It waits for the disk on
 * its own thread; while it does, the threads run out of buffers and lose rows, which they count, and go on. A disk that
 * refuses, or is nearly full, ends the recording and nothing else.
 */
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import { type Clock, delay, type Timer } from '../clock/clock.ts';
import { formatMicros } from '../domain/time.ts';
import type { Log } from '../observability/log.ts';
import { SegmentFile } from '../tape/segment.ts';
import type { RecorderCommand, RecorderReport } from '../transport/messages.ts';
import type { RecorderConfig } from './config.ts';
import { type PackerReport, Packing } from './packing.ts';
import { outdated } from './retention.ts';
import { RecordedSource } from './source.ts';
import { listTapes, tapePath } from './tapes.ts';

const MEBIBYTE = 1_024 * 1_024;

export interface RecorderParts {
  readonly config: RecorderConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly report: (report: RecorderReport) => void;
}

export class Recorder {
  readonly #parts: RecorderParts;
  readonly #sources = new Map<string, RecordedSource>();
  readonly #packing: Packing;
  readonly #timers: Timer[];
  #session: string;
  #failure: string | null = null;
  #isLossTold = false;
  #rowsBefore = 0;
  #bytesPackedAway = 0;
  #tapesRemoved = 0;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    const { config, clock } = parts;
    const { limits } = config;
    this.#session = config.session;
    this.#packing = new Packing((report) => this.#onPacker(report));
    this.#timers = [
      clock.every(limits.statisticsPeriodMs, () => {
        this.#checkRoom();
        this.#pacePacking();
        this.#reportStatistics();
      }),
      clock.every(limits.retentionPeriodMs, () => this.#removeOutdated()),
    ];
  }

  /** Puts in order what earlier daemons left, and reports `ready`. */
  start(): void {
    const { config, report } = this.#parts;
    try {
      mkdirSync(config.directory, { recursive: true });
    } catch (error) {
      this.#fail(error);
    }
    this.#removeOutdated();
    this.#checkRoom();
    this.#packing.tell({ type: 'leftovers', directory: config.directory, batchId: config.batchId });
    report({ type: 'ready' });
  }

  handle(command: RecorderCommand): void {
    switch (command.type) {
      case 'attach':
        this.#attach(command.source, command.port);
        return;
      case 'session':
        if (command.date === this.#session) return;
        this.#session = command.date;
        for (const source of this.#sources.values()) source.rotate();
        return;
      case 'stop':
        void this.#stop();
        return;
    }
  }

  #attach(name: string, port: MessagePort): void {
    if (this.#failure !== null) {
      port.close();
      return;
    }
    let source = this.#sources.get(name);
    if (source === undefined) {
      source = new RecordedSource({
        name,
        begin: (number) => this.#begin(name, number),
        segmentBytesMax: this.#parts.config.limits.segmentBytesMax,
        onClosed: (path) => this.#onClosed(path),
        onLost: (lossy, rows) => this.#onLost(lossy, rows),
        onFailure: (error) => this.#fail(error),
      });
      this.#sources.set(name, source);
    }
    source.attach(port);
  }

  #begin(source: string, number: number): SegmentFile {
    const { config, clock } = this.#parts;
    const { batchId, directory, feed } = config;
    const session = this.#session;
    return new SegmentFile(tapePath(directory, { session, source, batchId, number }), {
      kind: source === 'market' ? 'market' : 'inbox',
      feed,
      createdAt: formatMicros(clock.nowMicros()),
      source: hostname(),
      labels: { batch: batchId, session, machine: source, number: String(number) },
    });
  }

  #onClosed(path: string): void {
    // Packing needs room that is not there: the next start does it.
    if (this.#failure !== null) return;
    this.#packing.tell({ type: 'pack', path });
    this.#removeOutdated();
  }

  #onLost(source: string, rows: number): void {
    if (this.#isLossTold) return;
    this.#isLossTold = true;
    this.#parts.report({
      type: 'trouble',
      code: 'recording_behind',
      message: `the disk is too slow for the recording: ${rows} rows of ${source} are missing on its tape; more are counted`,
    });
  }

  #onPacker(report: PackerReport): void {
    if (report.type === 'packed') this.#bytesPackedAway += report.bytesBefore - report.bytesAfter;
    else if (report.type === 'refused') this.#parts.log.warn(report, 'a tape could not be packed');
  }

  #removeOutdated(): void {
    const { config, clock, log } = this.#parts;
    const open = new Set([...this.#sources.values()].flatMap(({ openPath }) => openPath ?? []));
    const tapes = outdated(listTapes(config.directory), {
      limits: config.limits,
      open,
      nowMicros: clock.nowMicros(),
    });
    for (const { path } of tapes) {
      try {
        rmSync(path, { force: true });
        this.#tapesRemoved += 1;
      } catch (error) {
        log.warn({ path, reason: String(error) }, 'an old tape could not be removed');
      }
    }
    if (tapes.length > 0) log.info({ tapes: tapes.length }, 'old tapes removed');
  }

  #checkRoom(): void {
    if (this.#failure !== null) return;
    const { directory, limits } = this.#parts.config;
    try {
      const { bavail, bsize } = statfsSync(directory);
      if (bavail * bsize >= limits.freeBytesMin) return;
      const free = Math.floor((bavail * bsize) / MEBIBYTE);
      this.#fail(`its disk has ${free} MiB free, less than record.min_free_mb`);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends the recording, once; the daemon goes on. */
  #fail(cause: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = cause instanceof Error ? cause.message : String(cause);
    for (const source of this.#sources.values()) {
      source.detach();
      source.rotate();
    }
    this.#parts.report({
      type: 'trouble',
      code: 'recording_stopped',
      message: `nothing is recorded any more in ${this.#parts.config.directory}: ${this.#failure}`,
    });
  }

  #pacePacking(): void {
    const { packingRowsPerSecondMax, statisticsPeriodMs } = this.#parts.config.limits;
    const rows = [...this.#sources.values()].reduce((sum, { counters }) => sum + counters.rows, 0);
    const perSecond = ((rows - this.#rowsBefore) * 1_000) / statisticsPeriodMs;
    this.#rowsBefore = rows;
    this.#packing.isPaused = perSecond > packingRowsPerSecondMax;
  }

  #reportStatistics(): void {
    this.#parts.report({
      type: 'statistics',
      sources: [...this.#sources.values()].map(({ counters }) => counters),
      failure: this.#failure,
      bytesPackedAway: this.#bytesPackedAway,
      tapesRemoved: this.#tapesRemoved,
    });
  }

  async #stop(): Promise<void> {
    const { clock, config, report } = this.#parts;
    for (const timer of this.#timers) timer.cancel();
    for (const source of this.#sources.values()) {
      source.drain();
      source.detach();
      source.rotate();
    }
    this.#reportStatistics();
    this.#packing.isPaused = false;
    const waiting = new AbortController();
    await Promise.race([
      this.#packing.idle(),
      delay(clock, config.limits.stopPackingMs, waiting.signal).catch(() => undefined),
    ]);
    waiting.abort();
    await this.#packing.end();
    report({ type: 'stopped' });
  }
}
