import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  allowLoopbackOnly,
  closeAll,
  type Json,
  start,
  type TestExchange,
  whileTimePasses,
} from './harness.ts';

beforeAll(allowLoopbackOnly);
afterEach(closeAll);

interface WireBar {
  t: string;
  o: number;
  h: number;
  l: number;
  c: number;
  v: number;
  n: number;
  vw: number;
}

/** All pages, and how many there were. */
async function pages(
  test: TestExchange,
  path: string,
  key: string,
): Promise<{ rows: Map<string, Json[]>; count: number }> {
  const rows = new Map<string, Json[]>();
  let token: string | null = null;
  let count = 0;
  do {
    const { body } = await test.get(
      `${path}${token === null ? '' : `&page_token=${encodeURIComponent(token)}`}`,
    );
    for (const [symbol, list] of Object.entries(body[key] as Record<string, Json[]>)) {
      rows.set(symbol, [...(rows.get(symbol) ?? []), ...list]);
    }
    token = body.next_page_token as string | null;
    count += 1;
  } while (token !== null);
  return { rows, count };
}

const SETS_NO_PRICE = new Set(['I', 'W', '7']);

/** The minute bar of trades, by the rules of the reference and nothing of the exchange's code. */
function fold(trades: readonly Json[]): Omit<WireBar, 't'> | undefined {
  const standing = trades.filter(({ u }) => u !== 'canceled' && u !== 'incorrect');
  const priced = standing.filter(
    ({ c }) => !(c as string[] | undefined)?.some((code) => SETS_NO_PRICE.has(code)),
  );
  if (priced.length === 0) return undefined;
  const prices = priced.map(({ p }) => Number(p));
  const volume = standing.reduce((sum, { s }) => sum + Number(s), 0);
  const notional = standing.reduce((sum, { s, p }) => sum + Number(s) * Number(p), 0);
  return {
    o: prices[0]!,
    h: Math.max(...prices),
    l: Math.min(...prices),
    c: prices.at(-1)!,
    v: Number(volume.toFixed(9)),
    n: standing.length,
    vw: Number((notional / volume).toFixed(6)),
  };
}

describe('market data over REST', () => {
  it('serves the bars that were streamed, and both are the fold of the trades served', async () => {
    const test = await start({ ratePerSecond: 60 });
    const client = await test.data({ bars: ['*'], updatedBars: ['*'], trades: ['*'], quotes: ['*'] });
    await whileTimePasses(
      test,
      () => {
        expect(client.messages.filter(({ T }) => T === 'b').length).toBeGreaterThan(11);
        expect(client.messages.filter(({ T }) => T === 'u').length).toBeGreaterThan(1);
      },
      1_000,
    );
    // To half a minute after a mark, when every late trade of closed minutes has been told.
    test.clock.advanceTo(Math.ceil(test.clock.nowMicros() / 60_000_000) * 60_000_000 + 45_000_000);
    const streamed = new Map<string, Json>();
    const { rows: bars } = await pages(
      test,
      '/v2/stocks/bars?symbols=AAPL,F&timeframe=1Min&start=2026-11-20T14:30:00Z',
      'bars',
    );
    const last = bars.get('F')!.at(-1)!;
    await client.has(({ T, S, t }) => T === 'b' && S === 'F' && t === last.t);
    await client.has(({ T, t }) => T === 'q' && String(t) > `${String(last.t).slice(0, 16)}:59`);
    for (const { T, S, ...bar } of client.messages) {
      if (T === 'b' || T === 'u') streamed.set(`${String(S)} ${String(bar.t)}`, bar);
    }
    expect(streamed.size).toBeGreaterThan(5);
    for (const symbol of ['AAPL', 'F']) {
      const { rows } = await pages(
        test,
        `/v2/stocks/trades?symbols=${symbol}&start=2026-11-20T14:30:00Z&limit=10000`,
        'trades',
      );
      const trades = rows.get(symbol) ?? [];
      for (const bar of (bars.get(symbol) ?? []) as unknown as WireBar[]) {
        const { t, ...values } = bar;
        const minute = t.slice(0, 16);
        expect(fold(trades.filter((trade) => String(trade.t).startsWith(minute))), `${symbol} ${t}`).toEqual(
          values,
        );
        expect(streamed.get(`${symbol} ${t}`)).toEqual(bar);
      }
      const live = client.messages.filter(
        // A late trade of a minute before the range may have been streamed within it.
        ({ T, S, t }) => T === 't' && S === symbol && String(t) >= '2026-11-20T14:30',
      );
      const ids = new Set(trades.map(({ i }) => i));
      expect(live.every(({ i }) => ids.has(i))).toBe(true);
    }
  });

  it('has the hour before the start in ticks, and the days before it in bars', async () => {
    const test = await start({ sessions: { earlierDays: 6, earlierMinuteDays: 2 } });
    const trades = await pages(
      test,
      '/v2/stocks/trades?symbols=AAPL&start=2026-11-20T13:30:00Z&limit=500',
      'trades',
    );
    expect(trades.count).toBeGreaterThan(1);
    const times = trades.rows.get('AAPL')!.map(({ t }) => String(t));
    expect(times[0]!.startsWith('2026-11-20T13:30')).toBe(true);
    const ids = trades.rows.get('AAPL')!.map(({ i }) => i);
    expect(new Set(ids).size).toBe(ids.length);
    const days = (await test.get('/v2/stocks/AAPL/bars?timeframe=1Day&start=2026-11-01')).body.bars as Json[];
    expect(days.map(({ t }) => t)).toEqual(
      [14, 15, 16, 17, 18, 19, 20].map((day) => `2026-11-${day}T05:00:00Z`),
    );
    const minutes = await pages(
      test,
      '/v2/stocks/bars?symbols=AAPL&timeframe=1Min&start=2026-11-18T00:00:00Z&limit=10000',
      'bars',
    );
    expect(minutes.rows.get('AAPL')).toHaveLength(2 * 390 + 60);
    const hours = (await test.get('/v2/stocks/AAPL/bars?timeframe=1Hour&start=2026-11-19T00:00:00Z')).body
      .bars as Json[];
    expect(hours.slice(0, 2).map(({ t }) => t)).toEqual(['2026-11-19T13:00:00Z', '2026-11-19T14:00:00Z']);
  });

  it('pages by symbol, then time, with a limit over all symbols', async () => {
    const test = await start();
    const path = '/v2/stocks/quotes?symbols=F%2CAAPL&start=2026-11-20T14:28:00Z&end=2026-11-20T14:30:00Z';
    const whole = await pages(test, `${path}&limit=10000`, 'quotes');
    const paged = await pages(test, `${path}&limit=97`, 'quotes');
    expect(paged.count).toBeGreaterThan(2);
    expect(paged.rows).toEqual(whole.rows);
    const first = (await test.get(`${path}&limit=97`)).body;
    expect(Object.keys(first.quotes as Json)).toEqual(['AAPL']);
    expect(Buffer.from(String(first.next_page_token), 'base64').toString()).toMatch(/^AAPL\|2026-11-20T/);
    const descending = await pages(test, `${path}&limit=97&sort=desc`, 'quotes');
    expect(descending.rows.get('F')).toEqual(whole.rows.get('F')?.toReversed());
  });

  it('takes start and end inclusively', async () => {
    const test = await start();
    const range = (from: string, to: string) =>
      test.get(`/v2/stocks/AAPL/bars?timeframe=1Min&start=2026-11-20T${from}:00Z&end=2026-11-20T${to}:00Z`);
    const { body } = await range('14:25', '14:27');
    expect((body.bars as Json[]).map(({ t }) => t)).toEqual(
      ['14:25', '14:26', '14:27'].map((time) => `2026-11-20T${time}:00Z`),
    );
    expect(body).toMatchObject({ symbol: 'AAPL', next_page_token: null });
    const five = await test.get('/v2/stocks/AAPL/bars?timeframe=5Min&start=2026-11-20T14:20:00Z');
    expect((five.body.bars as Json[]).map(({ t }) => t)).toEqual([
      '2026-11-20T14:20:00Z',
      '2026-11-20T14:25:00Z',
    ]);
  });

  it('shows snapshots keyed by symbol for stocks, and under `snapshots` for crypto, without keys', async () => {
    const test = await start();
    const stocks = (await test.get('/v2/stocks/snapshots?symbols=AAPL,F,NOPE')).body as Record<string, Json>;
    expect(Object.keys(stocks)).toEqual(['AAPL', 'F']);
    expect(Object.keys(stocks.AAPL!)).toEqual([
      'latestTrade',
      'latestQuote',
      'minuteBar',
      'dailyBar',
      'prevDailyBar',
    ]);
    const { fetch } = await import('undici');
    const path = '/v1beta3/crypto/us/snapshots?symbols=BTC%2FUSD';
    const crypto = await fetch(`${test.exchange.env.APCA_API_DATA_URL}${path}`);
    expect(await crypto.json()).toMatchObject({
      snapshots: { 'BTC/USD': { latestTrade: { tks: expect.any(String) } } },
    });
    const { body } = await test.get(
      '/v1beta3/crypto/us/bars?symbols=BTC/USD&timeframe=1Day&start=2026-11-01',
    );
    expect(
      ((body.bars as Json)['BTC/USD'] as Json[]).every(({ t }) => String(t).endsWith('T06:00:00Z')),
    ).toBe(true);
  });

  it('says what is wrong with a request', async () => {
    const test = await start();
    for (const path of [
      '/v2/stocks/bars?timeframe=1Min',
      '/v2/stocks/bars?symbols=AAPL',
      '/v2/stocks/bars?symbols=AAPL&timeframe=60Min',
      '/v2/stocks/bars?symbols=AAPL&timeframe=1Min&start=yesterday',
      '/v2/stocks/bars?symbols=AAPL&timeframe=1Min&limit=10001',
      '/v2/stocks/trades?symbols=AAPL&page_token=abc',
      '/v2/stocks/trades?symbols=aapl',
    ]) {
      expect(await test.get(path), path).toMatchObject({
        status: 400,
        body: { message: expect.any(String) },
      });
    }
  });
});
