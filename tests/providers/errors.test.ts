import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../network/eventually.ts';
import { type Feed, startFeed } from './feed.ts';
import { type Watched, watchStream } from './listener.ts';

const open: (Feed | Watched['stream'])[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function watch(options: Parameters<typeof watchStream>[0]): Watched {
  const watched = watchStream(options);
  open.push(watched.stream);
  return watched;
}

async function feed(script: Parameters<typeof startFeed>[0]): Promise<Feed> {
  const started = await startFeed(script);
  open.push(started);
  return started;
}

describe('the answer to an error code', () => {
  it.each([
    [402, 'auth failed', 'APCA_API_KEY_ID'],
    [408, 'v2 not enabled', 'plan'],
    [409, 'insufficient subscription', 'plan'],
    [411, 'insufficient scope', 'scope'],
  ])('%i (%s) stops the stream and tells a person what to do', async (code, message, remedy) => {
    const server = await feed({
      onMessage: (connection, { action }) => {
        if (action === 'auth') connection.error(code, message);
        return action === 'auth';
      },
    });
    const { states, last, notices } = watch({ url: server.wsUrl });
    await eventually(() => expect(last('fatal')).toBeDefined());
    expect(states().at(-1)).toBe('failed');
    expect(last('fatal')?.remedy).toContain(remedy);
    expect(last('fatal')?.detail).toContain(String(code));
    expect(JSON.stringify(notices)).not.toContain('the-secret-of-the-test');
    expect(server.connections).toHaveLength(1);
  });

  it.each([
    [404, 'auth timeout'],
    [407, 'slow client'],
    [500, 'internal error'],
  ])('%i (%s) connects again and subscribes again', async (code, message) => {
    const server = await feed({
      onMessage: (connection, { action }) => {
        if (action !== 'auth' || connection.index > 0) return false;
        connection.error(code, message);
        return true;
      },
    });
    const { states } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] } });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    expect(server.connections).toHaveLength(2);
    expect(server.connections[1]?.subscribed('trades')).toEqual(['AAPL']);
  });

  it('407 names the slow client as the reason of the gap', async () => {
    const server = await feed({});
    const { states, last } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] } });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    server.connections[0]?.error(407, 'slow client');
    server.connections[0]?.close();
    await eventually(() => expect(last('gap')).toBeDefined());
    expect(last('gap')?.reason).toBe('slow_client');
  });

  it('400 does not send the request again, and says what is missing', async () => {
    const server = await feed({
      onMessage: (connection, message) => {
        if (!message.trades) return false;
        connection.error(400, 'invalid syntax');
        return true;
      },
    });
    const { states, last } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] } });
    await eventually(() => expect(states().at(-1)).toBe('degraded'));
    expect(last('unacknowledged')?.missing.trades).toEqual(['AAPL']);
    server.connections[0]?.cut();
    await eventually(() => expect(server.connections).toHaveLength(2));
    await eventually(() => expect(states().at(-1)).toBe('degraded'));
    const asked = server.connections.flatMap(({ received }) => received.filter(({ trades }) => trades));
    expect(asked).toHaveLength(1);
  });

  it('401 authenticates and then subscribes on the same connection', async () => {
    let refused = false;
    const server = await feed({
      onMessage: (connection, { action }) => {
        if (action !== 'subscribe' || refused) return false;
        refused = true;
        connection.error(401, 'not authenticated');
        return true;
      },
    });
    const { states } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] } });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    expect(server.connections).toHaveLength(1);
    expect(server.connections[0]?.received.filter(({ action }) => action === 'auth')).toHaveLength(2);
  });

  it('403 (already authenticated) counts as authenticated', async () => {
    const server = await feed({
      onMessage: (connection, { action }) => {
        if (action === 'auth') connection.error(403, 'already authenticated');
        return action === 'auth';
      },
    });
    const { states } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] } });
    await eventually(() => expect(states().at(-1)).toBe('live'));
  });

  it('405 shrinks the set until it fits, keeps the bars, and reports the rest', async () => {
    const limit = 30;
    const server = await feed({
      onMessage: (connection, message) => {
        const asked = (message.trades?.length ?? 0) + (message.quotes?.length ?? 0);
        if (connection.subscribedCount('trades', 'quotes') + asked <= limit) return false;
        connection.error(405, 'symbol limit exceeded');
        return true;
      },
    });
    const symbols = Array.from({ length: 50 }, (_, index) => `S${index}`);
    const { states, last } = watch({
      url: server.wsUrl,
      want: { trades: symbols, quotes: symbols, bars: symbols },
    });
    await eventually(() => expect(states().at(-1)).toBe('degraded'));
    const connection = server.connections[0]!;
    expect(connection.subscribedCount('trades', 'quotes')).toBe(limit);
    expect(connection.subscribed('bars')).toHaveLength(50);
    const missing = last('unacknowledged')!.missing;
    expect([missing.trades.length, missing.quotes.length, missing.bars.length]).toEqual([20, 50, 0]);
    expect(connection.received.length).toBeLessThan(50);
  });

  it('410 drops the channel that the feed does not have, for good, and goes on with the others', async () => {
    const server = await feed({
      onMessage: (connection, message) => {
        if (!message.lulds) return false;
        connection.error(410, 'invalid subscribe action for this feed');
        return true;
      },
    });
    const { states } = watch({ url: server.wsUrl, want: { trades: ['AAPL'], bars: ['AAPL'] } });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    server.connections[0]?.cut();
    await eventually(() => expect(server.connections[1]?.subscribed('updatedBars')).toEqual(['AAPL']));
    const asked = server.connections.flatMap(({ received }) => received.filter(({ lulds }) => lulds));
    expect(asked).toHaveLength(1);
  });

  it('an unknown code drops the request that it answers and keeps the connection', async () => {
    const server = await feed({
      onMessage: (connection, message) => {
        if (!message.quotes) return false;
        connection.error(499, 'of a later version');
        return true;
      },
    });
    const { states, stream } = watch({ url: server.wsUrl, want: { trades: ['AAPL'] } });
    await eventually(() => expect(states().at(-1)).toBe('live'));
    stream.want({ trades: ['AAPL'], quotes: ['AAPL'], bars: [] });
    await eventually(() => expect(states().at(-1)).toBe('degraded'));
    expect(server.connections).toHaveLength(1);
  });

  it.each([401, 403])('HTTP %i instead of the upgrade stops the stream', async (status) => {
    const server = await feed({
      onUpgrade: (_request, socket) => {
        socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
        return true;
      },
    });
    const { last } = watch({ url: server.wsUrl });
    await eventually(() => expect(last('fatal')?.detail).toContain(String(status)));
  });
});
