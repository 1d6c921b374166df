/** The marks of one group of symbols: when each was sent, and how long after it its order came. */
import { createHistogram } from 'node:perf_hooks';
import { liveClock } from '../../src/clock/live.ts';
import type { PacedFeed } from './pacedFeed.ts';
import { type Arrival, type GroupFigures, MARK_SIZE, markQuantity, UNBLOCKED_QUANTITY } from './protocol.ts';

const ARRIVALS_MAX = 20_000;

export class MarkedGroup {
  readonly #symbols: readonly string[];
  readonly #feed: PacedFeed;
  /** By symbol and quantity. */
  readonly #sentMs = new Map<string, number>();
  readonly #latency = createHistogram();
  #arrivals: Arrival[] = [];
  #unblockedMicros: number | null = null;
  #marks = 0;
  #next = 0;

  constructor(symbols: readonly string[], feed: PacedFeed) {
    this.#symbols = symbols;
    this.#feed = feed;
  }

  has(symbol: string): boolean {
    return this.#symbols.includes(symbol);
  }

  mark(): void {
    const symbol = this.#symbols[this.#next % this.#symbols.length]!;
    const size = MARK_SIZE + Math.floor(this.#next / this.#symbols.length);
    this.#next += 1;
    this.#marks += 1;
    this.#feed.mark(symbol, size, () =>
      this.#sentMs.set(`${symbol} ${markQuantity(size)}`, liveClock.monotonicMs()),
    );
  }

  order(symbol: string, quantity: number, arrivedMs: number): void {
    if (quantity === UNBLOCKED_QUANTITY) this.#unblockedMicros = liveClock.nowMicros();
    const key = `${symbol} ${quantity}`;
    const sentMs = this.#sentMs.get(key);
    if (sentMs === undefined) return;
    this.#sentMs.delete(key);
    const ageMs = arrivedMs - sentMs;
    this.#latency.record(Math.max(1, Math.round(ageMs * 1_000_000)));
    if (this.#arrivals.length < ARRIVALS_MAX) this.#arrivals.push({ atMicros: liveClock.nowMicros(), ageMs });
  }

  forget(): void {
    this.#latency.reset();
    this.#sentMs.clear();
    this.#arrivals = [];
    this.#unblockedMicros = null;
    this.#marks = 0;
  }

  figures(): GroupFigures {
    const at = (percentile: number) => this.#latency.percentile(percentile) / 1_000_000;
    const latencyMs = { p50: at(50), p99: at(99), p999: at(99.9), max: this.#latency.max / 1_000_000 };
    return {
      marks: this.#marks,
      orders: this.#latency.count,
      latencyMs,
      arrivals: this.#arrivals,
      unblockedMicros: this.#unblockedMicros,
    };
  }
}
