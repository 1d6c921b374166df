import { afterEach, describe, expect, it } from 'vitest';
import type { Broker } from '../../src/brokers/contract.ts';
import { decimal, formatDecimal } from '../../src/domain/decimal.ts';
import type { AssetClass } from '../../src/domain/market.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { formatMicros } from '../../src/domain/time.ts';
import { json, openBroker, orderObject, type Respond, type RestServer, startRest } from './alpaca.ts';

const open: (RestServer | Broker)[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function brokerAt(respond: Respond, assetClass: AssetClass = 'us_equity') {
  const server = await startRest(respond);
  const broker = openBroker(`${server.httpUrl}/v2/`, { assetClass });
  open.push(server, broker);
  return { broker, server };
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.value;
}

const ACCOUNT = {
  id: 'e6fe16f3-64a4-4921-8928-cadf02f92f98',
  status: 'ACTIVE',
  crypto_status: 'ACTIVE',
  currency: 'USD',
  buying_power: '262113.632',
  non_marginable_buying_power: '126000.1',
  cash: '-23140.2',
  equity: '103820.560000001',
  last_equity: '103529.24',
  shorting_enabled: true,
  trading_blocked: false,
  account_blocked: false,
  trade_suspended_by_user: false,
  a_field_of_next_year: { x: 1 },
};

describe('the account', () => {
  it('is read exactly, unknown fields ignored, from an address with or without its version', async () => {
    const { broker, server } = await brokerAt((_request, response) => json(response, 200, ACCOUNT));
    expect(unwrap(await broker.account())).toEqual({
      accountId: ACCOUNT.id,
      currency: 'USD',
      cash: decimal('-23140.2'),
      equity: decimal('103820.560000001'),
      lastEquity: decimal('103529.24'),
      buyingPower: decimal('262113.632'),
      shortingEnabled: true,
      blockedReason: null,
    });
    expect(server.requests[0]).toMatchObject({ path: '/v2/account' });
    expect(server.requests[0]?.headers['apca-api-key-id']).toBe('PKTESTKEY');
  });

  it('works with nothing but its id and status', async () => {
    const { broker } = await brokerAt((_request, response) =>
      json(response, 200, { id: '1', status: 'ACTIVE', cash: '5' }),
    );
    expect(unwrap(await broker.account())).toMatchObject({ buyingPower: decimal('5'), equity: decimal('5') });
  });

  it('counts only what needs no margin as the buying power of crypto', async () => {
    const { broker } = await brokerAt((_request, response) => json(response, 200, ACCOUNT), 'crypto');
    expect(unwrap(await broker.account()).buyingPower).toBe(decimal('126000.1'));
  });

  it.each([
    [{ status: 'ACCOUNT_UPDATED' }, 'ACCOUNT_UPDATED'],
    [{ account_blocked: true }, 'blocked'],
    [{ trading_blocked: true }, 'may not trade'],
    [{ trade_suspended_by_user: true }, 'suspended'],
  ])('says why it may not trade: %j', async (change, words) => {
    const { broker } = await brokerAt((_request, response) => json(response, 200, { ...ACCOUNT, ...change }));
    expect(unwrap(await broker.account()).blockedReason).toContain(words);
  });

  it('is asked for again after a broken answer, and not after a refusal', async () => {
    let calls = 0;
    const { broker } = await brokerAt((_request, response) => {
      calls += 1;
      if (calls === 1) json(response, 503, {});
      else json(response, 401, { message: 'unauthorized.' });
    });
    expect(await broker.account()).toMatchObject({
      ok: false,
      failure: { kind: 'unauthorized', httpStatus: 401 },
    });
    expect(calls).toBe(2);
  });
});

it('positions are signed, and crypto has its slash again', async () => {
  const { broker } = await brokerAt((_request, response) =>
    json(response, 200, [
      {
        symbol: 'AAPL',
        asset_class: 'us_equity',
        qty: '-5',
        side: 'short',
        avg_entry_price: '100.123456789',
      },
      {
        symbol: 'BTCUSD',
        asset_class: 'crypto',
        qty: '0.000000001',
        side: 'long',
        avg_entry_price: '1',
        current_price: '2',
      },
      { symbol: 'ETHUSDT', asset_class: 'crypto', qty: '1', side: 'long', avg_entry_price: '1' },
      { symbol: 'BTC/USD', asset_class: 'crypto', qty: '1', side: 'long', avg_entry_price: '1' },
    ]),
  );
  const positions = unwrap(await broker.positions());
  expect(positions.map(({ symbol, quantity }) => [symbol, formatDecimal(quantity)])).toEqual([
    ['AAPL', '-5'],
    ['BTC/USD', '0.000000001'],
    ['ETH/USDT', '1'],
    ['BTC/USD', '1'],
  ]);
  expect(positions[0]).toMatchObject({ averagePrice: decimal('100.123456789'), currentPrice: null });
});

it('open orders are gathered over all pages', async () => {
  const all = Array.from({ length: 1_100 }, (_, index) => orderObject({ id: `order-${index}` }));
  const { broker, server } = await brokerAt((request, response) => {
    const after = request.query.get('after_order_id');
    const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
    json(response, 200, all.slice(start, start + Number(request.query.get('limit'))));
  });
  expect(unwrap(await broker.openOrders())).toHaveLength(1_100);
  expect(server.requests.map(({ query }) => query.get('status'))).toEqual(['open', 'open', 'open']);
});

it('open orders end where a server does not turn the page', async () => {
  const page = Array.from({ length: 500 }, (_, index) => orderObject({ id: `order-${index}` }));
  const { broker } = await brokerAt((_request, response) => json(response, 200, page));
  expect(unwrap(await broker.openOrders())).toHaveLength(500);
});

it('executions come from the activities over all pages, under the ids that the stream gives them', async () => {
  const all = Array.from({ length: 150 }, (_, index) => ({
    id: `20220203000000000::execution-${index}`,
    activity_type: 'FILL',
    transaction_time: '2022-02-03T14:45:01.123Z',
    type: 'partial_fill',
    price: '179.08',
    qty: '30',
    side: 'sell_short',
    symbol: 'AAPL',
    leaves_qty: '70',
    order_id: '61e6',
  }));
  const { broker, server } = await brokerAt((request, response) => {
    const token = request.query.get('page_token');
    const start = token === null ? 0 : all.findIndex(({ id }) => id === token) + 1;
    json(response, 200, all.slice(start, start + Number(request.query.get('page_size'))));
  });
  const since = Date.parse('2022-02-03T14:45:01.123Z') * 1_000 + 456;
  const executions = unwrap(await broker.executionsSince(since));
  expect(executions).toHaveLength(150);
  expect(executions[0]).toMatchObject({ executionId: 'execution-0', side: 'sell', price: decimal('179.08') });
  expect(server.requests[0]).toMatchObject({ path: '/v2/account/activities/FILL' });
  expect(Object.fromEntries(server.requests[0]!.query)).toMatchObject({
    after: '2022-02-03T14:45:01.122Z',
    direction: 'asc',
  });
});

it('sessions are New York times of either form, in winter, in summer, and on half days', async () => {
  const { broker } = await brokerAt((_request, response) =>
    json(response, 200, [
      { date: '2024-07-01', open: '09:30', close: '16:00', session_open: '0400', session_close: '2000' },
      { date: '2024-11-29', open: '09:30', close: '13:00', session_open: '0400', session_close: '1700' },
    ]),
  );
  const sessions = unwrap(await broker.sessions('2024-07-01', '2024-11-29'));
  expect(sessions.map(({ openMicros }) => formatMicros(openMicros))).toEqual([
    '2024-07-01T13:30:00.000000Z',
    '2024-11-29T14:30:00.000000Z',
  ]);
  expect(formatMicros(sessions[1]!.closeMicros)).toBe('2024-11-29T18:00:00.000000Z');
  expect(formatMicros(sessions[1]!.extendedCloseMicros)).toBe('2024-11-29T22:00:00.000000Z');
});

it('a session that runs over midnight closes on the next day', async () => {
  const { broker } = await brokerAt((_request, response) =>
    json(response, 200, [
      { date: '2024-03-09', open: '23:05', close: '05:35', session_open: '2305', session_close: '0535' },
    ]),
  );
  const [session] = unwrap(await broker.sessions('2024-03-09', '2024-03-09'));
  // Clocks go forward in that night: an hour less.
  expect(formatMicros(session!.openMicros)).toBe('2024-03-10T04:05:00.000000Z');
  expect(formatMicros(session!.closeMicros)).toBe('2024-03-10T09:35:00.000000Z');
  expect(session!.extendedCloseMicros).toBe(session!.closeMicros);
  expect(session!.extendedOpenMicros).toBe(session!.openMicros);
});

it("the market's time is read with its offset and nanoseconds", async () => {
  const { broker } = await brokerAt((_request, response) =>
    json(response, 200, { timestamp: '2025-06-24T14:15:22.123456789-04:00', is_open: true }),
  );
  expect(formatMicros(unwrap(await broker.now!()))).toBe('2025-06-24T18:15:22.123456Z');
});

it('instruments keep what decides how they may be traded', async () => {
  const { broker, server } = await brokerAt((_request, response) =>
    json(response, 200, [
      {
        id: '1',
        class: 'us_equity',
        exchange: 'NASDAQ',
        symbol: 'AAPL',
        name: 'Apple Inc.',
        tradable: true,
        shortable: true,
        fractionable: false,
      },
    ]),
  );
  expect(unwrap(await broker.instruments())).toEqual([
    {
      symbol: 'AAPL',
      name: 'Apple Inc.',
      assetClass: 'us_equity',
      exchange: 'NASDAQ',
      tradable: true,
      shortable: true,
      fractionable: false,
    },
  ]);
  expect(Object.fromEntries(server.requests[0]!.query)).toEqual({
    status: 'active',
    asset_class: 'us_equity',
  });
});

it.each<[string, (broker: Broker) => Promise<Outcome<unknown>>]>([
  ['account', (broker) => broker.account()],
  ['positions', (broker) => broker.positions()],
  ['openOrders', (broker) => broker.openOrders()],
  ['instruments', (broker) => broker.instruments()],
])('%s calls an answer of another form malformed', async (_name, call) => {
  const { broker } = await brokerAt((_request, response) => response.end('[{"unexpected":1}]'));
  expect(await call(broker)).toMatchObject({ ok: false, failure: { kind: 'malformed_answer' } });
});
