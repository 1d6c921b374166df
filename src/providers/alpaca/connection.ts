/**
 * One connection to the market-data stream, from the upgrade to its end: greeting, authentication, subscriptions
 * (protocol A.2, A.3), and the answer to each error code (A.6). The stream makes a new one after its end.
 */
import type { Clock, Timer } from '../../clock/clock.ts';
import { Socket, type SocketEnd } from '../../network/socket.ts';
import type { Log } from '../../observability/log.ts';
import type { AlpacaControl } from '../../tape/alpaca/control.ts';
import type { ProviderConfig } from '../config.ts';
import { ERROR_CODES, remedyOfRefusal } from './errors.ts';
import { streamPath } from './feed.ts';
import { requestText, type SubscriptionState } from './subscription.ts';

/** How a connection ended, and how soon a new one makes sense. */
export interface ConnectionEnd {
  readonly detail: string;
  /** `throttled`: HTTP 429, or another session of the account is still counted: come back much later. */
  readonly pace: 'normal' | 'throttled';
  readonly retryAfterMs: number;
  readonly lossReason: 'disconnected' | 'slow_client';
  /** What a person must do, when coming back is of no use. */
  readonly remedy: string | null;
}

export interface ConnectionListener {
  onAuthenticating(detail: string): void;
  /** Everything that can be asked for has been answered. Called again after each change. */
  onSubscribed(): void;
  onFrame(frame: Buffer): void;
  onEnd(end: ConnectionEnd): void;
}

export interface ConnectionOptions {
  readonly config: ProviderConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly subscriptions: SubscriptionState;
  readonly listener: ConnectionListener;
}

export class AlpacaConnection {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  #phase: 'connecting' | 'authenticating' | 'authenticated' | 'ended' = 'connecting';
  /** Bounds whatever answer is awaited: authentication, or an acknowledgement. */
  #answerTimer: Timer | null = null;
  #authenticationTimer: Timer | null = null;
  #limitedSinceMs: number | null = null;
  #limitedCount = 0;
  #wasSlow = false;

  constructor(options: ConnectionOptions) {
    const { config, clock } = options;
    this.#options = options;
    options.subscriptions.reset();
    const url = config.streamUrl.replace(/\/+$/, '') + streamPath(config.feed, config.assetClass);
    this.#socket = new Socket(
      // Asks for JSON text; binary frames would be msgpack.
      { ...config.stream, url, headers: { 'content-type': 'application/json' }, clock },
      {
        onOpen: () => {
          this.#phase = 'authenticating';
          this.#awaitAnswer(config.stream.authTimeoutMs, 'no authentication');
          options.listener.onAuthenticating('connected');
        },
        onFrame: (frame) => options.listener.onFrame(frame),
        onEnd: (end) => this.#onSocketEnd(end),
      },
    );
  }

  /** Sends what differs between the wanted and the acknowledged subscriptions. */
  subscribe(): void {
    if (this.#phase !== 'authenticated') return;
    const request = this.#options.subscriptions.next();
    if (request !== null) {
      this.#socket.send(requestText(request));
      this.#awaitAnswer(this.#options.config.stream.acknowledgeTimeoutMs, `no answer to ${request.action}`);
    } else if (!this.#options.subscriptions.isUnderWay) this.#options.listener.onSubscribed();
  }

  /** A control message of this connection's frames. */
  onControl(message: AlpacaControl): void {
    switch (message.type) {
      case 'success':
        if (message.message === 'authenticated') this.#onAuthenticated();
        else if (message.message === 'connected') this.#authenticate();
        return;
      case 'subscription':
        this.#answerTimer?.cancel();
        this.#options.subscriptions.acknowledge(message.channels);
        this.subscribe();
        return;
      case 'error':
        this.#onError(message.code, message.message);
        return;
    }
  }

  /** Cuts the connection at once; its end is told like any other. */
  cut(detail: string): void {
    this.#end({ detail });
  }

  /** Ends the session properly; nothing more is told. */
  close(): Promise<void> {
    this.#phase = 'ended';
    this.#stopTimers();
    return this.#socket.close();
  }

  #authenticate(): void {
    if (this.#phase !== 'authenticating') return;
    const { keyId, secretKey } = this.#options.config;
    this.#socket.send(JSON.stringify({ action: 'auth', key: keyId, secret: secretKey }));
  }

  #onAuthenticated(): void {
    if (this.#phase !== 'authenticating') return;
    this.#phase = 'authenticated';
    this.#stopTimers();
    this.subscribe();
  }

  #onError(code: number, message: string): void {
    const { log, subscriptions } = this.#options;
    const known = ERROR_CODES.get(code);
    const detail = `error ${code} ${known?.meaning ?? ''}: ${message}`;
    if (known === undefined) {
      log.warn({ code, detail: message }, 'the feed sent an error of an unknown code');
      this.#refuse('invalid_request');
      return;
    }
    switch (known.reaction) {
      case 'ignore':
        // Already authenticated: the answer to our first request was lost, not its effect.
        this.#onAuthenticated();
        return;
      case 'do_not_resend':
        log.error({ code, detail: message }, 'the feed did not understand a request; it is not sent again');
        this.#refuse('invalid_request');
        return;
      case 'authenticate':
        this.#authenticateAnew(detail);
        return;
      case 'stop':
        this.#end({ detail: `the feed refuses us: ${detail}`, remedy: known.remedy ?? 'see the log' });
        return;
      case 'reconnect':
        this.#end({ detail });
        return;
      case 'shrink':
        log.warn({ code }, 'the plan allows fewer symbols than are wanted; asking for fewer');
        this.#refuse('symbol_limit');
        return;
      case 'authenticate_later':
        this.#authenticateLater(detail);
        return;
      case 'reconnect_slow_client':
        log.error({ code }, 'the feed cut us off because its frames were not read fast enough');
        this.#wasSlow = true;
        this.#end({ detail });
        return;
      case 'drop_channel':
        log.info({ code, detail: message }, 'the feed does not have a channel; it is dropped');
        if (subscriptions.isUnderWay) this.#refuse('invalid_channel');
        return;
    }
  }

  #refuse(refusal: 'symbol_limit' | 'invalid_channel' | 'invalid_request'): void {
    if (this.#phase !== 'authenticated') return;
    this.#answerTimer?.cancel();
    this.#options.subscriptions.refuse(refusal);
    this.subscribe();
  }

  /** The server says that we are not authenticated; what was asked meanwhile was not done. */
  #authenticateAnew(detail: string): void {
    if (this.#phase === 'authenticating') return;
    this.#phase = 'authenticating';
    this.#options.subscriptions.reset();
    this.#awaitAnswer(this.#options.config.stream.authTimeoutMs, detail);
    this.#authenticate();
  }

  /** A half-dead session is counted for about 90 s: asking on the same socket costs the server least. */
  #authenticateLater(detail: string): void {
    const { clock, config, listener } = this.#options;
    const { connectionLimitDelayMs, connectionLimitDelayMaxMs, connectionLimitHoldMs } = config.stream;
    const nowMs = clock.monotonicMs();
    this.#limitedSinceMs ??= nowMs;
    this.#limitedCount += 1;
    if (nowMs - this.#limitedSinceMs > connectionLimitHoldMs) {
      this.#end({ detail });
      return;
    }
    this.#phase = 'authenticating';
    this.#stopTimers();
    const waitMs = Math.min(connectionLimitDelayMs * this.#limitedCount, connectionLimitDelayMaxMs);
    listener.onAuthenticating(`${detail}; asking again in ${waitMs} ms`);
    this.#authenticationTimer = clock.after(waitMs, () => {
      this.#awaitAnswer(config.stream.authTimeoutMs, 'no authentication');
      this.#authenticate();
    });
  }

  #awaitAnswer(timeoutMs: number, detail: string): void {
    this.#answerTimer?.cancel();
    this.#answerTimer = this.#options.clock.after(timeoutMs, () =>
      this.#end({ detail: `${detail} in ${timeoutMs} ms` }),
    );
  }

  #onSocketEnd(end: SocketEnd): void {
    switch (end.reason) {
      case 'refused': {
        const detail = `the feed refused the connection with HTTP ${end.httpStatus}`;
        const pace = end.httpStatus === 429 ? 'throttled' : 'normal';
        const remedy = remedyOfRefusal(end.httpStatus);
        this.#end({ detail, pace, retryAfterMs: end.retryAfterMs ?? 0, remedy });
        return;
      }
      case 'unreachable':
        this.#end({ detail: `the feed cannot be reached: ${end.detail}` });
        return;
      case 'no_pulse':
      case 'closed':
        this.#end({ detail: `the connection ended: ${end.detail}` });
        return;
    }
  }

  #end(end: {
    detail: string;
    pace?: 'normal' | 'throttled';
    retryAfterMs?: number;
    remedy?: string | null;
  }): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#stopTimers();
    this.#socket.terminate();
    this.#options.listener.onEnd({
      detail: end.detail,
      pace: end.pace ?? (this.#limitedSinceMs === null ? 'normal' : 'throttled'),
      retryAfterMs: end.retryAfterMs ?? 0,
      lossReason: this.#wasSlow ? 'slow_client' : 'disconnected',
      remedy: end.remedy ?? null,
    });
  }

  #stopTimers(): void {
    this.#answerTimer?.cancel();
    this.#authenticationTimer?.cancel();
  }
}
