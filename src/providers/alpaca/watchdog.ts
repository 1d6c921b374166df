/**
 * Notices a feed gone silent although its socket answers pings, as real ones have for hours (protocol A.6).
 * Only where silence means something: an open market, a live connection, and something liquid subscribed.
 */
import type { Clock, Timer } from '../../clock/clock.ts';
import type { StreamLimits } from '../config.ts';
import type { Subscription } from '../contract.ts';

/** The limit is looked at this many times in its length. */
const LOOKS_PER_LIMIT = 5;

export class SilenceWatchdog {
  readonly #clock: Clock;
  readonly #limits: StreamLimits;
  readonly #onSilent: (silentMs: number) => void;
  #limitMs: number | null = null;
  #isMarketOpen: boolean;
  #active: Subscription | null = null;
  #lastEventMs = 0;
  #timer: Timer | null = null;
  /** How often in a row silence was met and the new connection brought nothing. */
  #silences = 0;

  constructor(options: {
    clock: Clock;
    limits: StreamLimits;
    isMarketOpen: boolean;
    onSilent: (silentMs: number) => void;
  }) {
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#isMarketOpen = options.isMarketOpen;
    this.#onSilent = options.onSilent;
  }

  setMarketOpen(phase: 'open' | 'closed'): void {
    const isOpen = phase === 'open';
    if (isOpen === this.#isMarketOpen) return;
    this.#isMarketOpen = isOpen;
    this.#arm();
  }

  /** What the connection now sends; null when there is no live connection. */
  watch(active: Subscription | null): void {
    this.#active = active;
    this.#arm();
  }

  /** Called for every batch of events. */
  event(): void {
    this.#lastEventMs = this.#clock.monotonicMs();
    this.#silences = 0;
  }

  #arm(): void {
    const limitMs = this.#isMarketOpen && this.#active !== null ? this.#limitFor(this.#active) : null;
    if (limitMs === this.#limitMs) return;
    // Subscriptions change all the time; only a watch that begins starts counting from now.
    if (this.#limitMs === null) this.#lastEventMs = this.#clock.monotonicMs();
    this.#timer?.cancel();
    this.#limitMs = limitMs;
    this.#timer = limitMs === null ? null : this.#clock.every(limitMs / LOOKS_PER_LIMIT, () => this.#look());
  }

  #look(): void {
    const silentMs = this.#clock.monotonicMs() - this.#lastEventMs;
    if (this.#limitMs === null || silentMs < this.#limitMs) return;
    this.#silences += 1;
    this.watch(null);
    this.#onSilent(silentMs);
  }

  /** Null where silence means nothing. */
  #limitFor(active: Subscription): number | null {
    const base = this.#isLiquid([...active.trades, ...active.quotes])
      ? this.#limits.silenceMaxMs
      : this.#isLiquid(active.bars)
        ? this.#limits.barSilenceMaxMs
        : null;
    if (base === null) return null;
    return Math.max(base, Math.min(base * 2 ** this.#silences, this.#limits.silenceCeilingMs));
  }

  #isLiquid(symbols: readonly string[]): boolean {
    const { liquidSymbols, liquidSymbolCount } = this.#limits;
    const distinct = new Set(symbols);
    return (
      distinct.has('*') ||
      distinct.size >= liquidSymbolCount ||
      liquidSymbols.some((symbol) => distinct.has(symbol))
    );
  }
}
