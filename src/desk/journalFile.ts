/**
 * The journal on disk: append-only segments in one folder, read whole at the start and then begun anew with what still
 * matters. `written` entries survive the death of the process; `synced` ones, in groups by fdatasync, a loss of power.
 */
import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { EXIT_UNREACHABLE, UserError } from '../domain/exit.ts';
import { readLine, writeLine } from '../execution/books/journal.ts';
import type { Recovery } from '../execution/books/recovery.ts';
import type { JournalEntry } from '../execution/contract.ts';
import type { JournalMode } from '../tradeplan/plan.ts';

const SEGMENT = /^\d{8}\.journal$/;
const SEGMENT_DIGITS = 8;

export interface JournalOptions {
  readonly directory: string;
  readonly mode: JournalMode;
  readonly segmentBytesMax: number;
  /** Heads every segment. */
  readonly header: Extract<JournalEntry, { entry: 'batch' }>;
}

/** What reading the segments came to. */
export interface JournalReading {
  readonly segments: number;
  readonly lines: number;
  /** Lines that did not pass their check sum: a torn end, or damage. */
  readonly damagedLines: number;
}

/** What the desk asks of its journal, whatever it is written on. */
export type Journal = Pick<
  JournalFile,
  'lastLine' | 'bytes' | 'read' | 'begin' | 'append' | 'whenDurable' | 'close'
>;

export class JournalFile {
  readonly #options: JournalOptions;
  #segment = 0;
  #file = -1;
  #bytes = 0;
  #totalBytes = 0;
  #line = 0;
  #isSyncing = false;
  #waiting: (() => void)[] = [];
  /** Full segments with a sync under way. */
  readonly #closeLater: number[] = [];

  /** @throws {UserError} when the folder cannot be made or written to. */
  constructor(options: JournalOptions) {
    this.#options = options;
    try {
      mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw this.#unusable(error);
    }
  }

  /** The number of the last line written. */
  get lastLine(): number {
    return this.#line;
  }

  /** Of all segments since the last {@link begin}. */
  get bytes(): number {
    return this.#totalBytes;
  }

  /** Shows every good line to `recovery`, oldest first. */
  read(recovery: Recovery): JournalReading {
    let lines = 0;
    let damagedLines = 0;
    const segments = this.#segments();
    for (const name of segments) {
      for (const text of readFileSync(join(this.#options.directory, name), 'utf8').split('\n')) {
        if (text === '') continue;
        const line = readLine(text);
        if (line === undefined) damagedLines += 1;
        else {
          recovery.apply(line);
          lines += 1;
        }
      }
    }
    this.#line = recovery.lastLine;
    return { segments: segments.length, lines, damagedLines };
  }

  /**
   * Begins a new segment with these entries, and removes the older ones when it is safely on disk: at any moment one
   * or the other is whole. What waits to be durable is so with the new one, if the entries hold it.
   * @throws {UserError} when the disk does not take it: then all is as it was.
   */
  begin(entries: readonly JournalEntry[]): void {
    const old = this.#segments();
    const segment = Number.parseInt(old.at(-1) ?? '0', 10) + 1;
    const { bytes, line } = this.#written(entries);
    const file = this.#openWith(segment, bytes);
    const before = this.#file;
    this.#file = file;
    this.#segment = segment;
    this.#bytes = bytes.length;
    this.#totalBytes = bytes.length;
    this.#line = line;
    if (before !== -1) this.#letGo(before);
    try {
      this.#syncFolder();
      for (const name of old) rmSync(join(this.#options.directory, name));
    } catch (error) {
      throw this.#unusable(error);
    }
  }

  /**
   * Writes entries behind the last, all or none.
   * @throws {Error} of the file system (ENOSPC ...): then nothing was written.
   */
  append(entries: readonly JournalEntry[]): void {
    const { bytes, line } = this.#written(entries);
    try {
      writeAll(this.#file, bytes);
    } catch (error) {
      // A half-written line would be taken for damage: cut it off.
      ftruncateSync(this.#file, this.#bytes);
      throw error;
    }
    this.#bytes += bytes.length;
    this.#totalBytes += bytes.length;
    this.#line = line;
    if (this.#bytes > this.#options.segmentBytesMax) this.#rotate();
  }

  /** Calls back when everything appended so far is durable in the sense of the mode: at once when it is `written`. */
  whenDurable(call: () => void): void {
    if (this.#options.mode === 'written') {
      call();
      return;
    }
    this.#waiting.push(call);
    if (!this.#isSyncing) this.#sync();
  }

  close(): void {
    if (this.#file === -1) return;
    fsyncSync(this.#file);
    closeSync(this.#file);
    this.#file = -1;
  }

  /** One fdatasync serves all that wait when it begins; those that come meanwhile are served by the next. */
  #sync(): void {
    const served = this.#waiting;
    this.#waiting = [];
    this.#isSyncing = true;
    fdatasync(this.#file, (error) => {
      // A disk that loses what it has taken cannot be traded on: nothing that follows would be durable.
      if (error !== null) throw error;
      this.#isSyncing = false;
      for (const file of this.#closeLater.splice(0)) closeSync(file);
      for (const call of served) call();
      if (this.#waiting.length > 0) this.#sync();
    });
  }

  /** Goes on in a new file. Should the disk not take one, the old one grows until it does. */
  #rotate(): void {
    const full = this.#file;
    let next: number;
    try {
      next = openSync(this.#path(this.#segment + 1), 'wx', 0o600);
    } catch {
      return;
    }
    // Those who wait for a sync of the full file are served by this one.
    fsyncSync(full);
    this.#file = next;
    this.#bytes = 0;
    this.#segment += 1;
    this.#syncFolder();
    this.append([this.#options.header]);
    this.#letGo(full);
  }

  #letGo(file: number): void {
    if (this.#isSyncing) this.#closeLater.push(file);
    else closeSync(file);
  }

  #written(entries: readonly JournalEntry[]): { readonly bytes: Buffer; readonly line: number } {
    let text = '';
    let line = this.#line;
    for (const entry of entries) {
      line += 1;
      text += writeLine(line, entry);
    }
    return { bytes: Buffer.from(text, 'utf8'), line };
  }

  /** A segment that is on disk with these bytes, or not at all. */
  #openWith(segment: number, bytes: Buffer): number {
    const path = this.#path(segment);
    const draft = `${path}.new`;
    let file = -1;
    try {
      file = openSync(draft, 'w', 0o600);
      writeAll(file, bytes);
      fsyncSync(file);
      renameSync(draft, path);
      return file;
    } catch (error) {
      if (file !== -1) {
        closeSync(file);
        rmSync(draft, { force: true });
      }
      throw this.#unusable(error);
    }
  }

  #segments(): readonly string[] {
    return readdirSync(this.#options.directory)
      .filter((name) => SEGMENT.test(name))
      .sort();
  }

  #path(segment: number): string {
    return join(this.#options.directory, `${String(segment).padStart(SEGMENT_DIGITS, '0')}.journal`);
  }

  /** A file's name is durable when its folder is. */
  #syncFolder(): void {
    const folder = openSync(this.#options.directory, 'r');
    fsyncSync(folder);
    closeSync(folder);
  }

  #unusable(error: unknown): UserError {
    const cause = error instanceof Error ? error.message : String(error);
    return new UserError({
      exitCode: EXIT_UNREACHABLE,
      cause: `the journal in ${this.#options.directory} cannot be written: ${cause}`,
      remedy: 'Make room on the disk or choose another --data-dir that this user may write to.',
    });
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}
