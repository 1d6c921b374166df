/**
 * The desk's journal with what the next start would know of it. While the desk runs the journal is begun anew with that
 * whenever it has grown too long, so that neither the disk nor the next start pays for every order there ever was.
 */
import type { Clock } from '../clock/clock.ts';
import { UserError } from '../domain/exit.ts';
import { Recovery } from '../execution/books/recovery.ts';
import type { JournalEntry } from '../execution/contract.ts';
import type { HoldingRow } from '../models/contract.ts';
import type { Log } from '../observability/log.ts';
import type { Journal, JournalReading } from './journalFile.ts';

/** A journal that keeps much is not begun anew for a little more. */
const GROWTH_FACTOR = 2;
/** So long it may grow while orders are open: writing it anew takes a moment, which they should not wait for. */
const BUSY_FACTOR = 2;

/** What is written to a journal, and when it is there. */
export type JournalWriter = Pick<Journal, 'append' | 'lastLine' | 'whenDurable'>;

export interface MemoryOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly batchId: string;
  readonly environment: string;
  /** Whether what earlier batches of the environment hold is still held. */
  readonly carriesOver: boolean;
  /** Orders that ended and executions stay known for this long. */
  readonly memoryMs: number;
  /** A journal beyond it is begun anew. */
  readonly bytesMax: number;
}

export class Memory implements JournalWriter {
  readonly #options: MemoryOptions;
  #recovery: Recovery;
  #bytesKept = 0;
  #hasFailed = false;

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#recovery = this.#empty();
  }

  /** What is known: of earlier desks until {@link begin}, then with what was appended. */
  get recovery(): Recovery {
    return this.#recovery;
  }

  get lastLine(): number {
    return this.#options.journal.lastLine;
  }

  read(): JournalReading {
    return this.#options.journal.read(this.#recovery);
  }

  /**
   * Begins the journal anew with what is known. `holdings` stand in for its own when it has no history.
   * @throws {UserError} when the disk does not take it: then all is as it was.
   */
  begin(holdings: readonly HoldingRow[]): void {
    const { journal, clock, memoryMs } = this.#options;
    const firstLine = journal.lastLine + 1;
    const entries = this.#recovery.compacted({
      atMicros: clock.nowMicros(),
      ...{ memoryMs, firstLine, holdings },
    });
    journal.begin(entries);
    // Exactly what a start would find: nothing that was left out stays in memory either.
    this.#recovery = this.#empty();
    this.#learn(entries, firstLine);
    this.#bytesKept = journal.bytes;
  }

  /** As the journal's. */
  append(entries: readonly JournalEntry[]): void {
    const { journal } = this.#options;
    const firstLine = journal.lastLine + 1;
    journal.append(entries);
    this.#learn(entries, firstLine);
  }

  whenDurable(call: () => void): void {
    this.#options.journal.whenDurable(call);
  }

  /** Begins the journal anew where it has grown too long. @param isBusy orders are open. */
  compactWhenDue(isBusy: boolean): void {
    const { journal, bytesMax, log } = this.#options;
    const mostBytes = Math.max(bytesMax, GROWTH_FACTOR * this.#bytesKept) * (isBusy ? BUSY_FACTOR : 1);
    if (journal.bytes <= mostBytes) return;
    const { bytes } = journal;
    try {
      this.begin([]);
      this.#hasFailed = false;
      log.info({ bytes, bytesKept: journal.bytes }, 'the journal was begun anew');
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // It goes on in the old one, and tries again when there is room.
      if (!this.#hasFailed) log.warn({ why: error.message, bytes }, 'the journal cannot be begun anew');
      this.#hasFailed = true;
      this.#bytesKept = bytes;
    }
  }

  #learn(entries: readonly JournalEntry[], firstLine: number): void {
    for (const [index, entry] of entries.entries()) this.#recovery.apply({ line: firstLine + index, entry });
  }

  #empty(): Recovery {
    const { batchId, environment, carriesOver } = this.#options;
    return new Recovery({ batchId, environment, carriesOver });
  }
}
