/** A scripted market-data feed: speaks Alpaca's protocol as far as a test does not tell it otherwise. */
import type { WebSocket } from 'ws';
import { type Behaviour, startServer, type TestServer } from '../network/servers.ts';

export interface FeedMessage {
  readonly action: string;
  readonly key?: string;
  readonly secret?: string;
  readonly trades?: string[];
  readonly quotes?: string[];
  readonly bars?: string[];
  readonly statuses?: string[];
  readonly lulds?: string[];
  readonly updatedBars?: string[];
}

const CHANNELS = ['trades', 'quotes', 'bars', 'statuses', 'lulds', 'updatedBars'] as const;

export class FeedConnection {
  readonly index: number;
  readonly received: FeedMessage[] = [];
  readonly #socket: WebSocket;
  readonly #subscribed = new Map(CHANNELS.map((channel) => [channel as string, new Set<string>()]));

  constructor(socket: WebSocket, index: number) {
    this.#socket = socket;
    this.index = index;
  }

  send(...elements: readonly object[]): void {
    this.#socket.send(JSON.stringify(elements));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  error(code: number, message = 'said the test'): void {
    this.send({ T: 'error', code, msg: message });
  }

  greet(): void {
    this.send({ T: 'success', msg: 'connected' });
  }

  authenticated(): void {
    this.send({ T: 'success', msg: 'authenticated' });
  }

  /** Applies a request and acknowledges with the whole state. */
  apply(message: FeedMessage, options: { omitEmpty?: boolean; without?: readonly string[] } = {}): void {
    for (const channel of CHANNELS) {
      const set = this.#subscribed.get(channel)!;
      for (const symbol of message[channel] ?? []) {
        if (message.action === 'subscribe' && !options.without?.includes(symbol)) set.add(symbol);
        if (message.action === 'unsubscribe') set.delete(symbol);
      }
    }
    const state = [...this.#subscribed].map(([channel, set]) => [channel, [...set]] as const);
    this.send({
      T: 'subscription',
      ...Object.fromEntries(options.omitEmpty ? state.filter(([, symbols]) => symbols.length > 0) : state),
    });
  }

  subscribed(channel: (typeof CHANNELS)[number]): string[] {
    return [...this.#subscribed.get(channel)!];
  }

  subscribedCount(...channels: readonly (typeof CHANNELS)[number][]): number {
    return channels.reduce((sum, channel) => sum + this.#subscribed.get(channel)!.size, 0);
  }

  trade(symbol: string, timestamp: string): void {
    this.send({ T: 't', S: symbol, i: 1, x: 'V', p: 100, s: 10, c: ['@'], z: 'C', t: timestamp });
  }

  cut(): void {
    this.#socket.terminate();
  }

  close(): void {
    this.#socket.close(1000);
  }

  stopPongs(): void {
    this.#socket.pong = () => {};
  }
}

export interface Feed extends TestServer {
  readonly connections: FeedConnection[];
  readonly paths: string[];
}

export interface FeedScript {
  /** Instead of the greeting. */
  onConnect?(connection: FeedConnection): void;
  /** Answers whether it took care of the message; what it did not is answered by the protocol. */
  onMessage?(connection: FeedConnection, message: FeedMessage): boolean;
  onUpgrade?: Behaviour['onUpgrade'];
}

export async function startFeed(script: FeedScript = {}): Promise<Feed> {
  const connections: FeedConnection[] = [];
  const paths: string[] = [];
  const server = await startServer({
    ...(script.onUpgrade === undefined ? {} : { onUpgrade: script.onUpgrade }),
    onWebSocket: (socket, index, request) => {
      paths.push(request.url ?? '');
      const connection = new FeedConnection(socket, index);
      connections.push(connection);
      socket.on('message', (data) => {
        const message = JSON.parse((data as Buffer).toString()) as FeedMessage;
        connection.received.push(message);
        if (script.onMessage?.(connection, message)) return;
        if (message.action === 'auth') connection.authenticated();
        else connection.apply(message);
      });
      if (script.onConnect) script.onConnect(connection);
      else connection.greet();
    },
  });
  return { ...server, connections, paths };
}
