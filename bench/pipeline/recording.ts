/** The product's own recorder, writing to a folder that is removed in the end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { DEFAULT_RECORDER_LIMITS, type RecorderConfig } from '../../src/recorder/config.ts';
import type { RecorderCommand, RecorderReport } from '../../src/transport/messages.ts';
import type { Recorded } from './report.ts';

const GIBIBYTE = 1_024 ** 3;
const DAY_MS = 86_400_000;

export class Recording {
  readonly #directory = mkdtempSync(join(tmpdir(), 'openbell-bench-'));
  readonly #worker: Worker;
  #recorded: Recorded = { rows: 0, bytes: 0, rowsLost: 0 };

  constructor() {
    const config: RecorderConfig = {
      directory: this.#directory,
      batchId: 'bench',
      feed: 'sip',
      session: '2026-01-01',
      limits: {
        ...DEFAULT_RECORDER_LIMITS,
        segmentBytesMax: GIBIBYTE / 4,
        ageMaxMs: 3_650 * DAY_MS,
        totalBytesMax: 50 * GIBIBYTE,
        freeBytesMin: GIBIBYTE,
      },
      log: { level: 'error', file: null, isPretty: false },
    };
    this.#worker = new Worker(new URL('../../src/recorder/worker.js', import.meta.url), {
      workerData: config,
    });
    this.#worker.on('message', (report: RecorderReport) => this.#note(report));
  }

  /** Answers the source's end of its port. */
  attach(source: string): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const command: RecorderCommand = { type: 'attach', source, port: port1 };
    this.#worker.postMessage(command, [port1]);
    return port2;
  }

  async stop(): Promise<Recorded> {
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    const command: RecorderCommand = { type: 'stop' };
    this.#worker.postMessage(command);
    await ended;
    rmSync(this.#directory, { recursive: true });
    return this.#recorded;
  }

  #note(report: RecorderReport): void {
    if (report.type === 'trouble' && report.code === 'recording_stopped') throw new Error(report.message);
    if (report.type !== 'statistics') return;
    const sum = (figure: 'rows' | 'bytes' | 'rowsLost') =>
      report.sources.reduce((total, source) => total + source[figure], 0);
    this.#recorded = { rows: sum('rows'), bytes: sum('bytes'), rowsLost: sum('rowsLost') };
  }
}
