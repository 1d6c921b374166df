/**
 * The trade-updates stream (protocol B.1): authenticates, listens, and connects again for ever. It replays nothing,
 * so every `connected` asks the listener to find out by requests what it missed.
 */
import type { Timer } from '../../clock/clock.ts';
import { assert } from '../../domain/assert.ts';
import { Reconnect, type ReconnectPace } from '../../network/reconnect.ts';
import { Socket, type SocketEnd } from '../../network/socket.ts';
import type { AlpacaBrokerConfig } from '../config.ts';
import type { BrokerContext, BrokerListener } from '../contract.ts';
import { readFrame } from './updates.ts';

const STREAM = 'trade_updates';
const CHECK_KEYS =
  'check APCA_API_KEY_ID and APCA_API_SECRET_KEY, and that they are for this host (paper or live)';

interface End {
  readonly detail: string;
  readonly pace?: ReconnectPace;
  readonly retryAfterMs?: number;
  readonly remedy?: string;
}

export class AlpacaUpdateStream {
  readonly #config: AlpacaBrokerConfig;
  readonly #context: BrokerContext;
  readonly #url: string;
  readonly #reconnect: Reconnect;
  #listener: BrokerListener | null = null;
  #socket: Socket | null = null;
  #listenTimer: Timer | null = null;
  #isListening = false;

  constructor(config: AlpacaBrokerConfig, context: BrokerContext, baseUrl: string) {
    this.#config = config;
    this.#context = context;
    this.#url = `${baseUrl.replace(/^http/, 'ws')}/stream`;
    this.#reconnect = new Reconnect({ ...context, limits: config.limits, connect: () => this.#connect() });
  }

  open(listener: BrokerListener): void {
    assert(this.#listener === null, 'the trade-updates stream was opened before');
    this.#listener = listener;
    this.#connect();
  }

  async close(): Promise<void> {
    this.#reconnect.stop();
    this.#listenTimer?.cancel();
    const socket = this.#socket;
    this.#socket = null;
    await socket?.close();
  }

  #connect(): void {
    const { clock } = this.#context;
    const { limits, keyId, secretKey } = this.#config;
    this.#isListening = false;
    const socket: Socket = new Socket(
      { ...limits, url: this.#url, clock },
      {
        onOpen: () => {
          this.#listenTimer = clock.after(limits.listenTimeoutMs, () =>
            this.#end({ detail: `not listening ${limits.listenTimeoutMs} ms after connecting` }),
          );
          socket.send(
            JSON.stringify({ action: 'authenticate', data: { key_id: keyId, secret_key: secretKey } }),
          );
        },
        onFrame: (frame) => {
          if (this.#socket === socket) this.#onFrame(frame);
        },
        onEnd: (end) => this.#onSocketEnd(end),
      },
    );
    this.#socket = socket;
  }

  #onFrame(frame: Buffer): void {
    const { clock, log } = this.#context;
    const message = readFrame(frame, clock.nowMicros());
    switch (message.type) {
      case 'authorization':
        if (message.isAuthorized) this.#listen();
        else if (message.action === 'listen')
          this.#end({ detail: 'listening was refused: not authenticated' });
        else this.#end({ detail: 'Alpaca refused the keys on the trade-updates stream', remedy: CHECK_KEYS });
        return;
      case 'listening':
        this.#onListening(message.streams);
        return;
      case 'update':
        this.#listener?.onTradeUpdate(message.update);
        return;
      case 'error':
        log.warn({ detail: message.message }, 'the trade-updates stream reports an error');
        if (!this.#isListening) this.#end({ detail: message.message, pace: 'throttled' });
        return;
      case 'other':
        log.debug({ stream: message.stream }, 'a message of a stream that was not asked for');
        return;
      case 'damaged':
        // It may have been a fill. Connecting anew makes the desk ask for everything by requests.
        log.error({ detail: message.detail }, 'a trade update cannot be read');
        this.#end({ detail: 'a trade update could not be read' });
        return;
    }
  }

  #listen(): void {
    if (!this.#isListening)
      this.#socket?.send(JSON.stringify({ action: 'listen', data: { streams: [STREAM] } }));
  }

  #onListening(streams: readonly string[]): void {
    if (!streams.includes(STREAM)) {
      this.#end({ detail: `the account is not given ${STREAM}`, pace: 'throttled' });
      return;
    }
    if (this.#isListening) return;
    this.#isListening = true;
    this.#listenTimer?.cancel();
    this.#reconnect.live();
    this.#listener?.onNotice({ type: 'connected' });
  }

  #onSocketEnd(end: SocketEnd): void {
    if (end.reason !== 'refused') {
      this.#end({ detail: `the trade-updates stream ended: ${end.detail}` });
      return;
    }
    const { httpStatus, retryAfterMs } = end;
    this.#end({
      detail: `the trade-updates stream was refused with HTTP ${httpStatus}`,
      pace: httpStatus === 429 ? 'throttled' : 'normal',
      retryAfterMs: retryAfterMs ?? 0,
      ...(httpStatus === 401 || httpStatus === 403 ? { remedy: CHECK_KEYS } : {}),
    });
  }

  #end(end: End): void {
    if (this.#socket === null) return;
    this.#socket.terminate();
    this.#socket = null;
    this.#isListening = false;
    this.#listenTimer?.cancel();
    if (end.remedy !== undefined) {
      this.#reconnect.stop();
      this.#listener?.onNotice({ type: 'fatal', detail: end.detail, remedy: end.remedy });
      return;
    }
    const waitMs = this.#reconnect.schedule(end.pace ?? 'normal', end.retryAfterMs ?? 0);
    const detail = `${end.detail}; connecting again in ${(waitMs / 1_000).toFixed(1)} s`;
    this.#listener?.onNotice({ type: 'disconnected', detail });
  }
}
