/**
 * Runs the plan's miners on their schedules. One that fails or takes too long is logged, recorded and tried again; the
 * others never notice. What was missed while no daemon ran is made up for at the start.
 */
import type { Clock, Timer } from '../../clock/clock.ts';
import { ScheduleRuns } from '../../clock/schedule.ts';
import { Scheduler } from '../../clock/scheduler.ts';
import { type EpochMicros, formatMicros, parseMicros } from '../../domain/time.ts';
import type { MinerEndReason, MinerHistoryRow, MiningStores } from '../../models/mining.ts';
import type { Log } from '../../observability/log.ts';
import { writeMinedRows } from './minedRows.ts';
import { type MineMarket, openMineQueries } from './mineQueries.ts';
import type { PreparedMiner } from './miners.ts';

/** A scheduled run that failed goes on after this long, so often. */
const RETRY_MS = 600_000;
const RETRIES_MAX = 3;
/** How far a run has come is written down so often. */
const NOTE_PERIOD_MS = 2_000;

export interface MinerRunnerOptions {
  readonly miners: readonly PreparedMiner[];
  readonly market: MineMarket;
  readonly stores: MiningStores;
  readonly clock: Clock;
  readonly log: Log;
  readonly batchId: string;
  readonly runTimeoutMs: number;
  /** @param share from 0 to 1. */
  readonly onProgress?: (minerId: string, share: number, text: string) => void;
  readonly onResult?: (result: MineResult) => void;
}

export interface MineResult {
  readonly minerId: string;
  /** `busy`: another process is at it, and nothing was done here. */
  readonly outcome: Exclude<MinerEndReason, 'abandoned'> | 'busy';
  /** New or different. */
  readonly rows: number;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Why it failed, or who is at it. */
  readonly message: string | null;
}

export class MinerRunner {
  readonly #options: MinerRunnerOptions;
  readonly #scheduler: Scheduler;
  readonly #stopping = new AbortController();
  readonly #retries = new Set<Timer>();
  readonly #running = new Map<string, Promise<MineResult>>();
  #startedAtMicros: EpochMicros = 0;

  constructor(options: MinerRunnerOptions) {
    this.#options = options;
    // Prices and results can be collected at any hour.
    this.#scheduler = new Scheduler(options.clock, { calendar: options.market.calendar, hours: 'always' });
  }

  /** Makes up for what was missed, then follows the schedules. Never rejects. */
  async start(): Promise<void> {
    const { miners, stores, clock, log } = this.#options;
    this.#startedAtMicros = clock.nowMicros();
    if (miners.length === 0) return;
    let history: readonly MinerHistoryRow[] = [];
    try {
      history = await stores.minerHistory();
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'earlier runs of miners are not known: none is made up for');
    }
    if (this.#stopping.signal.aborted) return;
    for (const miner of miners) {
      const { minerId } = miner.plan;
      const earlier = history.find((row) => row.minerId === minerId);
      this.#scheduler.add({
        schedules: miner.plan.schedules,
        run: async (dueMicros) => {
          if (earlier === undefined || !this.#isMadeUpFor(miner, dueMicros)) await this.#runScheduled(miner);
        },
        onSkipped: () => log.warn({ miner: minerId }, 'miner is still busy with its last run'),
      });
      if (earlier !== undefined && this.#hasMissed(miner, earlier)) {
        log.info({ miner: minerId, lastDone: earlier.doneAt }, 'a missed run is made up for');
        void this.#runScheduled(miner);
      }
    }
  }

  /** Cancels what is planned and ends runs under way; what they wrote is kept. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('it was stopped'));
    for (const timer of this.#retries) timer.cancel();
    await this.#scheduler.stop();
    await Promise.all(this.#running.values());
  }

  /** Runs all miners once, now, one after the other. */
  async mineNow(): Promise<readonly MineResult[]> {
    const results: MineResult[] = [];
    for (const miner of this.#options.miners) {
      if (!this.#stopping.signal.aborted) results.push(await this.mine(miner));
    }
    return results;
  }

  /** One run; while it lasts, asking for it again answers the same. Never rejects. */
  mine(miner: PreparedMiner): Promise<MineResult> {
    const { minerId } = miner.plan;
    const running =
      this.#running.get(minerId) ?? this.#run(miner).finally(() => this.#running.delete(minerId));
    this.#running.set(minerId, running);
    return running;
  }

  /** A moment of each session that had passed before the start is not run for again. */
  #isMadeUpFor(miner: PreparedMiner, dueMicros: EpochMicros): boolean {
    const { schedules } = miner.plan;
    return (
      dueMicros <= this.#startedAtMicros && schedules.every((schedule) => hasFixedMoments(schedule.type))
    );
  }

  /** Whether a moment of its schedules has passed since its last run that was done. */
  #hasMissed(miner: PreparedMiner, earlier: MinerHistoryRow): boolean {
    const { calendar } = this.#options.market;
    const fixed = miner.plan.schedules.filter((schedule) => hasFixedMoments(schedule.type));
    const lastMicros = earlier.doneAt === null ? undefined : parseMicros(earlier.doneAt);
    if (lastMicros === undefined) return fixed.length > 0;
    return fixed.some((schedule) => {
      const runs = new ScheduleRuns(schedule, { calendar, hours: 'always' }, lastMicros);
      runs.ran(lastMicros, lastMicros);
      return (runs.next() ?? Number.POSITIVE_INFINITY) <= this.#startedAtMicros;
    });
  }

  async #runScheduled(miner: PreparedMiner, attempt = 0): Promise<void> {
    const { outcome } = await this.mine(miner);
    if (outcome !== 'failed' || attempt >= RETRIES_MAX || this.#stopping.signal.aborted) return;
    const timer = this.#options.clock.after(RETRY_MS, () => {
      this.#retries.delete(timer);
      void this.#runScheduled(miner, attempt + 1);
    });
    this.#retries.add(timer);
  }

  async #run(miner: PreparedMiner): Promise<MineResult> {
    const { clock, stores, log, batchId } = this.#options;
    const { minerId, name, parameters } = miner.plan;
    const startMicros = clock.nowMicros();
    const startedAt = formatMicros(startMicros);
    const result = (outcome: MineResult['outcome'], rows: number, message: string | null): MineResult => {
      const endedAt = formatMicros(clock.nowMicros());
      const answer = { minerId, outcome, rows, startedAt, endedAt, message };
      this.#tell(answer);
      return answer;
    };
    const written = { rows: 0 };
    let minerRunId: string;
    try {
      const start = await stores.startMinerRun({ batchId, minerId, miner: name, parameters, startedAt });
      if (start.type === 'busy') {
        return result('busy', 0, `batch ${start.batchId} has been at it since ${start.startedAt}`);
      }
      minerRunId = start.minerRunId;
    } catch (error) {
      return result('failed', 0, messageOf(error));
    }
    let answer: MineResult;
    try {
      await this.#work(miner, { minerRunId, startMicros, written });
      answer = result('done', written.rows, null);
    } catch (error) {
      const isStopped = this.#stopping.signal.aborted;
      answer = result(isStopped ? 'stopped' : 'failed', written.rows, messageOf(error));
    }
    try {
      const { endedAt, outcome, rows, message } = answer;
      const reason = outcome as MinerEndReason;
      await stores.endMinerRun(minerRunId, { endedAt, reason, rows, error: message });
    } catch (error) {
      log.warn({ miner: minerId, reason: messageOf(error) }, 'the end of the run is not recorded');
    }
    return answer;
  }

  async #work(
    miner: PreparedMiner,
    run: {
      readonly minerRunId: string;
      readonly startMicros: EpochMicros;
      readonly written: { rows: number };
    },
  ): Promise<void> {
    const { clock, stores, market, runTimeoutMs, onProgress } = this.#options;
    const { minerId } = miner.plan;
    const log = this.#options.log.child({ miner: minerId });
    const ending = new AbortController();
    const end = () => ending.abort(this.#stopping.signal.reason);
    if (this.#stopping.signal.aborted) end();
    this.#stopping.signal.addEventListener('abort', end, { once: true });
    const timer = clock.after(runTimeoutMs, () =>
      ending.abort(new Error(`it was not done within ${runTimeoutMs} ms`)),
    );
    const aborted = new Promise<never>((_, reject) => {
      const fail = () => reject(ending.signal.reason as Error);
      if (ending.signal.aborted) fail();
      ending.signal.addEventListener('abort', fail, { once: true });
    });
    let progress = '';
    let notedMs = clock.monotonicMs();
    const note = async () => {
      if (clock.monotonicMs() - notedMs < NOTE_PERIOD_MS) return;
      notedMs = clock.monotonicMs();
      await stores.noteMinerRun(run.minerRunId, { rows: run.written.rows, progress });
      log.info({ rows: run.written.rows, progress }, 'mining');
    };
    const mine = async () => {
      const queries = openMineQueries(market, stores, { nowMicros: run.startMicros, signal: ending.signal });
      const found = miner.mine({
        ...queries,
        progress: (share, text) => {
          progress = text;
          onProgress?.(minerId, share, text);
        },
        log: (level, message, fields) => log[level](fields ?? {}, message),
      });
      for await (const mined of found) {
        ending.signal.throwIfAborted();
        run.written.rows += await writeMinedRows(stores, mined);
        await note();
      }
    };
    try {
      await Promise.race([mine(), aborted]);
    } finally {
      timer.cancel();
      this.#stopping.signal.removeEventListener('abort', end);
    }
  }

  #tell(result: MineResult): void {
    const { log, onResult } = this.#options;
    const { minerId, outcome, rows, message } = result;
    const fields = { miner: minerId, rows, reason: message };
    if (outcome === 'failed') log.warn(fields, 'miner failed; what it wrote is kept');
    else log.info(fields, outcome === 'busy' ? 'another process runs this miner' : `miner ${outcome}`);
    onResult?.(result);
  }
}

/** Those of the others are counted from the start. */
function hasFixedMoments(type: 'once' | 'interval' | 'cron' | 'market'): boolean {
  return type === 'cron' || type === 'market';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
