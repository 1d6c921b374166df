/**
 * What waits for one receiver that is behind: bounded by construction, in one order over all kinds.
 *
 * - latest: quotes, order-book snapshots and running daily bars; the newest per symbol, at the newest position.
 * - trades (and order-book changes): a ring; beyond it the oldest are dropped.
 * - kept: closed bars, statuses, corrections, cancels, news, gaps: a ring so large that only a receiver which
 *   stands still for minutes reaches its end.
 * - barriers: where units move. They are never dropped.
 *
 * What is dropped opens a gap of its symbol, which the receiver is told before the symbol's next event.
 */
import { assert } from '../domain/assert.ts';
import { type Batch, EventKind, RowFlag } from '../tape/batch.ts';
import type { ProducerLimits } from './config.ts';
import { type FateCounters, isEvent, type KindCounts, kindCounts } from './counters.ts';
import { GapLedger } from './gaps.ts';
import { RowRing } from './ring.ts';
import { LatestSlots } from './slots.ts';

/** Kinds that are conflated share one key space: symbol x 3 + one of these. */
const SLOT_CLASSES = 3;
const QUOTE_SLOT = 0;
const BOOK_SLOT = 1;
const DAILY_BAR_SLOT = 2;

type Line = 'latest' | 'trades' | 'kept' | 'barriers';

/** Units that are under way from or to one receiver at a time. The trader allows fewer. */
export const BARRIERS_MAX = 64;

/** The next row to leave. */
export interface Waiting {
  readonly rows: Batch;
  readonly row: number;
  /** The row's heap bytes where they do not lie in the heap of {@link rows}. */
  readonly heap: Uint8Array | undefined;
}

export class WaitingQueue {
  readonly gaps = new GapLedger();
  readonly waiting: KindCounts = kindCounts();
  readonly #fates: FateCounters;
  readonly #latest: LatestSlots;
  readonly #trades: RowRing;
  readonly #kept: RowRing;
  readonly #barriers = new RowRing({ rows: BARRIERS_MAX, heapBytes: 0 });
  /** What was dropped behind a barrier that waits, and must not be told before it. In the barriers' order. */
  readonly #behind: { readonly position: number; gaps: GapLedger | null }[] = [];
  #position = 0;

  constructor(limits: ProducerLimits, fates: FateCounters) {
    this.#fates = fates;
    this.#latest = new LatestSlots(limits.waitingHeapBytes);
    this.#trades = new RowRing({ rows: limits.tradeRingRows, heapBytes: limits.waitingHeapBytes });
    this.#kept = new RowRing({ rows: limits.keptRows, heapBytes: limits.waitingHeapBytes });
  }

  /** Rows that wait, gaps that are not told yet left out. */
  get length(): number {
    return this.#latest.length + this.#trades.length + this.#kept.length + this.#barriers.length;
  }

  /** Rows that wait and that no newer one can replace. */
  get lasting(): number {
    return this.#trades.length + this.#kept.length;
  }

  /** Nothing waits, and there is nothing left to tell. */
  get isEmpty(): boolean {
    return this.length === 0 && this.gaps.size === 0;
  }

  /** Puts a row at the end of the line; what that pushes out is counted, and its gap opened. */
  push(source: Batch, row: number): void {
    if (this.length === 0) this.#rebase(source.baseMicros);
    this.#position += 1;
    const kind = source.kind[row]!;
    const slotClass = slotClassOf(kind, source.flags[row]!);
    if (slotClass !== -1) this.#pushLatest(slotClass, source, row);
    else if (kind === EventKind.barrier) this.#pushBarrier(source, row);
    else this.#pushRing(isTradeLine(kind) ? this.#trades : this.#kept, source, row);
  }

  /** The row that leaves next. Undefined when no row waits. */
  peek(): Waiting | undefined {
    for (;;) {
      const line = this.#nextLine();
      if (line === undefined) return undefined;
      if (line === 'latest')
        return { rows: this.#latest.rows, row: this.#latest.headRow, heap: this.#latest.headHeap };
      const ring = this.#ringOf(line);
      const row = ring.headRow;
      if (line !== 'trades' || !this.#isSuperseded(ring, row))
        return { rows: ring.rows, row, heap: undefined };
      this.#count(this.#fates.conflated, ring.rows.kind[row]!);
      this.#leave(ring);
    }
  }

  /** Takes away the row that {@link peek} showed. */
  shift(): void {
    const line = this.#nextLine();
    if (line === 'latest') this.#leave(this.#latest);
    else if (line !== undefined) this.#leave(this.#ringOf(line));
  }

  /** Counts a row that could not even wait, and opens its gap: where its position is known, behind its barrier. */
  drop(source: Batch, row: number, position = 0): void {
    const kind = source.kind[row]!;
    this.#count(this.#fates.droppedOverflow, kind);
    const timeMicros = source.timeMicros(row);
    const isGap = kind === EventKind.gap;
    this.#gapsAt(position).record(source.symbolId[row]!, {
      fromMicros: timeMicros,
      toMicros: isGap ? source.baseMicros + Math.ceil(source.n0[row]! / 1_000) : timeMicros,
      // An unknown number is NaN, and a gap of nothing is none.
      count: isGap ? source.n1[row]! || Number.NaN : 1,
    });
  }

  /** Empties the line, counting what was in it as dropped because the receiver is gone. */
  clearDetached(): void {
    for (let next = this.peek(); next !== undefined; next = this.peek()) {
      this.#count(this.#fates.droppedDetached, next.rows.kind[next.row]!);
      this.shift();
    }
    this.gaps.clear();
  }

  #pushLatest(slotClass: number, source: Batch, row: number): void {
    const kind = source.kind[row]!;
    const key = source.symbolId[row]! * SLOT_CLASSES + slotClass;
    const outcome = this.#latest.put(key, source, row, this.#position);
    if (outcome === 'no room') this.drop(source, row, this.#position);
    else if (outcome === 'replaced') this.#count(this.#fates.conflated, kind);
    else this.#count(this.waiting, kind);
  }

  #pushRing(ring: RowRing, source: Batch, row: number): void {
    const heapBytes = source.heapLength[row]!;
    while (!ring.hasRoom(heapBytes)) {
      if (ring.length === 0) {
        this.drop(source, row, this.#position);
        return;
      }
      this.drop(ring.rows, ring.headRow, ring.headPosition);
      this.#leave(ring);
    }
    ring.push(source, row, this.#position);
    this.#count(this.waiting, source.kind[row]!);
  }

  #pushBarrier(source: Batch, row: number): void {
    assert(this.#barriers.hasRoom(0), `more than ${BARRIERS_MAX} barriers wait for one receiver`);
    this.#barriers.push(source, row, this.#position);
    this.#behind.push({ position: this.#position, gaps: null });
  }

  /** Where a gap at that position of the line is noted. */
  #gapsAt(position: number): GapLedger {
    const barrier = this.#behind.findLast((each) => each.position < position);
    if (barrier === undefined) return this.gaps;
    barrier.gaps ??= new GapLedger();
    return barrier.gaps;
  }

  /** A barrier has left: what is missing behind it may be told now. */
  #passBarrier(): void {
    const gaps = this.#behind.shift()?.gaps;
    while (gaps && gaps.size > 0) {
      const symbolId = gaps.first();
      this.gaps.record(symbolId, gaps.take(symbolId));
    }
  }

  #ringOf(line: Exclude<Line, 'latest'>): RowRing {
    if (line === 'trades') return this.#trades;
    return line === 'kept' ? this.#kept : this.#barriers;
  }

  /** An order-book change that a newer snapshot, also waiting, makes pointless. */
  #isSuperseded(ring: RowRing, row: number): boolean {
    if (ring.rows.kind[row] !== EventKind.orderBook) return false;
    const key = ring.rows.symbolId[row]! * SLOT_CLASSES + BOOK_SLOT;
    return this.#latest.positionOf(key) > ring.headPosition;
  }

  #nextLine(): Line | undefined {
    const latest = this.#latest.headPosition;
    const trades = this.#trades.headPosition;
    const kept = this.#kept.headPosition;
    const first = Math.min(latest, trades, kept);
    if (this.#barriers.length > 0 && this.#barriers.headPosition < first) return 'barriers';
    if (first === Number.POSITIVE_INFINITY) return undefined;
    if (first === latest) return 'latest';
    return first === trades ? 'trades' : 'kept';
  }

  #leave(line: LatestSlots | RowRing): void {
    const kind = line.rows.kind[line.headRow]!;
    if (isEvent(kind)) this.waiting[kind] = this.waiting[kind]! - 1;
    line.shift();
    if (line === this.#barriers) this.#passBarrier();
  }

  #count(counts: KindCounts, kind: number): void {
    if (isEvent(kind)) counts[kind] = counts[kind]! + 1;
  }

  #rebase(baseMicros: number): void {
    this.#latest.rebase(baseMicros);
    this.#trades.rows.baseMicros = baseMicros;
    this.#kept.rows.baseMicros = baseMicros;
    this.#barriers.rows.baseMicros = baseMicros;
  }
}

function slotClassOf(kind: number, flags: number): number {
  if (kind === EventKind.quote) return QUOTE_SLOT;
  if (kind === EventKind.dailyBar) return DAILY_BAR_SLOT;
  if (kind === EventKind.orderBook && (flags & RowFlag.snapshot) !== 0) return BOOK_SLOT;
  return -1;
}

function isTradeLine(kind: number): boolean {
  return kind === EventKind.trade || kind === EventKind.orderBook;
}
