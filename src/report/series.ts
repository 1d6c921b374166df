/** A series of prices or amounts that keeps a bounded number of spans of time, however long it gets. */
import { type EpochMicros, MICROS_PER_SECOND } from '../domain/time.ts';

/** First, highest, lowest and last value within a span of time. */
export interface Span {
  /** Of its first value. */
  readonly atMicros: EpochMicros;
  readonly open: number;
  high: number;
  low: number;
  close: number;
}

/** More than a screen has points across. */
const SPANS_MAX = 1_024;

export class BoundedSeries {
  #spans: Span[] = [];
  #widthMicros = MICROS_PER_SECOND;

  get spans(): readonly Span[] {
    return this.#spans;
  }

  noteValue(atMicros: EpochMicros, value: number): void {
    this.note(atMicros, { open: value, high: value, low: value, close: value });
  }

  /** A moment that is older than the newest span belongs to that span. */
  note(atMicros: EpochMicros, of: Omit<Span, 'atMicros'>): void {
    const newest = this.#spans.at(-1);
    if (newest !== undefined && this.#startOf(atMicros) <= this.#startOf(newest.atMicros)) {
      extend(newest, of);
      return;
    }
    this.#spans.push({ atMicros, open: of.open, high: of.high, low: of.low, close: of.close });
    while (this.#spans.length > SPANS_MAX) this.#widen();
  }

  #startOf(atMicros: EpochMicros): EpochMicros {
    return Math.floor(atMicros / this.#widthMicros) * this.#widthMicros;
  }

  #widen(): void {
    this.#widthMicros *= 2;
    const wider: Span[] = [];
    for (const span of this.#spans) {
      const newest = wider.at(-1);
      if (newest !== undefined && this.#startOf(newest.atMicros) === this.#startOf(span.atMicros))
        extend(newest, span);
      else wider.push(span);
    }
    this.#spans = wider;
  }
}

function extend(span: Span, by: Omit<Span, 'atMicros'>): void {
  span.high = Math.max(span.high, by.high);
  span.low = Math.min(span.low, by.low);
  span.close = by.close;
}
