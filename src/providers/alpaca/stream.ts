/** Alpaca's market-data stream: connections one after another, without end, and one sequence of events to the outside. */
import { assert } from '../../domain/assert.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { Reconnect } from '../../network/reconnect.ts';
import type { DamagedElement } from '../../tape/alpaca/damage.ts';
import { AlpacaDecoder } from '../../tape/alpaca/decoder.ts';
import { SymbolTable } from '../../tape/symbols.ts';
import type { ProviderConfig } from '../config.ts';
import type {
  ConnectionState,
  MarketStream,
  ProviderContext,
  StreamCounters,
  StreamListener,
  StreamNotice,
  Subscription,
} from '../contract.ts';
import { AlpacaConnection, type ConnectionEnd } from './connection.ts';
import { SubscriptionState } from './subscription.ts';
import { SilenceWatchdog } from './watchdog.ts';

export class AlpacaMarketStream implements MarketStream {
  readonly symbols = new SymbolTable();
  readonly #config: ProviderConfig;
  readonly #context: ProviderContext;
  readonly #decoder: AlpacaDecoder;
  readonly #subscriptions: SubscriptionState;
  readonly #watchdog: SilenceWatchdog;
  readonly #reconnect: Reconnect;
  #listener: StreamListener | null = null;
  #connection: AlpacaConnection | null = null;
  #state: ConnectionState = 'closed';
  #reconnects = 0;
  /** The listener knows that events wait. */
  #isPending = false;
  /** When the last event came, or the stream first went live if none has; null before either. */
  #aliveMicros: EpochMicros | null = null;
  /** Set while connected anew and not live yet: why events may be missing since {@link #aliveMicros}. */
  #lossReason: 'disconnected' | 'slow_client' | null = null;
  #reportedMissing = '';
  #damageLoggedMs = Number.NEGATIVE_INFINITY;
  #damageUnlogged = 0;

  constructor(config: ProviderConfig, context: ProviderContext) {
    const { clock, random } = context;
    const limits = config.stream;
    const isStock = config.assetClass === 'us_equity';
    this.#config = config;
    this.#context = context;
    this.#subscriptions = new SubscriptionState({
      symbolsMax: limits.subscribeSymbolsMax,
      hasStatuses: isStock,
    });
    this.#watchdog = new SilenceWatchdog({
      clock,
      limits,
      isMarketOpen: !isStock || config.feed === 'test',
      onSilent: (silentMs) =>
        this.#connection?.cut(`no market data for ${Math.round(silentMs)} ms in an open market`),
    });
    this.#reconnect = new Reconnect({
      clock,
      random,
      limits,
      connect: () => {
        this.#reconnects += 1;
        this.#connect();
      },
    });
    this.#decoder = new AlpacaDecoder({
      symbols: this.symbols,
      assetClass: config.assetClass,
      onBatch: (batch) => this.#listener?.onBatch(batch) ?? batch,
      onControl: (message) => this.#connection?.onControl(message),
      onDamaged: (damaged) => this.#logDamage(damaged),
    });
  }

  get counters(): StreamCounters {
    const { frames, bytes, events, damagedElements, unknownKinds, unknownFields } = this.#decoder.counters;
    return {
      frames,
      bytes,
      events,
      damagedElements,
      unknownKinds,
      unknownFields,
      reconnects: this.#reconnects,
    };
  }

  open(listener: StreamListener): void {
    assert(this.#listener === null, 'the stream was opened before');
    this.#listener = listener;
    this.#connect();
  }

  flush(): void {
    this.#isPending = false;
    this.#decoder.flush();
  }

  want(subscription: Subscription): void {
    if (!this.#subscriptions.want(subscription)) return;
    this.#reportedMissing = '';
    this.#connection?.subscribe();
  }

  setSession(phase: 'open' | 'closed'): void {
    this.#watchdog.setMarketOpen(phase);
  }

  async close(): Promise<void> {
    this.#reconnect.stop();
    this.#watchdog.watch(null);
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
    if (this.#state !== 'failed') this.#setState('closed', 'closed on request');
  }

  #connect(): void {
    const { clock, log } = this.#context;
    this.#setState('connecting', '');
    const connection: AlpacaConnection = new AlpacaConnection({
      config: this.#config,
      clock,
      log,
      subscriptions: this.#subscriptions,
      listener: {
        onAuthenticating: (detail) => this.#setState('authenticating', detail),
        onSubscribed: () => this.#onSubscribed(),
        onFrame: (frame) => this.#onFrame(frame, connection),
        onEnd: (end) => this.#onEnd(end),
      },
    });
    this.#connection = connection;
  }

  #onFrame(frame: Buffer, connection: AlpacaConnection): void {
    if (this.#connection !== connection) return;
    const receivedMicros = this.#context.clock.nowMicros();
    const eventsBefore = this.#decoder.counters.events;
    this.#decoder.decode(frame, receivedMicros);
    if (this.#decoder.counters.events === eventsBefore) return;
    this.#watchdog.event();
    // Not while a gap is open: it reaches from the last event before it to the moment all is subscribed again.
    if (this.#lossReason === null) this.#aliveMicros = receivedMicros;
    if (this.#isPending) return;
    this.#isPending = true;
    this.#listener?.onPending();
  }

  #onSubscribed(): void {
    const { clock } = this.#context;
    const nowMicros = clock.nowMicros();
    if (this.#lossReason !== null && this.#aliveMicros !== null) {
      this.#notify({
        type: 'gap',
        fromMicros: this.#aliveMicros,
        toMicros: nowMicros,
        reason: this.#lossReason,
      });
    }
    this.#lossReason = null;
    this.#aliveMicros ??= nowMicros;
    this.#watchdog.watch(this.#subscriptions.active);
    this.#reconnect.live();
    const missing = this.#subscriptions.missing();
    const count = missing.trades.length + missing.quotes.length + missing.bars.length;
    if (count === 0) {
      this.#setState('live', '');
      return;
    }
    const detail = `${count} of the wanted subscriptions are not acknowledged`;
    this.#setState('degraded', detail);
    const key = JSON.stringify(missing);
    if (key === this.#reportedMissing) return;
    this.#reportedMissing = key;
    this.#notify({ type: 'unacknowledged', missing, detail });
  }

  #onEnd(end: ConnectionEnd): void {
    this.#connection = null;
    this.#watchdog.watch(null);
    this.#lossReason =
      end.lossReason === 'slow_client' ? end.lossReason : (this.#lossReason ?? end.lossReason);
    if (end.remedy !== null) {
      this.#reconnect.stop();
      this.#setState('failed', end.detail);
      this.#notify({ type: 'fatal', detail: end.detail, remedy: end.remedy });
      return;
    }
    const waitMs = this.#reconnect.schedule(end.pace, end.retryAfterMs);
    this.#setState('waiting', `${end.detail}; connecting again in ${(waitMs / 1_000).toFixed(1)} s`);
  }

  #setState(state: ConnectionState, detail: string): void {
    if (state === this.#state && (state === 'live' || state === 'degraded')) return;
    this.#state = state;
    this.#notify({ type: 'state', state, detail });
  }

  #notify(notice: StreamNotice): void {
    // What came before it is told before it.
    this.flush();
    this.#listener?.onNotice(notice);
  }

  #logDamage(damaged: DamagedElement): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs - this.#damageLoggedMs < this.#config.stream.damageLogIntervalMs) {
      this.#damageUnlogged += 1;
      return;
    }
    this.#context.log.warn(
      { ...damaged, alsoDamaged: this.#damageUnlogged },
      'an element of a frame is damaged',
    );
    this.#damageLoggedMs = nowMs;
    this.#damageUnlogged = 0;
  }
}
