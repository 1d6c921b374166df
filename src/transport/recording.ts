/**
 * The recording port: what a thread hands to the recorder, as blocks that stand on the tape as they are. Chunks of them
 * go back and forth as batches do on a market port; they are few, large, and made when they are first needed. A thread
 * never waits for the recorder: what finds no chunk is lost, counted, and told on the tape.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from '../clock/clock.ts';
import { assert } from '../domain/assert.ts';
import type { EpochMicros } from '../domain/time.ts';
import {
  Batch,
  type BatchSize,
  DEFAULT_BATCH_SIZE,
  EventKind,
  type GapReason,
  RowFlag,
} from '../tape/batch.ts';
import { chunkBytesFor } from '../tape/chunk.ts';
import { appendRows } from '../tape/copy.ts';
import { FIRST_SEQUENCE } from '../tape/inbox.ts';
import { encodeNote } from '../tape/notes.ts';
import { RunFinder } from '../tape/references.ts';
import { type ChunkLimits, Chunks } from './chunks.ts';
import { TypedPort } from './ports.ts';

/** To the recorder: a chunk (`tape/chunk.ts`), transferred, or names of the symbol ids in the batches behind them. */
export type RecordMessage = ArrayBuffer | { readonly names: readonly SymbolName[] };
export type SymbolName = readonly [id: number, symbol: string];

export interface RecordingLimits extends ChunkLimits {
  /** Rows that come a few at a time are gathered to blocks of this size. A longer note travels by itself. */
  readonly batch: BatchSize;
  /** How long a row may wait for its batch to be full. */
  readonly flushPeriodMs: number;
}

/** Three seconds of 200,000 events a second; 16 MB where all are needed. */
export const MARKET_RECORDING_LIMITS: RecordingLimits = {
  batch: DEFAULT_BATCH_SIZE,
  chunkBytes: 256 * 1_024,
  chunksMax: 64,
  longNotesBytesMax: 0,
  flushPeriodMs: 200,
};

/** Notes are long: there is more room for their text. */
export const INBOX_RECORDING_LIMITS: RecordingLimits = {
  batch: { rows: 512, heapBytes: 256 * 1_024 },
  chunkBytes: 512 * 1_024,
  chunksMax: 16,
  // The states of 11,000 units, a few kilobytes each, in one command.
  longNotesBytesMax: 64 * 1_024 * 1_024,
  flushPeriodMs: 200,
};

/** A longer note is cut into rows of at most this size. */
const NOTE_PIECE_BYTES_MAX = 32 * 1_024;
/** Rows further apart than this go to batches of their own: times are exact for 104 days from the base. */
const BASE_SPAN_MICROS = 30 * 86_400 * 1_000_000;
/** So many rows at once are a block of their own: fewer cost more as a block than they do to be gathered. */
const BLOCK_ROWS_MIN = 128;

const textEncoder = new TextEncoder();

export class RecordingPort {
  readonly #port: TypedPort<ArrayBuffer, RecordMessage>;
  readonly #limits: RecordingLimits;
  readonly #flushing: Timer;
  readonly #pieceBytes: number;
  /** Where rows that stand on the market's tape are named, not repeated. */
  readonly #runs: RunFinder | null;
  readonly #chunks: Chunks;
  /** Rows that are no block yet. Where there are any, the open chunk has room for them. */
  readonly #gathered: Batch;
  /** A row that is written here first. */
  readonly #single: Batch;
  #sequence = FIRST_SEQUENCE;
  #rowsLost = 0;

  /** @param options with `isMarketRecorded` rows that stand on the market's tape are named, not repeated. */
  constructor(
    port: MessagePort,
    options: { clock: Clock; limits: RecordingLimits; isMarketRecorded: boolean },
  ) {
    const { clock, limits } = options;
    const { rows, heapBytes } = limits.batch;
    assert(chunkBytesFor(rows, heapBytes) <= limits.chunkBytes, 'a chunk has no room for what is gathered');
    this.#limits = limits;
    this.#runs = options.isMarketRecorded ? new RunFinder() : null;
    this.#pieceBytes = Math.min(NOTE_PIECE_BYTES_MAX, limits.batch.heapBytes);
    this.#gathered = Batch.create(limits.batch);
    this.#single = Batch.create({ rows: 1, heapBytes: this.#pieceBytes });
    this.#chunks = new Chunks(limits, (buffer) => this.#port.post(buffer, [buffer]));
    this.#flushing = clock.every(limits.flushPeriodMs, () => this.flush());
    this.#port = new TypedPort(port, {
      onMessage: (buffer) => this.#chunks.takeBack(buffer),
      onClose: () => this.#flushing.cancel(),
    });
  }

  /** False once the recorder has given up, or {@link close} was called: nothing is kept any more. */
  get isOpen(): boolean {
    return !this.#port.isClosed;
  }

  /** There is a chunk for what comes next. */
  get hasRoom(): boolean {
    return this.#chunks.isAtHand;
  }

  /** Of the next row. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Rows that found no chunk, since the start. */
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
    for (let row = from; row < to; ) {
      const isBlock = to - row >= BLOCK_ROWS_MIN && this.#chunks.canHold(to - row, batch.heapUsed);
      const taken = isBlock ? this.#block(batch, row, to) : this.#gather(batch, row, to);
      if (taken === 0) {
        this.#lose(to - row);
        return;
      }
      row += taken;
    }
  }

  /** That a batch of the market, or those of its rows, is being taken, and the rows. */
  taken(batch: Batch, takenMicros: EpochMicros, from = 0, to = batch.count): void {
    if (!this.isOpen) return;
    this.#runs?.look(batch, from, to);
    // A row that names a symbol is the port's own, and stands on no other tape.
    if (this.#runs?.following !== 0) this.#nameDefined(batch, from, to);
    const head = this.#row(EventKind.taken, takenMicros);
    head.n0[0] = to - from;
    if (this.#runs !== null && this.#refer(head, this.#runs, batch, from)) return;
    // Rows without their head could not be read: they are lost together.
    if (!this.#isWritable(takenMicros)) {
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
    this.#settle();
    this.#chunks.postOpen();
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
    if (!this.#isWritable(head.baseMicros)) {
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
    this.#settle();
    const rows = Math.ceil(bytes.length / this.#pieceBytes);
    const batch = Batch.create({ rows, heapBytes: bytes.length }, 0, atMicros);
    batch.firstSequence = this.#sequence;
    for (let row = 0; row < rows; row += 1) {
      batch.clearRow(row, EventKind.note, 0);
      batch.setHeapBytes(row, bytes.subarray(row * this.#pieceBytes, (row + 1) * this.#pieceBytes));
      if (row + 1 < rows) batch.flags[row] = RowFlag.continued;
    }
    batch.count = rows;
    if (this.#chunks.postAlone(batch)) this.#sequence += rows;
    else this.#lose(rows);
  }

  /** Writes rows as a block of their own. Answers how many were taken: none when no chunk is left. */
  #block(batch: Batch, from: number, to: number): number {
    this.#settle();
    if (!this.#chunks.makeRoom(to - from, batch.heapUsed)) return 0;
    this.#chunks.append({ batch, from, to, sequence: this.#sequence });
    this.#sequence += to - from;
    return to - from;
  }

  /** Adds rows to those gathered. Answers how many were taken: none when no chunk is left for them. */
  #gather(batch: Batch, row: number, to: number): number {
    if (!this.#isWritable(batch.baseMicros)) return 0;
    const gathered = this.#gathered;
    const room = Math.min(to - row, gathered.capacity - gathered.count);
    if (room > 1 && batch.heapUsed <= gathered.heapCapacity - gathered.heapUsed) {
      appendRows(batch, row, room, gathered);
      this.#sequence += room;
      return room;
    }
    const heapBytes = batch.heapLength[row]!;
    if (!gathered.hasRoom(heapBytes)) {
      this.#settle();
      if (heapBytes > gathered.heapCapacity) return this.#large(batch, row);
      if (!this.#isWritable(batch.baseMicros)) return 0;
    }
    gathered.appendRow(batch, row);
    this.#sequence += 1;
    return 1;
  }

  /** A row that is longer than all that is gathered: it is a block of its own, or lost. */
  #large(batch: Batch, row: number): number {
    if (!this.#chunks.canHold(1, batch.heapLength[row]!)) {
      this.#lose(1);
      return 1;
    }
    const alone = Batch.create({ rows: 1, heapBytes: batch.heapLength[row]! }, 0, batch.baseMicros);
    alone.appendRow(batch, row);
    return this.#block(alone, 0, 1);
  }

  /** Whether a row of that time may be gathered: there is room for it, and the open chunk has room for all of them. */
  #isWritable(baseMicros: EpochMicros): boolean {
    const gathered = this.#gathered;
    if (gathered.count > 0) {
      const isNear = Math.abs(gathered.baseMicros - baseMicros) <= BASE_SPAN_MICROS;
      if (gathered.count < gathered.capacity && isNear) return true;
      this.#settle();
    }
    if (!this.#chunks.makeRoom(gathered.capacity, gathered.heapCapacity)) return false;
    gathered.reset(0, baseMicros, this.#sequence);
    return true;
  }

  /** Makes a block of what was gathered. */
  #settle(): void {
    const batch = this.#gathered;
    if (batch.count === 0) return;
    this.#chunks.append({ batch, from: 0, to: batch.count, sequence: batch.firstSequence });
    batch.count = 0;
  }

  /** The next chunk begins at a later sequence: so the loss is told. */
  #lose(rows: number): void {
    this.flush();
    this.#sequence += rows;
    this.#rowsLost += rows;
  }

  #row(kind: EventKind, atMicros: EpochMicros): Batch {
    this.#single.reset(0, atMicros);
    this.#single.clearRow(0, kind, 0);
    this.#single.count = 1;
    return this.#single;
  }

  #nameDefined(batch: Batch, from: number, to: number): void {
    const names: SymbolName[] = [];
    for (let row = from; row < to; row += 1) {
      if (batch.kind[row] === EventKind.definition) names.push([batch.symbolId[row]!, batch.heapText(row)]);
    }
    if (names.length > 0) this.name(names);
  }
}
