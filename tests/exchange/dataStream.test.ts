import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { allowLoopbackOnly, type Client, closeAll, eventually, start, whileTimePasses } from './harness.ts';

beforeAll(allowLoopbackOnly);
afterEach(closeAll);

const errorOf = (client: Client) => client.has((message) => message.T === 'error');

describe('the market-data stream', () => {
  it('greets, authenticates by message, and refuses a second time', async () => {
    const test = await start();
    const client = await test.stream('/v2/sip');
    await client.has((message) => message.msg === 'connected');
    const { APCA_API_KEY_ID: key, APCA_API_SECRET_KEY: secret } = test.exchange.env;
    client.send({ action: 'subscribe', trades: ['AAPL'] });
    expect(await errorOf(client)).toMatchObject({ code: 401, msg: 'not authenticated' });
    client.send({ action: 'auth', key, secret: 'wrong' });
    await client.has((message) => message.code === 402);
    client.send({ action: 'auth', key, secret });
    await client.has((message) => message.msg === 'authenticated');
    client.send({ action: 'auth', key, secret });
    await client.has((message) => message.code === 403);
    client.send('{"action":');
    await client.has((message) => message.code === 400);
    expect(client.frames.every((frame) => !frame.isBinary && frame.data[0] === 0x5b)).toBe(true);
  });

  it('authenticates by the headers of the upgrade', async () => {
    const test = await start();
    const client = await test.stream('/v2/iex', {
      headers: {
        'APCA-API-KEY-ID': test.exchange.env.APCA_API_KEY_ID,
        'APCA-API-SECRET-KEY': test.exchange.env.APCA_API_SECRET_KEY,
      },
    });
    await client.has((message) => message.msg === 'authenticated');
    expect(client.messages[0]).toEqual({ T: 'success', msg: 'connected' });
  });

  it('ends a connection that does not authenticate within ten seconds', async () => {
    const test = await start();
    const client = await test.stream('/v2/iex');
    await client.has((message) => message.msg === 'connected');
    test.clock.advanceBy(10_000);
    expect(await errorOf(client)).toMatchObject({ code: 404, msg: 'auth timeout' });
    await eventually(() => expect(client.closeCode).not.toBeNull());
  });

  it('acknowledges with the whole state; corrections and cancels follow trades', async () => {
    const test = await start();
    const client = await test.data({ trades: ['AAPL'], quotes: ['F'] });
    expect(client.messages.at(-1)).toEqual({
      T: 'subscription',
      trades: ['AAPL'],
      quotes: ['F'],
      bars: [],
      updatedBars: [],
      dailyBars: [],
      statuses: [],
      lulds: [],
      corrections: ['AAPL'],
      cancelErrors: ['AAPL'],
    });
    client.send({ action: 'unsubscribe', quotes: ['F'] });
    await client.has((message) => message.T === 'subscription' && (message.quotes as []).length === 0);
    client.send({ action: 'subscribe', orderbooks: ['AAPL'] });
    expect(await errorOf(client)).toMatchObject({ code: 410 });
  });

  it('refuses a subscription over the symbol limit whole', async () => {
    const test = await start({ limits: { subscribedSymbolsMax: 2 } });
    const client = await test.data({ trades: ['AAPL'] });
    client.send({ action: 'subscribe', trades: ['F'], quotes: ['AAPL'] });
    expect(await errorOf(client)).toMatchObject({ code: 405 });
    client.send({ action: 'subscribe', bars: ['*'] });
    const state = await client.has(
      (message) => message.T === 'subscription' && (message.bars as []).length > 0,
    );
    expect(state).toMatchObject({ trades: ['AAPL'], quotes: [], bars: ['*'] });
  });

  it('holds a connection over the limit at 406, on the open socket, until there is room', async () => {
    const test = await start({ limits: { dataConnectionsMax: 1 } });
    const first = await test.data();
    const second = await test.stream('/v2/iex');
    const { APCA_API_KEY_ID: key, APCA_API_SECRET_KEY: secret } = test.exchange.env;
    second.send({ action: 'auth', key, secret });
    expect(await errorOf(second)).toMatchObject({ code: 406 });
    first.close();
    await eventually(() => expect(test.exchange.statistics().dataConnections).toBe(1));
    second.send({ action: 'auth', key, secret });
    await second.has((message) => message.msg === 'authenticated');
  });

  it('sends only what is subscribed, in arrays, with times of up to nine trimmed decimals', async () => {
    const test = await start();
    const client = await test.data({ trades: ['AAPL'], quotes: ['*'] });
    const before = client.messages.length;
    await whileTimePasses(test, () => expect(client.messages.length).toBeGreaterThan(before + 300));
    const events = client.messages.slice(before);
    expect(new Set(events.filter(({ T }) => T === 't').map(({ S }) => S))).toEqual(new Set(['AAPL']));
    expect(new Set(events.filter(({ T }) => T === 'q').map(({ S }) => S))).toEqual(new Set(['AAPL', 'F']));
    for (const { t } of events) {
      expect(t).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z$/);
    }
  });

  it('speaks msgpack when asked by Content-Type, with T first and times as extension -1', async () => {
    const test = await start();
    const client = await test.stream('/v1beta3/crypto/us', {
      msgpack: true,
      headers: {
        'APCA-API-KEY-ID': test.exchange.env.APCA_API_KEY_ID,
        'APCA-API-SECRET-KEY': test.exchange.env.APCA_API_SECRET_KEY,
      },
    });
    await client.has((message) => message.msg === 'authenticated');
    const { encode } = await import('@msgpack/msgpack');
    client.socket.send(encode({ action: 'subscribe', trades: ['BTC/USD'], orderbooks: ['BTC/USD'] }));
    const trade = await whileTimePasses(test, () => {
      const found = client.messages.find(({ T }) => T === 't');
      expect(found).toBeDefined();
      return found;
    });
    expect(Object.keys(trade ?? {})[0]).toBe('T');
    expect(trade?.t).toBeInstanceOf(Date);
    expect(trade?.i).toBeGreaterThan(2n ** 53n);
    expect(client.frames.every((frame) => frame.isBinary)).toBe(true);
    const book = await whileTimePasses(test, () => {
      const found = client.messages.find(({ T, r }) => T === 'o' && r === undefined);
      expect(found).toBeDefined();
      return found;
    });
    expect(book).toMatchObject({ S: 'BTC/USD', b: expect.any(Array), a: expect.any(Array) });
  });

  it('serves FAKEPACA, and nothing else, on the test stream', async () => {
    const test = await start();
    const client = await test.stream('/v2/test');
    const { APCA_API_KEY_ID: key, APCA_API_SECRET_KEY: secret } = test.exchange.env;
    client.send({ action: 'auth', key, secret });
    client.send({ action: 'subscribe', quotes: ['*'] });
    await whileTimePasses(test, () => expect(client.messages.some(({ T }) => T === 'q')).toBe(true));
    const symbols = client.messages.filter(({ T }) => T === 'q').map(({ S }) => S);
    expect(new Set(symbols)).toEqual(new Set(['FAKEPACA']));
  });

  it("tells a halt and its end in the words of the symbol's tape, and is silent between", async () => {
    const test = await start({ haltsPerHour: 60, symbols: ['AAPL', 'F'] });
    const client = await test.data({ statuses: ['*'], trades: ['*'] });
    await whileTimePasses(
      test,
      () => {
        for (const symbol of ['AAPL', 'F']) {
          expect(client.messages.filter(({ T, S }) => T === 's' && S === symbol).length).toBeGreaterThan(2);
        }
      },
      1_000,
    );
    // A symbol may have been halted at the start already: its first word is then that trading goes on.
    const told = (symbol: string) => {
      const codes = client.messages.filter(({ T, S }) => T === 's' && S === symbol).map(({ sc }) => sc);
      return new Set(codes.slice(0, 2));
    };
    expect(told('AAPL')).toEqual(new Set(['H', 'T']));
    expect(told('F')).toEqual(new Set(['2', '3']));
    const ofApple = client.messages.filter(({ S }) => S === 'AAPL').map(({ T, sc }) => (T === 's' ? sc : T));
    expect(ofApple[ofApple.indexOf('H') + 1]).toBe('T');
  });
});

describe('faults of the market-data stream', () => {
  it('keeps quiet while sockets answer pings', async () => {
    const test = await start();
    const client = await test.data({ trades: ['*'], quotes: ['*'] });
    test.exchange.setFaults({ silentData: true });
    const pongs: unknown[] = [];
    client.socket.on('pong', () => pongs.push(1));
    const before = client.messages.length;
    test.clock.advanceBy(5_000);
    client.socket.ping();
    await eventually(() => expect(pongs).toHaveLength(1));
    expect(client.messages.length).toBe(before);
    test.exchange.setFaults({ silentData: false });
    await whileTimePasses(test, () => expect(client.messages.length).toBeGreaterThan(before));
  });

  it('says 407 and closes; mixes in damaged and unknown elements; leaves symbols unacknowledged', async () => {
    const test = await start({ faults: { unacknowledgedSymbols: ['F'], omitEmptyChannels: true } });
    const client = await test.data({ quotes: ['AAPL', 'F'] });
    expect(client.messages.at(-1)).toEqual({ T: 'subscription', quotes: ['AAPL'] });
    test.exchange.setFaults({ unknownKinds: true, malformedElements: true });
    await whileTimePasses(test, () => {
      expect(client.frames.some(({ data }) => data.includes('"T":"zz"'))).toBe(true);
      expect(client.frames.some(({ data }) => data.includes('1.2.3'))).toBe(true);
    });
    expect(client.messages.some(({ S }) => S === 'F')).toBe(false);
    test.exchange.setFaults({ slowClient: true });
    await whileTimePasses(test, () => expect(client.messages.some(({ code }) => code === 407)).toBe(true));
    await eventually(() => expect(client.closeCode).not.toBeNull());
  });

  it('never answers the upgrade, refuses it with 429, or does not answer auth', async () => {
    const test = await start({ faults: { stalledUpgrade: true } });
    const { env } = test.exchange;
    const { WebSocket } = await import('ws');
    const stalled = new WebSocket(`${env.APCA_API_STREAM_URL}/v2/iex`, { handshakeTimeout: 50 });
    const failure = await new Promise<Error>((resolve) => stalled.once('error', resolve));
    expect(failure.message).toMatch(/timed out/);
    test.exchange.setFaults({ stalledUpgrade: false, upgradeRateLimited: true });
    const limited = new WebSocket(`${env.APCA_API_STREAM_URL}/v2/iex`);
    const refusal = await new Promise<Error>((resolve) => limited.once('error', resolve));
    expect(refusal.message).toMatch(/429/);
    test.exchange.setFaults({ upgradeRateLimited: false, noAuthReply: true });
    const client = await test.stream('/v2/iex');
    client.send({ action: 'auth', key: env.APCA_API_KEY_ID, secret: env.APCA_API_SECRET_KEY });
    client.send({ action: 'auth', key: 'x', secret: 'y' });
    client.send({ action: 'nonsense' });
    await client.has((message) => message.code === 400);
    expect(client.messages).toHaveLength(2);
  });

  it('cuts the connections on demand', async () => {
    const test = await start();
    const client = await test.data();
    test.exchange.disconnect('data');
    await eventually(() => expect(client.closeCode).toBe(1006));
  });
});
