/** A local exchange on a simulated clock, and raw clients of its REST and streams. Only loopback can be reached. */
import { Socket } from 'node:net';
import { decode } from '@msgpack/msgpack';
import { parse } from 'lossless-json';
import { fetch } from 'undici';
import { vi } from 'vitest';
import { WebSocket } from 'ws';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { type ExchangeOptions, type RunningExchange, startExchange } from '../../src/exchange/exchange.ts';

export type Json = Record<string, unknown>;

/** Makes every connection that is not to this machine fail, for the rest of the test file. */
export function allowLoopbackOnly(): void {
  const connect = Reflect.get(Socket.prototype, 'connect') as (...values: unknown[]) => Socket;
  Reflect.set(Socket.prototype, 'connect', function (this: Socket, ...values: unknown[]): Socket {
    // The arguments as given (`port, host` or options), or as Node has already ordered them.
    const given = Array.isArray(values[0]) ? (values[0] as unknown[])[0] : values[0];
    const host = typeof given === 'object' ? (given as { host?: string }).host : values[1];
    if (typeof host === 'string' && !LOOPBACK.has(host)) throw new Error(`a test tried to reach ${host}`);
    return connect.apply(this, values);
  });
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

/** 2026-11-20T14:30:00Z, half past nine in New York. */
export const START_MICROS = Date.UTC(2026, 10, 20, 14, 30) * 1_000;

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

export interface TestExchange {
  readonly exchange: RunningExchange;
  readonly clock: SimulatedClock;
  get(path: string): Promise<{ status: number; body: Json; headers: Headers }>;
  send(method: string, path: string, body?: Json): Promise<{ status: number; body: Json }>;
  order(fields: Json): Promise<{ status: number; body: Json }>;
  stream(path: string, options?: { msgpack?: boolean; headers?: Record<string, string> }): Promise<Client>;
  data(subscription?: Json): Promise<Client>;
  updates(): Promise<Client>;
}

const opened: { close(): void | Promise<void> }[] = [];

export async function closeAll(): Promise<void> {
  for (const part of opened.splice(0).reverse()) await part.close();
}

export async function start(options: Partial<ExchangeOptions> = {}): Promise<TestExchange> {
  const clock = new SimulatedClock(START_MICROS);
  const exchange = await startExchange({
    port: 0,
    seed: 7,
    symbols: ['AAPL', 'F', 'BTC/USD'],
    ratePerSecond: 30,
    faults: {},
    clock,
    log: quiet,
    haltsPerHour: 0,
    sessions: { openedBeforeStartMinutes: 10, earlierDays: 4, earlierMinuteDays: 2 },
    ...options,
  });
  opened.push(exchange);
  const { env } = exchange;
  const keys = {
    'APCA-API-KEY-ID': env.APCA_API_KEY_ID,
    'APCA-API-SECRET-KEY': env.APCA_API_SECRET_KEY,
  };
  const send = async (method: string, path: string, body?: Json) => {
    const answer = await fetch(env.APCA_API_BASE_URL + path, {
      method,
      headers: keys,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers as unknown as Headers,
      body: (text === '' ? {} : JSON.parse(text)) as Json,
    };
  };
  const stream: TestExchange['stream'] = async (path, how = {}) => {
    const client = new Client(env.APCA_API_STREAM_URL + path, how);
    opened.push(client);
    await client.open();
    return client;
  };
  return {
    exchange,
    clock,
    send,
    stream,
    get: (path) => send('GET', path),
    order: (fields) => send('POST', '/v2/orders', { time_in_force: 'day', type: 'market', ...fields }),
    data: async (subscription) => {
      const client = await stream('/v2/iex');
      client.send({ action: 'auth', key: env.APCA_API_KEY_ID, secret: env.APCA_API_SECRET_KEY });
      await client.has((message) => message.msg === 'authenticated');
      if (subscription !== undefined) {
        client.send({ action: 'subscribe', ...subscription });
        await client.has((message) => message.T === 'subscription');
      }
      return client;
    },
    updates: async () => {
      const client = await stream('/stream');
      client.send({
        action: 'authenticate',
        data: { key_id: env.APCA_API_KEY_ID, secret_key: env.APCA_API_SECRET_KEY },
      });
      client.send({ action: 'listen', data: { streams: ['trade_updates'] } });
      await client.has((message) => message.stream === 'listening');
      return client;
    },
  };
}

/** Keeps every message it was sent, array frames taken apart, and how each frame came. */
export class Client {
  readonly messages: Json[] = [];
  readonly frames: { readonly isBinary: boolean; readonly data: Buffer }[] = [];
  closeCode: number | null = null;
  readonly socket: WebSocket;
  readonly #isMsgpack: boolean;

  constructor(url: string, how: { msgpack?: boolean; headers?: Record<string, string> }) {
    this.#isMsgpack = how.msgpack === true;
    const headers = { ...how.headers, ...(this.#isMsgpack ? { 'Content-Type': 'application/msgpack' } : {}) };
    this.socket = new WebSocket(url, { headers });
    this.socket.on('error', () => {});
    this.socket.on('close', (code) => {
      this.closeCode = code;
    });
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.frames.push({ isBinary, data });
      const value = this.#read(data);
      if (value !== undefined) this.messages.push(...(Array.isArray(value) ? value : [value]));
    });
  }

  async open(): Promise<void> {
    await eventually(() => {
      if (this.socket.readyState === WebSocket.CONNECTING) throw new Error('still connecting');
    });
  }

  send(message: Json | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first message that fits, once it is there. */
  has(fits: (message: Json) => boolean): Promise<Json> {
    return eventually(() => {
      const found = this.messages.find(fits);
      if (found === undefined)
        throw new Error(`no such message among ${JSON.stringify(this.messages.slice(-5))}`);
      return found;
    });
  }

  /** Of trade updates: the events' names in order, as far as they came. */
  events(clientOrderId?: unknown): string[] {
    return this.messages
      .filter((message) => message.stream === 'trade_updates')
      .map((message) => message.data as Json)
      .filter((data) => clientOrderId === undefined || (data.order as Json).client_order_id === clientOrderId)
      .map((data) => String(data.event));
  }

  close(): void {
    this.socket.terminate();
  }

  #read(data: Buffer): Json | Json[] | undefined {
    try {
      if (this.#isMsgpack) return decode(data, { useBigInt64: true }) as Json[];
      // Trade ids of crypto exceed 2^53; everything else is read as plain numbers.
      return parse(data.toString('utf8'), null, (text) =>
        /^\d{16,}$/.test(text) ? BigInt(text) : Number(text),
      ) as Json[];
    } catch {
      return undefined;
    }
  }
}

export function eventually<T>(expectation: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(expectation, { timeout: 15_000, interval: 2 });
}

/** The same, while simulated time goes on. */
export function whileTimePasses<T>(
  test: TestExchange,
  expectation: () => T | Promise<T>,
  stepMs = 100,
): Promise<T> {
  return eventually(() => {
    test.clock.advanceBy(stepMs);
    return expectation();
  });
}
