/** When to connect again: without end, ever later while it fails, soon again after a connection that lasted. */
import type { Random } from '../clock/chance.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { Backoff } from './backoff.ts';

export interface ReconnectLimits {
  /** First delay before connecting again; doubled with each failure. */
  readonly reconnectDelayMs: number;
  readonly reconnectDelayMaxMs: number;
  /** The same where the server has had enough of us. */
  readonly throttledDelayMs: number;
  readonly throttledDelayMaxMs: number;
  /** How long a connection must have been live before the delays start small again. */
  readonly stableAfterMs: number;
}

export type ReconnectPace = 'normal' | 'throttled';

export class Reconnect {
  readonly #clock: Clock;
  readonly #limits: ReconnectLimits;
  readonly #connect: () => void;
  readonly #backoffs: Readonly<Record<ReconnectPace, Backoff>>;
  #waitTimer: Timer | null = null;
  #stableTimer: Timer | null = null;

  constructor(options: { clock: Clock; random: Random; limits: ReconnectLimits; connect: () => void }) {
    const { random, limits } = options;
    this.#clock = options.clock;
    this.#limits = limits;
    this.#connect = options.connect;
    this.#backoffs = {
      normal: new Backoff({ firstMs: limits.reconnectDelayMs, maxMs: limits.reconnectDelayMaxMs, random }),
      throttled: new Backoff({ firstMs: limits.throttledDelayMs, maxMs: limits.throttledDelayMaxMs, random }),
    };
  }

  /** The connection ended: connects again after the delay that is answered, in milliseconds. */
  schedule(pace: ReconnectPace, retryAfterMs: number): number {
    this.stop();
    const askedMs = Math.min(retryAfterMs, this.#limits.throttledDelayMaxMs);
    const waitMs = Math.max(this.#backoffs[pace].next(), askedMs);
    this.#waitTimer = this.#clock.after(waitMs, this.#connect);
    return waitMs;
  }

  /** The connection does what it is for. Only one that stays so makes the delays small again. */
  live(): void {
    this.#stableTimer ??= this.#clock.after(this.#limits.stableAfterMs, () => {
      this.#backoffs.normal.reset();
      this.#backoffs.throttled.reset();
    });
  }

  stop(): void {
    this.#waitTimer?.cancel();
    this.#stableTimer?.cancel();
    this.#stableTimer = null;
  }
}
