/** The market-data WebSocket: greeting, authentication, subscriptions, and the market's events in batches. */
import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../../clock/clock.ts';
import type { FaultSwitches } from '../faults.ts';
import { isCrypto, type MarketEvent, type QuoteEvent } from '../market/events.ts';
import { TEST_SYMBOL } from '../market/instruments.ts';
import type { Market } from '../market/market.ts';
import { bookDelta, bookSnapshot } from '../market/orderBook.ts';
import type { ExchangeLimits, ExchangeLog } from '../options.ts';
import type { Credentials } from '../rest/http.ts';
import { type Encoding, jsonText, msgpackArray, msgpackBytes, readFrame } from './encoding.ts';
import { type FeedKind, type SubscribeProblem, Subscriptions } from './subscriptions.ts';
import { streamMessage, type WireObject } from './wire.ts';

const ERRORS = {
  400: 'invalid syntax',
  401: 'not authenticated',
  402: 'auth failed',
  403: 'already authenticated',
  404: 'auth timeout',
  405: 'symbol limit exceeded',
  406: 'connection limit exceeded',
  407: 'slow client',
  409: 'insufficient subscription',
  410: 'invalid subscribe action for this feed',
} as const;
type ErrorCode = keyof typeof ERRORS;

const PROBLEM_CODES: Readonly<Record<SubscribeProblem, ErrorCode>> = {
  invalid_syntax: 400,
  symbol_limit: 405,
  wrong_channel: 410,
};

export interface DataStreamOptions {
  readonly market: Market;
  readonly credentials: Credentials;
  readonly faults: FaultSwitches;
  readonly limits: ExchangeLimits;
  readonly clock: Clock;
  readonly log: ExchangeLog;
}

interface Connection {
  readonly socket: WebSocket;
  readonly encoding: Encoding;
  readonly feed: FeedKind;
  readonly subscriptions: Subscriptions;
  authTimer: Timer | undefined;
  isAuthenticated: boolean;
}

/** An event with its encodings, each made once however many connections want it. */
class Element {
  readonly event: MarketEvent | null;
  readonly symbol: string;
  readonly #message: WireObject;
  #json: Buffer | undefined;
  #msgpack: Uint8Array | undefined;

  constructor(symbol: string, message: WireObject, event: MarketEvent | null) {
    this.symbol = symbol;
    this.event = event;
    this.#message = message;
  }

  get json(): Buffer {
    this.#json ??= Buffer.from(jsonText(this.#message));
    return this.#json;
  }

  get msgpack(): Uint8Array {
    // The encoder reuses its buffer, so what it answers is copied.
    this.#msgpack ??= Uint8Array.from(msgpackBytes(this.#message));
    return this.#msgpack;
  }
}

export class DataStream {
  framesSent = 0;
  slowClientsCut = 0;
  readonly #options: DataStreamOptions;
  readonly #connections = new Set<Connection>();
  readonly #books = new Map<string, QuoteEvent>();
  #lastEndedMs = Number.NEGATIVE_INFINITY;
  #damagedCount = 0;

  constructor(options: DataStreamOptions) {
    this.#options = options;
  }

  get connections(): number {
    return this.#connections.size;
  }

  accept(socket: WebSocket, how: { encoding: Encoding; feed: FeedKind; hasKeys: boolean | null }): void {
    const { encoding, feed } = how;
    const connection: Connection = {
      socket,
      encoding,
      feed,
      subscriptions: new Subscriptions(feed),
      authTimer: undefined,
      isAuthenticated: false,
    };
    this.#connections.add(connection);
    socket.on('close', () => this.#onClose(connection));
    socket.on('error', () => socket.terminate());
    socket.on('message', (data: Buffer) => this.#receive(connection, data));
    this.#control(connection, { T: 'success', msg: 'connected' });
    connection.authTimer = this.#options.clock.after(this.#options.limits.authTimeoutMs, () => {
      this.#error(connection, 404);
      socket.close();
    });
    if (how.hasKeys !== null) this.#authenticate(connection, how.hasKeys);
  }

  publish(events: readonly MarketEvent[]): void {
    if (this.#connections.size === 0) {
      for (const event of events) if (event.kind === 'quote') this.#noteBook(event);
      return;
    }
    const { faults } = this.#options;
    const { silentData, unacknowledgedSymbols } = faults.current;
    const elements = this.#elementsOf(events, unacknowledgedSymbols);
    if (silentData) return;
    for (const connection of this.#connections) {
      if (!connection.isAuthenticated) continue;
      const wanted = elements.filter((element) => isWanted(connection, element));
      if (wanted.length > 0) this.#sendBatch(connection, wanted);
    }
  }

  /** Cuts every connection without a closing handshake. */
  cut(): void {
    for (const connection of this.#connections) connection.socket.terminate();
  }

  #elementsOf(events: readonly MarketEvent[], leftOut: readonly string[]): Element[] {
    const elements: Element[] = [];
    for (const event of events) {
      if (leftOut.includes(event.symbol)) continue;
      elements.push(new Element(event.symbol, streamMessage(event), event));
      if (event.kind !== 'quote' || !isCrypto(event.symbol)) continue;
      const before = this.#books.get(event.symbol);
      if (before !== undefined) elements.push(new Element(event.symbol, bookDelta(before, event), null));
      this.#noteBook(event);
    }
    return elements;
  }

  #noteBook(quote: QuoteEvent): void {
    if (isCrypto(quote.symbol)) this.#books.set(quote.symbol, quote);
  }

  #receive(connection: Connection, data: Buffer): void {
    const message = readFrame(data, connection.encoding);
    switch (message?.action) {
      case 'auth': {
        if (connection.isAuthenticated) {
          this.#error(connection, 403);
          return;
        }
        const { keyId, secretKey } = this.#options.credentials;
        this.#authenticate(connection, message.key === keyId && message.secret === secretKey);
        return;
      }
      case 'subscribe':
      case 'unsubscribe':
        this.#subscribe(connection, message.action, message);
        return;
      default:
        this.#error(connection, 400);
    }
  }

  #authenticate(connection: Connection, isKnown: boolean): void {
    const { faults, limits, clock } = this.#options;
    if (faults.current.noAuthReply) {
      connection.authTimer?.cancel();
      return;
    }
    if (!isKnown) {
      this.#error(connection, 402);
      return;
    }
    if (faults.current.feedNotInPlan) {
      this.#error(connection, 409);
      connection.socket.close();
      return;
    }
    const authenticated = [...this.#connections].filter((other) => other.isAuthenticated).length;
    const isHeld = clock.monotonicMs() - this.#lastEndedMs < faults.current.connectionHeldMs;
    if (authenticated >= limits.dataConnectionsMax || isHeld) {
      this.#error(connection, 406);
      return;
    }
    connection.authTimer?.cancel();
    connection.isAuthenticated = true;
    this.#control(connection, { T: 'success', msg: 'authenticated' });
  }

  #subscribe(
    connection: Connection,
    action: 'subscribe' | 'unsubscribe',
    message: Readonly<Record<string, unknown>>,
  ): void {
    if (!connection.isAuthenticated) {
      this.#error(connection, 401);
      return;
    }
    const { faults, limits } = this.#options;
    const problem = connection.subscriptions.change(action, message, limits.subscribedSymbolsMax);
    if (problem !== null) {
      this.#error(connection, PROBLEM_CODES[problem]);
      return;
    }
    const { omitEmptyChannels, unacknowledgedSymbols } = faults.current;
    const state = connection.subscriptions.state({
      omitEmpty: omitEmptyChannels,
      leftOut: unacknowledgedSymbols,
    });
    this.#control(connection, { T: 'subscription', ...state });
    if (action === 'subscribe' && message.orderbooks !== undefined) this.#sendBooks(connection);
  }

  /** A subscriber to order books begins with full ones. */
  #sendBooks(connection: Connection): void {
    const elements = [...this.#books.values()]
      .filter((quote) => connection.subscriptions.has('orderbooks', quote.symbol))
      .map((quote) => new Element(quote.symbol, bookSnapshot(quote), null));
    if (elements.length > 0) this.#sendBatch(connection, elements);
  }

  #control(connection: Connection, message: WireObject): void {
    this.#sendBatch(connection, [new Element('', message, null)], true);
  }

  #error(connection: Connection, code: ErrorCode): void {
    this.#control(connection, { T: 'error', code, msg: ERRORS[code] });
  }

  #sendBatch(connection: Connection, elements: readonly Element[], isControl = false): void {
    const { socket, encoding } = connection;
    if (socket.readyState !== socket.OPEN) return;
    const { faults, limits } = this.#options;
    const isSlow = socket.bufferedAmount > limits.sendBufferBytesMax || faults.current.slowClient;
    if (isSlow && !isControl) {
      this.#cutSlow(connection);
      return;
    }
    this.framesSent += 1;
    if (encoding === 'msgpack') {
      const parts = elements.map((element) => element.msgpack);
      if (!isControl) for (const odd of this.#oddities()) parts.push(Uint8Array.from(msgpackBytes(odd)));
      socket.send(msgpackArray(parts), { binary: true });
      return;
    }
    const parts = elements.map((element) => element.json.toString());
    if (!isControl) for (const odd of this.#oddities()) parts.push(jsonText(odd));
    if (!isControl && faults.current.malformedElements && this.#damagedCount % 2 === 0) {
      parts.splice(Math.floor(parts.length / 2), 0, '{"T":"t","S":"DAMAGED","p":1.2.3,"s":}');
    }
    socket.send(`[${parts.join(',')}]`, { binary: false });
  }

  /** Elements that faults mix into a batch: of the wrong form, of unknown kind, with unknown fields. */
  #oddities(): WireObject[] {
    const { malformedElements, unknownKinds } = this.#options.faults.current;
    const odd: WireObject[] = [];
    if (malformedElements) {
      this.#damagedCount += 1;
      odd.push({ T: 't', S: 7, p: 'not a price', s: null, t: 'yesterday' });
    }
    if (unknownKinds) odd.push({ T: 'zz', S: 'AAPL', later: { version: 9 } });
    return odd;
  }

  #cutSlow(connection: Connection): void {
    this.slowClientsCut += 1;
    this.#options.log.warn({ feed: connection.feed }, 'a client reads too slowly and is cut off');
    this.#error(connection, 407);
    // Closing politely would wait for the client to read everything: it may take its time, but not for ever.
    connection.isAuthenticated = false;
    connection.socket.close();
  }

  #onClose(connection: Connection): void {
    connection.authTimer?.cancel();
    if (connection.isAuthenticated) this.#lastEndedMs = this.#options.clock.monotonicMs();
    this.#connections.delete(connection);
  }
}

function isWanted(connection: Connection, element: Element): boolean {
  if (feedOf(element.symbol) !== connection.feed) return false;
  return element.event === null
    ? connection.subscriptions.has('orderbooks', element.symbol)
    : connection.subscriptions.wants(element.event);
}

function feedOf(symbol: string): FeedKind {
  if (symbol === TEST_SYMBOL) return 'test';
  return isCrypto(symbol) ? 'crypto' : 'stocks';
}
