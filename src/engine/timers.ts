/** The host's timers, in its own time: a heap by due time, then by order of setting. */
import type { EpochMicros } from '../domain/time.ts';

export interface TimerHandle {
  readonly dueMicros: EpochMicros;
  readonly order: number;
  /** Null once cancelled or fired. */
  fire: (() => void) | null;
}

export class TimerQueue {
  readonly #heap: TimerHandle[] = [];
  #order = 0;
  /** When the next timer is due; infinite when there is none. Read for every market event, hence a field. */
  nextDueMicros: EpochMicros = Number.POSITIVE_INFINITY;

  set(dueMicros: EpochMicros, fire: () => void): TimerHandle {
    this.#order += 1;
    const handle: TimerHandle = { dueMicros, order: this.#order, fire };
    this.#heap.push(handle);
    this.#rise(this.#heap.length - 1);
    this.nextDueMicros = this.#heap[0]!.dueMicros;
    return handle;
  }

  /** The cancelled entry stays in the heap until it is due; it fires nothing. */
  cancel(handle: TimerHandle): void {
    handle.fire = null;
  }

  /** Takes the next timer that is due at `nowMicros`, cancelled ones left out. */
  takeDue(nowMicros: EpochMicros): TimerHandle | undefined {
    while (this.nextDueMicros <= nowMicros) {
      const first = this.#heap[0]!;
      const last = this.#heap.pop()!;
      if (this.#heap.length > 0) {
        this.#heap[0] = last;
        this.#sink(0);
      }
      this.nextDueMicros = this.#heap[0]?.dueMicros ?? Number.POSITIVE_INFINITY;
      if (first.fire !== null) return first;
    }
    return undefined;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) return;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  #sink(from: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}

function isBefore(a: TimerHandle, b: TimerHandle): boolean {
  return a.dueMicros < b.dueMicros || (a.dueMicros === b.dueMicros && a.order < b.order);
}
