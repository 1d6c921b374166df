import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker, BrokerNotice, TradeUpdate } from '../../src/brokers/contract.ts';
import { seededRandom } from '../../src/clock/chance.ts';
import { liveClock } from '../../src/clock/live.ts';
import { decimal, decimalFromNumber } from '../../src/domain/decimal.ts';
import { type RunningExchange, startExchange } from '../../src/exchange/exchange.ts';
import { type LostAnswer, NO_FAULTS } from '../../src/exchange/faults.ts';
import { silentLog } from '../../src/observability/log.ts';
import { providerConfig } from '../../src/providers/config.ts';
import { createHistoryProvider } from '../../src/providers/factory.ts';
import { eventually } from '../network/eventually.ts';
import { openBroker, order } from './alpaca.ts';
import { brokerContract } from './contract.ts';

let exchange: RunningExchange;
beforeAll(async () => {
  exchange = await startExchange({
    port: 0,
    seed: 12,
    symbols: ['AAPL', 'BTC/USD'],
    ratePerSecond: 100,
    faults: {},
    clock: liveClock,
    log: silentLog,
    latencyMs: [1, 2],
    limits: { requestsPerMinute: 10_000 },
  });
});
afterAll(() => exchange.close());

function brokerAtExchange(limits: Parameters<typeof openBroker>[1] = {}): Broker {
  const { env } = exchange;
  return openBroker(env.APCA_API_BASE_URL, {
    keyId: env.APCA_API_KEY_ID,
    secretKey: env.APCA_API_SECRET_KEY,
    limits: { requestsPerMinuteMax: 10_000, ...limits.limits },
  });
}

async function price() {
  const { env } = exchange;
  const history = createHistoryProvider(
    providerConfig({
      provider: 'alpaca',
      feed: 'iex',
      assetClass: 'us_equity',
      streamUrl: env.APCA_API_STREAM_URL,
      dataUrl: env.APCA_API_DATA_URL,
      keyId: env.APCA_API_KEY_ID,
      secretKey: env.APCA_API_SECRET_KEY,
    }),
    { clock: liveClock, random: seededRandom(1), log: silentLog },
  );
  const snapshots = await history.snapshots(['AAPL']);
  if (!snapshots.ok) throw new Error(snapshots.failure.message);
  return decimalFromNumber(snapshots.value.get('AAPL')!.latestTrade!.price);
}

brokerContract('alpaca, at the local exchange', async () => ({
  broker: brokerAtExchange(),
  symbol: 'AAPL',
  price,
  now: () => liveClock.nowMicros(),
  close: async () => {},
}));

describe('the Alpaca broker at an exchange that misbehaves', () => {
  const updates: TradeUpdate[] = [];
  const notices: BrokerNotice[] = [];
  let broker: Broker;
  let sequence = 0;
  beforeAll(async () => {
    broker = brokerAtExchange({ limits: { requestTimeoutMs: 300 } });
    broker.open({
      onTradeUpdate: (update) => updates.push(update),
      onNotice: (notice) => notices.push(notice),
    });
    await eventually(() => expect(notices).toMatchObject([{ type: 'connected' }]));
  });
  afterAll(() => broker.close());

  function propose() {
    sequence += 1;
    const clientOrderId = `fault.AAPL.${sequence}`;
    return order({ clientOrderId, type: 'market', limitPrice: null, quantity: decimal('1') });
  }

  it.each<[LostAnswer, 'there' | 'not there']>([
    ['reset_after_accepting', 'there'],
    ['unavailable_after_accepting', 'there'],
    ['hang_after_accepting', 'there'],
    ['reset_before_accepting', 'not there'],
    ['unavailable_before_accepting', 'not there'],
  ])('leaves an order in doubt on %s; asked for, it is %s; sent again, there is one', async (kind, where) => {
    exchange.setFaults({ lostAnswer: { kind, times: 1 } });
    const proposed = propose();
    expect(await broker.submit(proposed)).toMatchObject({ type: 'unknown' });
    exchange.setFaults(NO_FAULTS);
    const found = await broker.orderByClientOrderId(proposed.clientOrderId);
    expect(found.ok ? 'there' : 'not there').toBe(where);
    const before = exchange.statistics().ordersAccepted;
    expect(await broker.submit(proposed)).toMatchObject({ type: 'accepted' });
    expect(exchange.statistics().ordersAccepted - before).toBe(where === 'there' ? 0 : 1);
  });

  it('tells of a cut and of its end, and hears of fills again', async () => {
    exchange.disconnect('trading');
    await eventually(() =>
      expect(notices.slice(-2).map(({ type }) => type)).toEqual(['disconnected', 'connected']),
    );
    const proposed = propose();
    await broker.submit(proposed);
    await eventually(() =>
      expect(
        updates.some(
          ({ event, order: of }) => event === 'fill' && of.clientOrderId === proposed.clientOrderId,
        ),
      ).toBe(true),
    );
  });

  it('passes on what it does not know and goes on', async () => {
    exchange.setFaults({ unknownKinds: true });
    const proposed = propose();
    expect(await broker.submit(proposed)).toMatchObject({ type: 'accepted' });
    await eventually(() =>
      expect(
        updates.some(
          ({ event, order: of }) => event === 'fill' && of.clientOrderId === proposed.clientOrderId,
        ),
      ).toBe(true),
    );
    expect((await broker.account()).ok).toBe(true);
    exchange.setFaults(NO_FAULTS);
  });

  it('holds requests back where the server says that nothing is left', async () => {
    const impatient = brokerAtExchange({ limits: { readAttemptsMax: 1, readQueueTimeoutMs: 50 } });
    exchange.setFaults({ requestsPerMinute: 1 });
    const outcomes = [await impatient.account(), await impatient.account()];
    expect(outcomes.find(({ ok }) => !ok)).toMatchObject({ failure: { kind: 'rate_limited' } });
    exchange.setFaults(NO_FAULTS);
    await impatient.close();
  });
});

it('wrong keys are fatal on the stream and unauthorized on requests', async () => {
  const broker = openBroker(exchange.env.APCA_API_BASE_URL, { keyId: 'PKWRONG', secretKey: 'wrong' });
  const notices: BrokerNotice[] = [];
  broker.open({ onTradeUpdate: () => {}, onNotice: (notice) => notices.push(notice) });
  await eventually(() => expect(notices).toMatchObject([{ type: 'fatal' }]));
  expect(await broker.account()).toMatchObject({ ok: false });
  await broker.close();
});

it('crypto has one symbol everywhere: in orders, updates, executions and positions', async () => {
  const { env } = exchange;
  const broker = openBroker(env.APCA_API_BASE_URL, {
    keyId: env.APCA_API_KEY_ID,
    secretKey: env.APCA_API_SECRET_KEY,
    assetClass: 'crypto',
  });
  const updates: TradeUpdate[] = [];
  const notices: BrokerNotice[] = [];
  broker.open({
    onTradeUpdate: (update) => updates.push(update),
    onNotice: (notice) => notices.push(notice),
  });
  await eventually(() => expect(notices).toMatchObject([{ type: 'connected' }]));
  const sinceMicros = liveClock.nowMicros();
  const proposed = order({
    clientOrderId: 'crypto.1',
    symbol: 'BTC/USD',
    type: 'market',
    limitPrice: null,
    timeInForce: 'gtc',
    quantity: decimal('0.001234567'),
  });
  expect(await broker.submit(proposed)).toMatchObject({ type: 'accepted', order: { symbol: 'BTC/USD' } });
  await eventually(() =>
    expect(updates.at(-1)).toMatchObject({ event: 'fill', order: { symbol: 'BTC/USD' } }),
  );
  const executions = await broker.executionsSince(sinceMicros);
  const symbols = executions.ok ? executions.value.map(({ symbol }) => symbol) : [];
  expect(new Set(symbols)).toEqual(new Set(['BTC/USD']));
  const positions = await broker.positions();
  const held = positions.ok ? positions.value.find(({ symbol }) => symbol === 'BTC/USD') : undefined;
  expect(held?.quantity).toBe(decimal('0.001234567'));
  await broker.close();
});
