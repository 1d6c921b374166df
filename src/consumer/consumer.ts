/** A consumer: the strategy host joined to its ports and to the thread's clock. */
import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from '../clock/clock.ts';
import { MICROS_PER_MILLISECOND } from '../domain/time.ts';
import type { InstancesCommand } from '../engine/config.ts';
import { type HostCommand, StrategyHost } from '../engine/host.ts';
import { HostInbox } from '../engine/inbox.ts';
import type { Log } from '../observability/log.ts';
import type { ThreadVitals } from '../observability/vitals.ts';
import type { ConsumerCommand, ConsumerLoad, ConsumerReport } from '../transport/messages.ts';
import { ConsumerOrders } from '../transport/orders.ts';
import { INBOX_RECORDING_LIMITS, RecordingPort } from '../transport/recording.ts';
import type { ConsumerConfig } from './config.ts';
import { ConsumerFeed } from './feed.ts';
import { ConsumerStages } from './stages.ts';

/** A timer that is further away is looked at again after this long: setTimeout takes 32 bits of milliseconds. */
const TIMER_WAIT_MAX_MS = 60_000;

/** How often it is told what the units cost. */
const LOAD_PERIOD_MS = 2_000;

export interface ConsumerOptions {
  readonly config: ConsumerConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** To the trader. */
  report(report: ConsumerReport): void;
  /** Of the thread. */
  vitals(): ThreadVitals;
  /** Runs a call when other messages and timers have had their turn: `setImmediate`. */
  readonly afterTurn: (call: () => void) => void;
}

export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #host: StrategyHost;
  readonly #stages: ConsumerStages;
  #market: ConsumerFeed | null = null;
  #orders: ConsumerOrders | null = null;
  #recording: RecordingPort | null = null;
  #inbox: HostInbox | null = null;
  #heartbeat: Timer;
  #timer: Timer | null = null;
  #timerDueMicros = Number.POSITIVE_INFINITY;
  #beat = 0;
  #loadToldMs: number;

  /** @throws {UserError} exit code 2 when a strategy cannot be loaded or its parameters do not fit. */
  constructor(options: ConsumerOptions) {
    this.#options = options;
    const { config, clock, log } = options;
    this.#stages = new ConsumerStages(clock);
    this.#loadToldMs = clock.monotonicMs();
    this.#host = new StrategyHost(
      config.host,
      {
        intent: (intent) => this.#orders?.send(intent),
        report: (report) => {
          // The desk hears of it behind the unit's last intents.
          if (report.type === 'leaving') this.#orders?.handOver(report.handover);
          options.report(report);
        },
        log: (level, message, fields) => log[level](fields, message),
      },
      new Int32Array(config.activity),
      () => clock.monotonicMs() * MICROS_PER_MILLISECOND,
    );
    this.#heartbeat = clock.every(config.heartbeatPeriodMs, () => this.#beatOnce());
    options.report({ type: 'ready' });
  }

  onCommand(command: ConsumerCommand | InstancesCommand): void {
    if (command.type === 'attach') this.#attach(command);
    else this.#command(command);
  }

  #command(command: HostCommand): void {
    if (command.type === 'stop') {
      this.#market?.close();
      this.#heartbeat.cancel();
    }
    const nowMicros = this.#options.clock.nowMicros();
    this.#inbox?.command(command, nowMicros);
    this.#host.handleCommand(command, nowMicros);
    if (command.type === 'stop') {
      this.#orders?.close();
      this.#recording?.close();
      this.#timer?.cancel();
    } else this.#armTimer();
  }

  #attach({ market, orders, recording }: Extract<ConsumerCommand, { type: 'attach' }>): void {
    const { clock, log } = this.#options;
    if (recording !== undefined) this.#record(recording);
    if (market !== undefined) {
      this.#market?.close();
      this.#market = new ConsumerFeed(market, {
        clock,
        stages: this.#stages,
        afterTurn: this.#options.afterTurn,
        show: (batch, nowMicros, from, to) => {
          this.#recording?.taken(batch, nowMicros, from, to);
          this.#host.handleBatch(batch, nowMicros, from, to);
          this.#armTimer();
        },
        onClose: () => log.warn('the producer has closed the market port'),
      });
    }
    if (orders !== undefined) {
      this.#orders?.close();
      this.#orders = new ConsumerOrders(orders, {
        onDeskEvents: (events) => {
          const nowMicros = clock.nowMicros();
          this.#inbox?.desk(events, nowMicros);
          this.#host.handleDesk(events, nowMicros);
          this.#armTimer();
        },
        onClose: () => log.warn('the desk has closed the orders port'),
      });
    }
  }

  /** The host has taken nothing yet: its tape begins with what it was built from. */
  #record(port: MessagePort): void {
    const { clock, config } = this.#options;
    const { isMarketRecorded } = config;
    this.#recording = new RecordingPort(port, { clock, limits: INBOX_RECORDING_LIMITS, isMarketRecorded });
    this.#inbox = new HostInbox(this.#recording);
    this.#inbox.start(config.host, clock.nowMicros());
  }

  /** One timer of the thread stands for all of the host's: the one that is due next. */
  #armTimer(): void {
    const dueMicros = this.#host.nextTimerMicros;
    if (dueMicros === this.#timerDueMicros) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerDueMicros = dueMicros;
    if (dueMicros === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#options;
    const waitMs = Math.ceil((dueMicros - clock.nowMicros()) / MICROS_PER_MILLISECOND);
    this.#timer = clock.after(Math.min(Math.max(waitMs, 0), TIMER_WAIT_MAX_MS), () => {
      this.#timerDueMicros = Number.POSITIVE_INFINITY;
      const nowMicros = clock.nowMicros();
      this.#inbox?.advance(nowMicros);
      this.#host.advanceTo(nowMicros);
      this.#armTimer();
    });
  }

  #beatOnce(): void {
    this.#beat += 1;
    const vitals = this.#options.vitals();
    this.#options.report({
      type: 'heartbeat',
      beat: this.#beat,
      ...this.#host.counters,
      ...this.#load(),
      heapUsedBytes: vitals.heapUsedBytes,
      measurements: { stages: this.#stages.report(), vitals },
    });
  }

  /** Not with every heartbeat: samples need a while to mean something. */
  #load(): { load?: ConsumerLoad } {
    const periodMs = this.#options.clock.monotonicMs() - this.#loadToldMs;
    if (periodMs < LOAD_PERIOD_MS) return {};
    this.#loadToldMs += periodMs;
    return { load: this.#host.takeLoad(periodMs) };
  }
}
