/**
 * Market rows held for a unit that is on its way here: bounded, in order. A quote replaces its symbol's older one;
 * when the room is used up the oldest trades go, are counted, and are told to the unit as a gap.
 */
import type { EpochMicros } from '../domain/time.ts';
import type { BuiltBar } from '../fincalcs/bars.ts';
import { Batch, EventKind, RowFlag } from '../tape/batch.ts';
import { copyColumns } from '../tape/copy.ts';

/** A minute bar has three numbers in the heap. */
const HEAP_BYTES_PER_ROW = 24;

/** What is missing of one symbol. */
export interface HeldGap {
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  /** NaN when nobody knows how many. */
  readonly count: number;
}

export class HeldRows {
  /** Rows of kind `none` were replaced. */
  rows: Batch;
  conflated = 0;
  dropped = 0;
  /** By symbol id: all of it is older than what is held of the symbol. */
  readonly gaps = new Map<number, HeldGap>();
  readonly #quotes = new Map<number, number>();

  /** @param baseMicros what the rows' times count from. */
  constructor(rowsMax: number, streamId: number, baseMicros: EpochMicros) {
    const size = { rows: rowsMax, heapBytes: rowsMax * HEAP_BYTES_PER_ROW };
    this.rows = Batch.create(size, streamId, baseMicros);
  }

  push(source: Batch, row: number): void {
    const heapBytes = source.heapLength[row]!;
    if (!this.rows.hasRoom(heapBytes)) this.#makeRoom();
    if (!this.rows.hasRoom(heapBytes)) {
      this.#drop(source, row);
      return;
    }
    const at = this.rows.count;
    copyColumns(source, row, this.rows, at);
    if (heapBytes > 0) this.rows.setHeapBytes(at, source.heapBytes(row));
    this.rows.count = at + 1;
    if (source.kind[row] === EventKind.quote) this.#replaceQuote(source.symbolId[row]!, at);
  }

  /** A minute that was closed here, as a row of its own. */
  pushBar(symbolId: number, bar: BuiltBar, nowMicros: EpochMicros): void {
    if (!this.rows.hasRoom(HEAP_BYTES_PER_ROW)) this.#makeRoom();
    if (!this.rows.hasRoom(HEAP_BYTES_PER_ROW)) {
      this.dropped += 1;
      this.#miss(symbolId, { fromMicros: bar.timeMicros, toMicros: nowMicros, count: 1 });
      return;
    }
    const { rows } = this;
    const row = rows.count;
    rows.clearRow(row, EventKind.minuteBar, symbolId);
    rows.timeNs[row] = (bar.timeMicros - rows.baseMicros) * 1_000;
    rows.receivedNs[row] = (nowMicros - rows.baseMicros) * 1_000;
    rows.n0[row] = bar.open;
    rows.n1[row] = bar.high;
    rows.n2[row] = bar.low;
    rows.n3[row] = bar.close;
    rows.flags[row] = RowFlag.built | (bar.incomplete ? RowFlag.incomplete : 0);
    rows.setBarTail(row, bar.volume, bar.vwap, bar.tradeCount);
    rows.count = row + 1;
  }

  /** Whether that minute of the symbol was closed here since the barrier. */
  hasBuiltBar(symbolId: number, timeMicros: EpochMicros): boolean {
    const { rows } = this;
    for (let row = 0; row < rows.count; row += 1) {
      const isBuilt = rows.kind[row] === EventKind.minuteBar && (rows.flags[row]! & RowFlag.built) !== 0;
      if (isBuilt && rows.symbolId[row] === symbolId && rows.timeMicros(row) === timeMicros) return true;
    }
    return false;
  }

  #replaceQuote(symbolId: number, at: number): void {
    const older = this.#quotes.get(symbolId);
    if (older !== undefined) {
      this.rows.kind[older] = EventKind.none;
      this.conflated += 1;
    }
    this.#quotes.set(symbolId, at);
  }

  /** Leaves out what was replaced; where that is little, the older half of the trades too. */
  #makeRoom(): void {
    const before = this.rows;
    const rowsMax = before.capacity;
    const isReplaced = (row: number) => before.kind[row] === EventKind.none;
    let replaced = 0;
    for (let row = 0; row < before.count; row += 1) if (isReplaced(row)) replaced += 1;
    const dropsBefore = replaced * 2 >= rowsMax ? 0 : before.count / 2;
    const after = Batch.create(
      { rows: rowsMax, heapBytes: before.heapCapacity },
      before.streamId,
      before.baseMicros,
    );
    this.#quotes.clear();
    for (let row = 0; row < before.count; row += 1) {
      if (isReplaced(row)) continue;
      if (row < dropsBefore && before.kind[row] === EventKind.trade) {
        this.#drop(before, row);
        continue;
      }
      const at = after.appendRow(before, row);
      if (before.kind[row] === EventKind.quote) this.#quotes.set(before.symbolId[row]!, at);
    }
    this.rows = after;
  }

  #drop(source: Batch, row: number): void {
    const symbolId = source.symbolId[row]!;
    const fromMicros = source.timeMicros(row);
    const isGap = source.kind[row] === EventKind.gap;
    if (!isGap) this.dropped += 1;
    this.#miss(symbolId, {
      fromMicros,
      toMicros: isGap ? source.baseMicros + Math.ceil(source.n0[row]! / 1_000) : fromMicros,
      count: isGap ? source.n1[row]! : 1,
    });
  }

  #miss(symbolId: number, gap: HeldGap): void {
    const known = this.gaps.get(symbolId) ?? { ...gap, count: 0 };
    this.gaps.set(symbolId, {
      fromMicros: Math.min(known.fromMicros, gap.fromMicros),
      toMicros: Math.max(known.toMicros, gap.toMicros),
      count: known.count + gap.count,
    });
  }
}
