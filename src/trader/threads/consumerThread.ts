/**
 * One consumer as the trader sees it: started, given ports and units, watched by its heartbeat, and started again
 * when its thread dies. What a strategy does to its own thread can neither end the daemon nor hide.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../../clock/clock.ts';
import type { ConsumerConfig } from '../../consumer/config.ts';
import type { InstancesCommand } from '../../engine/config.ts';
import { ACTIVITY, type ConsumerCommand, type ConsumerReport } from '../../transport/messages.ts';
import type { ConsumerStatus, ThreadState } from '../control/status.ts';
import { Thread } from './thread.ts';

const ENTRY = new URL('../../consumer/worker.js', import.meta.url);
/** A young generation of 32 MB: short-lived objects of strategies are collected before they grow old. */
const YOUNG_GENERATION_MB = 32;

export interface ConsumerPorts {
  readonly market: MessagePort;
  readonly orders: MessagePort;
  /** Null where the inbox is not recorded. */
  readonly recording: MessagePort | null;
}

export interface ConsumerListener {
  onReport(consumer: string, report: ConsumerReport): void;
  onDeath(consumer: string, cause: string): void;
}

export interface ConsumerThreadOptions {
  readonly name: string;
  /** Made anew for each start: the session may have changed since the last. */
  config(activity: SharedArrayBuffer): ConsumerConfig;
  readonly heapMb: number;
  readonly clock: Clock;
  readonly listener: ConsumerListener;
}

type Heartbeat = Extract<ConsumerReport, { type: 'heartbeat' }>;

const NO_HEARTBEAT: Heartbeat = {
  type: 'heartbeat',
  beat: 0,
  eventsShown: 0,
  eventsStale: 0,
  units: 0,
  lagMs: 0,
  heapUsedBytes: 0,
};

export class ConsumerThread {
  readonly name: string;
  readonly #options: ConsumerThreadOptions;
  readonly #activity = new SharedArrayBuffer(ACTIVITY.length * Int32Array.BYTES_PER_ELEMENT);
  #thread: Thread<ConsumerCommand | InstancesCommand, ConsumerReport> | null = null;
  #state: ThreadState = 'starting';
  #detail = '';
  #restarts = -1;
  #heartbeat = NO_HEARTBEAT;
  #heartbeatAtMs = 0;

  constructor(options: ConsumerThreadOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Starts the thread, for the first time or again after a death. */
  start(ports: ConsumerPorts): void {
    this.#restarts += 1;
    this.#state = 'starting';
    this.#detail = '';
    this.#heartbeat = NO_HEARTBEAT;
    this.#heartbeatAtMs = this.#options.clock.monotonicMs();
    new Int32Array(this.#activity).fill(-1);
    const { name, heapMb, listener } = this.#options;
    this.#thread = new Thread<ConsumerCommand | InstancesCommand, ConsumerReport>({
      name: `consumer ${name}`,
      entry: ENTRY,
      workerData: this.#options.config(this.#activity),
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      onReport: (report) => {
        this.#note(report);
        listener.onReport(name, report);
      },
      onDeath: (cause) => {
        this.#state = 'failed';
        this.#detail = cause.split('\n')[0] ?? cause;
        listener.onDeath(name, cause);
      },
    });
    const { market, orders, recording } = ports;
    if (recording === null) this.#thread.tell({ type: 'attach', market, orders }, [market, orders]);
    else this.#thread.tell({ type: 'attach', market, orders, recording }, [market, orders, recording]);
  }

  tell(command: ConsumerCommand | InstancesCommand): void {
    this.#thread?.tell(command);
  }

  /** It runs and is not blocked. */
  get isAnswering(): boolean {
    return this.#state === 'running';
  }

  get isRunning(): boolean {
    return this.#state === 'running' || this.#state === 'blocked';
  }

  /**
   * Compares the heartbeat's age with its limit. Answers the index of the strategy instance that has just been found
   * to block the thread (-1 when it is not a strategy), once for each time it happens; null otherwise.
   */
  checkHeartbeat(ageMaxMs: number): number | null {
    const ageMs = this.#heartbeatAgeMs();
    if (this.#state !== 'running' || ageMs <= ageMaxMs) return null;
    this.#state = 'blocked';
    const instance = Atomics.load(new Int32Array(this.#activity), ACTIVITY.unit);
    return instance;
  }

  describeBlock(detail: string): void {
    if (this.#state === 'blocked') this.#detail = detail;
  }

  /** @param load what its units take of one core. */
  status(load: number): ConsumerStatus {
    return {
      name: this.name,
      state: this.#state,
      detail: this.#detail,
      restarts: Math.max(0, this.#restarts),
      units: this.#heartbeat.units,
      eventsShown: this.#heartbeat.eventsShown,
      eventsStale: this.#heartbeat.eventsStale,
      lagMs: this.#heartbeat.lagMs,
      load,
      heapUsedBytes: this.#heartbeat.heapUsedBytes,
      heartbeatAgeMs: this.#heartbeatAgeMs(),
      stages: this.#heartbeat.measurements?.stages ?? {},
      vitals: this.#heartbeat.measurements?.vitals ?? null,
    };
  }

  markRestarting(): void {
    this.#state = 'restarting';
  }

  async stop(timeoutMs: number): Promise<'ended' | 'terminated'> {
    if (this.#thread === null || this.#state === 'failed') return 'ended';
    this.#thread.tell({ type: 'stop' });
    const outcome = await this.#thread.stop(this.#options.clock, timeoutMs);
    this.#state = 'stopped';
    return outcome;
  }

  #heartbeatAgeMs(): number {
    return this.#options.clock.monotonicMs() - this.#heartbeatAtMs;
  }

  #note(report: ConsumerReport): void {
    this.#heartbeatAtMs = this.#options.clock.monotonicMs();
    if (report.type === 'heartbeat') this.#heartbeat = report;
    if (this.#state === 'starting' || this.#state === 'blocked') {
      this.#state = 'running';
      this.#detail = '';
    }
  }
}
