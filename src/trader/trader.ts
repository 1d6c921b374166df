/**
 * The trader: builds the daemon's parts, joins them, watches them, and stops them in order. Whatever fails on the way
 * up, {@link Trader.stop} ends all that was started.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Broker } from '../brokers/contract.ts';
import { createBroker } from '../brokers/factory.ts';
import { rulesOf, SessionCalendar } from '../clock/calendar.ts';
import { newId, newSeed, seededRandom } from '../clock/chance.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { EXIT_UNEXPECTED, EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { StoresClient } from '../models/client.ts';
import { type FolderLock, takeFolderLock } from '../models/lock.ts';
import type { Log, LogTarget } from '../observability/log.ts';
import type { ProducerReport } from '../transport/messages.ts';
import { Alerts } from './alerts.ts';
import {
  type BatchContext,
  brokerConfigOf,
  consumerConfigOf,
  databaseConfigOf,
  deskConfigOf,
  producerConfigOf,
  providerConfigOf,
} from './configuration.ts';
import { Consumers } from './consumers.ts';
import { ControlServer } from './control.ts';
import { controlHandler } from './controlMethods.ts';
import { DatabaseThread } from './databaseThread.ts';
import { DeskThread } from './deskThread.ts';
import { type ExchangeProcess, startExchangeProcess } from './exchangeProcess.ts';
import { cachedInstruments } from './instruments.ts';
import { automaticConsumers, consumerNames } from './placement.ts';
import { openPooledHistory, type PooledHistory } from './pooledHistory.ts';
import { type Preparation, reachExchange } from './preparation.ts';
import { ProducerThread } from './producerThread.ts';
import { Runs } from './runs.ts';
import { ScannerRunner } from './scanning.ts';
import { Sessions, sessionQuery } from './sessions.ts';
import { States } from './states.ts';
import { type DaemonState, type DaemonStatus, type DeskSummary, summarizeDesk } from './status.ts';
import { daemonStatus } from './statusDocument.ts';
import { Universe } from './universe.ts';
import { WarmUp } from './warmUp.ts';

const WATCH_PERIOD_MS = 500;
/** Shares of the ten seconds within which a stop must be through. */
const STOP_MS = { consumers: 1_500, desk: 5_000, producer: 1_000, database: 2_000 } as const;

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

/** The parts that are running; each is there once its start has succeeded. */
interface Parts {
  lock?: FolderLock;
  exchange?: ExchangeProcess;
  database?: DatabaseThread;
  stores?: StoresClient;
  broker?: Broker;
  sessions?: Sessions;
  producer?: ProducerThread;
  desk?: DeskThread;
  history?: PooledHistory;
  scanners?: ScannerRunner;
  consumers?: Consumers;
  runs?: Runs;
  states?: States;
  control?: ControlServer;
  watch?: Timer;
}

export class Trader {
  readonly #options: TraderOptions;
  readonly #parts: Parts = {};
  readonly #alerts: Alerts;
  readonly #startedAtMicros: number;
  #state: DaemonState = 'starting';
  #desk: DeskSummary | null = null;
  #hasFailed = false;
  #stopping: Promise<void> | null = null;

  constructor(options: TraderOptions) {
    const { clock, log, batchId, preparation } = options;
    this.#options = options;
    this.#startedAtMicros = clock.nowMicros();
    this.#alerts = new Alerts(preparation.plan.alerts, { clock, log, batchId });
  }

  /** @throws {UserError} what cannot be reached or is wrong. Call {@link stop} then, too. */
  async start(): Promise<void> {
    const { preparation, clock, log, logTarget, batchId, onProgress } = this.#options;
    const { plan, instances } = preparation;
    const parts = this.#parts;
    for (const warning of preparation.warnings) log.warn(warning);

    parts.lock = await lockDataDirectory(preparation.environment.dataDirectory, clock);
    const environment = await this.#reachMarket();
    const context: BatchContext = { batchId, plan, environment, instances, log: logTarget };

    onProgress('opening the database');
    const { database, migrations } = await DatabaseThread.start(
      databaseConfigOf(environment, logTarget, { batchId }),
      {
        clock,
        onDeath: (cause) => this.#fail(`the database thread ended: ${cause}`),
      },
    );
    parts.database = database;
    const stores = database.openStores('trader');
    parts.stores = stores;
    log.info({ migrations: migrations.applied.length }, 'database open');
    const runs = new Runs({ stores, clock, batchId, environment: environment.algoEnvironment });
    parts.runs = runs;
    const abandoned = await runs.endAbandoned();
    if (abandoned > 0)
      log.warn({ rows: abandoned }, 'an earlier daemon died without closing its runs; they are closed now');
    const states = new States({ stores, environment: environment.algoEnvironment, log });
    parts.states = states;
    await states.load(instances.map((instance) => instance.instanceId));

    onProgress('asking the broker');
    const random = seededRandom(newSeed());
    const broker = createBroker(brokerConfigOf(context), { clock, random, log });
    parts.broker = broker;
    const calendar = new SessionCalendar(rulesOf(plan.assetClass));
    const sessions = new Sessions({
      calendar,
      query: sessionQuery(plan.assetClass, broker),
      marketHours: plan.marketHours,
      clock,
      log,
      onSession: (session) => {
        parts.desk?.tellSession(session);
        parts.consumers?.tellSession(session);
        universe.beginSession();
        void parts.consumers?.place();
      },
      onPhase: (phase) => parts.producer?.setSession(phase),
    });
    const universe = new Universe(instances);
    parts.sessions = sessions;
    const session = await sessions.start();

    onProgress('connecting to the market');
    const producer = new ProducerThread(producerConfigOf(context), clock, {
      onReport: (report) => this.#onProducerReport(report),
      onDeath: (cause) => this.#fail(`the producer thread ended: ${cause}`),
    });
    parts.producer = producer;
    producer.setSession(sessions.phase);

    onProgress('reconciling orders and positions with the broker');
    const { desk } = await DeskThread.start(
      {
        config: deskConfigOf(context, session),
        market: producer.attach('desk'),
        database: database.openPort('desk'),
      },
      {
        clock,
        listener: {
          onAlert: (alert) => this.#alerts.raise(alert),
          onFailed: (error) => this.#failWith(error),
          onDeath: (cause) => this.#fail(`the desk thread ended: ${cause}`),
        },
      },
    );
    parts.desk = desk;

    onProgress('starting the consumers');
    const history = openPooledHistory({
      provider: providerConfigOf(context),
      log: logTarget,
      clock,
      seed: newSeed(),
      timeoutMs: plan.limits.historyRequestTimeoutMs,
    });
    parts.history = history;
    const consumers = new Consumers({
      names: consumerNames(
        plan.consumers === 'auto' ? automaticConsumers(availableParallelism()) : plan.consumers,
      ),
      plan,
      subjects: new Map(
        instances.map(({ instanceId, bundle, parameters }) => [
          instanceId,
          { instanceId, strategy: bundle.name, version: bundle.version, parameters },
        ]),
      ),
      universe,
      producer,
      desk,
      warmUp: new WarmUp(history),
      runs,
      states,
      alerts: this.#alerts,
      clock,
      log,
      config: (consumer, activity) =>
        consumerConfigOf(context, consumer, { session: sessions.current, activity }),
    });
    parts.consumers = consumers;
    consumers.start();
    await consumers.place();

    onProgress('starting the scanners');
    const scanners = new ScannerRunner({
      scanners: preparation.scanners,
      market: { history, calendar, hours: plan.marketHours, instruments: cachedInstruments(broker, clock) },
      clock,
      log,
      batchId,
      scanTimeoutMs: plan.limits.scannerTimeoutMs,
      onPicks: (scannerId, picks) => {
        const changed = universe.addPicks(
          scannerId,
          picks.map((pick) => pick.symbol),
        );
        if (changed.length > 0) void consumers.place();
      },
      recordPicks: (rows) => stores.recordPicks(rows),
    });
    parts.scanners = scanners;
    scanners.start();

    parts.control = await ControlServer.listen(
      environment.dataDirectory,
      controlHandler({
        stores,
        status: async () => {
          await this.#refreshDesk();
          return this.status();
        },
        halt: (reason) => desk.halt(reason),
        resume: () => desk.resume(),
        liquidate: (reason) => desk.liquidate(reason),
        snapshot: async () => {
          const folder = join(environment.dataDirectory, `snapshot-${newId()}`);
          await database.snapshot(folder);
          return folder;
        },
      }),
    );
    parts.watch = clock.every(WATCH_PERIOD_MS, () => this.#watch());
    this.#state = 'trading';
  }

  status(): DaemonStatus {
    const { preparation, batchId, clock } = this.#options;
    const { plan, environment } = preparation;
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
      alerts: this.#alerts.recent,
      isMarketOpen: this.#parts.sessions?.phase === 'open',
    });
  }

  /** Ends everything in order, within ten seconds. Never throws; may be called at any time, and again. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stopInOrder(reason);
    return this.#stopping;
  }

  async #stopInOrder(reason: string): Promise<void> {
    const { log, clock } = this.#options;
    const parts = this.#parts;
    this.#state = 'stopping';
    log.info({ reason }, 'stopping');
    const attempt = async (what: string, work: Promise<unknown> | undefined) => {
      try {
        await work;
      } catch (error) {
        log.error(
          { what, reason: error instanceof Error ? error.message : String(error) },
          'a part could not be stopped in order',
        );
      }
    };
    parts.watch?.cancel();
    parts.sessions?.stop();
    await attempt('control socket', parts.control?.close());
    await attempt('scanners', parts.scanners?.stop());
    await attempt('consumers', parts.consumers?.stop(STOP_MS.consumers));
    const closed = await parts.desk?.stop(reason, STOP_MS.desk);
    if (closed !== undefined)
      log.info(
        { openOrders: closed?.openOrders ?? null, rowsWaiting: closed?.rowsWaiting ?? null },
        'the desk is closed',
      );
    await attempt('states', parts.states?.save());
    await attempt('runs', parts.runs?.end(reason));
    await Promise.all([
      attempt('producer', parts.producer?.stop(STOP_MS.producer)),
      attempt('broker', parts.broker?.close()),
      attempt('pool', parts.history?.close()),
      attempt('alerts', this.#alerts.settle()),
    ]);
    parts.stores?.close();
    await Promise.all([
      attempt('database', parts.database?.stop(STOP_MS.database)),
      attempt('exchange', parts.exchange?.stop()),
    ]);
    parts.lock?.release();
    log.info({ reason, afterMs: Math.round((clock.nowMicros() - this.#startedAtMicros) / 1_000) }, 'stopped');
  }

  /** Starts the local exchange where the plan wants it, and says where the market is reached. */
  async #reachMarket() {
    const { preparation, clock, log, onProgress } = this.#options;
    if (preparation.plan.mode !== 'simulated') return preparation.environment;
    onProgress('starting the local exchange');
    const exchange = await startExchangeProcess(preparation.plan.simulation, { clock, log });
    this.#parts.exchange = exchange;
    void exchange.died.then((cause) => this.#fail(cause));
    return reachExchange(preparation, exchange.env);
  }

  #watch(): void {
    this.#parts.consumers?.checkHeartbeats();
    void this.#refreshDesk();
  }

  async #refreshDesk(): Promise<void> {
    try {
      const status = await this.#parts.desk?.status();
      if (status !== undefined) this.#desk = summarizeDesk(status);
    } catch (error) {
      if (this.#state !== 'trading') return;
      this.#alerts.raise({
        severity: 'critical',
        code: 'desk_silent',
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }

  #onProducerReport(report: ProducerReport): void {
    const { log } = this.#options;
    switch (report.type) {
      case 'connection':
        log.info({ state: report.state, detail: report.detail }, 'market-data stream');
        return;
      case 'gap':
        this.#alerts.raise({
          severity: 'warning',
          code: 'feed_gap',
          message: `market data may be missing for ${((report.toMicros - report.fromMicros) / 1_000_000).toFixed(1)} s: ${report.reason}`,
        });
        return;
      case 'unacknowledged':
        this.#alerts.raise({
          severity: 'warning',
          code: 'feed_refused_symbols',
          message: report.detail,
          fields: { missing: JSON.stringify(report.missing) },
        });
        return;
      case 'failed': {
        const { exitCode, cause, remedy, violations } = report.error;
        this.#failWith(new UserError({ exitCode, cause, remedy, violations }));
        return;
      }
      case 'ready':
      case 'statistics':
      case 'stopped':
        return;
    }
  }

  #fail(cause: string): void {
    this.#failWith(
      new UserError({
        exitCode: EXIT_UNEXPECTED,
        cause,
        remedy: 'See the log; starting again recovers orders and positions.',
      }),
    );
  }

  #failWith(error: UserError): void {
    if (this.#hasFailed || this.#stopping !== null) return;
    this.#hasFailed = true;
    this.#state = 'failed';
    this.#alerts.raise({ severity: 'critical', code: 'daemon_failed', message: error.message });
    this.#options.onFailure(error);
  }
}

async function lockDataDirectory(dataDirectory: string, clock: Clock): Promise<FolderLock> {
  const outcome = await takeFolderLock(join(dataDirectory, 'daemon.lock'), clock).catch((error: unknown) => {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `the data directory ${dataDirectory} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Name one that can be written with --data-dir, or free space on its disk.',
    });
  });
  if (outcome.ok) return outcome.lock;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `another daemon (process ${outcome.owner.pid}) uses the data directory ${dataDirectory}`,
    remedy: 'Stop it, or give this one a directory of its own with --data-dir.',
  });
}
