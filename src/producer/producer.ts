/** The producer's parts, joined: a market stream, the router, and the ports of the receivers. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Clock, Timer } from '../clock/clock.ts';
import { EXIT_UNREACHABLE, UserError } from '../domain/exit.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { Log } from '../observability/log.ts';
import type { ThreadMonitor } from '../observability/vitals.ts';
import type { MarketStream, StreamNotice, Subscription } from '../providers/contract.ts';
import type { Batch } from '../tape/batch.ts';
import type { ProducerCommand, ProducerReport, ReceiverCounters } from '../transport/messages.ts';
import { TypedPort } from '../transport/ports.ts';
import { MARKET_RECORDING_LIMITS, RecordingPort } from '../transport/recording.ts';
import type { ProducerLimits } from './config.ts';
import { MarketRecording } from './recording.ts';
import { Router } from './router.ts';
import { ProducerStages } from './stages.ts';

export interface ProducerParts {
  readonly stream: MarketStream;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: ProducerLimits;
  readonly report: (report: ProducerReport) => void;
  /** Runs a call when the turn of the event loop that reads sockets has ended: `setImmediate`. */
  readonly afterTurn: (call: () => void) => void;
  /** Of the thread; left out where the producer shares one. */
  readonly monitor?: ThreadMonitor;
}

export class Producer {
  readonly #parts: ProducerParts;
  readonly #router: Router;
  readonly #stages: ProducerStages;
  readonly #ports = new Map<string, TypedPort<ArrayBuffer, ArrayBuffer>>();
  readonly #dropped = new Map<string, number>();
  #recording: MarketRecording | undefined;
  #timer: Timer | undefined;
  /** Runs while a receiver's batch waits for its time. */
  #spaced: Timer | undefined;
  #isTurnPlanned = false;
  #isWantPlanned = false;
  #isStopped = false;
  #lastEventMicros: EpochMicros | null = null;
  #symbols = 0;

  constructor(parts: ProducerParts) {
    this.#parts = parts;
    this.#router = new Router(parts.stream.symbols, parts.limits);
    this.#stages = new ProducerStages(parts.clock);
  }

  /** Opens the stream and reports `ready`. */
  start(): void {
    const { clock, limits, stream } = this.#parts;
    stream.open({
      onPending: () => this.#planTurn(),
      onBatch: (batch) => this.#onBatch(batch),
      onNotice: (notice) => this.#onNotice(notice),
    });
    this.#timer = clock.every(limits.statisticsPeriodMs, () => this.#reportStatistics());
    this.#parts.report({ type: 'ready' });
  }

  handle(command: ProducerCommand): void {
    if (this.#isStopped) return;
    switch (command.type) {
      case 'attach':
        this.#attach(command.receiver, command.port, command.spacingMs);
        break;
      case 'detach':
        this.#detach(command.receiver);
        break;
      case 'route':
        this.#router.route(command.receiver, command.routes);
        this.#planWant();
        break;
      case 'move':
        this.#move(command);
        break;
      case 'record':
        this.#recording = new MarketRecording(
          new RecordingPort(command.port, {
            clock: this.#parts.clock,
            limits: MARKET_RECORDING_LIMITS,
            isMarketRecorded: false,
          }),
          this.#parts.stream.symbols,
        );
        break;
      case 'session':
        this.#parts.stream.setSession?.(command.phase);
        break;
      case 'stop':
        void this.#stop();
        break;
    }
  }

  #attach(receiver: string, port: MessagePort, spacingMs: number): void {
    this.#detach(receiver);
    const typed = new TypedPort<ArrayBuffer, ArrayBuffer>(port, {
      onMessage: (buffer) => {
        this.#router.credit(receiver, buffer);
        this.#planTurn();
      },
      onClose: () => {
        if (this.#ports.get(receiver) === typed) this.#detach(receiver);
      },
    });
    this.#ports.set(receiver, typed);
    const sink = {
      post: (buffer: ArrayBuffer, transfer: readonly ArrayBuffer[]) => typed.post(buffer, transfer),
      takeReturned: () => receiveMessageOnPort(port)?.message as ArrayBuffer | undefined,
    };
    this.#router.attach(receiver, sink, this.#parts.clock.nowMicros(), spacingMs);
    this.#planTurn();
    this.#parts.log.debug({ receiver }, 'receiver attached');
  }

  #move(command: Extract<ProducerCommand, { type: 'move' }>): void {
    const { clock, report, stream } = this.#parts;
    // What was received before the command belongs before the barrier.
    stream.flush();
    const { moveId } = command;
    const isDone = this.#router.move(moveId, command, clock.nowMicros());
    this.#planTurn();
    report({ type: 'moved', moveId, isDone });
  }

  #detach(receiver: string): void {
    const port = this.#ports.get(receiver);
    if (port === undefined) return;
    this.#ports.delete(receiver);
    port.close();
    this.#router.detach(receiver, this.#parts.clock.nowMicros());
    this.#parts.log.debug({ receiver }, 'receiver detached');
  }

  #onBatch(batch: Batch): Batch {
    this.#stages.decoded(batch);
    this.#lastEventMicros = batch.receivedMicros(batch.count - 1);
    this.#recording?.take(batch);
    return this.#router.distribute(batch);
  }

  #onNotice(notice: StreamNotice): void {
    const { clock, log, report } = this.#parts;
    switch (notice.type) {
      case 'state':
        log.info({ state: notice.state, detail: notice.detail }, 'market stream');
        report({
          type: 'connection',
          state: notice.state,
          detail: notice.detail,
          atMicros: clock.nowMicros(),
        });
        break;
      case 'gap':
        log.warn(notice, 'market stream has a gap');
        this.#router.gap(notice.fromMicros, notice.toMicros, notice.reason);
        this.#recording?.gap(notice);
        this.#planTurn();
        report(notice);
        break;
      case 'unacknowledged':
        log.warn(notice, 'the feed does not give all that is wanted');
        report(notice);
        break;
      case 'fatal': {
        log.error({ remedy: notice.remedy }, notice.detail);
        const error = new UserError({
          exitCode: EXIT_UNREACHABLE,
          cause: notice.detail,
          remedy: notice.remedy,
        });
        report({ type: 'failed', error: error.toJSON() });
        break;
      }
    }
  }

  // All sockets that are readable are read before the batch leaves: small frames share one, and nothing waits
  // longer than the turn.
  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    this.#parts.afterTurn(() => {
      this.#isTurnPlanned = false;
      this.#endTurn();
    });
  }

  #endTurn(): void {
    const { clock, stream } = this.#parts;
    stream.flush();
    const dueMs = this.#router.endTurn(clock.monotonicMs());
    if (dueMs === 0 || this.#spaced !== undefined) return;
    this.#spaced = clock.after(dueMs, () => {
      this.#spaced = undefined;
      this.#endTurn();
    });
  }

  // Routes of several receivers change together: the feed is told once.
  #planWant(): void {
    if (this.#isWantPlanned) return;
    this.#isWantPlanned = true;
    this.#parts.afterTurn(() => {
      this.#isWantPlanned = false;
      if (this.#isStopped) return;
      const subscription = this.#router.subscription();
      this.#symbols = countSymbols(subscription);
      this.#parts.stream.want(subscription);
    });
  }

  #reportStatistics(): void {
    const receivers = this.#router.counters();
    for (const counters of receivers) this.#logDropped(counters);
    const vitals = this.#parts.monitor?.vitals();
    this.#parts.report({
      type: 'statistics',
      stream: { ...this.#parts.stream.counters },
      receivers,
      lastEventMicros: this.#lastEventMicros,
      symbols: this.#symbols,
      ...(vitals === undefined ? {} : { measurements: { stages: this.#stages.report(), vitals } }),
    });
  }

  #logDropped(counters: ReceiverCounters): void {
    const before = this.#dropped.get(counters.receiver) ?? 0;
    if (counters.droppedOverflow === before) return;
    this.#dropped.set(counters.receiver, counters.droppedOverflow);
    this.#parts.log.warn(
      {
        receiver: counters.receiver,
        dropped: counters.droppedOverflow - before,
        droppedTotal: counters.droppedOverflow,
        conflatedTotal: counters.conflated,
        waiting: counters.waiting,
      },
      'receiver is behind: events dropped',
    );
  }

  async #stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#parts.stream.close();
    this.#spaced?.cancel();
    this.#parts.stream.flush();
    this.#router.endTurn(Number.POSITIVE_INFINITY);
    this.#reportStatistics();
    for (const port of this.#ports.values()) port.close();
    this.#ports.clear();
    this.#recording?.close();
    this.#parts.report({ type: 'stopped' });
  }
}

function countSymbols(subscription: Subscription): number {
  return new Set([...subscription.trades, ...subscription.quotes, ...subscription.bars]).size;
}
