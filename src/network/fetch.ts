/**
 * Lends an {@link HttpClient} to a vendor's SDK that takes a `fetch`: the SDK builds the requests, and pacing,
 * time-outs, limits and the sorting of failures stay ours.
 */
import { type Failure, failed, type Outcome, success } from '../domain/outcome.ts';
import { failureOfAnswer } from './answers.ts';
import type { HttpClient } from './http.ts';
import type { Lane } from './limiter.ts';

/** Carries a failure through code that only knows exceptions. */
class RequestFailedError extends Error {
  override readonly name = 'RequestFailedError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** @param baseUrl what the SDK puts before every path. */
export function fetchThrough(options: {
  client: HttpClient;
  baseUrl: string;
  lane: Lane;
  queueTimeoutMs: number;
}) {
  return async (url: string, init: RequestInit): Promise<Response> => {
    const path = url.slice(options.baseUrl.length);
    const method = init.method ?? 'GET';
    if (method !== 'GET') throw new TypeError(`only reads go through the SDK, not ${method} ${path}`);
    const outcome = await options.client.send({
      method,
      path,
      lane: options.lane,
      queueTimeoutMs: options.queueTimeoutMs,
      signal: init.signal ?? null,
    });
    if (outcome.type !== 'answered') throw new RequestFailedError(outcome.failure);
    const { answer } = outcome;
    if (answer.status < 200 || answer.status > 299) {
      throw new RequestFailedError(failureOfAnswer(`GET ${path.split('?', 1)[0]}`, answer));
    }
    return new Response(answer.status === 204 ? null : answer.text, { status: answer.status });
  };
}

/** The body's text of an SDK's raw answer: parsed by the SDK, exact amounts and long ids would be lost. */
export async function bodyText(
  call: Promise<{ readonly raw: Response }>,
  signal?: AbortSignal,
): Promise<Outcome<string>> {
  try {
    const { raw } = await call;
    return success(await raw.text());
  } catch (error) {
    // The SDK wraps what its `fetch` throws.
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      if (cause instanceof RequestFailedError) return failed(cause.failure);
    }
    // It watches the caller's signal too, and is often first.
    if (signal?.aborted) return failed({ kind: 'closed', message: 'given up on request' });
    throw error;
  }
}
