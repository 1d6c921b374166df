/** Plain HTTP: routes, keys, the request limit, bodies within bounds, and answers with Alpaca's headers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { newId } from '../../clock/chance.ts';
import type { Clock } from '../../clock/clock.ts';
import type { FaultSwitches } from '../faults.ts';
import type { ExchangeLimits, ExchangeLog } from '../options.ts';
import { jsonText } from '../streams/encoding.ts';
import { badRequest, isRefusal, RATE_LIMITED, type Refusal, UNAUTHORIZED } from './refusals.ts';
import { type HttpAnswer, type Route, Router } from './routes.ts';

export interface Credentials {
  readonly keyId: string;
  readonly secretKey: string;
}

export interface HttpOptions {
  readonly routes: readonly Route[];
  readonly credentials: Credentials;
  readonly faults: FaultSwitches;
  readonly limits: ExchangeLimits;
  readonly clock: Clock;
  readonly log: ExchangeLog;
}

const RATE_WINDOW_MS = 60_000;
const UNAVAILABLE_HTML = '<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>';

export class HttpFront {
  readonly server: Server;
  requests = 0;
  readonly #options: HttpOptions;
  readonly #router: Router;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #windowCount = 0;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#router = new Router(options.routes);
    this.server = createServer((request, response) => void this.#serve(request, response));
    this.server.maxConnections = options.limits.httpConnectionsMax;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    response.setHeader('X-Request-ID', newId().replaceAll('-', ''));
    try {
      const answer = await this.#answer(request, response);
      if ('lost' in answer) {
        lose(answer.lost, response);
        return;
      }
      send(response, answer.status, answer.body);
    } catch (error) {
      this.#options.log.error({ error: String(error), path: request.url }, 'a request failed');
      send(response, 500, { code: 50_010_000, message: 'internal server error occurred' });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<HttpAnswer> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const method = request.method ?? 'GET';
    const found = this.#router.find(method, url.pathname);
    if (found?.route.isPublic !== true) {
      if (!hasKeys(request, this.#options.credentials)) return UNAUTHORIZED;
      if (!this.#count(response)) return RATE_LIMITED;
    }
    if (found === undefined) {
      return this.#router.knows(url.pathname)
        ? { status: 405, body: { message: 'method not allowed' } }
        : { status: 404, body: { message: 'endpoint not found.' } };
    }
    const body = await readBody(request, this.#options.limits.requestBodyBytesMax);
    if (isRefusal(body)) return body;
    return found.route.answer({
      method,
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      params: found.params,
      body: body.fields,
    });
  }

  /** Counts the request against the minute's limit; false when it is used up. */
  #count(response: ServerResponse): boolean {
    const { clock, faults, limits } = this.#options;
    const nowMs = clock.nowMicros() / 1_000;
    if (nowMs - this.#windowStartMs >= RATE_WINDOW_MS) {
      this.#windowStartMs = Math.floor(nowMs / 1_000) * 1_000;
      this.#windowCount = 0;
    }
    const limit = faults.current.requestsPerMinute ?? limits.requestsPerMinute;
    this.#windowCount += 1;
    response.setHeader('X-Ratelimit-Limit', String(limit));
    response.setHeader('X-Ratelimit-Remaining', String(Math.max(0, limit - this.#windowCount)));
    response.setHeader(
      'X-Ratelimit-Reset',
      String(Math.ceil((this.#windowStartMs + RATE_WINDOW_MS) / 1_000)),
    );
    return this.#windowCount <= limit;
  }
}

/** Whether the request carries the exchange's keys, in Alpaca's headers or as basic authorization. */
export function hasKeys(request: IncomingMessage, credentials: Credentials): boolean {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const basic = Buffer.from(`${credentials.keyId}:${credentials.secretKey}`).toString('base64');
    return authorization === `Basic ${basic}`;
  }
  return (
    request.headers['apca-api-key-id'] === credentials.keyId &&
    request.headers['apca-api-secret-key'] === credentials.secretKey
  );
}

async function readBody(
  request: IncomingMessage,
  bytesMax: number,
): Promise<Refusal | { fields: Record<string, unknown> }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
  }
  if (bytes > bytesMax) return { status: 413, body: { message: `request body over ${bytesMax} bytes` } };
  if (bytes === 0) return { fields: {} };
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { fields: value as Record<string, unknown> };
    }
  } catch {
    // Answered below, together with bodies that are no object.
  }
  return badRequest('request body format is invalid');
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  if (status === 204) {
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'application/json; charset=UTF-8');
  response.end(jsonText(body));
}

function lose(how: 'reset' | 'unavailable' | 'hang', response: ServerResponse): void {
  if (how === 'reset') response.socket?.resetAndDestroy();
  if (how !== 'unavailable') return;
  response.writeHead(503, { 'Content-Type': 'text/html' });
  response.end(UNAVAILABLE_HTML);
}
