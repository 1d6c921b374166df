import { afterEach, describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { HttpClient, type HttpClientOptions, type HttpRequest } from '../../src/network/http.ts';
import { RequestLimiter } from '../../src/network/limiter.ts';
import { eventually } from './eventually.ts';
import { type Behaviour, startServer } from './servers.ts';

const open: { close(timeoutMs?: number): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close(0);
});

async function clientAt(onRequest: Behaviour['onRequest'], options: Partial<HttpClientOptions> = {}) {
  const paths: string[] = [];
  const server = await startServer({
    onRequest: (request, body, response) => {
      paths.push(request.url ?? '');
      onRequest?.(request, body, response);
    },
  });
  const limiter = new RequestLimiter({
    clock: liveClock,
    requestsPerMinuteMax: 1_000,
    requestsReserved: 0,
    concurrentMax: 100,
    queueDepthMax: 100,
  });
  const client = new HttpClient({
    baseUrl: `${server.httpUrl}/base/`,
    headers: {},
    clock: liveClock,
    limiter,
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 10_000,
    queueTimeoutMs: 1_000,
    answerBytesMax: 1_000,
    connectionsMax: 1,
    ...options,
  });
  open.push(server, client);
  return { client, paths };
}

const get = (path: string, signal?: AbortSignal): HttpRequest => ({
  method: 'GET',
  path,
  lane: 'cancel',
  ...(signal && { signal }),
});

describe('a request', () => {
  it('goes to the path behind the base address', async () => {
    const { client, paths } = await clientAt((_request, _body, response) => response.end('yes'));
    expect(await client.send(get('/x?y=1'))).toMatchObject({
      type: 'answered',
      answer: { status: 200, text: 'yes' },
    });
    expect(paths).toEqual(['/base/x?y=1']);
  });

  it('goes over a connection that is there already', async () => {
    const ports = new Set<number | undefined>();
    const { client } = await clientAt(
      (request, _body, response) => {
        ports.add(request.socket.remotePort);
        response.end('yes');
      },
      { connectionsMax: 8 },
    );
    for (const path of ['/1', '/2', '/3', '/4', '/5', '/6']) {
      expect(await client.send(get(path))).toMatchObject({ type: 'answered' });
    }
    // The last one's may still be at its end when the next request leaves: two take turns then.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it.each([
    ['before it was handed to a connection', () => Promise.resolve()],
    ['while it waited for a connection', () => new Promise((resolve) => setImmediate(resolve))],
  ])('that was given up %s is never sent', async (_name, pause) => {
    let release = () => {};
    const { client, paths } = await clientAt((request, _body, response) => {
      if (request.url === '/base/first') release = () => response.end();
      else response.end();
    });
    const first = client.send(get('/first'));
    await eventually(() => expect(paths).toEqual(['/base/first']));
    const abort = new AbortController();
    const second = client.send(get('/second', abort.signal));
    await pause();
    abort.abort();
    expect(await second).toMatchObject({ type: 'not_sent', failure: { kind: 'closed' } });
    release();
    expect(await first).toMatchObject({ type: 'answered' });
    expect(await client.send(get('/third'))).toMatchObject({ type: 'answered' });
    expect(paths).toEqual(['/base/first', '/base/third']);
  });

  it('that was sent and given up is lost', async () => {
    const { client, paths } = await clientAt(() => {});
    const abort = new AbortController();
    const outcome = client.send(get('/x', abort.signal));
    await eventually(() => expect(paths).toHaveLength(1));
    abort.abort();
    expect(await outcome).toMatchObject({ type: 'lost', failure: { kind: 'closed' } });
  });

  it('is lost when its answer is larger than the limit', async () => {
    const { client } = await clientAt((_request, _body, response) => response.end('x'.repeat(1_001)));
    expect(await client.send(get('/x'))).toMatchObject({
      type: 'lost',
      failure: { kind: 'malformed_answer' },
    });
  });

  it('is lost when no answer comes in time, and the next one has a connection of its own', async () => {
    const { client } = await clientAt(
      (request, _body, response) => {
        if (request.url !== '/base/hang') response.end();
      },
      { requestTimeoutMs: 500 },
    );
    expect(await client.send(get('/hang'))).toMatchObject({ type: 'lost', failure: { kind: 'timeout' } });
    expect(await client.send(get('/next'))).toMatchObject({ type: 'answered' });
  });
});
