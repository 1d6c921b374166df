/**
 * What strategies plot, as lines of JSON in `DATA_DIR/plots/BATCH.jsonl`: for reports. Drawing is worth less than
 * trading, so nothing waits for it, and a disk that does not take it is told once.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock, Timer } from '../clock/clock.ts';
import type { Log } from '../observability/log.ts';
import type { PlotPoint } from '../transport/messages.ts';

const WRITE_PERIOD_MS = 1_000;
/** A point has a hundred bytes: a day of 500 symbols with two series each. */
const BYTES_MAX = 64 * 1_024 * 1_024;

export function plotPath(dataDirectory: string, batchId: string): string {
  return join(dataDirectory, 'plots', `${batchId}.jsonl`);
}

export class PlotFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #timer: Timer;
  #lines: string[] = [];
  #bytes = 0;
  #isOver = false;

  constructor(path: string, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#path = path;
    this.#log = log;
    this.#timer = clock.every(WRITE_PERIOD_MS, () => this.#write());
  }

  note({ instanceId, symbol, series, value, atMicros }: PlotPoint): void {
    if (this.#isOver) return;
    this.#lines.push(`${JSON.stringify({ instanceId, symbol, series, value, atMicros })}\n`);
  }

  close(): void {
    this.#timer.cancel();
    this.#write();
  }

  #write(): void {
    if (this.#lines.length === 0 || this.#isOver) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > BYTES_MAX) {
      this.#end(`the batch has plotted ${BYTES_MAX} bytes`);
      return;
    }
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      appendFileSync(this.#path, text);
    } catch (error) {
      this.#end(String(error));
    }
  }

  #end(reason: string): void {
    this.#isOver = true;
    this.#log.warn({ reason, path: this.#path }, 'what strategies plot is not kept any more');
  }
}

/** The points of a batch, in the order in which they were plotted; none where nothing was. */
export function readPlots(dataDirectory: string, batchId: string): readonly PlotPoint[] {
  const path = plotPath(dataDirectory, batchId);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as PlotPoint);
}
