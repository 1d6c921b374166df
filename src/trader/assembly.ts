/**
 * The daemon's parts, built and joined in order, each told what it needs and no more. A part is noted as soon as it
 * runs, so that whatever fails on the way up, everything that was started can be ended (shutdown.ts).
 */
import { availableParallelism } from 'node:os';
import type { Broker } from '../brokers/contract.ts';
import { createBroker } from '../brokers/factory.ts';
import { rulesOf, SessionCalendar } from '../clock/calendar.ts';
import { newSeed, seededRandom } from '../clock/chance.ts';
import type { Clock } from '../clock/clock.ts';
import { ZERO } from '../domain/decimal.ts';
import type { UserError } from '../domain/exit.ts';
import type { Session } from '../domain/market.ts';
import type { StoresClient } from '../models/client.ts';
import type { FolderLock } from '../models/lock.ts';
import type { Log, LogTarget } from '../observability/log.ts';
import type { Environment } from '../tradeplan/environment.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import type { DeskReport, ProducerReport } from '../transport/messages.ts';
import type { Alerts } from './alerts.ts';
import {
  type BatchContext,
  brokerConfigOf,
  consumerConfigOf,
  databaseConfigOf,
  deskConfigOf,
  producerConfigOf,
  providerConfigOf,
  recorderConfigOf,
} from './configuration.ts';
import { openPooledHistory, type PooledHistory } from './history/pooledHistory.ts';
import { WarmUp } from './history/warmUp.ts';
import { lockDataDirectory, lockRecording } from './locks.ts';
import type { PreparedMiner } from './mining/miners.ts';
import type { MinerRunner } from './mining/mining.ts';
import { makeMiners, makeScanners, withTradePlans } from './plans/deciders.ts';
import { Roster } from './plans/roster.ts';
import type { TradePlans } from './plans/tradePlans.ts';
import { PlotFile, plotPath } from './plotFile.ts';
import { requirePortfolios } from './portfolios.ts';
import { type Preparation, reachExchange } from './preparation.ts';
import { Runs } from './runs.ts';
import type { ScannerRunner } from './scanning/scanning.ts';
import { Sessions, sessionQuery } from './sessions.ts';
import { DatabaseThread } from './threads/databaseThread.ts';
import { DeskThread } from './threads/deskThread.ts';
import { type ExchangeProcess, startExchangeProcess } from './threads/exchangeProcess.ts';
import { ProducerThread } from './threads/producerThread.ts';
import { RecorderThread } from './threads/recorderThread.ts';
import { Consumers } from './units/consumers.ts';
import { automaticConsumers, consumerNames } from './units/placement.ts';
import { States } from './units/states.ts';
import { Universe } from './units/universe.ts';

/** Small batches of market events for the desk come no closer together. */
const DESK_SPACING_MS = 5;

/** The parts that are running; each is there once it must be ended. */
export interface Parts {
  lock?: FolderLock;
  /** Of a folder for tapes that the plan names. */
  recordingLock?: FolderLock;
  environment?: Environment;
  exchange?: ExchangeProcess;
  database?: DatabaseThread;
  stores?: StoresClient;
  runs?: Runs;
  states?: States;
  plots?: PlotFile;
  broker?: Broker;
  sessions?: Sessions;
  recorder?: RecorderThread;
  producer?: ProducerThread;
  desk?: DeskThread;
  history?: PooledHistory;
  consumers?: Consumers;
  scanners?: ScannerRunner;
  miners?: MinerRunner;
  /** The strategy instances and what they trade: a plan that is read again changes them. */
  roster?: Roster;
  universe?: Universe;
  /** Missing where the plan does not follow the table. */
  tradePlans?: TradePlans;
  /** In place of those that ran, which have ended. */
  startMiners?: (miners: readonly PreparedMiner[]) => void;
}

export interface AssemblyContext {
  readonly preparation: Preparation;
  readonly batchId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly logTarget: LogTarget;
  readonly alerts: Alerts;
  /** Told what is being started. */
  readonly onProgress: (step: string) => void;
  readonly onProducerReport: (report: ProducerReport) => void;
  readonly onDeskAlert: (alert: Extract<DeskReport, { type: 'alert' }>) => void;
  /** A part that the daemon cannot do without has ended or given up. */
  readonly onLost: (cause: string | UserError) => void;
  /** The plan's file as it runs now. */
  readonly plan: () => Tradeplan;
  /** Other rows of trade_plan are to run. */
  readonly onRows: () => Promise<void>;
  /** Throws when the daemon is to stop: asked before each step. */
  readonly checkWanted: () => void;
}

/** @throws {UserError} what cannot be reached or is wrong; `parts` then holds what was started. */
export async function assemble(parts: Parts, context: AssemblyContext): Promise<void> {
  const { preparation, log, onProgress, checkWanted } = context;
  for (const warning of preparation.warnings) log.warn(warning);
  parts.lock = await lockDataDirectory(preparation.environment.dataDirectory, context.clock);

  checkWanted();
  const [planned, { database, stores, runs, states }] = await whenBothEnded(
    reachMarket(parts, context),
    openDatabase(parts, context),
  );
  const calendar = new SessionCalendar(rulesOf(planned.plan.assetClass));
  const batch = await withTradePlans(parts, context, { batch: planned, calendar, stores, states });

  checkWanted();
  onProgress('asking the broker');
  const random = seededRandom(newSeed());
  const broker = createBroker(brokerConfigOf(batch), { clock: context.clock, random, log });
  parts.broker = broker;
  const roster = new Roster(batch.instances);
  parts.roster = roster;
  const universe = new Universe(roster.shapes());
  parts.universe = universe;
  const sessions = watchSessions(parts, context, { universe, calendar, broker });
  parts.sessions = sessions;
  const session = await sessions.start();

  checkWanted();
  onProgress('connecting to the market');
  const producer = new ProducerThread(producerConfigOf(batch), context.clock, {
    onReport: context.onProducerReport,
    onDeath: (cause) => context.onLost(`the producer thread ended: ${cause}`),
  });
  parts.producer = producer;
  producer.setSession(sessions.phase);
  const recorder = await startRecorder(parts, context, { batch, session });
  if (recorder !== null && batch.plan.record.market) producer.record(recorder.attach('market'));
  const inboxes = batch.plan.record.inbox ? recorder : null;

  onProgress('reconciling orders and positions with the broker');
  const desk = await startDesk(context, batch, { session, producer, database, inboxes });
  parts.desk = desk;
  await addHeldSymbols(desk, universe, batch);

  checkWanted();
  onProgress('starting the consumers');
  const history = openPooledHistory({
    provider: providerConfigOf(batch),
    log: context.logTarget,
    clock: context.clock,
    seed: newSeed(),
    timeoutMs: batch.plan.limits.historyRequestTimeoutMs,
  });
  parts.history = history;
  const plots = new PlotFile(plotPath(batch.environment.dataDirectory, batch.batchId), context);
  parts.plots = plots;
  const consumers = makeConsumers(context, batch, {
    plots,
    roster,
    universe,
    producer,
    desk,
    recorder: inboxes,
    history,
    runs,
    states,
    sessions,
  });
  parts.consumers = consumers;
  consumers.start();
  await consumers.place();

  checkWanted();
  onProgress('starting the scanners');
  const scanners = makeScanners(context, { universe, consumers, history, calendar, broker, stores });
  parts.scanners = scanners;
  scanners.start();
  parts.startMiners = (miners) => {
    parts.miners = makeMiners(context, miners, { history, calendar, broker, stores });
    void parts.miners.start();
  };
  parts.startMiners(preparation.miners);
  parts.tradePlans?.follow(context.onRows);
}

/** Starts the local exchange where the plan wants it, and says where the market is reached. */
async function reachMarket(parts: Parts, context: AssemblyContext): Promise<BatchContext> {
  const { preparation, batchId, clock, log, logTarget, onProgress, onLost } = context;
  const { plan, instances } = preparation;
  let { environment } = preparation;
  if (plan.mode === 'simulated') {
    onProgress('starting the local exchange');
    const exchange = startExchangeProcess(plan.simulation, { clock, log });
    parts.exchange = exchange;
    const env = await exchange.listening;
    void exchange.died.then((cause) => onLost(cause));
    environment = reachExchange(preparation, env);
  }
  parts.environment = environment;
  return { batchId, plan, environment, instances, log: logTarget };
}

/** A failure of one is told when the other has ended, too: what runs by then is noted, and can be ended. */
async function whenBothEnded<First, Second>(
  first: Promise<First>,
  second: Promise<Second>,
): Promise<[First, Second]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

async function openDatabase(parts: Parts, context: AssemblyContext) {
  const { preparation, clock, log, logTarget, batchId, onProgress, onLost } = context;
  const environment = preparation.environment.algoEnvironment;
  onProgress('opening the database');
  const { database, migrations } = await DatabaseThread.start(
    databaseConfigOf(preparation.environment, logTarget, { batchId }),
    { clock, onLost },
  );
  parts.database = database;
  const stores = database.openStores('trader');
  parts.stores = stores;
  log.info({ migrations: migrations.applied.length }, 'database open');
  await requirePortfolios(stores, { batchId, environment, plan: preparation.plan });
  const runs = new Runs({ stores, clock, batchId, environment });
  parts.runs = runs;
  const abandoned = await runs.endAbandoned();
  if (abandoned > 0)
    log.warn({ rows: abandoned }, 'an earlier daemon died without closing its runs; they are closed now');
  const states = new States({ stores, environment, log });
  parts.states = states;
  await states.load(preparation.instances.map((instance) => instance.instanceId));
  return { database, stores, runs, states };
}

function watchSessions(
  parts: Parts,
  context: AssemblyContext,
  joined: { universe: Universe; calendar: SessionCalendar; broker: Broker },
): Sessions {
  const { plan } = context.preparation;
  return new Sessions({
    calendar: joined.calendar,
    query: sessionQuery(plan.assetClass, joined.broker),
    marketHours: plan.marketHours,
    clock: context.clock,
    log: context.log,
    onSession: (session) => {
      parts.recorder?.tellSession(session.date);
      parts.desk?.tellSession(session);
      parts.consumers?.tellSession(session);
      joined.universe.beginSession();
      void parts.consumers?.place();
    },
    onPhase: (phase) => parts.producer?.setSession(phase),
  });
}

/** Null where the plan has nothing recorded. */
async function startRecorder(
  parts: Parts,
  context: AssemblyContext,
  { batch, session }: { batch: BatchContext; session: Session },
): Promise<RecorderThread | null> {
  const { record } = batch.plan;
  if (!record.market && !record.inbox) return null;
  const config = recorderConfigOf(batch, session);
  // The data directory is ours already; another folder might be another daemon's too.
  if (record.directory !== null) parts.recordingLock = await lockRecording(config.directory, context.clock);
  const recorder = new RecorderThread(config, context);
  parts.recorder = recorder;
  return recorder;
}

async function startDesk(
  context: AssemblyContext,
  batch: BatchContext,
  joined: {
    session: Session;
    producer: ProducerThread;
    database: DatabaseThread;
    inboxes: RecorderThread | null;
  },
): Promise<DeskThread> {
  const { desk } = await DeskThread.start(
    {
      config: deskConfigOf(batch, joined.session),
      market: joined.producer.attach('desk', deskSpacingMs(batch)),
      database: joined.database.openPort('desk'),
      recording: joined.inboxes?.attach('desk') ?? null,
    },
    {
      clock: context.clock,
      listener: {
        onAlert: context.onDeskAlert,
        onFailed: context.onLost,
        onDeath: (cause) => context.onLost(`the desk thread ended: ${cause}`),
      },
    },
  );
  return desk;
}

/**
 * The desk judges prices by it. At 1,000 frames a second posting and being woken for each took a fifth of its time, and three
 * tenths of the producer's (profiles of bench/latency). The paper broker fills by it, so there it comes at once.
 */
function deskSpacingMs({ plan }: BatchContext): number {
  return plan.broker === 'paper' ? 0 : DESK_SPACING_MS;
}

/** What a strategy of the plan holds from before is watched again, whatever the scanners pick today. */
async function addHeldSymbols(desk: DeskThread, universe: Universe, batch: BatchContext): Promise<void> {
  const { positions } = await desk.status();
  const known = new Set(batch.instances.map((instance) => instance.instanceId));
  for (const { instanceId, symbol, quantity } of positions) {
    if (quantity !== ZERO && known.has(instanceId)) universe.addHeld(instanceId, [symbol]);
  }
}

function makeConsumers(
  context: AssemblyContext,
  batch: BatchContext,
  joined: {
    plots: PlotFile;
    roster: Roster;
    universe: Universe;
    producer: ProducerThread;
    desk: DeskThread;
    recorder: RecorderThread | null;
    history: PooledHistory;
    runs: Runs;
    states: States;
    sessions: Sessions;
  },
): Consumers {
  const { history, sessions, ...parts } = joined;
  const { plan } = batch;
  const count = plan.consumers === 'auto' ? automaticConsumers(availableParallelism()) : plan.consumers;
  return new Consumers({
    ...parts,
    names: consumerNames(count),
    plan,
    subjectOf: (instanceId) => joined.roster.subjectOf(instanceId),
    warmUp: new WarmUp(history),
    alerts: context.alerts,
    clock: context.clock,
    log: context.log,
    config: (consumer, activity) =>
      consumerConfigOf(batch, consumer, {
        instances: joined.roster.configs(),
        session: sessions.current,
        activity,
      }),
  });
}
