/** What a server's answer headers say about when to come back. */

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export function headerText(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function headerNumber(headers: AnswerHeaders, name: string): number | undefined {
  const text = headerText(headers, name);
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** The state of a rate limit: `X-Ratelimit-Limit`, `-Remaining`, and `-Reset` in epoch seconds. */
export interface RateLimitState {
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  readonly resetEpochSeconds: number | undefined;
}

export function rateLimitState(headers: AnswerHeaders): RateLimitState {
  return {
    limit: headerNumber(headers, 'x-ratelimit-limit'),
    remaining: headerNumber(headers, 'x-ratelimit-remaining'),
    resetEpochSeconds: headerNumber(headers, 'x-ratelimit-reset'),
  };
}

/**
 * How long to wait before asking again, in milliseconds: by `Retry-After` (seconds or an HTTP date, RFC 9110
 * section 10.2.3), else by `X-Ratelimit-Reset`. Undefined when the answer says neither.
 */
export function retryAfterMs(headers: AnswerHeaders, nowMs: number): number | undefined {
  const text = headerText(headers, 'retry-after');
  if (text !== undefined) {
    const seconds = headerNumber(headers, 'retry-after');
    if (seconds !== undefined) return Math.max(0, seconds * 1_000);
    const moment = Date.parse(text);
    if (!Number.isNaN(moment)) return Math.max(0, moment - nowMs);
  }
  const { resetEpochSeconds } = rateLimitState(headers);
  return resetEpochSeconds === undefined ? undefined : Math.max(0, resetEpochSeconds * 1_000 - nowMs);
}
