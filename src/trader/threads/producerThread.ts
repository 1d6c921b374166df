/** The producer as the trader sees it: its thread, what it last said, and how fast events come. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Clock } from '../../clock/clock.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { ThreadMeasurements } from '../../observability/vitals.ts';
import type { ProducerConfig } from '../../producer/config.ts';
import type { ConnectionState, StreamCounters } from '../../providers/contract.ts';
import type {
  ProducerCommand,
  ProducerReport,
  ReceiverCounters,
  Route,
  RoutesOf,
} from '../../transport/messages.ts';
import { Thread } from './thread.ts';

const ENTRY = new URL('../../producer/worker.js', import.meta.url);

export interface ProducerListener {
  onReport(report: ProducerReport): void;
  onDeath(cause: string): void;
}

/** The newest statistics; zero before the first. */
export interface FeedFigures {
  readonly state: ConnectionState | 'starting';
  readonly detail: string;
  readonly stream: StreamCounters;
  readonly receivers: readonly ReceiverCounters[];
  readonly eventsPerSecond: number;
  readonly lastEventMicros: EpochMicros | null;
  readonly symbols: number;
  readonly measurements: ThreadMeasurements | null;
}

const NO_COUNTERS: StreamCounters = {
  frames: 0,
  bytes: 0,
  events: 0,
  damagedElements: 0,
  unknownKinds: 0,
  unknownFields: 0,
  reconnects: 0,
};

export class ProducerThread {
  readonly #thread: Thread<ProducerCommand, ProducerReport>;
  readonly #clock: Clock;
  #figures: FeedFigures = {
    state: 'starting',
    detail: '',
    stream: NO_COUNTERS,
    receivers: [],
    eventsPerSecond: 0,
    lastEventMicros: null,
    symbols: 0,
    measurements: null,
  };
  #countedAtMs: number;

  constructor(config: ProducerConfig, clock: Clock, listener: ProducerListener) {
    this.#clock = clock;
    this.#countedAtMs = clock.monotonicMs();
    this.#thread = new Thread({
      name: 'producer',
      entry: ENTRY,
      workerData: config,
      onReport: (report: ProducerReport) => {
        this.#note(report);
        listener.onReport(report);
      },
      onDeath: (cause) => listener.onDeath(cause),
    });
  }

  get figures(): FeedFigures {
    return this.#figures;
  }

  /**
   * Gives a receiver a market port, a new one if it had one; answers the receiver's end.
   * @param spacingMs small batches come no closer together than this; 0 = as soon as they can.
   */
  attach(receiver: string, spacingMs = 0): MessagePort {
    const channel = new MessageChannel();
    this.#thread.tell({ type: 'attach', receiver, port: channel.port1, spacingMs }, [channel.port1]);
    return channel.port2;
  }

  /** Hands all that the feed sends to the recorder. */
  record(port: MessagePort): void {
    this.#thread.tell({ type: 'record', port }, [port]);
  }

  detach(receiver: string): void {
    this.#thread.tell({ type: 'detach', receiver });
  }

  route(receiver: string, routes: readonly Route[]): void {
    this.#thread.tell({ type: 'route', receiver, routes });
  }

  /** Sets barriers into both market streams, where their routes change; `moved` is reported. */
  move(moveId: number, from: RoutesOf, to: RoutesOf): void {
    this.#thread.tell({ type: 'move', moveId, from, to });
  }

  setSession(phase: 'open' | 'closed'): void {
    this.#thread.tell({ type: 'session', phase });
  }

  async stop(timeoutMs: number): Promise<'ended' | 'terminated'> {
    this.#thread.tell({ type: 'stop' });
    return this.#thread.stop(this.#clock, timeoutMs);
  }

  #note(report: ProducerReport): void {
    if (report.type === 'connection') {
      this.#figures = { ...this.#figures, state: report.state, detail: report.detail };
    } else if (report.type === 'statistics') {
      const now = this.#clock.monotonicMs();
      const seconds = Math.max(0.001, (now - this.#countedAtMs) / 1_000);
      this.#countedAtMs = now;
      this.#figures = {
        ...this.#figures,
        eventsPerSecond: (report.stream.events - this.#figures.stream.events) / seconds,
        stream: report.stream,
        receivers: report.receivers,
        lastEventMicros: report.lastEventMicros,
        symbols: report.symbols,
        measurements: report.measurements ?? null,
      };
    }
  }
}
