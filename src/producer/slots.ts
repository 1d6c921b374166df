/** The newest row per key: where quotes, order books and running daily bars wait for a receiver that is behind. */
import { Batch } from '../tape/batch.ts';
import { copyColumns } from '../tape/copy.ts';

const NONE = -1;
const FIRST_SLOTS = 1_024;

export class LatestSlots {
  /** Most heap bytes that the waiting rows may have together. */
  readonly #heapBytesMax: number;
  #rows = Batch.create({ rows: FIRST_SLOTS, heapBytes: 0 });
  #heaps: (Uint8Array | undefined)[] = [];
  #heapBytes = 0;
  #positions = new Float64Array(FIRST_SLOTS);
  #keys = new Uint32Array(FIRST_SLOTS);
  #slotByKey = new Int32Array(FIRST_SLOTS).fill(NONE);
  // A doubly linked list over slots, oldest position first; free slots are linked by #next alone.
  #next = new Int32Array(FIRST_SLOTS);
  #previous = new Int32Array(FIRST_SLOTS);
  #head = NONE;
  #tail = NONE;
  #free = NONE;
  #used = 0;
  #length = 0;

  constructor(heapBytesMax: number) {
    this.#heapBytesMax = heapBytesMax;
  }

  get length(): number {
    return this.#length;
  }

  get rows(): Batch {
    return this.#rows;
  }

  get headRow(): number {
    return this.#head;
  }

  get headPosition(): number {
    return this.#head === NONE ? Number.POSITIVE_INFINITY : this.#positions[this.#head]!;
  }

  get headHeap(): Uint8Array | undefined {
    return this.#heaps[this.#head];
  }

  /** Sets what the rows' times count from: only while nothing waits. */
  rebase(baseMicros: number): void {
    this.#rows.baseMicros = baseMicros;
  }

  /** Position of the key's waiting row, -1 when none waits. */
  positionOf(key: number): number {
    const slot = key < this.#slotByKey.length ? this.#slotByKey[key]! : NONE;
    return slot === NONE ? -1 : this.#positions[slot]!;
  }

  /** Puts the row last in the line; it replaces the key's waiting row, wherever that stood. */
  put(key: number, source: Batch, row: number, position: number): 'added' | 'replaced' | 'no room' {
    if (key >= this.#slotByKey.length) this.#growKeys(key);
    const waiting = this.#slotByKey[key]!;
    const bytes = source.heapLength[row]!;
    const heldBytes = waiting === NONE ? 0 : (this.#heaps[waiting]?.length ?? 0);
    if (this.#heapBytes - heldBytes + bytes > this.#heapBytesMax) return 'no room';
    const slot = waiting === NONE ? this.#take(key) : waiting;
    if (waiting !== NONE) this.#unlink(slot);
    copyColumns(source, row, this.#rows, slot);
    this.#heapBytes += bytes - heldBytes;
    if (bytes > 0) this.#heaps[slot] = source.heapBytes(row).slice();
    else if (heldBytes > 0) this.#heaps[slot] = undefined;
    this.#positions[slot] = position;
    this.#linkLast(slot);
    return waiting === NONE ? 'added' : 'replaced';
  }

  /** Takes the oldest away. */
  shift(): void {
    const slot = this.#head;
    this.#heapBytes -= this.#heaps[slot]?.length ?? 0;
    this.#heaps[slot] = undefined;
    this.#unlink(slot);
    this.#slotByKey[this.#keys[slot]!] = NONE;
    this.#next[slot] = this.#free;
    this.#free = slot;
    this.#length -= 1;
  }

  #take(key: number): number {
    let slot = this.#free;
    if (slot === NONE) {
      slot = this.#used;
      if (slot === this.#rows.capacity) this.#growSlots();
      this.#used += 1;
    } else {
      this.#free = this.#next[slot]!;
    }
    this.#keys[slot] = key;
    this.#slotByKey[key] = slot;
    this.#length += 1;
    return slot;
  }

  #linkLast(slot: number): void {
    this.#previous[slot] = this.#tail;
    this.#next[slot] = NONE;
    if (this.#tail === NONE) this.#head = slot;
    else this.#next[this.#tail] = slot;
    this.#tail = slot;
  }

  #unlink(slot: number): void {
    const previous = this.#previous[slot]!;
    const next = this.#next[slot]!;
    if (previous === NONE) this.#head = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#tail = previous;
    else this.#previous[next] = previous;
  }

  #growKeys(key: number): void {
    const grown = new Int32Array(Math.max(key + 1, this.#slotByKey.length * 2)).fill(NONE);
    grown.set(this.#slotByKey);
    this.#slotByKey = grown;
  }

  #growSlots(): void {
    const before = this.#rows;
    const capacity = before.capacity * 2;
    const rows = Batch.create({ rows: capacity, heapBytes: 0 });
    rows.baseMicros = before.baseMicros;
    for (let slot = 0; slot < before.capacity; slot += 1) copyColumns(before, slot, rows, slot);
    this.#rows = rows;
    this.#positions = enlarged(this.#positions, new Float64Array(capacity));
    this.#keys = enlarged(this.#keys, new Uint32Array(capacity));
    this.#next = enlarged(this.#next, new Int32Array(capacity));
    this.#previous = enlarged(this.#previous, new Int32Array(capacity));
  }
}

function enlarged<Column extends Float64Array | Uint32Array | Int32Array>(
  from: Column,
  into: Column,
): Column {
  into.set(from);
  return into;
}
