/** Runs jobs on their schedules, each at most once at a time. */
import type { EpochMicros } from '../domain/time.ts';
import type { Clock, Timer } from './clock.ts';
import { type Schedule, type ScheduleMarket, ScheduleRuns } from './schedule.ts';

/** Looks again at least so often: the computer may have slept, its clock been set, the calendar been corrected. */
const WAIT_MAX_MS = 30_000;

export interface Job {
  readonly schedules: readonly Schedule[];
  /** The job runs until its promise settles. It handles its own failures: a rejection is a bug and crashes. */
  run(dueMicros: EpochMicros): Promise<void>;
  /** It was due while it still ran, and was left out. */
  onSkipped?(dueMicros: EpochMicros): void;
}

export class Scheduler {
  readonly #clock: Clock;
  readonly #market: ScheduleMarket;
  readonly #jobs = new Set<ScheduledJob>();

  constructor(clock: Clock, market: ScheduleMarket) {
    this.#clock = clock;
    this.#market = market;
  }

  /** Starts a job's schedules. Canceling lets a run under way end by itself. */
  add(job: Job): Timer {
    const scheduled = new ScheduledJob(job, this.#clock, this.#market);
    this.#jobs.add(scheduled);
    return {
      cancel: () => {
        scheduled.cancel();
        this.#jobs.delete(scheduled);
      },
    };
  }

  /** Cancels all jobs. Resolves when those under way have ended. */
  async stop(): Promise<void> {
    const jobs = [...this.#jobs];
    this.#jobs.clear();
    for (const job of jobs) job.cancel();
    await Promise.all(jobs.flatMap((job) => job.running ?? []));
  }
}

class ScheduledJob {
  readonly #job: Job;
  readonly #clock: Clock;
  readonly #runs: readonly ScheduleRuns[];
  #timer: Timer | undefined;
  #isCanceled = false;
  /** The run under way, undefined between runs. */
  running: Promise<void> | undefined;

  constructor(job: Job, clock: Clock, market: ScheduleMarket) {
    this.#job = job;
    this.#clock = clock;
    const startMicros = clock.nowMicros();
    this.#runs = job.schedules.map((schedule) => new ScheduleRuns(schedule, market, startMicros));
    this.#wait();
  }

  cancel(): void {
    this.#isCanceled = true;
    this.#timer?.cancel();
  }

  /** Arms the timer for whatever is due first, at the latest for the next look. */
  #wait(): void {
    const dues = this.#runs.flatMap((runs) => runs.next() ?? []);
    if (dues.length === 0) return;
    const waitMs = (Math.min(...dues) - this.#clock.nowMicros()) / 1_000;
    this.#timer = this.#clock.after(Math.min(Math.max(0, waitMs), WAIT_MAX_MS), () => this.#look());
  }

  #look(): void {
    const nowMicros = this.#clock.nowMicros();
    let firstDue: EpochMicros | undefined;
    for (const runs of this.#runs) {
      const due = runs.next();
      if (due === undefined || due > nowMicros) continue;
      runs.ran(due, nowMicros);
      firstDue = Math.min(firstDue ?? due, due);
    }
    if (firstDue !== undefined) this.#start(firstDue);
    if (!this.#isCanceled) this.#wait();
  }

  #start(dueMicros: EpochMicros): void {
    if (this.running !== undefined) {
      this.#job.onSkipped?.(dueMicros);
      return;
    }
    this.running = this.#job.run(dueMicros).finally(() => {
      this.running = undefined;
    });
  }
}
