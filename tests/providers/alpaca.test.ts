import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/clock/chance.ts';
import { liveClock } from '../../src/clock/live.ts';
import { type RunningExchange, startExchange } from '../../src/exchange/exchange.ts';
import { type ExchangeFaults, NO_FAULTS } from '../../src/exchange/faults.ts';
import { silentLog } from '../../src/observability/log.ts';
import { providerConfig } from '../../src/providers/config.ts';
import type { MarketStream } from '../../src/providers/contract.ts';
import { createHistoryProvider, createMarketStream } from '../../src/providers/factory.ts';
import { eventually } from '../network/eventually.ts';
import { type ProviderStage, providerContract, unwrap } from './contract.ts';
import { QUICK, watchStream } from './listener.ts';

const context = { clock: liveClock, random: seededRandom(5), log: silentLog };

let exchange: RunningExchange;
beforeAll(async () => {
  exchange = await startExchange({
    port: 0,
    seed: 11,
    symbols: ['AAPL', 'MSFT', 'SPY', 'BTC/USD'],
    ratePerSecond: 300,
    faults: {},
    clock: liveClock,
    log: silentLog,
    limits: { requestsPerMinute: 10_000 },
  });
});
afterAll(() => exchange.close());

function stage(): ProviderStage {
  const { env } = exchange;
  const configuration = (keys: 'right' | 'wrong') =>
    providerConfig({
      provider: 'alpaca',
      feed: 'iex',
      assetClass: 'us_equity',
      streamUrl: env.APCA_API_STREAM_URL,
      dataUrl: env.APCA_API_DATA_URL,
      keyId: env.APCA_API_KEY_ID,
      secretKey: keys === 'right' ? env.APCA_API_SECRET_KEY : 'wrong',
      stream: QUICK,
    });
  return {
    symbols: ['AAPL', 'MSFT'],
    now: () => liveClock.nowMicros(),
    openStream: (keys) => createMarketStream(configuration(keys), context),
    openHistory: (keys) => createHistoryProvider(configuration(keys), context),
    cut: () => exchange.disconnect('data'),
  };
}

providerContract('alpaca, at the local exchange', stage);

it('crypto comes by its own paths, on the stream and in history', async () => {
  const { env } = exchange;
  const config = providerConfig({
    provider: 'alpaca',
    feed: 'crypto',
    assetClass: 'crypto',
    streamUrl: env.APCA_API_STREAM_URL,
    dataUrl: env.APCA_API_DATA_URL,
    keyId: env.APCA_API_KEY_ID,
    secretKey: env.APCA_API_SECRET_KEY,
    stream: QUICK,
  });
  const stream = createMarketStream(config, context);
  stream.want({ trades: ['BTC/USD'], quotes: ['BTC/USD'], bars: [] });
  const symbols = new Set<string>();
  stream.open({
    onPending: () => stream.flush(),
    onBatch: (batch) => {
      for (let row = 0; row < batch.count; row += 1) symbols.add(stream.symbols.textOf(batch.symbolId[row]!));
      return batch;
    },
    onNotice: () => {},
  });
  await eventually(() => expect([...symbols]).toEqual(['BTC/USD']));
  await stream.close();
  const history = createHistoryProvider(config, context);
  const toMicros = liveClock.nowMicros();
  const request = {
    symbols: ['BTC/USD'],
    interval: 'minute',
    fromMicros: toMicros - 1_800e6,
    toMicros,
  } as const;
  expect(unwrap(await history.bars(request)).get('BTC/USD')?.length).toBeGreaterThan(5);
  expect(unwrap(await history.snapshots(['BTC/USD'])).get('BTC/USD')?.latestTrade?.price).toBeGreaterThan(0);
});

describe('the Alpaca stream at an exchange that misbehaves', () => {
  const open: MarketStream[] = [];
  afterEach(async () => {
    exchange.setFaults(NO_FAULTS);
    for (const stream of open.splice(0)) await stream.close();
  });

  function watchFaulty(
    faults: Partial<ExchangeFaults>,
    limits: Parameters<typeof watchStream>[0]['limits'] = {},
  ) {
    exchange.setFaults(faults);
    const { env } = exchange;
    const watched = watchStream({
      url: env.APCA_API_STREAM_URL,
      keyId: env.APCA_API_KEY_ID,
      secretKey: env.APCA_API_SECRET_KEY,
      want: { trades: ['SPY', 'AAPL'], quotes: ['SPY', 'AAPL'] },
      limits,
    });
    open.push(watched.stream);
    return watched;
  }

  it.each<[string, Partial<ExchangeFaults>]>([
    ['takes connections and does not upgrade them', { stalledUpgrade: true }],
    ['does not answer the authentication', { noAuthReply: true }],
    ['refuses upgrades with HTTP 429', { upgradeRateLimited: true }],
    ['cuts us off as a slow client', { slowClient: true }],
  ])('recovers from one that %s', async (_name, faults) => {
    const { stream, events } = watchFaulty(faults, {
      handshakeTimeoutMs: 50,
      authTimeoutMs: 50,
    });
    await eventually(() => expect(stream.counters.reconnects).toBeGreaterThan(2));
    exchange.setFaults(NO_FAULTS);
    const before = events.length;
    await eventually(() => expect(events.length).toBeGreaterThan(before + 20));
  });

  it('notices that an open market is silent', async () => {
    const { stream, states } = watchFaulty({ silentData: true }, { silenceMaxMs: 100 });
    await eventually(() => expect(states()).toContain('live'));
    stream.setSession?.('open');
    await eventually(() => expect(stream.counters.reconnects).toBeGreaterThan(0));
  });

  it('waits on the same connection while its last session is still counted', async () => {
    const { stream, states } = watchFaulty({ connectionHeldMs: 300 }, { connectionLimitDelayMs: 50 });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    exchange.disconnect('data');
    await eventually(() => {
      expect(stream.counters.reconnects).toBeGreaterThan(0);
      expect(states().at(-1)).toBe('live');
    });
    expect(stream.counters.reconnects).toBe(1);
  });

  it('says that the account may not use the feed', async () => {
    const { last } = watchFaulty({ feedNotInPlan: true });
    await eventually(() => expect(last('fatal')?.detail).toContain('409'));
  });

  it('keeps what is good of damaged frames, later kinds and thin acknowledgements', async () => {
    const { stream, events, states } = watchFaulty({
      malformedElements: true,
      unknownKinds: true,
      omitEmptyChannels: true,
    });
    await eventually(() => {
      expect(stream.counters.damagedElements).toBeGreaterThan(3);
      expect(stream.counters.unknownKinds).toBeGreaterThan(3);
      expect(events.length).toBeGreaterThan(20);
    });
    expect(states().at(-1)).toBe('live');
  });

  it('names the symbols that are never acknowledged', async () => {
    const { last } = watchFaulty({ unacknowledgedSymbols: ['AAPL'] });
    await eventually(() =>
      expect(last('unacknowledged')?.missing).toEqual({ trades: ['AAPL'], quotes: ['AAPL'], bars: [] }),
    );
  });
});
