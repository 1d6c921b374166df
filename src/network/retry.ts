/** Asks again where asking again is sensible. */
import type { Random } from '../clock/chance.ts';
import { type Clock, delay } from '../clock/clock.ts';
import { failed, isRetrySensible, type Outcome } from '../domain/outcome.ts';
import { Backoff } from './backoff.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The first try included. */
  readonly attemptsMax: number;
  readonly retryDelayMs: number;
  /** A server that wants a longer wait than this is not waited for. */
  readonly retryDelayMaxMs: number;
  readonly signal?: AbortSignal | null;
}

/** Only for requests that change nothing: what was lost is asked for again. */
export async function withRetries<T>(
  options: RetryOptions,
  ask: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const { clock, random, retryDelayMs, retryDelayMaxMs, signal } = options;
  const backoff = new Backoff({ firstMs: retryDelayMs, maxMs: retryDelayMaxMs, random });
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await ask();
    if (outcome.ok || attempt >= options.attemptsMax || !isRetrySensible(outcome.failure)) return outcome;
    const waitMs = Math.max(backoff.next(), outcome.failure.retryAfterMs ?? 0);
    if (waitMs > retryDelayMaxMs || signal?.aborted) return outcome;
    try {
      await delay(clock, waitMs, signal ?? undefined);
    } catch {
      return failed({ kind: 'closed', message: `${outcome.failure.message}; given up on request` });
    }
  }
}
