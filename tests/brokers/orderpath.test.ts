import { afterEach, describe, expect, it } from 'vitest';
import type { Broker } from '../../src/brokers/contract.ts';
import { decimal } from '../../src/domain/decimal.ts';
import type { Order } from '../../src/domain/order.ts';
import { eventually } from '../network/eventually.ts';
import { closedPort } from '../network/servers.ts';
import { json, openBroker, order, orderObject, type Respond, type RestServer, startRest } from './alpaca.ts';

const open: (RestServer | Broker)[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function brokerAt(
  respond: Respond,
  options: Parameters<typeof openBroker>[1] = {},
): Promise<{ broker: Broker; server: RestServer }> {
  const server = await startRest(respond);
  const broker = openBroker(server.httpUrl, options);
  open.push(server, broker);
  return { broker, server };
}

const isLookUp = (path: string) => path === '/v2/orders:by_client_order_id';

describe('placing an order', () => {
  it('sends amounts as exact text and answers with the order as the broker has it', async () => {
    const { broker, server } = await brokerAt((_request, response) => json(response, 200, orderObject()));
    const outcome = await broker.submit(
      order({
        type: 'stop_limit',
        quantity: decimal('0.0000001'),
        limitPrice: decimal('0.30000000'),
        stopPrice: decimal('1234567890.123456789'),
        extendedHours: true,
      }),
    );
    expect(outcome).toMatchObject({
      type: 'accepted',
      order: { status: 'accepted', quantity: decimal('2') },
    });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/v2/orders' });
    expect(request?.headers).toMatchObject({
      'apca-api-key-id': 'PKTESTKEY',
      'apca-api-secret-key': 'the-secret-of-the-test',
      'content-type': 'application/json',
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      symbol: 'AAPL',
      qty: '0.0000001',
      side: 'buy',
      type: 'stop_limit',
      time_in_force: 'day',
      limit_price: '0.3',
      stop_price: '1234567890.123456789',
      extended_hours: true,
      client_order_id: 'batch.momentum-long.AAPL.1',
    });
  });

  it.each([
    [400, 40010000, 'bad request'],
    [401, null, 'unauthorized.'],
    [403, 40310000, 'insufficient buying power'],
    [403, 40310000, 'potential wash trade detected. use complex orders'],
    [404, 40410000, 'asset not found'],
    [
      422,
      42210000,
      'invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria',
    ],
  ])('is refused by HTTP %i, code %s: %s', async (status, code, message) => {
    const body = code === null ? { message } : { code, message, extra: '1' };
    const { broker, server } = await brokerAt((_request, response) => json(response, status, body));
    expect(await broker.submit(order())).toEqual({
      type: 'refused',
      httpStatus: status,
      vendorCode: code,
      message,
      retryAfterMs: null,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('is refused by HTTP 429, with the time to wait', async () => {
    const { broker } = await brokerAt((_request, response) => {
      response.writeHead(429, { 'retry-after': '7' });
      response.end('{"code":42910000,"message":"rate limit exceeded"}');
    });
    expect(await broker.submit(order())).toMatchObject({
      type: 'refused',
      httpStatus: 429,
      retryAfterMs: 7_000,
    });
  });

  it.each<[string, Respond]>([
    ['the connection is reset after the request', (_request, response) => response.socket?.resetAndDestroy()],
    ['the connection is closed without an answer', (_request, response) => response.socket?.destroy()],
    [
      'the answer breaks off',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"id":');
        setImmediate(() => response.socket?.destroy());
      },
    ],
    ['no answer comes', () => {}],
    [
      'a proxy answers 503 with a page',
      (_request, response) => {
        response.writeHead(503);
        response.end('<html>no</html>');
      },
    ],
    ['the server breaks with 500', (_request, response) => json(response, 500, { message: 'internal' })],
    ['a proxy gives up waiting with 408', (_request, response) => json(response, 408, {})],
    ['the answer is 200 and not JSON', (_request, response) => response.end('OK')],
    [
      'the answer is 200 with another order',
      (_request, response) => json(response, 200, orderObject({ client_order_id: 'of-someone-else' })),
    ],
    [
      'it is redirected',
      (_request, response) => {
        response.writeHead(302, { location: 'http://127.0.0.1:1/' });
        response.end();
      },
    ],
  ])('is of unknown fate, and sent once, when %s', async (_name, respond) => {
    const { broker, server } = await brokerAt(respond, { limits: { requestTimeoutMs: 300 } });
    expect(await broker.submit(order())).toMatchObject({ type: 'unknown' });
    expect(server.requests).toHaveLength(1);
  });

  it('is not sent when nothing listens', async () => {
    const broker = openBroker(`http://127.0.0.1:${await closedPort()}`);
    open.push(broker);
    const outcome = await broker.submit(order());
    expect(outcome.type).toBe('not_sent');
    expect(JSON.stringify(outcome)).not.toContain('the-secret-of-the-test');
  });

  it('is not sent when the rate limit leaves no room in time, and that wait is no network time', async () => {
    const { broker, server } = await brokerAt((_request, response) => json(response, 200, orderObject()), {
      limits: { requestsPerMinuteMax: 2, requestsReserved: 1, queueTimeoutMs: 20, requestTimeoutMs: 10_000 },
    });
    expect((await broker.submit(order())).type).toBe('accepted');
    expect(await broker.submit(order())).toMatchObject({ type: 'not_sent' });
    expect(server.requests).toHaveLength(1);
  });

  it('leaves room for cancels where it has none itself', async () => {
    const { broker, server } = await brokerAt(
      (request, response) => {
        if (request.method === 'DELETE') response.writeHead(204).end();
        else json(response, 200, orderObject());
      },
      { limits: { requestsPerMinuteMax: 2, requestsReserved: 1, queueTimeoutMs: 20 } },
    );
    await broker.submit(order());
    expect((await broker.submit(order())).type).toBe('not_sent');
    expect(await broker.cancel(order({ brokerOrderId: 'an-id' }))).toEqual({ type: 'requested' });
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
  });

  it('is not sent after the broker was closed', async () => {
    const { broker, server } = await brokerAt((_request, response) => json(response, 200, orderObject()));
    await broker.close();
    expect((await broker.submit(order())).type).toBe('not_sent');
    expect(server.requests).toHaveLength(0);
  });

  describe('with a client order id that is taken', () => {
    const duplicate = { code: 40010001, message: 'client_order_id must be unique' };

    it.each([422, 409])('is accepted with the order that is there (HTTP %i)', async (status) => {
      const { broker, server } = await brokerAt((request, response) => {
        if (request.method === 'POST') json(response, status, duplicate);
        else
          json(response, 200, orderObject({ status: 'filled', filled_qty: '2', filled_avg_price: '150.05' }));
      });
      expect(await broker.submit(order())).toMatchObject({
        type: 'accepted',
        order: { status: 'filled', averagePrice: decimal('150.05') },
      });
      expect(server.requests[1]?.query.get('client_order_id')).toBe('batch.momentum-long.AAPL.1');
    });

    it('stays in doubt when the look-up does not show it yet', async () => {
      const { broker } = await brokerAt((request, response) => {
        if (request.method === 'POST') json(response, 422, duplicate);
        else json(response, 404, { code: 40410000, message: 'order not found' });
      });
      expect((await broker.submit(order())).type).toBe('unknown');
    });

    it('is refused when the code meant another mistake', async () => {
      const { broker } = await brokerAt((request, response) => {
        if (request.method === 'POST') json(response, 422, { code: 40010001, message: 'side is required' });
        else json(response, 404, { code: 40410000, message: 'order not found' });
      });
      expect(await broker.submit(order())).toMatchObject({ type: 'refused', vendorCode: 40010001 });
    });
  });
});

describe('replacing an order', () => {
  const old = order({ brokerOrderId: 'broker-1', filledQuantity: decimal('1'), quantity: decimal('2') });
  const next = order({ clientOrderId: 'batch.momentum-long.AAPL.2', replaces: old.clientOrderId });

  it.each<[string, Partial<Order>, Partial<Order>, object]>([
    ['a price', {}, { quantity: decimal('1'), limitPrice: decimal('151') }, { limit_price: '151' }],
    ['a quantity, what is filled included', {}, { quantity: decimal('4') }, { qty: '5' }],
    [
      'a stop',
      { stopPrice: decimal('9') },
      { quantity: decimal('1'), stopPrice: decimal('8.5') },
      { stop_price: '8.5' },
    ],
    [
      'a trail',
      { trailPercent: decimal('2') },
      { quantity: decimal('1'), trailPercent: decimal('1.5') },
      { trail: '1.5' },
    ],
  ])('asks for %s, and nothing that stays as it is', async (_name, before, changes, body) => {
    const { broker, server } = await brokerAt((_request, response) =>
      json(
        response,
        200,
        orderObject({ id: 'broker-2', client_order_id: next.clientOrderId, replaces: 'broker-1' }),
      ),
    );
    expect(await broker.replace({ ...old, ...before }, { ...next, ...changes })).toMatchObject({
      type: 'accepted',
      order: { brokerOrderId: 'broker-2' },
    });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'PATCH', path: '/v2/orders/broker-1' });
    expect(JSON.parse(request?.body ?? '')).toEqual({ ...body, client_order_id: next.clientOrderId });
  });

  it('is refused for an order that is filled, and not sent for one that the broker does not know', async () => {
    const { broker, server } = await brokerAt((request, response) =>
      isLookUp(request.path)
        ? json(response, 404, { code: 40410000, message: 'order not found' })
        : json(response, 422, { code: 42210000, message: 'order is already in "filled" state' }),
    );
    expect(await broker.replace(old, next)).toMatchObject({ type: 'refused', httpStatus: 422 });
    const before = server.requests.length;
    expect(await broker.replace({ ...old, brokerOrderId: null }, next)).toMatchObject({ type: 'not_sent' });
    expect(server.requests).toHaveLength(before);
  });

  it('is there when the refusal is of a repetition', async () => {
    const { broker } = await brokerAt((request, response) =>
      isLookUp(request.path)
        ? json(response, 200, orderObject({ id: 'broker-2', client_order_id: next.clientOrderId }))
        : json(response, 422, { code: 42210000, message: 'order is already in "pending_replace" state' }),
    );
    expect(await broker.replace(old, next)).toMatchObject({
      type: 'accepted',
      order: { brokerOrderId: 'broker-2' },
    });
  });

  it.each<[string, Respond]>([
    ['the connection breaks', (_request, response) => response.destroy()],
    ['a proxy gives up', (_request, response) => response.writeHead(503).end('<html></html>')],
  ])('is of unknown fate when %s', async (_name, respond) => {
    const { broker } = await brokerAt(respond);
    expect(await broker.replace(old, next)).toMatchObject({ type: 'unknown' });
  });
});

describe('cancelling an order', () => {
  it.each<[number, string]>([
    [204, 'requested'],
    [200, 'requested'],
    [404, 'not_open'],
    [422, 'not_open'],
    [403, 'refused'],
    [429, 'not_sent'],
    [500, 'unknown'],
  ])('that is answered %i is %s', async (status, type) => {
    const { broker, server } = await brokerAt((_request, response) => {
      response.writeHead(status).end();
    });
    expect(await broker.cancel(order({ brokerOrderId: 'a/b' }))).toMatchObject({ type });
    expect(server.requests).toMatchObject([{ method: 'DELETE', path: '/v2/orders/a%2Fb' }]);
  });

  it('asks for the id of one whose answer was lost', async () => {
    const { broker, server } = await brokerAt((request, response) => {
      if (isLookUp(request.path)) json(response, 200, orderObject());
      else response.writeHead(204).end();
    });
    expect(await broker.cancel(order())).toEqual({ type: 'requested' });
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/v2/orders:by_client_order_id',
      '/v2/orders/61e69015-8549-4bfd-b9c3-01e75843f47d',
    ]);
  });

  it('is of unknown fate when the answer is lost', async () => {
    const { broker } = await brokerAt((_request, response) => response.socket?.destroy());
    expect((await broker.cancel(order({ brokerOrderId: 'x' }))).type).toBe('unknown');
  });
});

describe('looking an order up', () => {
  it('says not_found for one that the broker does not know', async () => {
    const { broker } = await brokerAt((_request, response) =>
      json(response, 404, { code: 40410000, message: 'order not found for x' }),
    );
    expect(await broker.orderByClientOrderId('x')).toMatchObject({
      ok: false,
      failure: { kind: 'not_found' },
    });
  });

  it("asks once more by the broker's id for exits that the answer does not tell", async () => {
    const legs = [orderObject({ id: 'leg-1', client_order_id: 'x', side: 'sell', status: 'held' })];
    const { broker, server } = await brokerAt((request, response) =>
      json(
        response,
        200,
        orderObject({ order_class: 'bracket', legs: isLookUp(request.path) ? null : legs }),
      ),
    );
    const found = await broker.orderByClientOrderId('batch.momentum-long.AAPL.1');
    expect(found).toMatchObject({
      ok: true,
      value: { exits: [{ brokerOrderId: 'leg-1', status: 'held', type: 'limit' }] },
    });
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/v2/orders:by_client_order_id',
      '/v2/orders/61e69015-8549-4bfd-b9c3-01e75843f47d',
    ]);
    expect(server.requests.every(({ query }) => query.get('nested') === 'true')).toBe(true);
  });

  it('keeps a status that this version does not know, as its text', async () => {
    const { broker } = await brokerAt((_request, response) =>
      json(response, 200, orderObject({ status: 'pending_review' })),
    );
    expect(await broker.orderByClientOrderId('x')).toMatchObject({
      ok: true,
      value: { status: 'unknown', rawStatus: 'pending_review' },
    });
  });

  it('never waits behind reads that hang', async () => {
    const { broker, server } = await brokerAt((request, response) => {
      if (isLookUp(request.path)) json(response, 200, orderObject());
    });
    const reads = Array.from({ length: 20 }, () => broker.account());
    await eventually(() => expect(server.requests.length).toBeGreaterThan(0));
    expect((await broker.orderByClientOrderId('x')).ok).toBe(true);
    await broker.close();
    await Promise.all(reads);
  });
});
