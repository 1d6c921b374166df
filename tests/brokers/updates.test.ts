import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { Broker, BrokerNotice, TradeUpdate } from '../../src/brokers/contract.ts';
import { decimal } from '../../src/domain/decimal.ts';
import { formatMicros } from '../../src/domain/time.ts';
import { eventually } from '../network/eventually.ts';
import { startServer, type TestServer } from '../network/servers.ts';
import { openBroker, orderObject } from './alpaca.ts';

const open: (TestServer | Broker)[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

type Answer = (
  socket: WebSocket,
  message: { action: string; data: Record<string, unknown> },
  index: number,
) => boolean;

const authorized = { stream: 'authorization', data: { status: 'authorized', action: 'authenticate' } };
const listening = { stream: 'listening', data: { streams: ['trade_updates'] } };

/** A trading server that answers by the protocol what `answer` does not take care of. */
async function listen(answer: Answer = () => false, limits: Parameters<typeof openBroker>[1] = {}) {
  const sockets: WebSocket[] = [];
  const received: object[] = [];
  let path = '';
  const server = await startServer({
    onWebSocket: (socket, index, request) => {
      path = request.url ?? '';
      sockets.push(socket);
      socket.on('message', (data) => {
        const message = JSON.parse((data as Buffer).toString());
        received.push(message);
        if (answer(socket, message, index)) return;
        socket.send(JSON.stringify(message.action === 'authenticate' ? authorized : listening));
      });
    },
  });
  const broker = openBroker(server.httpUrl, limits);
  open.push(server, broker);
  const updates: TradeUpdate[] = [];
  const notices: BrokerNotice[] = [];
  broker.open({
    onTradeUpdate: (update) => updates.push(update),
    onNotice: (notice) => notices.push(notice),
  });
  const connected = () => notices.filter(({ type }) => type === 'connected').length;
  return { server, broker, sockets, received, updates, notices, connected, path: () => path };
}

function update(data: Record<string, unknown>): string {
  return JSON.stringify({ stream: 'trade_updates', data });
}

const fill = {
  event: 'fill',
  execution_id: '2f63ea93-423d-4169-b3f6-3fdafc10c418',
  timestamp: '2022-04-19T14:45:37.482178Z',
  price: '179.08',
  qty: '100',
  position_qty: '100',
  order: orderObject({ status: 'filled', filled_qty: '100', filled_avg_price: '179.07' }),
};

describe('the trade-updates stream', () => {
  it('authenticates, listens, and only then is connected', async () => {
    const { received, connected, path } = await listen();
    await eventually(() => expect(connected()).toBe(1));
    expect(received).toEqual([
      { action: 'authenticate', data: { key_id: 'PKTESTKEY', secret_key: 'the-secret-of-the-test' } },
      { action: 'listen', data: { streams: ['trade_updates'] } },
    ]);
    expect(path()).toBe('/stream');
  });

  it.each([
    ['text', false],
    ['binary', true],
  ])('reads JSON in %s frames', async (_name, binary) => {
    const { sockets, updates, connected } = await listen();
    await eventually(() => expect(connected()).toBe(1));
    sockets[0]?.send(Buffer.from(update(fill)), { binary });
    await eventually(() => expect(updates).toHaveLength(1));
    expect(updates[0]).toMatchObject({
      event: 'fill',
      order: { status: 'filled', filledQuantity: decimal('100'), averagePrice: decimal('179.07') },
      execution: {
        executionId: '2f63ea93-423d-4169-b3f6-3fdafc10c418',
        quantity: decimal('100'),
        price: decimal('179.08'),
        side: 'buy',
      },
    });
    expect(formatMicros(updates[0]!.atMicros)).toBe('2022-04-19T14:45:37.482178Z');
  });

  it.each([
    [
      'pending_new without an execution id or a time',
      { event: 'pending_new', execution_id: null, timestamp: undefined },
    ],
    ['order_cancel_rejected, after which the order lives on', { event: 'order_cancel_rejected' }],
    ['an event of a later version', { event: 'restated_twice', something: { new: true } }],
    ['trade_bust', { event: 'trade_bust', previous_execution_id: 'x' }],
  ])('passes on %s', async (_name, changes) => {
    const { sockets, updates, connected, notices } = await listen();
    await eventually(() => expect(connected()).toBe(1));
    sockets[0]?.send(update({ order: orderObject(), ...changes }));
    await eventually(() => expect(updates).toHaveLength(1));
    expect(updates[0]).toMatchObject({ event: changes.event, execution: null });
    expect(notices).toHaveLength(1);
  });

  it('reads times with an offset and nanoseconds', async () => {
    const { sockets, updates, connected } = await listen();
    await eventually(() => expect(connected()).toBe(1));
    const created_at = '2022-04-19T10:45:37.482178123-04:00';
    sockets[0]?.send(update({ event: 'new', order: orderObject({ created_at, updated_at: created_at }) }));
    await eventually(() => expect(updates).toHaveLength(1));
    expect(formatMicros(updates[0]!.atMicros)).toBe('2022-04-19T14:45:37.482178Z');
  });

  it('says when it is gone and when it is back, without end', async () => {
    const { sockets, connected, notices } = await listen();
    for (let count = 1; count <= 4; count += 1) {
      await eventually(() => expect(connected()).toBe(count));
      sockets[count - 1]?.terminate();
    }
    await eventually(() => expect(connected()).toBe(5));
    expect(notices.map(({ type }) => type).slice(0, 3)).toEqual(['connected', 'disconnected', 'connected']);
  });

  it('connects anew when a fill cannot be read, so that it is found by requests', async () => {
    const { sockets, connected, updates } = await listen();
    await eventually(() => expect(connected()).toBe(1));
    sockets[0]?.send(update({ ...fill, price: null }));
    await eventually(() => expect(connected()).toBe(2));
    expect(updates).toEqual([]);
  });

  it('stops on refused keys and says what to do, without the keys', async () => {
    const { notices, received } = await listen((socket, { action }) => {
      socket.send(JSON.stringify({ stream: 'authorization', data: { status: 'unauthorized', action } }));
      return true;
    });
    await eventually(() => expect(notices).toMatchObject([{ type: 'fatal' }]));
    expect(JSON.stringify(notices)).toContain('APCA_API_KEY_ID');
    expect(JSON.stringify(notices)).not.toContain('the-secret-of-the-test');
    expect(received).toHaveLength(1);
  });

  it.each<[string, Answer]>([
    ['never answers', (_socket, _message, index) => index === 0],
    [
      'leaves trade_updates out of what it gives',
      (socket, { action }, index) => {
        if (action !== 'listen' || index > 0) return false;
        socket.send(JSON.stringify({ stream: 'listening', data: { streams: [] } }));
        return true;
      },
    ],
    [
      'answers with an error',
      (socket, _message, index) => {
        if (index > 0) return false;
        socket.send(JSON.stringify({ action: 'error', data: { error_message: 'internal error' } }));
        return true;
      },
    ],
    [
      'refuses to listen before it is done authenticating',
      (socket, { action }, index) => {
        if (action !== 'listen' || index > 0) return false;
        socket.send(JSON.stringify({ stream: 'authorization', data: { status: 'unauthorized', action } }));
        return true;
      },
    ],
  ])('connects anew to a server that %s', async (_name, answer) => {
    const { connected, notices } = await listen(answer, { limits: { listenTimeoutMs: 50 } });
    await eventually(() => expect(connected()).toBe(1));
    expect(notices.map(({ type }) => type)).toEqual(['disconnected', 'connected']);
  });

  it('leaves a connection that no longer answers pings', async () => {
    let count = 0;
    const { connected, sockets } = await listen(
      (socket) => {
        count += 1;
        if (count === 1) socket.pong = () => {};
        return false;
      },
      { limits: { pingIntervalMs: 20, pongTimeoutMs: 20 } },
    );
    await eventually(() => expect(connected()).toBe(2));
    expect(sockets).toHaveLength(2);
  });
});
