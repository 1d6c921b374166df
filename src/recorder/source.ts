/** One source of the recorder: a thread's recording port, and the tapes that are written of it. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { EpochMicros } from '../domain/time.ts';
import { Batch, EventKind, GapReason } from '../tape/batch.ts';
import { Chunk } from '../tape/chunk.ts';
import { FIRST_SEQUENCE } from '../tape/inbox.ts';
import type { SegmentFile } from '../tape/segment.ts';
import type { RecordingSourceCounters } from '../transport/messages.ts';
import { TypedPort } from '../transport/ports.ts';
import type { RecordMessage } from '../transport/recording.ts';

export interface SourceParts {
  /** `market`, `desk`, `consumer A` ... */
  readonly name: string;
  /** Begins the next tape. Throws what the file system says. */
  readonly begin: (number: number) => SegmentFile;
  readonly segmentBytesMax: number;
  /** A tape is whole and closed. */
  readonly onClosed: (path: string) => void;
  /** Rows are missing on the tape: the disk is too slow. */
  readonly onLost: (source: string, rows: number) => void;
  /** The disk refuses. */
  readonly onFailure: (error: unknown) => void;
}

export class RecordedSource {
  readonly #parts: SourceParts;
  readonly #names = new Map<number, string>();
  readonly #gap = Batch.create({ rows: 1, heapBytes: 0 });
  #port: TypedPort<RecordMessage, ArrayBuffer> | null = null;
  #messages: MessagePort | null = null;
  #segment: SegmentFile | null = null;
  #segments = 0;
  #nextSequence = FIRST_SEQUENCE;
  #newestMicros: EpochMicros = 0;
  #rows = 0;
  #bytesClosed = 0;
  #rowsLost = 0;

  constructor(parts: SourceParts) {
    this.#parts = parts;
  }

  /** Takes what comes by this port from now on, in a tape of its own: a thread that was started again counts anew. */
  attach(port: MessagePort): void {
    this.drain();
    this.detach();
    this.rotate();
    this.#names.clear();
    this.#nextSequence = FIRST_SEQUENCE;
    this.#messages = port;
    this.#port = new TypedPort<RecordMessage, ArrayBuffer>(port, {
      onMessage: (message) => this.#take(message),
    });
  }

  /** Tells the thread that nothing is kept any more. */
  detach(): void {
    this.#port?.close();
    this.#port = null;
    this.#messages = null;
  }

  /** Takes what was posted and not announced yet. */
  drain(): void {
    if (this.#messages === null) return;
    for (let next = receiveMessageOnPort(this.#messages); next !== undefined; ) {
      this.#take(next.message as RecordMessage);
      next = this.#messages === null ? undefined : receiveMessageOnPort(this.#messages);
    }
  }

  /** Closes the tape; the next row begins another. */
  rotate(): void {
    const segment = this.#segment;
    if (segment === null) return;
    this.#segment = null;
    this.#bytesClosed += segment.bytes;
    try {
      segment.close();
      this.#parts.onClosed(segment.path);
    } catch (error) {
      this.#parts.onFailure(error);
    }
  }

  /** The tape being written. */
  get openPath(): string | null {
    return this.#segment?.path ?? null;
  }

  get counters(): RecordingSourceCounters {
    return {
      source: this.#parts.name,
      rows: this.#rows,
      bytes: this.#bytesClosed + (this.#segment?.bytes ?? 0),
      rowsLost: this.#rowsLost,
      segments: this.#segments,
    };
  }

  #take(message: RecordMessage): void {
    if (this.#port === null) return;
    try {
      if (message instanceof ArrayBuffer) {
        this.#write(new Chunk(message));
        this.#port.post(message, [message]);
      } else {
        for (const [id, symbol] of message.names) this.#names.set(id, symbol);
        this.#segment?.define(message.names);
      }
    } catch (error) {
      this.#parts.onFailure(error);
    }
  }

  #write(chunk: Chunk): void {
    if (this.#segment !== null && this.#segment.bytes >= this.#parts.segmentBytesMax) this.rotate();
    this.#segment ??= this.#begin();
    const lost = chunk.firstSequence - this.#nextSequence;
    if (lost > 0) this.#noteLost(this.#segment, chunk, lost);
    this.#segment.appendChunk(chunk);
    this.#rows += chunk.rows;
    this.#nextSequence = chunk.firstSequence + chunk.rows;
    this.#newestMicros = chunk.lastMicros;
  }

  #begin(): SegmentFile {
    this.#segments += 1;
    const segment = this.#parts.begin(this.#segments);
    segment.define([...this.#names]);
    return segment;
  }

  /** Whoever plays a tape of the market is told of the gap; on an inbox tape the sequence tells. */
  #noteLost(segment: SegmentFile, chunk: Chunk, rows: number): void {
    this.#rowsLost += rows;
    this.#parts.onLost(this.#parts.name, rows);
    if (this.#parts.name !== 'market') return;
    const gap = this.#gap;
    const toMicros = chunk.firstMicros;
    // The clock may have been set back meanwhile: no gap ends before it begins.
    const fromMicros = this.#newestMicros === 0 ? toMicros : Math.min(this.#newestMicros, toMicros);
    gap.reset(0, fromMicros, chunk.firstSequence - 1);
    gap.clearRow(0, EventKind.gap, 0);
    gap.count = 1;
    gap.receivedNs[0] = gap.n0[0] = (toMicros - fromMicros) * 1_000;
    gap.n1[0] = rows;
    gap.code0[0] = GapReason.overflow;
    segment.append(gap);
    this.#rows += 1;
  }
}
