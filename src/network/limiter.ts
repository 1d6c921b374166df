/**
 * Paces requests below a server's rate limit, the urgent ones first.
 *
 * Three things hold a request back: the requests of the last minute by our own count, what the server's
 * `X-Ratelimit-*` headers say is left, and the number of requests under way. Each lane leaves a share of all three
 * untouched for the lanes above it, so that a burst of reads never stands before a cancel.
 */
import type { Clock, Timer } from '../clock/clock.ts';
import { assert } from '../domain/assert.ts';
import type { RateLimitState } from './headers.ts';

/** Most urgent first. `reducing` orders bring a position closer to zero. */
export const LANES = ['cancel', 'reducing', 'new', 'read'] as const;
export type Lane = (typeof LANES)[number];

const WINDOW_MS = 60_000;
/** What each lane leaves to the ones above it, in shares of `requestsReserved`. */
const RESERVE_SHARES: Readonly<Record<Lane, number>> = { cancel: 0, reducing: 0.5, new: 1, read: 2 };
/** Requests under way that each lane leaves to the ones above it. */
const CONCURRENCY_RESERVES: Readonly<Record<Lane, number>> = { cancel: 0, reducing: 0, new: 1, read: 2 };
/** How long to hold still after HTTP 429 that does not say how long. */
const THROTTLE_DEFAULT_MS = 1_000;

export interface LimiterOptions {
  readonly clock: Clock;
  /** Where the server's headers name no limit. */
  readonly requestsPerMinuteMax: number;
  readonly requestsReserved: number;
  readonly concurrentMax: number;
  readonly queueDepthMax: number;
}

export type Grant =
  /** Send now, and call `release` when the answer is there or given up. */
  | { readonly type: 'granted'; release(): void }
  | { readonly type: 'timeout' | 'full' | 'closed' | 'aborted' };

interface Waiting {
  readonly settle: (grant: Grant) => void;
  readonly timer: Timer;
}

export class RequestLimiter {
  readonly #options: LimiterOptions;
  readonly #clock: Clock;
  readonly #queues: Readonly<Record<Lane, Waiting[]>> = { cancel: [], reducing: [], new: [], read: [] };
  /** When the requests of the last minute were granted, oldest first. */
  #grantedAtMs: number[] = [];
  #underWay = 0;
  /** Requests a minute, as the server says. */
  #perMinuteMax: number;
  #serverRemaining: number | null = null;
  #serverResetMs = 0;
  #stillUntilMs = Number.NEGATIVE_INFINITY;
  #wakeTimer: Timer | null = null;
  #isClosed = false;

  constructor(options: LimiterOptions) {
    assert(options.requestsPerMinuteMax > 0, 'a rate limit of no requests');
    assert(options.concurrentMax > 0, 'no request may be under way');
    this.#options = options;
    this.#perMinuteMax = options.requestsPerMinuteMax;
    this.#clock = options.clock;
  }

  get waiting(): number {
    return LANES.reduce((sum, lane) => sum + this.#queues[lane].length, 0);
  }

  /** Leave to send, where nobody waits and nothing holds it back; undefined where it must be waited for. */
  tryAcquire(lane: Lane, signal?: AbortSignal | null): Grant | undefined {
    if (this.#isClosed || signal?.aborted || this.waiting > 0 || this.#waitMs(lane) > 0) return undefined;
    return this.#grant();
  }

  /** Waits for leave to send, at most `waitMaxMs`. A request that was not granted has not been sent. */
  acquire(lane: Lane, waitMaxMs: number, signal?: AbortSignal | null): Promise<Grant> {
    if (this.#isClosed) return Promise.resolve({ type: 'closed' });
    if (signal?.aborted) return Promise.resolve({ type: 'aborted' });
    if (this.waiting >= this.#options.queueDepthMax) return Promise.resolve({ type: 'full' });
    return new Promise((resolve) => {
      const queue = this.#queues[lane];
      const leave = (type: 'timeout' | 'aborted') => {
        queue.splice(queue.indexOf(entry), 1);
        entry.settle({ type });
      };
      const onAbort = () => leave('aborted');
      const entry: Waiting = {
        settle: (grant) => {
          entry.timer.cancel();
          signal?.removeEventListener('abort', onAbort);
          resolve(grant);
        },
        timer: this.#clock.after(waitMaxMs, () => leave('timeout')),
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.push(entry);
      this.#pump();
    });
  }

  /** Takes over what an answer's headers say: the limit, and what is left. Requests still under way are not counted yet. */
  observe(state: RateLimitState): void {
    if (state.limit !== undefined && state.limit >= 1) this.#perMinuteMax = Math.floor(state.limit);
    if (state.remaining === undefined || state.resetEpochSeconds === undefined) return;
    const waitMs = state.resetEpochSeconds * 1_000 - this.#clock.nowMicros() / 1_000;
    // A clock that is off must not stop us for longer than the limit's own window.
    this.#serverResetMs = this.#clock.monotonicMs() + Math.min(Math.max(waitMs, 0), WINDOW_MS);
    this.#serverRemaining = state.remaining - Math.max(0, this.#underWay - 1);
    this.#pump();
  }

  /** HTTP 429: nothing is sent for a while, on any lane. */
  throttle(waitMs: number | undefined): void {
    const untilMs = this.#clock.monotonicMs() + Math.min(waitMs ?? THROTTLE_DEFAULT_MS, WINDOW_MS);
    this.#stillUntilMs = Math.max(this.#stillUntilMs, untilMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#wakeTimer?.cancel();
    for (const lane of LANES) {
      for (const entry of this.#queues[lane].splice(0)) entry.settle({ type: 'closed' });
    }
  }

  #pump(): void {
    this.#wakeTimer?.cancel();
    this.#wakeTimer = null;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const lane of LANES) {
      const queue = this.#queues[lane];
      while (queue.length > 0) {
        const waitMs = this.#waitMs(lane);
        if (waitMs > 0) {
          earliestMs = Math.min(earliestMs, waitMs);
          break;
        }
        queue.shift()!.settle(this.#grant());
      }
    }
    if (Number.isFinite(earliestMs)) {
      this.#wakeTimer = this.#clock.after(Math.max(1, earliestMs), () => this.#pump());
    }
  }

  /** How long this lane must still wait; infinite when only an answer can free it. */
  #waitMs(lane: Lane): number {
    const nowMs = this.#clock.monotonicMs();
    const { concurrentMax, requestsReserved } = this.#options;
    if (this.#underWay >= Math.max(1, concurrentMax - CONCURRENCY_RESERVES[lane]))
      return Number.POSITIVE_INFINITY;
    const reserve = Math.ceil(requestsReserved * RESERVE_SHARES[lane]);
    let waitMs = Math.max(0, this.#stillUntilMs - nowMs);
    const left = this.#serverLeft(nowMs);
    if (left !== null && left <= reserve) waitMs = Math.max(waitMs, this.#serverResetMs - nowMs);
    while (this.#grantedAtMs.length > 0 && this.#grantedAtMs[0]! <= nowMs - WINDOW_MS)
      this.#grantedAtMs.shift();
    const allowed = Math.max(1, this.#perMinuteMax - reserve);
    const oldest = this.#grantedAtMs[this.#grantedAtMs.length - allowed];
    if (oldest !== undefined) waitMs = Math.max(waitMs, oldest + WINDOW_MS - nowMs);
    return waitMs;
  }

  #serverLeft(nowMs: number): number | null {
    if (nowMs >= this.#serverResetMs) this.#serverRemaining = null;
    return this.#serverRemaining;
  }

  #grant(): Grant {
    this.#grantedAtMs.push(this.#clock.monotonicMs());
    this.#underWay += 1;
    if (this.#serverRemaining !== null) this.#serverRemaining -= 1;
    let isReleased = false;
    return {
      type: 'granted',
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#underWay -= 1;
        if (!this.#isClosed) this.#pump();
      },
    };
  }
}
