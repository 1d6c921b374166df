/**
 * All consumers: which unit runs where, what happens when a thread dies, blocks or falls behind, and what strategies
 * report.
 */
import type { Clock } from '../../clock/clock.ts';
import type { ConsumerConfig } from '../../consumer/config.ts';
import type { Session } from '../../domain/market.ts';
import type { Account, RiskState } from '../../domain/order.ts';
import type { Log } from '../../observability/log.ts';
import type { LimitsPlan, Tradeplan } from '../../tradeplan/plan.ts';
import type { ConsumerCommand, ConsumerReport, Route, Unit } from '../../transport/messages.ts';
import type { Alerts } from '../alerts.ts';
import type { ConsumerStatus } from '../control/status.ts';
import type { WarmUp } from '../history/warmUp.ts';
import type { Roster, RosterChange } from '../plans/roster.ts';
import type { PlotFile } from '../plotFile.ts';
import type { RunSubject, Runs } from '../runs.ts';
import { ConsumerThread } from '../threads/consumerThread.ts';
import type { DeskThread } from '../threads/deskThread.ts';
import type { ProducerThread } from '../threads/producerThread.ts';
import type { RecorderThread } from '../threads/recorderThread.ts';
import { Assigning, unitOf } from './assigning.ts';
import { Loads } from './loads.ts';
import { Moving } from './moving.ts';
import { type Placed, Placement } from './placement.ts';
import type { Decision } from './rebalance.ts';
import { Rebalancer } from './rebalancer.ts';
import type { States } from './states.ts';
import { takeStrategyReport } from './strategyReports.ts';
import { sameSymbols, type Universe, union } from './universe.ts';

const HOUR_MS = 3_600_000;
/** What the plan no longer has is asked this often whether it is flat. */
const ENDING_PERIOD_MS = 2_000;

export interface ConsumersOptions {
  readonly names: readonly string[];
  readonly plan: Tradeplan;
  readonly roster: Roster;
  subjectOf(instanceId: string): RunSubject | undefined;
  readonly universe: Universe;
  readonly producer: ProducerThread;
  readonly desk: DeskThread;
  /** Null where inboxes are not recorded. */
  readonly recorder: RecorderThread | null;
  readonly warmUp: WarmUp;
  readonly runs: Runs;
  readonly states: States;
  readonly plots: PlotFile;
  readonly alerts: Alerts;
  readonly clock: Clock;
  readonly log: Log;
  config(consumer: string, activity: SharedArrayBuffer): ConsumerConfig;
}

export class Consumers {
  readonly #options: ConsumersOptions;
  readonly #limits: LimitsPlan;
  readonly #placement: Placement;
  readonly #threads: ReadonlyMap<string, ConsumerThread>;
  readonly #assigning: Assigning;
  readonly #loads: Loads;
  readonly #moving: Moving;
  readonly #rebalancer: Rebalancer;
  readonly #deathsMs = new Map<string, number[]>();
  #placing: Promise<void> = Promise.resolve();
  #isStopping = false;
  #releasedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ConsumersOptions) {
    this.#options = options;
    this.#limits = options.plan.limits;
    this.#placement = new Placement(options.names);
    this.#threads = new Map(options.names.map((name) => [name, this.#makeThread(name)]));
    const { clock, log, desk, producer, universe } = options;
    const settings = options.plan.rebalance;
    const tell = (consumer: string, command: ConsumerCommand) => this.#threads.get(consumer)?.tell(command);
    this.#assigning = new Assigning({ ...options, placement: this.#placement, tell });
    this.#loads = new Loads(settings);
    this.#moving = new Moving({
      clock,
      log,
      prepareTimeoutMs: settings.prepareTimeoutMs,
      tell,
      symbolsOf: (unit) => this.#placement.find(unit)?.symbols ?? [],
      place: (unit, consumer) => this.#placement.move(unit, consumer),
      routesOf: (receiver) => ({ receiver, routes: this.#routesOf(receiver) }),
      switchOver: (moveId, from, to) => producer.move(moveId, from, to),
      handOver: (handover) => desk.handOver(handover),
      assign: (unit, arrival) => void this.#assigning.hand(unit, arrival),
      onEnd: (decision, hasMoved) => this.#onMoveEnded(decision, hasMoved),
    });
    this.#rebalancer = new Rebalancer({
      settings,
      clock,
      loads: this.#loads,
      moving: this.#moving,
      placement: this.#placement,
      threads: this.#threads,
      isWanted: (unit) => universe.isRunning(unit),
    });
  }

  start(): void {
    for (const thread of this.#threads.values()) this.#startThread(thread);
  }

  /** Brings what runs into line with what the universe wants now. Calls are carried out one after another. */
  place(): Promise<void> {
    this.#placing = this.#placing
      .then(() => this.#placeNew())
      .catch((error: unknown) => {
        this.#options.alerts.raise({
          severity: 'critical',
          code: 'placement_failed',
          message: `strategies could not be given their symbols: ${String(error)}`,
        });
      });
    return this.#placing;
  }

  /**
   * From now on the roster's instances run as a plan that was read again has them.
   * @param change is called when nothing is being placed.
   */
  async follow(change: () => RosterChange): Promise<RosterChange> {
    const { alerts, clock, roster } = this.#options;
    const followed = this.#placing.then(async () => {
      const changed = change();
      const sinceMicros = clock.nowMicros();
      const instances = roster.configs();
      for (const thread of this.#threads.values()) thread.tell({ type: 'instances', instances });
      try {
        await this.#assigning.renewRuns(changed.restarted, sinceMicros);
      } catch (error) {
        const message = `rows of runs do not tell the plan that was read again: ${String(error)}`;
        alerts.raise({ severity: 'warning', code: 'runs_not_renewed', message });
      }
      return changed;
    });
    this.#placing = followed.then(() => undefined);
    await this.place();
    return followed;
  }

  /** Lets go of what the plan no longer has, as soon as it is flat. */
  releaseEnding(): void {
    const { clock, roster } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#isStopping || !roster.hasEnding || nowMs - this.#releasedAtMs < ENDING_PERIOD_MS) return;
    const isLeft = this.#placement.all().some(({ instanceId }) => roster.isEnding(instanceId));
    this.#releasedAtMs = nowMs;
    if (isLeft) void this.place();
  }

  /** The instances and symbols that run now. */
  placed(): readonly Placed[] {
    return this.#placement.all();
  }

  tellSession(session: Session): void {
    for (const thread of this.#threads.values()) thread.tell({ type: 'session', session });
  }

  tellAccount(account: Account, riskState: RiskState): void {
    for (const thread of this.#threads.values()) thread.tell({ type: 'account', account, riskState });
  }

  /** Has units moved away from consumers that are behind. */
  rebalance(): void {
    if (!this.#isStopping) this.#rebalancer.look();
  }

  /** The producer has set the barriers of a move, or could not. */
  onSwitched(moveId: number, isDone: boolean): void {
    if (!this.#isStopping) this.#moving.onSwitched(moveId, isDone);
  }

  /** Names consumers whose heartbeat has stopped, and the strategy that holds them up. */
  checkHeartbeats(): void {
    for (const thread of this.#threads.values()) {
      const index = thread.checkHeartbeat(this.#limits.heartbeatTimeoutMs);
      if (index === null) continue;
      const instance = this.#options.roster.idAt(index) ?? null;
      const culprit =
        instance === null ? 'no strategy is running in it' : `strategy ${instance} has not returned`;
      thread.describeBlock(culprit);
      this.#options.alerts.raise({
        severity: 'critical',
        code: 'consumer_blocked',
        message: `consumer ${thread.name} is blocked: ${culprit}`,
        fields: {
          consumer: thread.name,
          strategy: instance,
          heartbeatTimeoutMs: this.#limits.heartbeatTimeoutMs,
        },
      });
    }
  }

  status(): readonly ConsumerStatus[] {
    return [...this.#threads.values()].map((thread) => thread.status(this.#loads.loadOf(thread.name)));
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    this.#moving.stop();
    this.#assigning.stop();
    await Promise.all(
      [...this.#threads.values()].map(async (thread) => {
        const outcome = await thread.stop(timeoutMs);
        if (outcome === 'terminated')
          this.#options.log.warn(
            { consumer: thread.name },
            'the consumer did not end by itself and was terminated',
          );
      }),
    );
  }

  #makeThread(name: string): ConsumerThread {
    return new ConsumerThread({
      name,
      config: (activity) => this.#options.config(name, activity),
      heapMb: this.#limits.consumerHeapMb,
      clock: this.#options.clock,
      listener: {
        onReport: (consumer, report) => this.#onReport(consumer, report),
        onDeath: (consumer, cause) => this.#onDeath(consumer, cause),
      },
    });
  }

  #startThread(thread: ConsumerThread): void {
    const market = this.#options.producer.attach(thread.name);
    const orders = this.#options.desk.attach(thread.name);
    const recording = this.#options.recorder?.attach(`consumer ${thread.name}`) ?? null;
    thread.start({ market, orders, recording });
  }

  async #placeNew(): Promise<void> {
    if (this.#isStopping) return;
    const fresh = new Map<string, Placed[]>();
    this.#placement.weigh(this.#loads);
    const { universe } = this.#options;
    const units = universe.units();
    for (const wanted of units) {
      const known = this.#placement.find(wanted);
      if (known !== undefined && sameSymbols(known.symbols, wanted.symbols)) continue;
      // Its symbols change when it has arrived.
      if (this.#moving.isUnderWay(wanted)) continue;
      // What leaves is routed until its host says that it has left.
      const placed = this.#placement.place(wanted, union(wanted.symbols, known?.symbols ?? []));
      if (known === undefined) fresh.set(placed.consumer, [...(fresh.get(placed.consumer) ?? []), placed]);
      else this.#tellSymbols(placed, wanted.symbols);
    }
    for (const placed of this.#placement.without(units)) {
      if (universe.isRunning(placed) && !this.#moving.isUnderWay(placed)) this.#tellSymbols(placed, []);
    }
    this.#route();
    for (const [consumer, units] of fresh) {
      try {
        await this.#assigning.assign(consumer, units);
      } catch (error) {
        // Not placed after all: the next placing tries them again.
        for (const unit of units) this.#placement.remove(unit);
        throw error;
      }
    }
  }

  #tellSymbols(placed: Placed, symbols: readonly string[]): void {
    this.#threads.get(placed.consumer)?.tell({ type: 'symbols', unit: unitOf(placed), symbols });
  }

  /** A host tells what a unit has left. What could not leave yet is asked for again with the next placing. */
  #onSymbols(unit: Unit, kept: readonly string[]): void {
    // A unit that moves takes along what it has; its symbols are looked at when it has arrived.
    const placed = this.#placement.find(unit);
    if (placed === undefined || this.#moving.isUnderWay(unit)) return;
    const wanted = this.#options.universe.wantedSymbols(unit);
    if (kept.length > 0) this.#placement.place(unit, union(wanted, kept));
    else this.#placement.remove(unit);
    if (kept.length === 0 && this.#options.roster.isEnding(unit.instanceId)) {
      void this.#assigning.endRemoved(unit, placed.consumer);
    }
    this.#route();
    // Picked again while it was leaving.
    if (kept.length === 0 && wanted.length > 0) void this.place();
  }

  #route(): void {
    const { plan, producer, universe } = this.#options;
    for (const name of this.#threads.keys()) producer.route(name, this.#routesOf(name));
    producer.route('desk', universe.deskRoutes(this.#placement.all(), plan.channels));
  }

  #routesOf(consumer: string): readonly Route[] {
    const { plan, universe } = this.#options;
    return universe.routes(this.#placement.onConsumer(consumer), plan.channels);
  }

  #onMoveEnded(decision: Decision, hasMoved: boolean): void {
    this.#rebalancer.onMoveEnded(decision);
    if (!hasMoved) this.#route();
    else void this.#assigning.endRun(decision);
    // What the scanners have picked for it meanwhile.
    void this.place();
  }

  #onReport(consumer: string, report: ConsumerReport): void {
    const { warmUp } = this.#options;
    switch (report.type) {
      case 'ready':
      case 'stopped':
        return;
      case 'symbols':
        if (!this.#isStopping) this.#onSymbols(report.unit, report.symbols);
        return;
      case 'heartbeat':
        this.#rebalancer.onHeartbeat(consumer, report);
        return;
      case 'move_ready':
      case 'leaving':
      case 'left':
      case 'arrived':
        if (!this.#isStopping) this.#moving.onReport(consumer, report);
        return;
      case 'history_request':
        void warmUp.request(report).then((answer) => {
          this.#threads
            .get(consumer)
            ?.tell({ type: 'history', requestId: report.requestId, symbol: report.symbol, answer });
        });
        return;
      case 'states':
      case 'fault':
      case 'rejected':
      case 'log':
      case 'plot':
        takeStrategyReport(this.#options, consumer, report);
        return;
    }
  }

  #onDeath(consumer: string, cause: string): void {
    const { alerts, clock, desk, producer, universe } = this.#options;
    if (this.#isStopping) return;
    producer.detach(consumer);
    desk.detach(consumer);
    this.#loads.forget(consumer);
    this.#moving.onDeath(consumer);
    const now = clock.monotonicMs();
    const deaths = [...(this.#deathsMs.get(consumer) ?? []), now].filter((moment) => now - moment < HOUR_MS);
    this.#deathsMs.set(consumer, deaths);
    const units = this.#placement.onConsumer(consumer);
    const fields = { consumer, units: units.map((unit) => `${unit.instanceId} ${unit.symbol}`), cause };
    if (deaths.length > this.#limits.consumerRestartsPerHourMax) {
      alerts.raise({
        severity: 'critical',
        code: 'consumer_given_up',
        message: `consumer ${consumer} died ${deaths.length} times within an hour and is not started again; its strategies do not run`,
        fields,
      });
      return;
    }
    alerts.raise({
      severity: 'critical',
      code: 'consumer_died',
      message: `consumer ${consumer} died and is started again: ${cause.split('\n')[0]}`,
      fields,
    });
    const thread = this.#threads.get(consumer);
    if (thread === undefined) return;
    thread.markRestarting();
    this.#startThread(thread);
    this.#placing = this.#placing
      .then(async () => {
        this.#route();
        await this.#assigning.assign(
          consumer,
          this.#placement
            .onConsumer(consumer)
            .filter((unit) => universe.isRunning(unit) && !this.#moving.isBetween(unit)),
        );
      })
      .catch((error: unknown) => {
        alerts.raise({
          severity: 'critical',
          code: 'placement_failed',
          message: `consumer ${consumer} could not be given its symbols back: ${String(error)}`,
        });
      });
  }
}
