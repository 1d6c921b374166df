/** One WebSocket connection with a bounded handshake and a watch on its pulse. It does not reconnect by itself. */
import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import type { Clock, Timer } from '../clock/clock.ts';
import { retryAfterMs } from './headers.ts';

/** Why a connection is no more, other than by our own `close` or `terminate`. */
export type SocketEnd =
  /** An HTTP answer instead of an upgrade. */
  | { readonly reason: 'refused'; readonly httpStatus: number; readonly retryAfterMs: number | null }
  | { readonly reason: 'unreachable'; readonly detail: string }
  | { readonly reason: 'no_pulse'; readonly detail: string }
  | { readonly reason: 'closed'; readonly detail: string };

export interface SocketListener {
  onOpen(): void;
  onFrame(frame: Buffer, isBinary: boolean): void;
  /** Once, and nothing after it. */
  onEnd(end: SocketEnd): void;
}

export interface SocketOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly handshakeTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
  readonly frameBytesMax: number;
  readonly closeTimeoutMs: number;
}

export class Socket {
  readonly #options: SocketOptions;
  readonly #listener: SocketListener;
  readonly #webSocket: WebSocket;
  readonly #handshakeTimer: Timer;
  #pingTimer: Timer | null = null;
  #pongTimer: Timer | null = null;
  #isEnded = false;
  #error = '';

  constructor(options: SocketOptions, listener: SocketListener) {
    this.#options = options;
    this.#listener = listener;
    this.#webSocket = new WebSocket(options.url, {
      headers: { ...options.headers },
      // Inflating costs more processor time than the bytes it saves, and the decoder checks the text itself.
      perMessageDeflate: false,
      skipUTF8Validation: true,
      maxPayload: options.frameBytesMax,
    });
    // ws has a handshake time-out of its own, but it starts anew with every byte that trickles in.
    this.#handshakeTimer = options.clock.after(options.handshakeTimeoutMs, () =>
      this.#end({ reason: 'unreachable', detail: `no WebSocket in ${options.handshakeTimeoutMs} ms` }),
    );
    this.#webSocket.on('open', () => this.#onOpen());
    this.#webSocket.on('message', (data, isBinary) => {
      if (this.#isEnded) return;
      this.#pulse();
      this.#listener.onFrame(data as Buffer, isBinary);
    });
    this.#webSocket.on('pong', () => this.#pulse());
    this.#webSocket.on('unexpected-response', (_request, response) => this.#onRefused(response));
    this.#webSocket.on('error', (error) => {
      this.#error = error.message;
    });
    this.#webSocket.on('close', (code, reason) => this.#onClosed(code, reason.toString('utf8')));
  }

  /** False when there is no open connection to send on. */
  send(text: string): boolean {
    if (this.#isEnded || this.#webSocket.readyState !== WebSocket.OPEN) return false;
    this.#webSocket.send(text);
    return true;
  }

  /** Cuts the connection; the listener hears no more. */
  terminate(): void {
    this.#stopTimers();
    this.#isEnded = true;
    this.#webSocket.terminate();
  }

  /** Says good-bye, so that the server frees the session, and waits for the answer; the listener hears no more. */
  close(): Promise<void> {
    this.#stopTimers();
    this.#isEnded = true;
    if (this.#webSocket.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(this.#options.closeTimeoutMs, () =>
        this.#webSocket.terminate(),
      );
      this.#webSocket.once('close', () => {
        timer.cancel();
        resolve();
      });
      if (this.#webSocket.readyState === WebSocket.CONNECTING) this.#webSocket.terminate();
      else this.#webSocket.close(1000);
    });
  }

  #onOpen(): void {
    if (this.#isEnded) return;
    this.#handshakeTimer.cancel();
    this.#pingTimer = this.#options.clock.every(this.#options.pingIntervalMs, () => this.#ping());
    this.#listener.onOpen();
  }

  #ping(): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return;
    this.#webSocket.ping();
    this.#pongTimer ??= this.#options.clock.after(this.#options.pongTimeoutMs, () =>
      this.#end({ reason: 'no_pulse', detail: `no pong in ${this.#options.pongTimeoutMs} ms` }),
    );
  }

  /** Any frame shows that the other side lives: a pong may stand behind megabytes of data. */
  #pulse(): void {
    this.#pongTimer?.cancel();
    this.#pongTimer = null;
  }

  #onRefused(response: IncomingMessage): void {
    response.resume();
    const nowMs = this.#options.clock.nowMicros() / 1_000;
    this.#end({
      reason: 'refused',
      httpStatus: response.statusCode ?? 0,
      retryAfterMs: retryAfterMs(response.headers, nowMs) ?? null,
    });
  }

  #onClosed(code: number, reason: string): void {
    const wasOpen = this.#pingTimer !== null;
    const detail = [this.#error, wasOpen ? `closed with ${code}` : '', reason].filter((part) => part !== '');
    this.#end({ reason: wasOpen ? 'closed' : 'unreachable', detail: detail.join(', ').slice(0, 200) });
  }

  #end(end: SocketEnd): void {
    if (this.#isEnded) return;
    this.terminate();
    this.#listener.onEnd(end);
  }

  #stopTimers(): void {
    this.#handshakeTimer.cancel();
    this.#pingTimer?.cancel();
    this.#pongTimer?.cancel();
  }
}
