/** A disk for journals that can be full, torn off in the middle of a write, and lose what was not synced. */
import type { Clock } from '../../../src/clock/clock.ts';
import type { Journal, JournalReading } from '../../../src/desk/journalFile.ts';
import { EXIT_UNREACHABLE, UserError } from '../../../src/domain/exit.ts';
import { readLine, writeLine } from '../../../src/execution/books/journal.ts';
import type { Recovery } from '../../../src/execution/books/recovery.ts';
import type { JournalEntry } from '../../../src/execution/contract.ts';
import type { Dice } from './dice.ts';

export class Disk {
  readonly dice: Dice;
  text = '';
  /** Characters that a loss of power leaves for sure. */
  durable = 0;
  /** How often it was begun anew: what was written before is not there any more. */
  begun = 0;
  /** Characters written, also those that are not there any more. */
  written = 0;
  isFull = false;

  constructor(dice: Dice) {
    this.dice = dice;
  }

  /** The power fails: of what was not synced any part may be there. */
  losePower(): void {
    this.text = this.text.slice(0, this.dice.integer(this.durable, this.text.length));
  }
}

const DISK_FULL = new UserError({
  exitCode: EXIT_UNREACHABLE,
  cause: 'the disk is full',
  remedy: 'make room',
});

/** A process's journal on the disk. */
export class DiskJournal implements Journal {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #isSynced: boolean;
  readonly #isDead: () => boolean;
  #line = 0;
  #isTorn = false;
  #syncedAtMs = 0;

  constructor(disk: Disk, options: { clock: Clock; isSynced: boolean; isDead: () => boolean }) {
    this.#disk = disk;
    this.#clock = options.clock;
    this.#isSynced = options.isSynced;
    this.#isDead = options.isDead;
  }

  get lastLine(): number {
    return this.#line;
  }

  get bytes(): number {
    return this.#disk.text.length;
  }

  read(recovery: Recovery): JournalReading {
    let lines = 0;
    let damagedLines = 0;
    for (const text of this.#disk.text.split('\n')) {
      if (text === '') continue;
      const line = readLine(text);
      if (line === undefined) damagedLines += 1;
      else {
        recovery.apply(line);
        lines += 1;
      }
    }
    this.#line = recovery.lastLine;
    return { segments: 1, lines, damagedLines };
  }

  begin(entries: readonly JournalEntry[]): void {
    if (this.#isDead()) return;
    if (this.#disk.isFull) throw DISK_FULL;
    this.#disk.text = this.#lines(entries);
    this.#disk.durable = this.#disk.text.length;
    this.#disk.begun += 1;
  }

  append(entries: readonly JournalEntry[]): void {
    if (this.#isDead()) {
      this.#tear(entries);
      return;
    }
    if (this.#disk.isFull) throw new Error('ENOSPC: no space left on device');
    this.#disk.text += this.#lines(entries);
  }

  whenDurable(call: () => void): void {
    if (!this.#isSynced) {
      call();
      return;
    }
    const { begun } = this.#disk;
    const { length } = this.#disk.text;
    const nowMs = this.#clock.monotonicMs();
    // Syncs end in the order in which they were asked for.
    this.#syncedAtMs = Math.max(this.#syncedAtMs, nowMs + this.#disk.dice.between(0.1, 8));
    this.#clock.after(this.#syncedAtMs - nowMs, () => {
      if (begun === this.#disk.begun) this.#disk.durable = Math.max(this.#disk.durable, length);
      call();
    });
  }

  close(): void {}

  #lines(entries: readonly JournalEntry[]): string {
    let text = '';
    for (const entry of entries) {
      this.#line += 1;
      text += writeLine(this.#line, entry);
    }
    this.#disk.written += text.length;
    return text;
  }

  /** The write that a process died in may have come to the disk in part. */
  #tear(entries: readonly JournalEntry[]): void {
    if (this.#isTorn) return;
    this.#isTorn = true;
    const text = this.#lines(entries);
    this.#disk.text += text.slice(0, this.#disk.dice.integer(0, text.length));
  }
}
