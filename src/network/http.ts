/**
 * Requests over keep-alive connections, told apart by how far they came: never sent, answered, or lost on the way.
 *
 * "Sent" begins when a connection takes the request up, right before its first byte: whatever fails later may have
 * reached the server. What fails earlier (rate limit, no connection) certainly has not.
 */
import type { Dispatcher } from 'undici';
// The package as a whole is a hundred modules, caches, mocks and a browser's fetch, and four threads would load them.
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Clock } from '../clock/clock.ts';
import type { Failure } from '../domain/outcome.ts';
import { type AnswerHeaders, rateLimitState, retryAfterMs } from './headers.ts';
import type { Lane, RequestLimiter } from './limiter.ts';

export interface HttpClientOptions {
  /** Such as `https://paper-api.alpaca.markets`; a path in it is put before every request's. */
  readonly baseUrl: string;
  /** Sent with every request; the place for credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly limiter: RequestLimiter;
  readonly connectTimeoutMs: number;
  /** From the limiter's leave to the answer's last byte. */
  readonly requestTimeoutMs: number;
  /** How long a request may wait for the limiter. */
  readonly queueTimeoutMs: number;
  readonly answerBytesMax: number;
  readonly connectionsMax: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly lane: Lane;
  /** How long it may wait for the limiter, if not as long as the client's others. */
  readonly queueTimeoutMs?: number;
  /** JSON text. */
  readonly body?: string;
  readonly signal?: AbortSignal | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly text: string;
  /** By `Retry-After`, else by `X-Ratelimit-Reset`. */
  readonly retryAfterMs: number | undefined;
}

export type HttpOutcome =
  | { readonly type: 'answered'; readonly answer: HttpAnswer }
  | { readonly type: 'not_sent'; readonly failure: Failure }
  /** Sent, perhaps taken; the answer never came, or not whole. */
  | { readonly type: 'lost'; readonly failure: Failure };

/** Takes a request and says how far it came. */
export interface RequestSender {
  send(request: HttpRequest): Promise<HttpOutcome>;
}

const USER_AGENT = 'openbell';
/** An order sent a while after the last one should not pay for a new TLS connection. */
const KEEP_ALIVE_MS = 30_000;

export class HttpClient implements RequestSender {
  readonly #options: HttpClientOptions;
  readonly #pool: Pool;
  readonly #pathPrefix: string;
  #closing: Promise<void> | null = null;

  constructor(options: HttpClientOptions) {
    const base = new URL(options.baseUrl);
    this.#options = options;
    this.#pathPrefix = base.pathname.replace(/\/+$/, '');
    this.#pool = new Pool(base.origin, {
      connections: options.connectionsMax,
      // One request a connection: an answer that hangs must not hold up the ones behind it.
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: options.connectTimeoutMs },
      // The clock below bounds the whole request; undici's own timers would be a second opinion.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  async send(request: HttpRequest): Promise<HttpOutcome> {
    const { limiter } = this.#options;
    const queueTimeoutMs = request.queueTimeoutMs ?? this.#options.queueTimeoutMs;
    // With leave at once the request is written before anything else is done: an order waits for nothing.
    const grant =
      limiter.tryAcquire(request.lane, request.signal) ??
      (await limiter.acquire(request.lane, queueTimeoutMs, request.signal));
    if (grant.type !== 'granted')
      return { type: 'not_sent', failure: notGranted(request, grant.type, queueTimeoutMs) };
    try {
      const outcome = await this.#exchange(request);
      if (outcome.type === 'answered') this.#learn(outcome.answer);
      return outcome;
    } finally {
      grant.release();
    }
  }

  /** Ends idle connections at once and those at work after their answers, at most `timeoutMs` later. */
  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const timer = this.#options.clock.after(timeoutMs, () => void this.#pool.destroy());
    try {
      await this.#pool.close();
    } finally {
      timer.cancel();
    }
  }

  #learn(answer: HttpAnswer): void {
    const { limiter } = this.#options;
    if (answer.status === 429) limiter.throttle(answer.retryAfterMs);
    limiter.observe(rateLimitState(answer.headers));
  }

  #exchange(request: HttpRequest): Promise<HttpOutcome> {
    const { clock, requestTimeoutMs, answerBytesMax, headers } = this.#options;
    const what = nameOf(request);
    // Between the limiter's leave and now; a listener added to an aborted signal would never be called.
    if (request.signal?.aborted) {
      return Promise.resolve({ type: 'not_sent', failure: notGranted(request, 'aborted', 0) });
    }
    return new Promise((resolve) => {
      let controller: Dispatcher.DispatchController | null = null;
      let isSettled = false;
      let status = 0;
      let answerHeaders: AnswerHeaders = {};
      const chunks: Buffer[] = [];
      let bytes = 0;

      const settle = (outcome: HttpOutcome) => {
        if (isSettled) return;
        isSettled = true;
        timer.cancel();
        request.signal?.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
      const giveUp = (failure: Failure) => {
        settle({ type: controller === null ? 'not_sent' : 'lost', failure });
        controller?.abort(new Error(failure.kind));
      };
      const timer = clock.after(requestTimeoutMs, () =>
        giveUp({ kind: 'timeout', message: `${what}: no answer in ${requestTimeoutMs} ms` }),
      );
      const onAbort = () => giveUp({ kind: 'closed', message: `${what}: given up on request` });
      request.signal?.addEventListener('abort', onAbort, { once: true });

      this.#pool.dispatch(
        {
          method: request.method,
          path: this.#pathPrefix + request.path,
          headers: {
            accept: 'application/json',
            'user-agent': USER_AGENT,
            ...headers,
            ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          body: request.body ?? null,
        },
        {
          onRequestStart: (started) => {
            // Given up while it waited for a connection: stopped here, nothing has been written.
            if (isSettled) started.abort(new Error('given up'));
            else controller = started;
          },
          onResponseStart: (_controller, statusCode, receivedHeaders) => {
            status = statusCode;
            answerHeaders = receivedHeaders;
          },
          onResponseData: (_controller, chunk) => {
            bytes += chunk.length;
            if (bytes <= answerBytesMax) chunks.push(chunk);
            else
              giveUp({
                kind: 'malformed_answer',
                message: `${what}: an answer over ${answerBytesMax} bytes`,
              });
          },
          onResponseEnd: () =>
            settle({
              type: 'answered',
              answer: {
                status,
                headers: answerHeaders,
                text: Buffer.concat(chunks).toString('utf8'),
                retryAfterMs: retryAfterMs(answerHeaders, clock.nowMicros() / 1_000),
              },
            }),
          onResponseError: (_controller, error) => giveUp(failureOfError(what, error)),
        },
      );
    });
  }
}

function nameOf(request: HttpRequest): string {
  return `${request.method} ${request.path.split('?', 1)[0]}`;
}

function failureOfError(what: string, error: Error): Failure {
  const code = 'code' in error ? String(error.code) : error.name;
  if (code === 'UND_ERR_CONNECT_TIMEOUT')
    return { kind: 'timeout', message: `${what}: no connection in time` };
  return { kind: 'unreachable', message: `${what}: ${code} ${error.message}`.slice(0, 300) };
}

function notGranted(
  request: HttpRequest,
  type: 'timeout' | 'full' | 'closed' | 'aborted',
  queueTimeoutMs: number,
): Failure {
  const what = nameOf(request);
  switch (type) {
    case 'timeout':
      return {
        kind: 'rate_limited',
        message: `${what} was not sent: the rate limit left no room for it in ${queueTimeoutMs} ms`,
      };
    case 'full':
      return { kind: 'rate_limited', message: `${what} was not sent: too many requests are waiting already` };
    case 'closed':
    case 'aborted':
      return { kind: 'closed', message: `${what} was not sent: given up on request` };
  }
}
