/**
 * The trader: starts the daemon's parts, watches them, tells how they are, and ends them in order. How they are joined
 * stands in assembly.ts, in which order they end in shutdown.ts.
 */
import { join } from 'node:path';
import { newId } from '../clock/chance.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { assert } from '../domain/assert.ts';
import { EXIT_UNEXPECTED, UserError } from '../domain/exit.ts';
import { MICROS_PER_SECOND } from '../domain/time.ts';
import type { Log, LogTarget } from '../observability/log.ts';
import { type ThreadMeasurements, ThreadMonitor } from '../observability/vitals.ts';
import type { ProducerReport } from '../transport/messages.ts';
import { Alerts } from './alerts.ts';
import { assemble, type Parts } from './assembly.ts';
import { ControlServer } from './control/control.ts';
import { controlHandler } from './control/controlMethods.ts';
import {
  type DaemonState,
  type DaemonStatus,
  type DeskSummary,
  type ProcessStatus,
  summarizeDesk,
} from './control/status.ts';
import { daemonStatus } from './control/statusDocument.ts';
import type { MetricsServer } from './metrics/metricsServer.ts';
import { createPlanEditor } from './plans/editing.ts';
import type { ReloadAnswer } from './plans/reload.ts';
import { takeOver } from './plans/takingOver.ts';
import { type Preparation, prepare } from './preparation.ts';
import { endParts } from './shutdown.ts';

const WATCH_PERIOD_MS = 500;
/** A start that is broken off ends at its next step; one that hangs is not waited for longer than this. */
const START_BREAK_OFF_MS = 4_000;

export interface TraderOptions {
  readonly preparation: Preparation;
  readonly batchId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly logTarget: LogTarget;
  /** Told what is being started, for a terminal. */
  readonly onProgress: (step: string) => void;
  /** Told once when the daemon cannot go on; the caller stops it and exits with the error's code. */
  readonly onFailure: (error: UserError) => void;
}

export class Trader {
  readonly #options: TraderOptions;
  readonly #parts: Parts = {};
  readonly #alerts: Alerts;
  readonly #startedAtMicros: number;
  readonly #monitor: ThreadMonitor;
  #state: DaemonState = 'starting';
  #starting: Promise<void> = Promise.resolve();
  #stopping: Promise<UserError | null> | null = null;
  #control: ControlServer | null = null;
  #metrics: MetricsServer | null = null;
  #watching: Timer | null = null;
  #desk: DeskSummary | null = null;
  #deskMeasurements: ThreadMeasurements | null = null;
  #hasFailed = false;
  #preparation: Preparation;
  #reloading: Promise<unknown> = Promise.resolve();

  constructor(options: TraderOptions) {
    const { clock, log, batchId, preparation } = options;
    this.#options = options;
    this.#preparation = preparation;
    this.#startedAtMicros = clock.nowMicros();
    this.#monitor = new ThreadMonitor(clock);
    this.#alerts = new Alerts(preparation.plan.alerts, { clock, log, batchId });
  }

  /** @throws {UserError} what cannot be reached or is wrong. Call {@link stop} then, too. */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  status(): DaemonStatus {
    const { batchId, clock } = this.#options;
    const { plan, environment } = this.#preparation;
    return daemonStatus({
      state: this.#state,
      batchId,
      plan,
      environment: environment.algoEnvironment,
      startedAtMicros: this.#startedAtMicros,
      nowMicros: clock.nowMicros(),
      feed: this.#parts.producer?.figures ?? null,
      consumers: this.#parts.consumers?.status() ?? [],
      desk: this.#desk,
      deskMeasurements: this.#deskMeasurements,
      mainVitals: this.#monitor.vitals(),
      databaseVitals: this.#parts.database?.vitals ?? null,
      recording: this.#parts.recorder?.figures ?? null,
      process: processStatus(),
      metricsUrl: this.#metrics?.url ?? null,
      alerts: this.#alerts.recent,
      isMarketOpen: this.#parts.sessions?.phase === 'open',
    });
  }

  /**
   * Ends everything in order, within ten seconds. Never throws; may be called at any time, and again. Answers what
   * could not be written down, or null.
   */
  stop(reason: string): Promise<UserError | null> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  /**
   * Reads the plan again and takes over what is different. One reload after another.
   * @throws {UserError} all that is wrong with it, or cannot change while the daemon runs: then the old plan goes on.
   */
  reload(): Promise<ReloadAnswer> {
    const reloading = this.#reloading.catch(() => undefined).then(() => this.#reload());
    this.#reloading = reloading;
    return reloading;
  }

  async #reload(): Promise<ReloadAnswer> {
    const { batchId, log } = this.#options;
    if (this.#state !== 'trading') {
      throw new UserError({
        exitCode: EXIT_UNEXPECTED,
        cause: `the daemon is ${this.#state}: its plan is not read again`,
        remedy: 'Try again when it trades.',
      });
    }
    const running = this.#preparation;
    const next = await prepare(running.input);
    const rows = (await this.#parts.tradePlans?.prepared(next.plan)) ?? [];
    const taken = await takeOver(this.#parts, {
      ...{ running, next, rows, batchId, log },
      alerts: this.#alerts,
    });
    this.#preparation = taken.preparation;
    return taken.answer;
  }

  /** Other rows of the table trade_plan are to run. */
  #followRows(): Promise<void> {
    const following = this.#reloading
      .catch(() => undefined)
      .then(async () => {
        const { batchId, log } = this.#options;
        const running = this.#preparation;
        const rows = this.#parts.tradePlans?.instances ?? [];
        await takeOver(this.#parts, {
          ...{ running, next: running, rows, batchId, log },
          alerts: this.#alerts,
        });
      });
    this.#reloading = following;
    return following;
  }

  async #start(): Promise<void> {
    const { preparation, batchId, clock, log, logTarget, onProgress } = this.#options;
    const { host, port } = preparation.plan.metrics;
    if (port !== null) {
      // Only where it is wanted: the library of the text format loads eighty modules.
      const { MetricsServer } = await import('./metrics/metricsServer.ts');
      this.#metrics = await MetricsServer.listen({ host, port }, () => this.status());
    }
    await assemble(this.#parts, {
      preparation,
      batchId,
      clock,
      log,
      logTarget,
      onProgress,
      alerts: this.#alerts,
      onProducerReport: (report) => this.#onProducerReport(report),
      onDeskAlert: (alert) => this.#alerts.raise(alert),
      onLost: (cause) => this.#fail(cause),
      checkWanted: () => this.#checkWanted(),
      plan: () => this.#preparation.plan,
      onRows: () => this.#followRows(),
    });
    this.#checkWanted();
    this.#control = await this.#listen();
    this.#watching = clock.every(WATCH_PERIOD_MS, () => this.#watch());
    this.#state = 'trading';
  }

  #checkWanted(): void {
    if (this.#stopping === null) return;
    throw new UserError({ exitCode: EXIT_UNEXPECTED, cause: 'the start was broken off', remedy: '' });
  }

  #listen(): Promise<ControlServer> {
    const { desk, stores, database, environment } = this.#parts;
    assert(desk && stores && database && environment, 'the control socket opens when all parts are there');
    return ControlServer.listen(
      environment.dataDirectory,
      controlHandler({
        stores,
        planEditor: createPlanEditor({
          ...{ stores, clock: this.#options.clock, environment: environment.algoEnvironment },
          plan: () => this.#preparation.plan,
        }),
        status: async () => {
          await this.#refreshDesk();
          return this.status();
        },
        halt: (reason) => desk.halt(reason),
        resume: () => desk.resume(),
        reload: () => this.reload(),
        liquidate: (reason) => desk.liquidate(reason),
        snapshot: async () => {
          const folder = join(environment.dataDirectory, `snapshot-${newId()}`);
          await database.snapshot(folder);
          return folder;
        },
      }),
    );
  }

  async #stop(reason: string): Promise<UserError | null> {
    const { log, clock } = this.#options;
    this.#state = 'stopping';
    log.info({ reason }, 'stopping');
    await this.#startEnded();
    this.#watching?.cancel();
    await this.#control?.close();
    const unwritten = await endParts(this.#parts, { reason, log, clock, alerts: this.#alerts });
    await this.#metrics?.close();
    const runForMs = Math.round((clock.nowMicros() - this.#startedAtMicros) / 1_000);
    log.info({ reason, runForMs }, 'stopped');
    return unwritten;
  }

  async #startEnded(): Promise<void> {
    const { clock, log } = this.#options;
    await new Promise<void>((done) => {
      const timer = clock.after(START_BREAK_OFF_MS, () => {
        log.warn('a step of the start hangs; what it was about to begin ends with the process');
        done();
      });
      // A timer that is left behind would keep the process alive.
      void this.#starting
        .catch(() => undefined)
        .finally(() => {
          timer.cancel();
          done();
        });
    });
  }

  #watch(): void {
    this.#parts.consumers?.checkHeartbeats();
    this.#parts.consumers?.rebalance();
    this.#parts.consumers?.releaseEnding();
    void this.#refreshDesk();
  }

  async #refreshDesk(): Promise<void> {
    try {
      const status = await this.#parts.desk?.status();
      if (status === undefined) return;
      this.#desk = summarizeDesk(status);
      this.#deskMeasurements = status.measurements ?? null;
    } catch (error) {
      if (this.#state !== 'trading') return;
      const message = error instanceof Error ? error.message : String(error);
      this.#alerts.raise({ severity: 'critical', code: 'desk_silent', message });
    }
  }

  #onProducerReport(report: ProducerReport): void {
    switch (report.type) {
      case 'connection':
        this.#options.log.info({ state: report.state, detail: report.detail }, 'market-data stream');
        return;
      case 'gap': {
        const seconds = ((report.toMicros - report.fromMicros) / 1_000_000).toFixed(1);
        const message = `market data may be missing for ${seconds} s: ${report.reason}`;
        this.#alerts.raise({ severity: 'warning', code: 'feed_gap', message });
        // What cut it off may have cut off the broker's stream, unnoticed.
        if (report.reason === 'disconnected') this.#parts.desk?.reconcile('the market data was cut off');
        return;
      }
      case 'unacknowledged': {
        const fields = { missing: JSON.stringify(report.missing) };
        this.#alerts.raise({
          severity: 'warning',
          code: 'feed_refused_symbols',
          message: report.detail,
          fields,
        });
        return;
      }
      case 'failed': {
        const { exitCode, cause, remedy, violations } = report.error;
        this.#fail(new UserError({ exitCode, cause, remedy, violations }));
        return;
      }
      case 'moved':
        this.#parts.consumers?.onSwitched(report.moveId, report.isDone);
        return;
      case 'ready':
      case 'statistics':
      case 'stopped':
        return;
    }
  }

  #fail(cause: string | UserError): void {
    if (this.#hasFailed || this.#stopping !== null) return;
    this.#hasFailed = true;
    this.#state = 'failed';
    const error =
      typeof cause === 'string'
        ? new UserError({
            exitCode: EXIT_UNEXPECTED,
            cause,
            remedy: 'See the log; starting again recovers orders and positions.',
          })
        : cause;
    this.#alerts.raise({ severity: 'critical', code: 'daemon_failed', message: error.message });
    this.#options.onFailure(error);
  }
}

function processStatus(): ProcessStatus {
  const { user, system } = process.cpuUsage();
  return { residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / MICROS_PER_SECOND };
}
