/**
 * One receiver of market events: its buffers, the batch being filled, and what waits when it is behind.
 *
 * A fixed number of buffers goes back and forth. A buffer at hand is the credit: rows go straight into it and it
 * leaves at the end of the turn, or at once when it is full. Without one, rows wait in the bounded queue.
 */
import { assert } from '../domain/assert.ts';
import type { EpochMicros } from '../domain/time.ts';
import { Batch, EventKind, GapReason } from '../tape/batch.ts';
import { copyColumns, gatherRows } from '../tape/copy.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { ReceiverCounters } from '../transport/messages.ts';
import { Buffers } from './buffers.ts';
import type { ProducerLimits } from './config.ts';
import { addCounts, countKinds, FateCounters, flowCounts, type KindCounts, kindCounts } from './counters.ts';
import { appendBarrier, appendGap, type GapNotice } from './notices.ts';
import { type Waiting, WaitingQueue } from './queue.ts';

const textEncoder = new TextEncoder();
const FIRST_ROW = new Uint32Array(1);

/** Where sealed buffers go. */
export interface BatchSink {
  post(buffer: ArrayBuffer, transfer: readonly ArrayBuffer[]): void;
  /** A buffer that has come back but was not announced yet. */
  takeReturned(): ArrayBuffer | undefined;
}

/** A batch that was posted and has not come back. */
interface Posted {
  readonly counts: KindCounts;
  firstMicros: EpochMicros;
}

export class Receiver {
  readonly name: string;
  readonly #limits: ProducerLimits;
  readonly #symbols: SymbolTable;
  readonly #fates = new FateCounters();
  readonly #queue: WaitingQueue;
  #sink: BatchSink | undefined;
  readonly #buffers: Buffers;
  #open: Batch | undefined;
  #posted: Posted[] = [];
  readonly #spare: Posted[] = [];
  /** 1 = named on this port, by symbol id; id 0 needs no name. */
  #defined = new Uint8Array(1_024);
  #sequence = 0;
  #spacingMs = 0;
  #postedMs = Number.NEGATIVE_INFINITY;
  /** Oldest event that a receiver which ended may not have shown; null while none is missing. */
  #lostFromMicros: EpochMicros | null = null;
  readonly #notice = Batch.create({ rows: 1, heapBytes: 0 });

  constructor(name: string, symbols: SymbolTable, limits: ProducerLimits) {
    this.name = name;
    this.#symbols = symbols;
    this.#limits = limits;
    this.#buffers = new Buffers(limits);
    this.#queue = new WaitingQueue(limits, this.#fates);
  }

  get isAttached(): boolean {
    return this.#sink !== undefined;
  }

  /**
   * Gives the receiver its buffers. A successor is named every symbol again and told what was lost.
   * @param spacingMs small batches come no closer together; 0 = at the end of each turn.
   */
  attach(sink: BatchSink, nowMicros: EpochMicros, spacingMs = 0): void {
    if (this.#sink !== undefined) this.detach(nowMicros);
    this.#sink = sink;
    this.#spacingMs = spacingMs;
    this.#defined.fill(0);
    this.#defined[0] = 1;
    this.#buffers.make();
    if (this.#lostFromMicros === null) return;
    const fromMicros = this.#lostFromMicros;
    this.#lostFromMicros = null;
    this.notify({
      symbolId: 0,
      fromMicros,
      toMicros: nowMicros,
      count: Number.NaN,
      reason: GapReason.consumerRestarted,
    });
  }

  /** The receiver is gone, and with it the buffers it held. */
  detach(nowMicros: EpochMicros): void {
    if (this.#sink === undefined) return;
    const oldest = this.#queue.peek();
    this.#lostFromMicros = Math.min(
      nowMicros,
      ...this.#posted.map((posted) => posted.firstMicros),
      ...(this.#open === undefined || this.#open.count === 0 ? [] : [this.#open.timeMicros(0)]),
      ...(oldest === undefined ? [] : [oldest.rows.timeMicros(oldest.row)]),
    );
    addCounts(this.#fates.droppedDetached, this.#inFlight());
    this.#queue.clearDetached();
    this.#sink = undefined;
    this.#buffers.clear();
    this.#open = undefined;
    this.#posted = [];
  }

  /** Whether {@link offerWhole} serves it: a small batch would be sent at once. */
  mayTakeWhole(batch: Batch): boolean {
    return this.#spacingMs === 0 || batch.count * 2 >= batch.capacity;
  }

  /**
   * Takes a whole batch: market events only, named by `rows` as well. Where it can, the batch itself is sent and
   * another answered in exchange for it, which saves copying its rows; else the rows are copied as by {@link offer}.
   */
  offerWhole(batch: Batch, rows: Uint32Array): Batch {
    const { count } = batch;
    const exchange = this.#exchangeFor(batch);
    if (exchange === undefined) {
      this.offer(batch, rows, count);
      return batch;
    }
    this.#postOpen();
    batch.firstSequence = this.#sequence;
    addCounts(this.#fates.received, this.#post(batch));
    return exchange;
  }

  /** Takes the rows of `source` that `rows[0..count)` names: market events only. */
  offer(source: Batch, rows: Uint32Array, count: number): void {
    const received = this.#fates.received;
    const kinds = source.kind;
    for (let index = 0; index < count; index += 1) {
      const kind = kinds[rows[index]!]!;
      received[kind] = received[kind]! + 1;
    }
    if (this.#sink === undefined) {
      for (let index = 0; index < count; index += 1) {
        const kind = kinds[rows[index]!]!;
        this.#fates.droppedDetached[kind] = this.#fates.droppedDetached[kind]! + 1;
      }
      return;
    }
    this.#take(source, rows, count);
  }

  /** Tells the receiver, in its place between the events, that some are missing. */
  notify(gap: GapNotice): void {
    if (this.#sink === undefined) return;
    this.#notice.reset(0, gap.toMicros);
    appendGap(this.#notice, gap);
    this.#take(this.#notice, FIRST_ROW, 1);
  }

  /**
   * Marks the place in the line where units move: all rows routed so far come before it, all later ones after it, and
   * it is never dropped.
   */
  barrier(moveId: number, nowMicros: EpochMicros): void {
    if (this.#sink === undefined) return;
    this.#notice.reset(0, nowMicros);
    appendBarrier(this.#notice, moveId);
    this.#take(this.#notice, FIRST_ROW, 1);
  }

  /** A buffer came back: its events were shown, and what waits goes into it. */
  credit(buffer: ArrayBuffer): void {
    const posted = this.#posted.shift();
    assert(posted !== undefined, `receiver ${this.name} gave back more buffers than it was sent`);
    addCounts(this.#fates.sent, posted.counts);
    this.#spare.push(posted);
    this.#buffers.put(buffer);
    if (!this.#queue.isEmpty) {
      // Quotes would only grow old on the way.
      this.#buffers.makeFor(this.#queue.lasting);
      this.#drain();
    }
    if (this.#queue.isEmpty) this.#buffers.dropMore();
  }

  /**
   * Sends what this turn of the event loop has put into the open batch, unless it is too early. Answers how long that
   * has to wait yet: 0 when nothing has to.
   */
  endTurn(nowMs: number): number {
    if (this.#open === undefined || this.#open.count === 0) return 0;
    const earlyMs = this.#postedMs + this.#spacingMs - nowMs;
    if (earlyMs > 0) return earlyMs;
    this.#postedMs = nowMs;
    this.#postOpen();
    return 0;
  }

  counters(): ReceiverCounters {
    const counted = flowCounts(this.#fates, { waiting: this.#queue.waiting, inFlight: this.#inFlight() });
    return {
      receiver: this.name,
      ...counted.total,
      credits: this.#buffers.atHand + (this.#open === undefined ? 0 : 1),
      kinds: counted.kinds,
    };
  }

  /** A free batch, where a whole one may be sent as it is: of our size, its symbols named, and nothing before it. */
  #exchangeFor(batch: Batch): Batch | undefined {
    if (this.#sink === undefined || batch.streamId !== 0) return undefined;
    if (batch.capacity !== this.#limits.batch.rows || batch.heapCapacity !== this.#limits.batch.heapBytes)
      return undefined;
    if (this.#buffers.atHand === 0) this.#takeReturned();
    if (this.#buffers.atHand === 0 || !this.#queue.isEmpty) return undefined;
    const { symbolId, count } = batch;
    const defined = this.#defined;
    for (let row = 0; row < count; row += 1) if (defined[symbolId[row]!] !== 1) return undefined;
    return this.#buffers.take();
  }

  #take(source: Batch, rows: Uint32Array, count: number): void {
    if (this.#open === undefined && this.#buffers.atHand === 0) this.#takeReturned();
    let taken = this.#queue.isEmpty ? this.#append(source, rows, count) : 0;
    if (taken === count) return;
    for (; taken < count; taken += 1) this.#queue.push(source, rows[taken]!);
    this.#drain();
  }

  // Within one long turn the receiver gives buffers back that no event has told of yet.
  #takeReturned(): void {
    for (let buffer = this.#sink?.takeReturned(); buffer !== undefined; buffer = this.#sink?.takeReturned())
      this.credit(buffer);
  }

  /** Copies rows straight into open batches and answers how many were taken. The rest must wait. */
  #append(source: Batch, rows: Uint32Array, count: number): number {
    let at = 0;
    while (at < count) {
      const batch = this.#writable(source.baseMicros);
      if (batch === undefined) return at;
      if (this.#defined[source.symbolId[rows[at]!]!] !== 1) {
        this.#define(batch, source.symbolId[rows[at]!]!);
        continue;
      }
      const to = this.#fitting(source, rows, at, count, batch);
      if (to > at) {
        gatherRows(source, { rows, from: at, to }, batch);
        at = to;
        if (batch.count === batch.capacity) this.#post(batch);
      } else if (batch.count > 0) {
        this.#post(batch);
      } else {
        this.#queue.drop(source, rows[at]!);
        // The rest goes by the queue, so that the gap is told before the symbol's next event.
        at += 1;
        return this.#queueFrom(source, rows, at, count);
      }
    }
    return at;
  }

  #queueFrom(source: Batch, rows: Uint32Array, from: number, count: number): number {
    for (let at = from; at < count; at += 1) this.#queue.push(source, rows[at]!);
    this.#drain();
    return count;
  }

  /** End of the run of rows, from `at` on, whose symbols are named and which fit into the batch. */
  #fitting(source: Batch, rows: Uint32Array, at: number, count: number, batch: Batch): number {
    const end = Math.min(count, at + batch.capacity - batch.count);
    const heapRoom = batch.heapCapacity - batch.heapUsed;
    const symbols = source.symbolId;
    const defined = this.#defined;
    let to = at;
    if (source.heapUsed <= heapRoom) {
      while (to < end && defined[symbols[rows[to]!]!] === 1) to += 1;
      return to;
    }
    let heapBytes = 0;
    for (; to < end && defined[symbols[rows[to]!]!] === 1; to += 1) {
      heapBytes += source.heapLength[rows[to]!]!;
      if (heapBytes > heapRoom) break;
    }
    return to;
  }

  /** Moves what waits into batches as long as there are buffers. */
  #drain(): void {
    for (;;) {
      const next = this.#queue.peek();
      const symbolId = this.#nextSymbolId(next);
      if (symbolId === undefined) return;
      const batch = this.#writable(next?.rows.baseMicros ?? this.#open?.baseMicros ?? 0);
      if (batch === undefined) return;
      if (this.#defined[symbolId] !== 1) this.#define(batch, symbolId);
      else if (this.#queue.gaps.isOpen(symbolId)) this.#tellDropped(batch, symbolId);
      else if (next !== undefined) this.#appendWaiting(batch, next);
    }
  }

  /**
   * Whose turn it is: a gap of all symbols first, then the next row's symbol, then gaps that no row follows. What is
   * missing before a barrier is told before it: who leaves there would not hear of it any more.
   */
  #nextSymbolId(next: Waiting | undefined): number | undefined {
    const gaps = this.#queue.gaps;
    if (gaps.isOpen(0)) return 0;
    if (next !== undefined && gaps.size > 0 && next.rows.kind[next.row] === EventKind.barrier)
      return gaps.first();
    if (next !== undefined) return next.rows.symbolId[next.row]!;
    return gaps.size === 0 ? undefined : gaps.first();
  }

  #appendWaiting(batch: Batch, next: Waiting): void {
    const { rows, row } = next;
    const heapBytes = rows.heapLength[row]!;
    if (!batch.hasRoom(heapBytes)) {
      if (batch.count > 0) {
        this.#post(batch);
      } else {
        this.#queue.drop(rows, row);
        this.#queue.shift();
      }
      return;
    }
    copyColumns(rows, row, batch, batch.count);
    if (heapBytes > 0) batch.setHeapBytes(batch.count, next.heap ?? rows.heapBytes(row));
    batch.count += 1;
    this.#queue.shift();
    if (batch.count === batch.capacity) this.#post(batch);
  }

  #tellDropped(batch: Batch, symbolId: number): void {
    if (!batch.hasRoom(0)) this.#post(batch);
    else appendGap(batch, { symbolId, reason: GapReason.overflow, ...this.#queue.gaps.take(symbolId) });
  }

  /** The open batch, or a new one when there is a buffer. Its times count from `baseMicros` when it is new. */
  #writable(baseMicros: EpochMicros): Batch | undefined {
    if (this.#open !== undefined) return this.#open;
    this.#open = this.#buffers.take();
    this.#open?.reset(0, baseMicros, this.#sequence);
    return this.#open;
  }

  #postOpen(): void {
    if (this.#open !== undefined && this.#open.count > 0) this.#post(this.#open);
  }

  /** Sends a batch and answers what it holds, by kind. */
  #post(batch: Batch): KindCounts {
    const posted = this.#spare.pop() ?? { counts: kindCounts(), firstMicros: 0 };
    posted.firstMicros = batch.timeMicros(0);
    posted.counts.fill(0);
    countKinds(batch, posted.counts);
    this.#posted.push(posted);
    this.#sequence += batch.count;
    if (batch === this.#open) this.#open = undefined;
    const buffer = batch.seal();
    this.#sink?.post(buffer, [buffer]);
    return posted.counts;
  }

  /** Names the symbol, or sends the batch when it has no room for that. */
  #define(batch: Batch, symbolId: number): void {
    const text = textEncoder.encode(this.#symbols.textOf(symbolId));
    if (!batch.hasRoom(text.length)) {
      this.#post(batch);
      return;
    }
    if (symbolId >= this.#defined.length) {
      const defined = new Uint8Array(Math.max(symbolId + 1, this.#defined.length * 2));
      defined.set(this.#defined);
      this.#defined = defined;
    }
    this.#defined[symbolId] = 1;
    const row = batch.count;
    batch.clearRow(row, EventKind.definition, symbolId);
    batch.setHeapBytes(row, text);
    batch.count += 1;
  }

  #inFlight(): KindCounts {
    const counts = kindCounts();
    for (const posted of this.#posted) addCounts(counts, posted.counts);
    if (this.#open !== undefined) countKinds(this.#open, counts);
    return counts;
  }
}
