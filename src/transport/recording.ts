/**
 * The recording port: what a thread hands to the recorder. Buffers go back and forth as on a market port; they are few,
 * large, and made when they are first needed. A thread never waits for the recorder: what finds no buffer is lost,
 * counted, and told on the tape.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from '../clock/clock.ts';
import type { EpochMicros } from '../domain/time.ts';
import { Batch, type BatchSize, EventKind, type GapReason, RowFlag } from '../tape/batch.ts';
import { appendRows } from '../tape/copy.ts';
import { FIRST_SEQUENCE } from '../tape/inbox.ts';
import { encodeNote } from '../tape/notes.ts';
import { RunFinder } from '../tape/references.ts';
import { TypedPort } from './ports.ts';

/** To the recorder: a sealed batch, transferred, or names of the symbol ids in the batches behind them. */
export type RecordMessage = ArrayBuffer | { readonly names: readonly SymbolName[] };
export type SymbolName = readonly [id: number, symbol: string];

export interface RecordingLimits {
  readonly batch: BatchSize;
  /** Batches under way; beyond them rows are lost. */
  readonly batchesMax: number;
  /** Notes that are longer than the heap of a batch travel by themselves, so many bytes at once. */
  readonly longNotesBytesMax: number;
  /** How long a row may wait for its batch to be full. */
  readonly flushPeriodMs: number;
}

/** Two thirds of a second of 200,000 events a second; 14 MB where all are needed. */
export const MARKET_RECORDING_LIMITS: RecordingLimits = {
  batch: { rows: 2_048, heapBytes: 64 * 1_024 },
  longNotesBytesMax: 0,
  batchesMax: 64,
  flushPeriodMs: 200,
};

/** Notes are long: there is more room for their text. */
export const INBOX_RECORDING_LIMITS: RecordingLimits = {
  batch: { rows: 2_048, heapBytes: 256 * 1_024 },
  // The states of 11,000 units, a few kilobytes each, in one command.
  longNotesBytesMax: 64 * 1_024 * 1_024,
  batchesMax: 16,
  flushPeriodMs: 200,
};

/** A longer note is cut into rows of at most this size. */
const NOTE_PIECE_BYTES_MAX = 32 * 1_024;
/** Rows further apart than this go to batches of their own: times are exact for 104 days from the base. */
const BASE_SPAN_MICROS = 30 * 86_400 * 1_000_000;

const textEncoder = new TextEncoder();

export class RecordingPort {
  readonly #port: TypedPort<ArrayBuffer, RecordMessage>;
  readonly #limits: RecordingLimits;
  readonly #flushing: Timer;
  readonly #pieceBytes: number;
  /** Where rows that stand on the market's tape are named, not repeated. */
  readonly #runs: RunFinder | null;
  readonly #free: Batch[] = [];
  /** A row that is written here first. */
  readonly #single: Batch;
  #made = 0;
  #longNotesBytes = 0;
  #open: Batch | undefined;
  #sequence = FIRST_SEQUENCE;
  #rowsLost = 0;

  /** @param options with `isMarketRecorded` rows that stand on the market's tape are named, not repeated. */
  constructor(
    port: MessagePort,
    options: { clock: Clock; limits: RecordingLimits; isMarketRecorded: boolean },
  ) {
    const { clock, limits } = options;
    this.#limits = limits;
    this.#runs = options.isMarketRecorded ? new RunFinder() : null;
    this.#pieceBytes = Math.min(NOTE_PIECE_BYTES_MAX, limits.batch.heapBytes);
    this.#single = Batch.create({ rows: 1, heapBytes: this.#pieceBytes });
    this.#flushing = clock.every(limits.flushPeriodMs, () => this.flush());
    this.#port = new TypedPort(port, {
      onMessage: (buffer) => this.#takeBack(new Batch(buffer)),
      onClose: () => this.#flushing.cancel(),
    });
  }

  /** False once the recorder has given up, or {@link close} was called: nothing is kept any more. */
  get isOpen(): boolean {
    return !this.#port.isClosed;
  }

  /** There is a buffer for what comes next. */
  get hasRoom(): boolean {
    return this.#open !== undefined || this.#free.length > 0 || this.#made < this.#limits.batchesMax;
  }

  /** Of the next row. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Rows that found no buffer, since the start. */
  get rowsLost(): number {
    return this.#rowsLost;
  }

  /** Names symbol ids before their first use, or anew. */
  name(names: readonly SymbolName[]): void {
    if (!this.isOpen || names.length === 0) return;
    // Rows with the old names leave first.
    this.flush();
    this.#port.post({ names });
  }

  /** All rows of a batch, or those from `from` up to `to`; it is only read during the call. */
  rows(batch: Batch, from = 0, to = batch.count): void {
    if (!this.isOpen) return;
    let row = from;
    while (row < to) {
      const target = this.#writable(batch.baseMicros);
      if (target === undefined) {
        this.#lose(to - row);
        return;
      }
      row += this.#append(batch, { row, to }, target);
    }
  }

  /** That a batch of the market, or those of its rows, is being taken, and the rows. */
  taken(batch: Batch, takenMicros: EpochMicros, from = 0, to = batch.count): void {
    if (!this.isOpen) return;
    if (from === 0) this.#nameDefined(batch);
    const head = this.#row(EventKind.taken, takenMicros);
    head.n0[0] = to - from;
    if (this.#runs !== null) {
      this.#runs.look(batch, from, to);
      if (this.#refer(head, this.#runs, batch, from)) return;
    }
    // Rows without their head could not be read: they are lost together.
    if (this.#writable(takenMicros) === undefined) {
      this.#lose(to - from + 1);
      return;
    }
    this.rows(head);
    this.rows(batch, from, to);
  }

  /** Something else that was taken: plain data. */
  note(value: unknown, atMicros: EpochMicros): void {
    if (this.isOpen) this.noteText(encodeNote(value), atMicros);
  }

  /** A note that is JSON already, of what JSON can hold. */
  noteText(text: string, atMicros: EpochMicros): void {
    const bytes = textEncoder.encode(text);
    if (bytes.length > this.#limits.batch.heapBytes) {
      this.#longNote(bytes, atMicros);
      return;
    }
    for (let from = 0; from < bytes.length && this.isOpen; from += this.#pieceBytes) {
      const piece = this.#row(EventKind.note, atMicros);
      const to = from + this.#pieceBytes;
      piece.setHeapBytes(0, bytes.subarray(from, to));
      if (to < bytes.length) piece.flags[0] = RowFlag.continued;
      this.rows(piece);
    }
  }

  /** That events of all symbols are missing, how many is unknown. */
  gap(fromMicros: EpochMicros, toMicros: EpochMicros, reason: GapReason): void {
    const row = this.#row(EventKind.gap, fromMicros);
    row.receivedNs[0] = row.n0[0] = (toMicros - fromMicros) * 1_000;
    row.n1[0] = Number.NaN;
    row.code0[0] = reason;
    this.rows(row);
  }

  /** Sends what was gathered. */
  flush(): void {
    if (this.#open === undefined || this.#open.count === 0) return;
    const buffer = this.#open.seal();
    this.#open = undefined;
    this.#port.post(buffer, [buffer]);
  }

  /** What was gathered still leaves. */
  close(): void {
    this.#flushing.cancel();
    if (!this.isOpen) return;
    this.flush();
    this.#port.close();
  }

  /** Writes a head that names the batch's rows, and those that have no name. False when they are too many runs. */
  #refer(head: Batch, runs: RunFinder, batch: Batch, from: number): boolean {
    const { bytes, first, following } = runs;
    if (bytes.length > this.#pieceBytes) return false;
    head.code0[0] = 1;
    head.n1[0] = first;
    head.n2[0] = following;
    head.setHeapBytes(0, bytes);
    if (this.#writable(head.baseMicros) === undefined) {
      this.#lose(following + 1);
      return true;
    }
    this.rows(head);
    for (let row = from, left = following; left > 0; row += 1) {
      if (batch.origin[row] !== 0) continue;
      left -= 1;
      this.#following(batch, row);
    }
    return true;
  }

  #following(batch: Batch, row: number): void {
    const heapBytes = batch.heapLength[row]!;
    const isSmall = heapBytes <= this.#pieceBytes;
    const single = isSmall ? this.#single : Batch.create({ rows: 1, heapBytes });
    single.reset(0, batch.baseMicros);
    single.appendRow(batch, row);
    this.rows(single);
  }

  #longNote(bytes: Uint8Array, atMicros: EpochMicros): void {
    if (!this.isOpen) return;
    this.flush();
    const rows = Math.ceil(bytes.length / this.#pieceBytes);
    if (this.#longNotesBytes + bytes.length > this.#limits.longNotesBytesMax) {
      this.#lose(rows);
      return;
    }
    const batch = Batch.create({ rows, heapBytes: bytes.length }, 0, atMicros);
    batch.firstSequence = this.#sequence;
    for (let row = 0; row < rows; row += 1) {
      batch.clearRow(row, EventKind.note, 0);
      batch.setHeapBytes(row, bytes.subarray(row * this.#pieceBytes, (row + 1) * this.#pieceBytes));
      if (row + 1 < rows) batch.flags[row] = RowFlag.continued;
    }
    batch.count = rows;
    this.#longNotesBytes += bytes.length;
    this.#sequence += rows;
    // What is open is empty.
    if (this.#open !== undefined) this.#open.firstSequence = this.#sequence;
    const buffer = batch.seal();
    this.#port.post(buffer, [buffer]);
  }

  #takeBack(batch: Batch): void {
    const { rows, heapBytes } = this.#limits.batch;
    if (batch.capacity === rows && batch.heapCapacity === heapBytes) this.#free.push(batch);
    else this.#longNotesBytes -= batch.heapCapacity;
  }

  #append(source: Batch, { row, to }: { row: number; to: number }, target: Batch): number {
    const room = Math.min(to - row, target.capacity - target.count);
    if (source.heapUsed <= target.heapCapacity - target.heapUsed) {
      appendRows(source, row, room, target);
      this.#sequence += room;
      return room;
    }
    const heapBytes = source.heapLength[row]!;
    if (heapBytes > target.heapCapacity) {
      this.flush();
      // What is open now is empty.
      this.#lose(1);
    } else if (target.hasRoom(heapBytes)) {
      target.appendRow(source, row);
      this.#sequence += 1;
    } else {
      this.flush();
      return 0;
    }
    return 1;
  }

  /** A batch with room for a row. */
  #writable(baseMicros: EpochMicros): Batch | undefined {
    const open = this.#open;
    if (open !== undefined) {
      const isNear = Math.abs(open.baseMicros - baseMicros) <= BASE_SPAN_MICROS;
      if (open.count < open.capacity && isNear) return open;
      this.flush();
    }
    let next = this.#free.pop();
    if (next === undefined) {
      if (this.#made === this.#limits.batchesMax) return undefined;
      this.#made += 1;
      next = Batch.create(this.#limits.batch);
    }
    next.reset(0, baseMicros, this.#sequence);
    this.#open = next;
    return next;
  }

  /** The next batch begins at a later sequence: so the loss is told. */
  #lose(rows: number): void {
    this.#sequence += rows;
    this.#rowsLost += rows;
    if (this.#open !== undefined) this.#open.firstSequence = this.#sequence;
  }

  #row(kind: EventKind, atMicros: EpochMicros): Batch {
    this.#single.reset(0, atMicros);
    this.#single.clearRow(0, kind, 0);
    this.#single.count = 1;
    return this.#single;
  }

  #nameDefined(batch: Batch): void {
    const names: SymbolName[] = [];
    for (let row = 0; row < batch.count; row += 1) {
      if (batch.kind[row] === EventKind.definition) names.push([batch.symbolId[row]!, batch.heapText(row)]);
    }
    if (names.length > 0) this.name(names);
  }
}
