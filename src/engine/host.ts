/**
 * The strategy host: a pure machine that reads one totally ordered inbox and answers with intents. Given the same
 * inbox it does the same, on a consumer thread, in a backtest and in a replay. It never asks a clock: its time is
 * that of the newest thing in its inbox.
 */
import type { Session } from '../domain/market.ts';
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../domain/time.ts';
import type { Batch } from '../tape/batch.ts';
import type { ConsumerCommand, ConsumerLoad, DeskEvent } from '../transport/messages.ts';
import { DeskAnswers } from './answers.ts';
import { Arrivals } from './arrivals.ts';
import { Assignments } from './assignments.ts';
import type { HostConfig, InstancesCommand } from './config.ts';
import { HostCore, type HostOutput } from './core.ts';
import { Feed } from './feed.ts';
import { HistoryRequests } from './history.ts';
import type { Stopwatch } from './load.ts';
import { Moves } from './moves.ts';
import { Proposals } from './proposals.ts';
import { Reloading } from './reloading.ts';
import { Runner } from './runner.ts';
import type { Unit } from './unit.ts';

/** Units whose states are looked at in one step: three to four milliseconds. */
const CHECKPOINT_UNITS = 512;

/** What a consumer's trader commands, apart from its ports. */
export type HostCommand = Exclude<ConsumerCommand, { type: 'attach' }> | InstancesCommand;

export interface HostCounters {
  readonly eventsShown: number;
  readonly eventsStale: number;
  readonly units: number;
  /** Age of the newest event shown when it was shown. */
  readonly lagMs: number;
}

export class StrategyHost {
  readonly #core: HostCore;
  readonly #runner: Runner;
  readonly #feed: Feed;
  readonly #answers: DeskAnswers;
  readonly #assignments: Assignments;
  readonly #history: HistoryRequests;
  readonly #moves: Moves;
  readonly #arrivals: Arrivals;
  readonly #reloading: Reloading;
  /** Where time is going while timers fire on the way. */
  #targetMicros: EpochMicros = 0;
  #isCheckpointArmed = false;
  /** The unit that the next step of a checkpoint begins with. */
  #checkpointFrom = 0;

  /**
   * Opens a realm for each strategy instance.
   * @param activity an Int32Array of `ACTIVITY.length`, shared with whoever watches for handlers that do not end.
   * @param stopwatch measures what units cost; it decides nothing. Without one nothing is measured.
   * @throws {UserError} exit code 2 when a strategy cannot be loaded or its parameters do not fit.
   */
  constructor(config: HostConfig, output: HostOutput, activity?: Int32Array, stopwatch?: Stopwatch) {
    this.#core = new HostCore(config, output, {
      ...(activity === undefined ? {} : { activity }),
      ...(stopwatch === undefined ? {} : { stopwatch }),
    });
    this.#runner = new Runner(this.#core);
    const proposals = new Proposals(this.#core, this.#runner);
    this.#history = new HistoryRequests(this.#core);
    const [core, runner, history] = [this.#core, this.#runner, this.#history];
    const fireTimers = (now: EpochMicros) => this.#fireTimers(now);
    const assignments = new Assignments(core, runner, proposals, history);
    const moves = new Moves(core, assignments, (unit) => this.#arrivals.arrive(unit, core.clock.nowMicros));
    const answers = new DeskAnswers(core, runner, proposals, moves);
    const feed = new Feed(core, runner, { history, moves, fireTimers });
    const joined = { core, runner, proposals, history, assignments, moves, feed, answers, fireTimers };
    this.#arrivals = new Arrivals(joined);
    this.#assignments = assignments;
    this.#moves = moves;
    this.#answers = answers;
    this.#feed = feed;
    this.#reloading = new Reloading({ core, assignments, proposals });
    this.#reloading.follow(config.instances);
  }

  /**
   * Takes a batch of market rows. The batch is only read during the call.
   * @param takenMicros when it was taken out of the queue, against which ages are measured. A backtest passes the
   * batch's base time, so that nothing is too old.
   * @param from and `to`: the first row, and the one behind the last. A backtest goes from moment to moment, so that its
   * broker can answer in between.
   */
  handleBatch(batch: Batch, takenMicros: EpochMicros, from = 0, to = batch.count): void {
    this.#feed.handleBatch(batch, takenMicros, from, to);
  }

  /**
   * As {@link handleBatch}, for who answers from moment to moment: stops in front of the first moment behind a
   * {@link pause}, and of one at or before which a timer is due. Answers the row to go on with.
   */
  handleMoments(batch: Batch, takenMicros: EpochMicros, from: number, to: number): number {
    return this.#feed.handleMoments(batch, takenMicros, from, to);
  }

  /** Called while the host speaks: what it says is to be answered before {@link handleMoments} goes on. */
  pause(): void {
    this.#core.clock.isPaused = true;
  }

  /** That of the newest thing that came out of the inbox. */
  get nowMicros(): EpochMicros {
    return this.#core.clock.nowMicros;
  }

  handleDesk(events: readonly DeskEvent[], nowMicros: EpochMicros): void {
    this.advanceTo(nowMicros);
    for (const event of events) {
      this.#core.clock.sequence += 1;
      this.#answers.handle(event);
    }
  }

  handleCommand(command: HostCommand, nowMicros: EpochMicros): void {
    this.advanceTo(nowMicros);
    this.#core.clock.sequence += 1;
    switch (command.type) {
      case 'assign':
        if (!this.#isCheckpointArmed) this.#armCheckpoint();
        this.#assignments.assign(command.units.filter(({ arrival }) => arrival === undefined));
        this.#feed.forgetMarkets();
        for (const unit of command.units) {
          const { arrival } = unit;
          if (arrival === undefined || this.#moves.postpones(arrival.moveId, unit)) continue;
          this.#arrivals.arrive(unit, nowMicros);
        }
        return;
      case 'unassign':
        for (const unit of command.units) this.#assignments.unassign(unit);
        this.#feed.forgetMarkets();
        return;
      case 'leave':
        this.#moves.leave(command.moveId, command);
        return;
      case 'expect':
        this.#moves.expect(command.moveId, command.unit, command.symbols);
        return;
      case 'abandon':
        this.#moves.abandon(command.moveId);
        return;
      case 'symbols':
        this.#assignments.setSymbols(command.unit, command.symbols);
        this.#feed.forgetMarkets();
        return;
      case 'history': {
        const warm = this.#history.answer(command.requestId, command.answer);
        for (const { unit } of warm) this.#assignments.startIfWarm(unit);
        return;
      }
      case 'instances':
        this.#reloading.follow(command.instances);
        this.#feed.forgetMarkets();
        return;
      case 'session':
        this.#setSession(command.session);
        return;
      case 'account':
        this.#answers.account(command);
        return;
      case 'stop':
        this.#core.isStopping = true;
        this.#saveStates(this.#core.units);
        this.#core.output.report({ type: 'stopped' });
        return;
    }
  }

  /** Moves the host's time, firing the timers that fall due on the way. It never goes back. */
  advanceTo(nowMicros: EpochMicros): void {
    this.#fireTimers(nowMicros);
    if (nowMicros > this.#core.clock.nowMicros) this.#core.clock.nowMicros = nowMicros;
  }

  /** When {@link advanceTo} has something to do next; infinite when nothing is set. */
  get nextTimerMicros(): EpochMicros {
    return this.#core.timers.nextDueMicros;
  }

  /** Of the last thing that came out of the inbox: what intents name as their cause. */
  get inboxSequence(): number {
    return this.#core.clock.sequence;
  }

  get counters(): HostCounters {
    const { eventsShown, eventsStale, instances, lagMs } = this.#core;
    return {
      eventsShown,
      eventsStale,
      lagMs,
      units: instances.reduce((sum, { unitsRunning }) => sum + unitsRunning, 0),
    };
  }

  /** What the units cost since the last call, which was so long ago. */
  takeLoad(periodMs: number): ConsumerLoad {
    return this.#core.load.take(this.#core.units, periodMs);
  }

  #fireTimers(nowMicros: EpochMicros): void {
    const { timers, clock } = this.#core;
    if (nowMicros > this.#targetMicros) this.#targetMicros = nowMicros;
    for (;;) {
      const timer = timers.takeDue(nowMicros);
      if (timer === undefined) return;
      if (timer.dueMicros > clock.nowMicros) clock.nowMicros = timer.dueMicros;
      this.#core.clock.sequence += 1;
      const { fire } = timer;
      timer.fire = null;
      fire?.();
    }
  }

  #setSession(session: Session): void {
    const isNewDay = session.date !== this.#core.session?.date;
    this.#core.session = session;
    for (const instance of this.#core.instances) this.#core.showSession(instance);
    if (!isNewDay) return;
    // "Never again today" ends with the day.
    for (const unit of this.#core.units) {
      if (unit === undefined) continue;
      for (const viewer of unit.symbols) if (viewer !== undefined) viewer.isRejected = false;
      unit.refresh();
      this.#assignments.startIfWarm(unit);
    }
    const viewers = this.#core.units.flatMap((unit) => unit?.symbols ?? []);
    this.#history.renewDays(viewers.filter((viewer) => viewer !== undefined));
  }

  /**
   * All units are looked at once a period, so many at a time: 11,000 at once would hold up the market for a tenth of
   * a second.
   */
  #armCheckpoint(): void {
    const { clock, config, timers, units } = this.#core;
    this.#isCheckpointArmed = true;
    const steps = Math.max(1, Math.ceil(units.length / CHECKPOINT_UNITS));
    const stepMicros = Math.ceil((config.limits.checkpointPeriodMs * MICROS_PER_MILLISECOND) / steps);
    // From where time is going, so that a night without events is one step and not thousands.
    const fromMicros = Math.max(clock.nowMicros, this.#targetMicros);
    timers.set(fromMicros + stepMicros, () => {
      if (this.#checkpointFrom >= units.length) this.#checkpointFrom = 0;
      const from = this.#checkpointFrom;
      this.#checkpointFrom += CHECKPOINT_UNITS;
      this.#saveStates(units.slice(from, this.#checkpointFrom));
      this.#armCheckpoint();
    });
  }

  #saveStates(units: readonly (Unit | undefined)[]): void {
    const states = units.flatMap((unit) => {
      const row = unit === undefined ? undefined : this.#runner.checkpoint(unit);
      return row === undefined ? [] : [row];
    });
    if (states.length > 0) this.#core.output.report({ type: 'states', states });
  }
}
