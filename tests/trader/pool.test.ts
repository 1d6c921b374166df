/** The pool of threads that asks for history: what it hands back, against the same asked here. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alpacaBrokerConfig } from '../../src/brokers/config.ts';
import { createBroker } from '../../src/brokers/factory.ts';
import { SessionCalendar, usEquityRules } from '../../src/clock/calendar.ts';
import { seededRandom } from '../../src/clock/chance.ts';
import { liveClock } from '../../src/clock/live.ts';
import { success } from '../../src/domain/outcome.ts';
import { MICROS_PER_DAY } from '../../src/domain/time.ts';
import { type RunningExchange, startExchange } from '../../src/exchange/exchange.ts';
import { silentLog } from '../../src/observability/log.ts';
import { providerConfig } from '../../src/providers/config.ts';
import { createHistoryProvider } from '../../src/providers/factory.ts';
import { checkScannerParameters, findScanner } from '../../src/scanners/registry.ts';
import type { PooledHistory } from '../../src/trader/history/pooledHistory.ts';
import { openScanQueries, type ScanMarket } from '../../src/trader/scanning/scanQueries.ts';
import { instrument } from '../scanners/market.ts';

// A pool's threads run compiled files only.
const { openPooledHistory } = (await import(
  new URL('../../dist/trader/history/pooledHistory.js', import.meta.url).href
)) as typeof import('../../src/trader/history/pooledHistory.ts');

const SYMBOLS = ['AAPL', 'F', 'IBM', 'KO', 'SPY'];

describe('the pool', () => {
  let exchange: RunningExchange;
  let pool: PooledHistory;
  let here: ScanMarket;

  beforeAll(async () => {
    const options = { log: silentLog, clock: liveClock };
    exchange = await startExchange({
      ...options,
      port: 0,
      seed: 7,
      symbols: SYMBOLS,
      ratePerSecond: 10,
      faults: {},
    });
    const { env } = exchange;
    const provider = providerConfig({
      ...{ provider: 'alpaca', feed: 'iex', assetClass: 'us_equity', folder: '/' },
      ...{ keyId: env.APCA_API_KEY_ID, secretKey: env.APCA_API_SECRET_KEY },
      ...{ dataUrl: env.APCA_API_DATA_URL, streamUrl: env.APCA_API_STREAM_URL },
    });
    const log = { level: 'silent', file: null, isPretty: false } as const;
    pool = openPooledHistory({ provider, log, clock: liveClock, seed: 1, timeoutMs: 30_000 });
    // Its session is now, whatever day it is.
    const calendar = new SessionCalendar(usEquityRules);
    const day = (offset: number) =>
      calendar.dateAt(liveClock.nowMicros() + offset * MICROS_PER_DAY).toString();
    const keys = { keyId: env.APCA_API_KEY_ID, secretKey: env.APCA_API_SECRET_KEY };
    const broker = createBroker(
      alpacaBrokerConfig({ ...keys, baseUrl: env.APCA_API_BASE_URL, assetClass: 'us_equity' }),
      { ...options, random: seededRandom(1) },
    );
    const sessions = await broker.sessions(day(-7), day(7));
    if (sessions.ok) calendar.replace(day(-7), day(7), sessions.value);
    await broker.close();
    here = {
      history: createHistoryProvider(provider, { ...options, random: seededRandom(1) }),
      calendar,
      hours: 'always',
      instruments: async () => success(SYMBOLS.map((symbol) => instrument(symbol))),
    };
  }, 60_000);
  afterAll(async () => {
    await pool?.close();
    await exchange?.close();
  });

  it('looks over the snapshots for a scanner, and hands back only what it found', async () => {
    const scanner = findScanner('most-active')!;
    const { parameters } = checkScannerParameters(scanner, {}, '') as { parameters: unknown };
    const scan = async (market: ScanMarket) => {
      const queries = await openScanQueries(market, liveClock.nowMicros(), new AbortController().signal);
      return scanner.scan({ ...queries, parameters, log: () => undefined });
    };
    const there = await scan({
      ...here,
      history: pool,
      sift: (task, signal) => pool.sift(task, signal),
    });
    const symbols = (found: typeof there) => found.map(({ symbol }) => symbol).sort();
    // The market goes on between the two: who is ahead may change, who is there does not.
    expect(symbols(there)).toEqual(symbols(await scan(here)));
    expect(there.length).toBeGreaterThan(0);
    expect(there[0]?.reason).toMatch(/ dollars today$/);
  });

  it('answers a failure, and does not fail itself, when the time is over', async () => {
    const stop = AbortSignal.abort(new Error('no answer in time'));
    const task = {
      scanner: 'most-active',
      parameters: {},
      minutesSinceOpen: 1,
      symbols: SYMBOLS,
      dayMicros: 0,
    };
    expect(await pool.sift(task, stop)).toEqual({
      ok: false,
      failure: { kind: 'timeout', message: 'history (sift): no answer in time' },
    });
  });
});
