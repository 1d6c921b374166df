import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  allowLoopbackOnly,
  closeAll,
  eventually,
  type Json,
  start,
  type TestExchange,
  whileTimePasses,
} from './harness.ts';

beforeAll(allowLoopbackOnly);
afterEach(closeAll);

async function askPrice(test: TestExchange, symbol = 'AAPL'): Promise<number> {
  const { body } = await test.get(`/v2/stocks/${symbol}/quotes/latest`);
  return Number((body.quote as Json).ap);
}

async function status(test: TestExchange, id: unknown): Promise<Json> {
  return (await test.get(`/v2/orders/${String(id)}`)).body;
}

describe('orders', () => {
  it('tells the life of a market order on the trade-updates stream, in binary JSON frames', async () => {
    const test = await start();
    const updates = await test.updates();
    const { body: order } = await test.order({
      symbol: 'AAPL',
      qty: '5',
      side: 'buy',
      client_order_id: 'a-1',
    });
    expect(order).toMatchObject({ status: 'pending_new', qty: '5', filled_qty: '0', limit_price: null });
    await whileTimePasses(test, () => expect(updates.events('a-1')).toEqual(['pending_new', 'new', 'fill']));
    const messages = updates.messages.filter(({ stream }) => stream === 'trade_updates');
    const fill = messages.at(-1)?.data as Json;
    expect(messages[0]?.data).toMatchObject({ event: 'pending_new', execution_id: null });
    expect(fill).toMatchObject({
      qty: '5',
      position_qty: '5',
      price: expect.stringMatching(/^\d+(\.\d+)?$/),
      timestamp: expect.stringMatching(/Z$/),
      order: { status: 'filled', filled_qty: '5' },
    });
    expect((fill.order as Json).filled_avg_price).toBe(fill.price);
    expect(updates.frames.every((frame) => frame.isBinary)).toBe(true);
    const activities = await test.get('/v2/account/activities/FILL');
    expect(activities.body).toMatchObject([
      {
        order_id: order.id,
        qty: '5',
        price: fill.price,
        id: expect.stringContaining(String(fill.execution_id)),
      },
    ]);
  });

  it('fills what is larger than the displayed size in parts, whose sum is the order', async () => {
    const test = await start({ startCash: '10000000' });
    const updates = await test.updates();
    await test.order({ symbol: 'AAPL', qty: '9000', side: 'buy', client_order_id: 'big' });
    await whileTimePasses(test, () => expect(updates.events('big')).toContain('fill'));
    const fills = updates.messages
      .map(({ data }) => data as Json)
      .filter(({ event }) => event === 'fill' || event === 'partial_fill');
    expect(fills.length).toBeGreaterThan(1);
    expect(fills.reduce((sum, { qty }) => sum + Number(qty), 0)).toBe(9_000);
    expect(fills.map(({ position_qty }) => Number(position_qty))).toEqual(
      fills.map((_, index) => fills.slice(0, index + 1).reduce((sum, { qty }) => sum + Number(qty), 0)),
    );
  });

  it('never fills a limit order beyond its limit, and rests it until the market comes', async () => {
    const test = await start();
    const ask = await askPrice(test);
    const limit = (ask * 0.9995).toFixed(2);
    const { body } = await test.order({
      symbol: 'AAPL',
      qty: '3',
      side: 'buy',
      type: 'limit',
      limit_price: limit,
    });
    const filled = await whileTimePasses(
      test,
      async () => {
        const order = await status(test, body.id);
        expect(order.status).toBe('filled');
        return order;
      },
      2_000,
    );
    expect(Number(filled.filled_avg_price)).toBeLessThanOrEqual(Number(limit));
  });

  it('cancels an immediate-or-cancel remainder, and fills or kills', async () => {
    const test = await start({ startCash: '10000000' });
    const ioc = await test.order({ symbol: 'AAPL', qty: '20000', side: 'buy', time_in_force: 'ioc' });
    const fok = await test.order({ symbol: 'F', qty: '900000', side: 'buy', time_in_force: 'fok' });
    test.clock.advanceBy(20);
    const first = await status(test, ioc.body.id);
    expect(first).toMatchObject({ status: 'canceled' });
    expect(Number(first.filled_qty)).toBeGreaterThan(0);
    expect(Number(first.filled_qty)).toBeLessThan(20_000);
    expect(await status(test, fok.body.id)).toMatchObject({ status: 'canceled', filled_qty: '0' });
  });

  it('takes an order by notional and gives fractional shares for it', async () => {
    const test = await start();
    const { body } = await test.order({ symbol: 'AAPL', notional: '100.50', side: 'buy' });
    test.clock.advanceBy(100);
    const order = await whileTimePasses(test, async () => {
      const now = await status(test, body.id);
      expect(now.status).toBe('filled');
      return now;
    });
    expect(order).toMatchObject({ qty: null, notional: '100.5' });
    const cost = Number(order.filled_qty) * Number(order.filled_avg_price);
    expect(cost).toBeGreaterThan(100.49);
    expect(cost).toBeLessThanOrEqual(100.5 + 1e-6);
  });

  it('triggers a stop when a trade touches it, and a trailing stop behind the best price', async () => {
    const test = await start();
    const ask = await askPrice(test);
    await test.order({ symbol: 'AAPL', qty: '4', side: 'buy' });
    await whileTimePasses(test, async () =>
      expect((await test.get('/v2/positions/AAPL')).body.qty).toBe('4'),
    );
    const stop = await test.order({
      symbol: 'AAPL',
      qty: '2',
      side: 'sell',
      type: 'stop',
      stop_price: (ask * 0.999).toFixed(2),
    });
    const trail = await test.order({
      symbol: 'AAPL',
      qty: '2',
      side: 'sell',
      type: 'trailing_stop',
      trail_percent: '0.1',
    });
    expect(trail.status).toBe(200);
    await whileTimePasses(
      test,
      async () => {
        expect((await status(test, stop.body.id)).status).toBe('filled');
        expect((await status(test, trail.body.id)).status).toBe('filled');
      },
      5_000,
    );
    const trailed = await status(test, trail.body.id);
    expect(Number(trailed.hwm)).toBeGreaterThan(Number(trailed.stop_price));
    expect((await test.get('/v2/positions/AAPL')).status).toBe(404);
  });

  it('cancels by request first and in fact later; a finished order cannot be canceled', async () => {
    const test = await start();
    const updates = await test.updates();
    const { body } = await test.order({
      symbol: 'F',
      qty: '1',
      side: 'buy',
      type: 'limit',
      limit_price: '1',
    });
    test.clock.advanceBy(50);
    expect(await test.send('DELETE', `/v2/orders/${String(body.id)}`)).toMatchObject({ status: 204 });
    expect(await status(test, body.id)).toMatchObject({ status: 'pending_cancel' });
    test.clock.advanceBy(50);
    expect(await status(test, body.id)).toMatchObject({
      status: 'canceled',
      canceled_at: expect.any(String),
    });
    expect(await test.send('DELETE', `/v2/orders/${String(body.id)}`)).toMatchObject({
      status: 422,
      body: { code: 42210000, message: 'order is already in "canceled" state' },
    });
    await eventually(() =>
      expect(updates.events()).toEqual(['pending_new', 'new', 'pending_cancel', 'canceled']),
    );
  });

  it('replaces an order by a new one with a new id', async () => {
    const test = await start();
    const { body } = await test.order({
      symbol: 'F',
      qty: '2',
      side: 'buy',
      type: 'limit',
      limit_price: '1',
    });
    test.clock.advanceBy(50);
    const replaced = await test.send('PATCH', `/v2/orders/${String(body.id)}`, {
      qty: '3',
      limit_price: '1.5',
    });
    expect(replaced).toMatchObject({
      status: 200,
      body: { replaces: body.id, qty: '3', limit_price: '1.5' },
    });
    test.clock.advanceBy(50);
    expect(await status(test, body.id)).toMatchObject({ status: 'replaced', replaced_by: replaced.body.id });
    expect(await status(test, replaced.body.id)).toMatchObject({ status: 'new' });
  });

  it('works a bracket: the exits wait for the entry, and one ends the other', async () => {
    const test = await start();
    const ask = await askPrice(test);
    const { body } = await test.order({
      symbol: 'AAPL',
      qty: '10',
      side: 'buy',
      order_class: 'bracket',
      take_profit: { limit_price: (ask * 1.001).toFixed(2) },
      stop_loss: { stop_price: (ask * 0.999).toFixed(2) },
    });
    expect(body.legs).toMatchObject([{ status: 'held' }, { status: 'held' }]);
    const legs = await whileTimePasses(
      test,
      async () => {
        const order = (await test.get(`/v2/orders/${String(body.id)}?nested=true`)).body;
        const found = order.legs as Json[];
        expect(new Set(found.map((leg) => leg.status))).toEqual(new Set(['canceled', 'filled']));
        return found;
      },
      2_000,
    );
    expect(legs.map((leg) => leg.side)).toEqual(['sell', 'sell']);
    expect((await test.get('/v2/positions')).body).toEqual([]);
  });

  it('expires day orders at the close, and holds orders sent while closed until the open', async () => {
    const test = await start({
      sessions: { openedBeforeStartMinutes: 2, lengthMinutes: 4, breakMinutes: 1, earlierDays: 1 },
    });
    const resting = await test.order({ symbol: 'F', qty: '1', side: 'buy', type: 'limit', limit_price: '1' });
    expect(resting.body.expires_at).toBe('2026-11-20T14:32:00Z');
    test.clock.advanceBy(121_000);
    expect(await status(test, resting.body.id)).toMatchObject({ status: 'expired' });
    expect((await test.get('/v2/clock')).body).toMatchObject({
      is_open: false,
      next_open: '2026-11-20T09:33:00-05:00',
      next_close: '2026-11-20T09:37:00-05:00',
    });
    const early = await test.order({ symbol: 'F', qty: '1', side: 'buy' });
    expect(early.body.status).toBe('accepted');
    await whileTimePasses(
      test,
      async () => expect((await status(test, early.body.id)).status).toBe('filled'),
      2_000,
    );
  });
});

describe('refusals', () => {
  it('answers with the bodies that Alpaca sends', async () => {
    const test = await start();
    const ask = await askPrice(test);
    const { body: first } = await test.order({
      symbol: 'AAPL',
      qty: '1',
      side: 'buy',
      type: 'limit',
      limit_price: (ask * 0.9).toFixed(2),
      client_order_id: 'x',
    });
    test.clock.advanceBy(50);
    const cases: [Json, number, Json][] = [
      [
        { symbol: 'F', qty: '1', side: 'buy', client_order_id: 'x' },
        422,
        { code: 40010001, message: 'client_order_id must be unique' },
      ],
      [
        { symbol: 'F', qty: '9000000', side: 'buy' },
        403,
        {
          code: 40310000,
          message: 'insufficient buying power',
          buying_power: expect.any(String),
          cost_basis: expect.any(String),
        },
      ],
      [
        { symbol: 'F', qty: '1', side: 'buy', type: 'limit', limit_price: '9.123' },
        422,
        {
          code: 42210000,
          message: 'invalid limit_price 9.123. sub-penny increment does not fulfill minimum pricing criteria',
        },
      ],
      [
        { symbol: 'AAPL', qty: '1', side: 'sell' },
        403,
        {
          code: 40310000,
          message: 'potential wash trade detected. use complex orders',
          existing_order_id: first.id,
          reject_reason: 'opposite side limit order exists',
        },
      ],
      [
        { symbol: 'AAPL', qty: '1', side: 'sell', type: 'limit', limit_price: (ask * 1.5).toFixed(2) },
        403,
        { code: 40310000, message: 'cannot open a short sell while a long buy order is open' },
      ],
      [
        { symbol: 'F', qty: '0.5', side: 'sell' },
        422,
        { code: 42210000, message: 'fractional orders cannot be sold short' },
      ],
      [{ symbol: 'NOPE', qty: '1', side: 'buy' }, 422, { code: 42210000, message: 'asset "NOPE" not found' }],
      [{ symbol: 'F', side: 'buy' }, 422, { code: 40010001, message: 'qty or notional is required' }],
      [{ symbol: 'F', qty: '0', side: 'buy' }, 422, { code: 42210000, message: 'qty must be > 0' }],
      [
        { symbol: 'BTC/USD', qty: '1', side: 'sell', time_in_force: 'gtc' },
        403,
        { code: 40310000, message: 'insufficient balance for BTC (requested: 1, available: 0)' },
      ],
      [
        { symbol: 'BTC/USD', qty: '0.01', side: 'buy' },
        422,
        { code: 42210000, message: 'invalid crypto time_in_force' },
      ],
    ];
    for (const [order, code, body] of cases) {
      expect(await test.order(order), JSON.stringify(order)).toMatchObject({ status: code, body });
    }
    const id = '00000000-0000-4000-8000-000000000000';
    expect(await test.get(`/v2/orders/${id}`)).toMatchObject({
      status: 404,
      body: { code: 40410000, message: `order not found for ${id}` },
    });
    expect(await test.get('/v2/orders/17')).toMatchObject({ status: 422, body: { code: 40010001 } });
    expect(await test.get('/v2/positions/BTC%2FUSD')).toMatchObject({
      status: 404,
      body: { code: 40410000, message: 'position does not exist' },
    });
  });

  it('holds the shares that open orders already mean to sell', async () => {
    const test = await start();
    await test.order({ symbol: 'F', qty: '70', side: 'buy' });
    await whileTimePasses(test, async () => expect((await test.get('/v2/positions/F')).body.qty).toBe('70'));
    const open = await test.order({ symbol: 'F', qty: '70', side: 'sell', type: 'limit', limit_price: '99' });
    expect(await test.order({ symbol: 'F', qty: '70', side: 'sell' })).toMatchObject({
      status: 403,
      body: {
        code: 40310000,
        available: '0',
        existing_qty: '70',
        held_for_orders: '70',
        related_orders: [open.body.id],
        message: 'insufficient qty available for order (requested: 70, available: 0)',
      },
    });
    expect((await test.get('/v2/positions/F')).body).toMatchObject({ qty: '70', qty_available: '0' });
  });

  it('knows its keys and limits requests by the minute', async () => {
    const test = await start({ limits: { requestsPerMinute: 2 } });
    const { fetch } = await import('undici');
    const bare = await fetch(`${test.exchange.env.APCA_API_BASE_URL}/v2/account`);
    expect([bare.status, await bare.json()]).toEqual([401, { message: 'unauthorized.' }]);
    const answers = [await test.get('/v2/clock'), await test.get('/v2/clock'), await test.get('/v2/clock')];
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 429]);
    expect(answers[2]?.body).toEqual({ code: 42910000, message: 'rate limit exceeded' });
    expect(answers[0]?.headers.get('x-ratelimit-limit')).toBe('2');
    expect(answers[0]?.headers.get('x-ratelimit-remaining')).toBe('1');
    expect(answers[0]?.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
    test.clock.advanceBy(60_000);
    expect((await test.get('/v2/clock')).status).toBe(200);
  });
});

describe('faults of trading', () => {
  it('loses the answer to an order that was taken, or that was not', async () => {
    const test = await start({ faults: { lostAnswer: { kind: 'reset_after_accepting', times: 1 } } });
    const place = (id: string) => test.order({ symbol: 'F', qty: '1', side: 'buy', client_order_id: id });
    const find = (id: string) => test.get(`/v2/orders:by_client_order_id?client_order_id=${id}`);
    await expect(place('taken')).rejects.toThrow();
    expect(await find('taken')).toMatchObject({ status: 200, body: { client_order_id: 'taken' } });
    test.exchange.setFaults({ lostAnswer: { kind: 'reset_before_accepting', times: 1 } });
    await expect(place('never')).rejects.toThrow();
    expect((await find('never')).status).toBe(404);
    expect((await place('never')).status).toBe(200);
    test.exchange.setFaults({ lookupDelayMs: 2_000 });
    expect((await find('never')).status).toBe(404);
    test.clock.advanceBy(2_000);
    expect((await find('never')).status).toBe(200);
  });

  it('tells executions twice, fills before it answers, rejects late, and keeps cancels pending', async () => {
    const test = await start({ faults: { duplicateExecutions: true, fillBeforeAnswer: true } });
    const updates = await test.updates();
    const { body } = await test.order({ symbol: 'F', qty: '1', side: 'buy', client_order_id: 'early' });
    expect(body.status).toBe('pending_new');
    await eventually(() => expect(updates.events('early')).toEqual(['pending_new', 'new', 'fill', 'fill']));
    const ids = updates.messages
      .map(({ data }) => data as Json)
      .filter(({ event }) => event === 'fill')
      .map(({ execution_id }) => execution_id);
    expect(new Set(ids).size).toBe(1);
    expect((await test.get('/v2/positions/F')).body.qty).toBe('1');
    test.exchange.setFaults({ rejectProbability: 1, fillBeforeAnswer: false, stuckPendingCancel: true });
    const rejected = await test.order({ symbol: 'F', qty: '1', side: 'buy' });
    test.clock.advanceBy(50);
    expect(await status(test, rejected.body.id)).toMatchObject({
      status: 'rejected',
      failed_at: expect.any(String),
    });
    test.exchange.setFaults({ rejectProbability: 0 });
    const stuck = await test.order({ symbol: 'F', qty: '1', side: 'buy', type: 'limit', limit_price: '1' });
    test.clock.advanceBy(50);
    await test.send('DELETE', `/v2/orders/${String(stuck.body.id)}`);
    test.clock.advanceBy(60_000);
    expect(await status(test, stuck.body.id)).toMatchObject({ status: 'pending_cancel' });
  });

  it('refuses a cancel: the order goes on, also one that was still on its way, or whose cancel was stuck', async () => {
    const test = await start({ faults: { cancelRejected: true } });
    const early = await test.order({ symbol: 'F', qty: '1', side: 'buy' });
    await test.send('DELETE', `/v2/orders/${String(early.body.id)}`);
    test.clock.advanceBy(1_000);
    expect(await status(test, early.body.id)).toMatchObject({ status: 'filled' });
    test.exchange.setFaults({ stuckPendingCancel: true });
    const stuck = await test.order({ symbol: 'F', qty: '1', side: 'buy' });
    await test.send('DELETE', `/v2/orders/${String(stuck.body.id)}`);
    test.clock.advanceBy(1_000);
    expect(await status(test, stuck.body.id)).toMatchObject({ status: 'pending_cancel' });
    test.exchange.setFaults({ stuckPendingCancel: false });
    await test.send('DELETE', `/v2/orders/${String(stuck.body.id)}`);
    test.clock.advanceBy(1_000);
    expect(await status(test, stuck.body.id)).toMatchObject({ status: 'filled' });
  });
});

it('closes all positions and cancels their orders on request', async () => {
  const test = await start();
  await test.order({ symbol: 'F', qty: '10', side: 'buy' });
  await test.order({ symbol: 'AAPL', qty: '5', side: 'sell' });
  await test.order({ symbol: 'BTC/USD', notional: '500', side: 'buy', time_in_force: 'gtc' });
  await whileTimePasses(test, async () => expect((await test.get('/v2/positions')).body).toHaveLength(3));
  const positions = (await test.get('/v2/positions')).body as unknown as Json[];
  expect(positions.map(({ symbol, side }) => `${String(symbol)} ${String(side)}`)).toEqual([
    'AAPL short',
    'BTCUSD long',
    'F long',
  ]);
  const closed = await test.send('DELETE', '/v2/positions?cancel_orders=true');
  expect(closed.status).toBe(207);
  await whileTimePasses(test, async () => expect((await test.get('/v2/positions')).body).toEqual([]));
  const { body: account } = await test.get('/v2/account');
  expect(account).toMatchObject({ position_market_value: '0', equity: account.cash });
});
