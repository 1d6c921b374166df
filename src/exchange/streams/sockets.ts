/** Upgrades to WebSocket: which stream a path belongs to, in which encoding, and refusals before any frame. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { FaultSwitches } from '../faults.ts';
import type { ExchangeLimits } from '../options.ts';
import { type Credentials, hasKeys } from '../rest/http.ts';
import type { DataStream } from './dataStream.ts';
import { encodingOf } from './encoding.ts';
import type { FeedKind } from './subscriptions.ts';
import type { TradingStream } from './tradingStream.ts';

const STOCK_PATH = /^\/v2\/(iex|sip|delayed_sip)\/?$/;
const TEST_PATH = /^\/v2\/test\/?$/;
const CRYPTO_PATH = /^\/v1beta3\/crypto\/us\/?$/;
const TRADING_PATH = /^\/stream\/?$/;

export interface SocketOptions {
  readonly data: DataStream;
  readonly trading: TradingStream;
  readonly credentials: Credentials;
  readonly faults: FaultSwitches;
  readonly limits: ExchangeLimits;
}

export class SocketFront {
  readonly #options: SocketOptions;
  readonly #upgrader: WebSocketServer;
  /** Taken and never answered: ended with the exchange. */
  readonly #stalled = new Set<Duplex>();

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#upgrader = new WebSocketServer({
      noServer: true,
      maxPayload: options.limits.clientFrameBytesMax,
      // Compressing every frame for loopback clients would cost more than it saves.
      perMessageDeflate: false,
    });
  }

  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
  }

  close(): void {
    for (const socket of this.#stalled) socket.destroy();
    this.#upgrader.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { data, trading, faults, credentials } = this.#options;
    socket.on('error', () => socket.destroy());
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const feed = feedOf(pathname);
    if (feed === undefined && !TRADING_PATH.test(pathname)) {
      refuse(socket, '404 Not Found');
      return;
    }
    if (faults.current.stalledUpgrade) {
      this.#stalled.add(socket);
      socket.on('close', () => this.#stalled.delete(socket));
      return;
    }
    if (faults.current.upgradeRateLimited) {
      refuse(socket, '429 Too Many Requests');
      return;
    }
    const encoding = encodingOf(request.headers['content-type']);
    const isKeyed =
      request.headers['apca-api-key-id'] !== undefined || request.headers.authorization !== undefined;
    this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      if (feed === undefined) trading.accept(webSocket, encoding);
      else
        data.accept(webSocket, { encoding, feed, hasKeys: isKeyed ? hasKeys(request, credentials) : null });
    });
  }
}

function feedOf(path: string): FeedKind | undefined {
  if (STOCK_PATH.test(path)) return 'stocks';
  if (TEST_PATH.test(path)) return 'test';
  return CRYPTO_PATH.test(path) ? 'crypto' : undefined;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
