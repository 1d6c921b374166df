import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/clock/chance.ts';
import { liveClock } from '../../src/clock/live.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { silentLog } from '../../src/observability/log.ts';
import { type HistoryLimits, providerConfig } from '../../src/providers/config.ts';
import type { HistoryProvider } from '../../src/providers/contract.ts';
import { createHistoryProvider } from '../../src/providers/factory.ts';
import { eventually } from '../network/eventually.ts';
import { closedPort, startServer, type TestServer } from '../network/servers.ts';

const FROM = Date.parse('2022-01-03T09:00:00Z') * 1_000;
const TO = Date.parse('2022-01-03T10:00:00Z') * 1_000;
const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

interface Asked {
  readonly requests: URL[];
  readonly history: HistoryProvider;
}

type Answer = object | string | ((request: IncomingMessage, response: ServerResponse) => void);

/** A data server that gives its answers one after another, the last one again and again. */
async function serve(
  answers: readonly (Answer | { status: number; body: object | string; headers?: Record<string, string> })[],
  options: { feed?: string; assetClass?: 'us_equity' | 'crypto'; limits?: Partial<HistoryLimits> } = {},
): Promise<Asked> {
  const requests: URL[] = [];
  const server = await startServer({
    onRequest: (request, _body, response) => {
      const answer = answers[Math.min(requests.length, answers.length - 1)]!;
      requests.push(new URL(request.url ?? '', 'http://test'));
      if (typeof answer === 'function') {
        answer(request, response);
        return;
      }
      const plain = typeof answer === 'object' && 'status' in answer ? answer : { status: 200, body: answer };
      const { status, body } = plain as { status: number; body: object | string };
      response.writeHead(status, 'headers' in plain ? (plain.headers as Record<string, string>) : {});
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    },
  });
  servers.push(server);
  return { requests, history: provider(server.httpUrl, options) };
}

function provider(
  dataUrl: string,
  options: { feed?: string; assetClass?: 'us_equity' | 'crypto'; limits?: Partial<HistoryLimits> } = {},
): HistoryProvider {
  const config = providerConfig({
    provider: 'alpaca',
    feed: options.feed ?? 'iex',
    assetClass: options.assetClass ?? 'us_equity',
    streamUrl: 'ws://127.0.0.1:1',
    dataUrl,
    keyId: 'PKTESTKEY',
    secretKey: 'the-secret-of-the-test',
    history: { retryDelayMs: 1, ...options.limits },
  });
  return createHistoryProvider(config, { clock: liveClock, random: seededRandom(1), log: silentLog });
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.value;
}

const bar = (time: string) => ({
  t: time,
  o: 178.26,
  h: 178.3,
  l: 178.21,
  c: 178.22,
  v: 1118,
  n: 65,
  vw: 178.235733,
});

describe('bars', () => {
  it('are gathered over all pages, one symbol after the other, oldest first', async () => {
    const { history, requests } = await serve([
      { bars: { AAPL: [bar('2022-01-03T09:00:00Z')] }, next_page_token: 'page-2' },
      { bars: {}, next_page_token: 'page-3' },
      {
        bars: { AAPL: [bar('2022-01-03T09:01:00Z')], MSFT: [bar('2022-01-03T09:00:00Z')] },
        next_page_token: null,
      },
    ]);
    const bars = unwrap(
      await history.bars({
        symbols: ['AAPL', 'MSFT', 'NONE'],
        interval: 'minute',
        fromMicros: FROM,
        toMicros: TO,
      }),
    );
    expect([...bars].map(([symbol, list]) => [symbol, list.length])).toEqual([
      ['AAPL', 2],
      ['MSFT', 1],
      ['NONE', 0],
    ]);
    expect(bars.get('AAPL')![0]).toEqual({
      symbol: 'AAPL',
      timeMicros: FROM,
      open: 178.26,
      high: 178.3,
      low: 178.21,
      close: 178.22,
      volume: 1118,
      tradeCount: 65,
      vwap: 178.235733,
    });
    expect(requests.map((url) => url.searchParams.get('page_token'))).toEqual([null, 'page-2', 'page-3']);
    expect(requests[0]!.pathname).toBe('/v2/stocks/bars');
    expect(Object.fromEntries(requests[0]!.searchParams)).toMatchObject({
      symbols: 'AAPL,MSFT,NONE',
      timeframe: '1Min',
      feed: 'iex',
      adjustment: 'split',
      start: '2022-01-03T09:00:00.000Z',
    });
  });

  it('leave out the one that starts at the end of the time asked for', async () => {
    const { history } = await serve([
      { bars: { A: [bar('2022-01-03T09:59:00Z'), bar('2022-01-03T10:00:00Z')] }, next_page_token: null },
    ]);
    const bars = unwrap(
      await history.bars({ symbols: ['A'], interval: 'minute', fromMicros: FROM, toMicros: TO }),
    );
    expect(bars.get('A')).toHaveLength(1);
  });

  it('are asked for newest first, and no further than needed, when only the newest of one symbol are wanted', async () => {
    const { history, requests } = await serve([
      { bars: { A: [bar('2022-01-03T10:00:00Z'), bar('2022-01-03T09:59:00Z')] }, next_page_token: 'two' },
      { bars: { A: [bar('2022-01-03T09:58:00Z'), bar('2022-01-03T09:57:00Z')] }, next_page_token: 'three' },
    ]);
    const bars = unwrap(
      await history.bars({
        symbols: ['A'],
        interval: 'minute',
        fromMicros: FROM,
        toMicros: TO,
        limitPerSymbol: 2,
      }),
    );
    expect(bars.get('A')!.map(({ timeMicros }) => (timeMicros - FROM) / 60e6)).toEqual([58, 59]);
    expect(requests).toHaveLength(2);
    expect(requests[0]!.searchParams.get('sort')).toBe('desc');
  });

  it('of many symbols are asked for in parts', async () => {
    const { history, requests } = await serve([{ bars: null, next_page_token: null }], {
      limits: { symbolsPerRequest: 2 },
    });
    const symbols = ['A', 'B', 'C', 'D', 'E', 'A'];
    const bars = unwrap(await history.bars({ symbols, interval: 'day', fromMicros: FROM, toMicros: TO }));
    expect(bars.size).toBe(5);
    expect(
      requests.map((url) => url.searchParams.get('symbols') ?? '').sort((a, b) => a.localeCompare(b)),
    ).toEqual(['A,B', 'C,D', 'E']);
  });

  it('of the delayed feed are not asked for up to now, which the free plan refuses', async () => {
    const { history, requests } = await serve([{ bars: {}, next_page_token: null }], { feed: 'delayed_sip' });
    const nowMicros = Date.now() * 1_000;
    await history.bars({ symbols: ['A'], interval: 'minute', fromMicros: FROM, toMicros: nowMicros });
    const end = Date.parse(requests[0]!.searchParams.get('end')!);
    expect(end).toBeLessThan(nowMicros / 1_000 - 14 * 60_000);
    expect(requests[0]!.searchParams.get('feed')).toBe('sip');
  });

  it.each([
    ['the same page again', [{ bars: {}, next_page_token: 'same' }]],
    ['a row without a price', [{ bars: { A: [{ t: '2022-01-03T09:00:00Z' }] }, next_page_token: null }]],
    ['no JSON', ['<html>']],
    ['an array', [[]]],
  ])('fail on %s rather than be a part', async (_name, answers) => {
    const { history } = await serve(answers);
    const outcome = await history.bars({
      symbols: ['A'],
      interval: 'minute',
      fromMicros: FROM,
      toMicros: TO,
    });
    expect(outcome).toMatchObject({ ok: false, failure: { kind: 'malformed_answer' } });
  });

  it('fail when they take more pages than the limit', async () => {
    let page = 0;
    const { history } = await serve(
      [
        (_request, response) => {
          page += 1;
          response.end(JSON.stringify({ bars: {}, next_page_token: `page-${page}` }));
        },
      ],
      { limits: { pagesMax: 3 } },
    );
    const outcome = await history.bars({
      symbols: ['A'],
      interval: 'minute',
      fromMicros: FROM,
      toMicros: TO,
    });
    expect(outcome).toMatchObject({ ok: false, failure: { kind: 'invalid' } });
    expect(page).toBe(3);
  });
});

describe('trades and quotes', () => {
  it('keep their microseconds, conditions and ids, and leave out what was withdrawn', async () => {
    const trade = {
      i: 628,
      x: 'K',
      p: 162.92,
      s: 3,
      c: ['@', 'T', 'I'],
      z: 'C',
      t: '2022-01-03T09:00:00.123456789Z',
    };
    const { history } = await serve([
      {
        trades: {
          AAPL: [
            trade,
            { ...trade, u: 'canceled' },
            { ...trade, u: 'incorrect' },
            { ...trade, u: 'corrected' },
          ],
        },
        next_page_token: null,
      },
    ]);
    const trades = unwrap(await history.trades('AAPL', FROM, TO));
    expect(trades).toHaveLength(2);
    expect(trades[0]).toEqual({
      symbol: 'AAPL',
      timeMicros: FROM + 123_456,
      price: 162.92,
      size: 3,
      exchange: 'K',
      conditions: ['@', 'T', 'I'],
      tape: 'C',
      id: '628',
    });
  });

  it('keep crypto ids beyond 2^53 exact', async () => {
    const { history, requests } = await serve(
      [
        '{"trades":{"BTC/USD":[{"i":8012479237256725631,"p":1,"s":0.00025,"t":"2022-01-03T09:00:00Z","tks":"B"}]},"next_page_token":null}',
      ],
      { feed: 'crypto', assetClass: 'crypto' },
    );
    const [trade] = unwrap(await history.trades('BTC/USD', FROM, TO));
    expect(trade).toMatchObject({ id: '8012479237256725631', size: 0.00025, conditions: [] });
    expect(requests[0]!.pathname).toBe('/v1beta3/crypto/us/trades');
    expect(requests[0]!.searchParams.get('symbols')).toBe('BTC/USD');
  });

  it('show an empty side of a quote as price 0', async () => {
    const { history } = await serve([
      {
        quotes: { A: [{ t: '2022-01-03T09:00:00Z', bp: 0, bs: 0, ap: 1.5, as: 100, ax: 'V', bx: ' ' }] },
        next_page_token: null,
      },
    ]);
    expect(unwrap(await history.quotes('A', FROM, TO))).toEqual([
      { symbol: 'A', timeMicros: FROM, bidPrice: 0, bidSize: 0, askPrice: 1.5, askSize: 100 },
    ]);
  });
});

describe('snapshots', () => {
  const latestQuote = { t: '2022-01-03T09:00:00Z', bp: 1, bs: 1, ap: 2, as: 1 };

  it.each([
    ['stocks, keyed by symbol', { AAPL: { latestQuote, dailyBar: null } }, 'us_equity', 'AAPL'],
    ['crypto, under a key of their own', { snapshots: { 'BTC/USD': { latestQuote } } }, 'crypto', 'BTC/USD'],
  ] as const)('are read for %s, with what is missing left out', async (_name, answer, assetClass, symbol) => {
    const { history } = await serve([answer], {
      assetClass,
      feed: assetClass === 'crypto' ? 'crypto' : 'iex',
    });
    const snapshots = unwrap(await history.snapshots([symbol]));
    expect(snapshots.get(symbol)).toEqual({
      symbol,
      latestQuote: { symbol, timeMicros: FROM, bidPrice: 1, bidSize: 1, askPrice: 2, askSize: 1 },
    });
  });

  it('of a whole market are asked for in so few requests that nine scans a minute pass the rate limit', async () => {
    const { history, requests } = await serve([{}]);
    const symbols = Array.from({ length: 11_000 }, (_, index) => `S${index}`);
    unwrap(await history.snapshots(symbols));
    expect(requests).toHaveLength(22);
    expect(new Set(requests.flatMap((url) => url.searchParams.get('symbols')?.split(',') ?? [])).size).toBe(
      11_000,
    );
  });
});

describe('a history request that fails', () => {
  const request = { symbols: ['A'], interval: 'minute', fromMicros: FROM, toMicros: TO } as const;
  const good = { bars: {}, next_page_token: null };

  it.each([
    [500, 'an internal error'],
    [503, 'a proxy page'],
    [429, 'the rate limit'],
  ])('is asked again after HTTP %i (%s)', async (status) => {
    const { history, requests } = await serve([
      { status, body: '<html>', headers: { 'retry-after': '0' } },
      good,
    ]);
    expect((await history.bars(request)).ok).toBe(true);
    expect(requests).toHaveLength(2);
  });

  it.each([
    [400, 'invalid'],
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [422, 'invalid'],
  ])('is not asked again after HTTP %i', async (status, kind) => {
    const { history, requests } = await serve([
      { status, body: { code: 42210000, message: 'no such feed' } },
    ]);
    const outcome = await history.bars(request);
    expect(outcome).toMatchObject({ ok: false, failure: { kind, httpStatus: status, vendorCode: 42210000 } });
    expect(JSON.stringify(outcome)).not.toContain('the-secret-of-the-test');
    expect(requests).toHaveLength(1);
  });

  it('ends after its tries', async () => {
    const { history, requests } = await serve([{ status: 500, body: '' }], { limits: { attemptsMax: 3 } });
    expect(await history.bars(request)).toMatchObject({ ok: false, failure: { kind: 'server_error' } });
    expect(requests).toHaveLength(3);
  });

  it('is not asked again where the server wants a longer wait than the limit', async () => {
    const { history, requests } = await serve([
      { status: 429, body: '', headers: { 'retry-after': '3600' } },
    ]);
    expect(await history.bars(request)).toMatchObject({
      ok: false,
      failure: { kind: 'rate_limited', retryAfterMs: 3_600_000 },
    });
    expect(requests).toHaveLength(1);
  });

  it('ends at once when it is given up', async () => {
    const { history, requests } = await serve([() => {}]);
    const abort = new AbortController();
    const outcome = history.bars(request, abort.signal);
    await eventually(() => expect(requests).toHaveLength(1));
    abort.abort();
    expect(await outcome).toMatchObject({ ok: false, failure: { kind: 'closed' } });
  });

  it('says so when nothing listens', async () => {
    const history = provider(`http://127.0.0.1:${await closedPort()}`, { limits: { attemptsMax: 2 } });
    expect(await history.bars(request)).toMatchObject({ ok: false, failure: { kind: 'unreachable' } });
  });

  it('takes no longer than its time-out', async () => {
    const { history } = await serve([() => {}], { limits: { requestTimeoutMs: 30, attemptsMax: 1 } });
    expect(await history.bars(request)).toMatchObject({ ok: false, failure: { kind: 'timeout' } });
  });
});
