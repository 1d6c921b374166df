import { afterEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { createLog } from '../../src/observability/log.ts';
import { DEFAULT_STREAM_LIMITS } from '../../src/providers/config.ts';
import { eventually, whileTimePasses } from '../network/eventually.ts';
import { closedPort } from '../network/servers.ts';
import { type Feed, type FeedScript, startFeed } from './feed.ts';
import { type Watched, watchStream } from './listener.ts';

const START_MICROS = Date.parse('2026-11-20T15:00:00Z') * 1_000;
const open: (Feed | Watched['stream'])[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function watch(options: Parameters<typeof watchStream>[0]): Watched {
  const watched = watchStream(options);
  open.push(watched.stream);
  return watched;
}

async function feed(script: FeedScript = {}): Promise<Feed> {
  const started = await startFeed(script);
  open.push(started);
  return started;
}

describe('the market-data stream', () => {
  it('greets, authenticates, subscribes and passes events on in order', async () => {
    const server = await feed();
    const { states, events } = watch({
      url: server.wsUrl,
      want: { trades: ['AAPL', 'MSFT'], quotes: ['AAPL'] },
    });
    await eventually(() => expect(states()).toEqual(['connecting', 'authenticating', 'live']));
    const now = new Date(Date.now()).toISOString();
    server.connections[0]?.trade('AAPL', now);
    server.connections[0]?.trade('MSFT', now);
    await eventually(() => expect(events).toEqual(['trade AAPL 100', 'trade MSFT 100']));
    expect(server.paths).toEqual(['/v2/iex']);
    expect(server.connections[0]?.subscribed('statuses')).toEqual(['AAPL', 'MSFT']);
  });

  it.each([
    ['overnight', 'us_equity', '/v1beta1/overnight'],
    ['test', 'us_equity', '/v2/test'],
    ['crypto', 'crypto', '/v1beta3/crypto/us'],
    ['eu-1', 'crypto', '/v1beta3/crypto/eu-1'],
  ] as const)('reaches the feed %s of %s at %s', async (name, assetClass, path) => {
    const server = await feed();
    watch({ url: `${server.wsUrl}/`, feed: name, assetClass });
    await eventually(() => expect(server.paths).toEqual([path]));
  });

  it('is live without a greeting when the headers of the upgrade were enough', async () => {
    const server = await feed({ onConnect: (connection) => connection.authenticated() });
    const { states } = watch({ url: server.wsUrl });
    await eventually(() => expect(states().at(-1)).toBe('live'));
  });

  it('sends only the differences while connected, in parts that the feed takes', async () => {
    const server = await feed();
    const symbols = Array.from({ length: 25 }, (_, index) => `S${index}`);
    const { states, stream } = watch({
      url: server.wsUrl,
      want: { bars: symbols },
      limits: { subscribeSymbolsMax: 10 },
    });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    const connection = server.connections[0]!;
    const sizes = connection.received.flatMap(({ bars }) => (bars ? [bars.length] : []));
    expect(sizes).toEqual([10, 10, 5]);
    const before = connection.received.length;
    stream.want({ trades: [], quotes: [], bars: [...symbols.slice(1), 'NEW'] });
    await eventually(() => expect(connection.subscribed('bars')).toContain('NEW'));
    const core = connection.received.slice(before).filter(({ bars }) => bars);
    expect(core).toMatchObject([
      { action: 'unsubscribe', bars: ['S0'] },
      { action: 'subscribe', bars: ['NEW'] },
    ]);
  });

  it('takes an acknowledgement that leaves out empty channels for the whole state', async () => {
    const server = await feed({
      onMessage: (connection, message) => {
        if (message.action === 'auth') return false;
        connection.apply(message, { omitEmpty: true });
        return true;
      },
    });
    const { states, stream } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] } });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    stream.want({ trades: [], quotes: ['AAPL'], bars: [] });
    await eventually(() => expect(server.connections[0]?.subscribed('quotes')).toEqual(['AAPL']));
    expect(server.connections[0]?.subscribed('trades')).toEqual([]);
    expect(states().at(-1)).toBe('live');
  });

  it('takes data before the acknowledgement and after the unsubscribe as they come', async () => {
    const now = new Date(Date.now()).toISOString();
    const server = await feed({
      onMessage: (connection, { action }) => {
        if (action !== 'auth') connection.trade('AAPL', now);
        return false;
      },
    });
    const { states, events, stream } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] } });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    expect(events).toContain('trade AAPL 100');
    const seen = events.length;
    stream.want({ trades: [], quotes: [], bars: [] });
    await eventually(() => expect(events.length).toBeGreaterThan(seen));
    expect(states().at(-1)).toBe('live');
  });

  it('reports symbols that the feed leaves out of its acknowledgement, once, and asks again after a reconnect', async () => {
    let isMissing = true;
    const server = await feed({
      onMessage: (connection, message) => {
        if (message.action === 'auth') return false;
        connection.apply(message, { without: isMissing ? ['NOPE'] : [] });
        return true;
      },
    });
    const { states, notices, last } = watch({ url: server.wsUrl, want: { quotes: ['AAPL', 'NOPE'] } });
    await eventually(() => expect(states().at(-1)).toBe('degraded'));
    expect(last('unacknowledged')?.missing).toEqual({ trades: [], quotes: ['NOPE'], bars: [] });
    expect(notices.filter(({ type }) => type === 'unacknowledged')).toHaveLength(1);
    isMissing = false;
    server.connections[0]?.cut();
    await eventually(() => expect(states().at(-1)).toBe('live'));
  });

  it('does not send a symbol that would make the feed refuse its neighbours', async () => {
    const server = await feed();
    const { states, last } = watch({ url: server.wsUrl, want: { trades: ['AAPL', 'not a symbol'] } });
    await eventually(() => expect(states().at(-1)).toBe('degraded'));
    expect(server.connections[0]?.subscribed('trades')).toEqual(['AAPL']);
    expect(last('unacknowledged')?.missing.trades).toEqual(['not a symbol']);
  });

  it('comes back after a cut, subscribes all again, and reports the gap from the last event to the moment it is live', async () => {
    const clock = new SimulatedClock(START_MICROS);
    const server = await feed();
    const { states, events, last } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] }, clock });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    clock.advanceBy(3_000);
    server.connections[0]?.trade('AAPL', '2026-11-20T15:00:02.5Z');
    await eventually(() => expect(events).toHaveLength(1));
    const lastEventMicros = clock.nowMicros();
    clock.advanceBy(2_000);
    server.connections[0]?.cut();
    await whileTimePasses(clock, 100, () => expect(last('gap')).toBeDefined());
    expect(last('gap')).toMatchObject({ fromMicros: lastEventMicros, reason: 'disconnected' });
    expect(last('gap')!.toMicros).toBeGreaterThanOrEqual(lastEventMicros + 2_000_000);
    expect(server.connections[1]?.subscribed('trades')).toEqual(['AAPL']);
    expect(states().at(-1)).toBe('live');
  });

  it('keeps asking on the same connection while an older session is counted, and recovers when it no longer is', async () => {
    const clock = new SimulatedClock(START_MICROS);
    const server = await feed({
      onMessage: (connection, { action }) => {
        if (action !== 'auth' || clock.nowMicros() - START_MICROS > 90e6) return false;
        connection.error(406, 'connection limit exceeded');
        return true;
      },
    });
    const { states } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] }, clock });
    await whileTimePasses(clock, 250, () => expect(states().at(-1)).toBe('live'));
    expect(server.connections).toHaveLength(1);
    const tries = server.connections[0]!.received.filter(({ action }) => action === 'auth').length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(40);
  });

  it('makes no storm when the connection limit closes each connection', async () => {
    const clock = new SimulatedClock(START_MICROS);
    const server = await feed({
      onMessage: (connection, { action }) => {
        if (action !== 'auth' || clock.nowMicros() - START_MICROS > 90e6) return false;
        connection.error(406, 'connection limit exceeded');
        connection.close();
        return true;
      },
    });
    const { throttledDelayMs, throttledDelayMaxMs } = DEFAULT_STREAM_LIMITS;
    const { states } = watch({
      url: server.wsUrl,
      clock,
      limits: { throttledDelayMs, throttledDelayMaxMs },
    });
    await whileTimePasses(clock, 500, () => expect(states().at(-1)).toBe('live'));
    expect(server.connections.length).toBeLessThan(8);
  });

  it('gives up a connection on which the limit outlasts the hold', async () => {
    const clock = new SimulatedClock(START_MICROS);
    const server = await feed({
      onMessage: (connection, { action }) => {
        if (action === 'auth' && connection.index === 0) connection.error(406, 'connection limit exceeded');
        return action === 'auth' && connection.index === 0;
      },
    });
    const { states } = watch({ url: server.wsUrl, clock });
    await whileTimePasses(clock, 500, () => expect(states().at(-1)).toBe('live'));
    expect(server.connections).toHaveLength(2);
    expect(clock.nowMicros() - START_MICROS).toBeGreaterThan(
      DEFAULT_STREAM_LIMITS.connectionLimitHoldMs * 1_000,
    );
  });

  it.each([
    ['greets but never answers the authentication', { onMessage: () => true }],
    ['never greets', { onConnect: () => {} }],
    [
      'never acknowledges a subscription',
      { onMessage: (_connection: unknown, { action }: { action: string }) => action !== 'auth' },
    ],
  ])('leaves a feed that %s, after a bounded time', async (_name, script) => {
    const server = await feed(script);
    const { states } = watch({
      url: server.wsUrl,
      want: { trades: ['AAPL'] },
      limits: { authTimeoutMs: 20, acknowledgeTimeoutMs: 20 },
    });
    await eventually(() => expect(server.connections.length).toBeGreaterThan(2));
    expect(states()).not.toContain('live');
  });

  it('leaves a server that takes the connection and never upgrades it', async () => {
    let attempts = 0;
    const server = await feed({
      onUpgrade: () => {
        attempts += 1;
        return attempts < 3;
      },
    });
    const { states } = watch({ url: server.wsUrl, limits: { handshakeTimeoutMs: 30 } });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    expect(attempts).toBe(3);
  });

  it('tries without end where nothing listens, with growing delays', async () => {
    const clock = new SimulatedClock(START_MICROS);
    const { notices, stream } = watch({
      url: `ws://127.0.0.1:${await closedPort()}`,
      clock,
      limits: { reconnectDelayMs: 500, reconnectDelayMaxMs: 60_000 },
    });
    await whileTimePasses(clock, 2_000, () => expect(stream.counters.reconnects).toBeGreaterThan(9));
    const waits = notices.flatMap((notice) => {
      const match = notice.type === 'state' ? /again in ([\d.]+) s/.exec(notice.detail) : null;
      return match === null ? [] : [Number(match[1])];
    });
    expect(waits[0]).toBeLessThan(0.7);
    expect(waits.at(-1)).toBeGreaterThan(40);
  });

  it('waits as long as HTTP 429 asks it to', async () => {
    const clock = new SimulatedClock(START_MICROS);
    const upgradesAtMs: number[] = [];
    const server = await feed({
      onUpgrade: (_request, socket, index) => {
        upgradesAtMs.push(clock.monotonicMs());
        if (index === 0) socket.end('HTTP/1.1 429 Slow\r\nRetry-After: 20\r\nContent-Length: 0\r\n\r\n');
        return index === 0;
      },
    });
    const { states } = watch({ url: server.wsUrl, clock, limits: { throttledDelayMaxMs: 60_000 } });
    await whileTimePasses(clock, 500, () => expect(states().at(-1)).toBe('live'));
    expect(upgradesAtMs[1]! - upgradesAtMs[0]!).toBeGreaterThanOrEqual(20_000);
  });

  it('leaves a connection that no longer answers pings', async () => {
    const server = await feed({
      onConnect: (connection) => {
        if (connection.index === 0) connection.stopPongs();
        connection.greet();
      },
    });
    const { states } = watch({ url: server.wsUrl, limits: { pingIntervalMs: 20, pongTimeoutMs: 20 } });
    await eventually(() => expect(server.connections).toHaveLength(2));
    await eventually(() => expect(states().at(-1)).toBe('live'));
  });

  describe('in silence', () => {
    const silence = { silenceMaxMs: 30_000, barSilenceMaxMs: 150_000, silenceCeilingMs: 60_000 };

    it('connects anew when nothing liquid moved in an open market although pongs come', async () => {
      const clock = new SimulatedClock(START_MICROS);
      const server = await feed();
      const { states, stream, notices } = watch({
        url: server.wsUrl,
        want: { trades: ['SPY'] },
        clock,
        limits: silence,
      });
      await eventually(() => expect(states().at(-1)).toBe('live'));
      stream.setSession?.('open');
      await whileTimePasses(clock, 1_000, () => expect(server.connections).toHaveLength(2));
      const detail = notices.find((notice) => notice.type === 'state' && notice.state === 'waiting');
      expect(JSON.stringify(detail)).toContain('no market data for');
      expect(clock.monotonicMs()).toBeGreaterThanOrEqual(30_000);
      expect(clock.monotonicMs()).toBeLessThan(60_000);
    });

    it.each([
      ['the market is closed', 'SPY', 'closed'],
      ['nothing liquid is subscribed', 'ILLIQ', 'open'],
    ] as const)('stays where %s', async (_name, symbol, phase) => {
      const clock = new SimulatedClock(START_MICROS);
      const server = await feed();
      const { states, stream } = watch({
        url: server.wsUrl,
        want: { quotes: [symbol] },
        clock,
        limits: silence,
      });
      await eventually(() => expect(states().at(-1)).toBe('live'));
      stream.setSession?.(phase);
      await whileTimePasses(clock, 5_000, () => expect(clock.monotonicMs()).toBeGreaterThan(300_000));
      expect(server.connections).toHaveLength(1);
    });

    it('waits longer where only bars are subscribed', async () => {
      const clock = new SimulatedClock(START_MICROS);
      const server = await feed();
      const { states, stream } = watch({
        url: server.wsUrl,
        want: { bars: ['SPY'] },
        clock,
        limits: silence,
      });
      await eventually(() => expect(states().at(-1)).toBe('live'));
      stream.setSession?.('open');
      await whileTimePasses(clock, 1_000, () => expect(server.connections).toHaveLength(2));
      expect(clock.monotonicMs()).toBeGreaterThanOrEqual(150_000);
    });
  });

  it('keeps the rest of a frame with a damaged element, counts it, and logs at a limited rate', async () => {
    const lines: string[] = [];
    const log = createLog({ level: 'warn', file: null, isPretty: false }, {});
    log.warn = ((...parts: unknown[]) => lines.push(JSON.stringify(parts))) as typeof log.warn;
    const server = await feed();
    const { states, events, stream } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] }, log });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    const good = `{"T":"t","S":"AAPL","i":1,"x":"V","p":100,"s":10,"c":["@"],"z":"C","t":"${new Date(Date.now()).toISOString()}"}`;
    for (let count = 0; count < 5; count += 1) {
      server.connections[0]?.sendText(`[${good},{"T":"t","S":"AAPL","p":"?"},${good}]`);
    }
    await eventually(() => expect(events).toHaveLength(10));
    expect(stream.counters.damagedElements).toBe(5);
    expect(lines).toHaveLength(1);
  });

  it('survives a frame over its limit by connecting anew', async () => {
    const server = await feed();
    const { states } = watch({ url: server.wsUrl, limits: { frameBytesMax: 10_000 } });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    server.connections[0]?.sendText(`[${' '.repeat(20_000)}]`);
    await eventually(() => expect(server.connections).toHaveLength(2));
  });

  it('says nothing more after it was closed', async () => {
    const server = await feed();
    const { states, stream } = watch({ url: server.wsUrl });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    await stream.close();
    expect(states().at(-1)).toBe('closed');
    expect(server.connections).toHaveLength(1);
  });
});
