/** The backtests of a session: those that have ended are taken from the database, the others are run and kept there. */
import { createHash } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import { batchIdOf } from '../backtester/config.ts';
import type { JsonObject } from '../domain/order.ts';
import { OPTIMIZER_RUNS_PER_PAGE, type OptimizerStores } from '../models/optimizing.ts';
import type { ParameterRange } from '../tradeplan/plan.ts';
import type { Evaluation, TrialOutcome, Values, WorkerJob } from './contract.ts';
import type { TrialPool } from './pool.ts';

/** What stands in `optimizer_run.outcome`. */
export interface KeptOutcome extends Pick<Evaluation, 'stage' | 'fold' | 'span'> {
  readonly outcome: TrialOutcome;
  readonly strategies: readonly string[];
  readonly symbols: readonly string[];
}

export interface SessionListener {
  /** A backtest has ended; `isNew` unless it was known before. */
  onEnded(isNew: boolean): void;
}

/** Tasks that wait for a thread, so that none stands idle while a row is written. */
const WAITING_PER_THREAD = 1;

/** Told when a backtest stands in the database: tests end the process there. */
const KEPT = channel('openbell.optimizer.kept');

export class SearchSession {
  readonly sessionId: string;
  readonly #job: WorkerJob;
  readonly #pool: TrialPool;
  readonly #stores: OptimizerStores;
  readonly #fingerprint: string;
  readonly #known = new Map<string, KeptOutcome>();

  constructor(
    sessionId: string,
    of: { readonly job: WorkerJob; readonly pool: TrialPool; readonly stores: OptimizerStores },
  ) {
    this.sessionId = sessionId;
    this.#job = of.job;
    this.#pool = of.pool;
    this.#stores = of.stores;
    const { plan, instances, data } = of.job;
    this.#fingerprint = batchIdOf(plan, instances, [data.digest]);
  }

  /** Reads what an earlier process of this session has finished. */
  async load(): Promise<void> {
    for (let after: string | null = null; ; ) {
      const rows = await this.#stores.optimizerRunsAfter(this.sessionId, after);
      for (const row of rows) this.#known.set(row.batchId, row.outcome as unknown as KeptOutcome);
      if (rows.length < OPTIMIZER_RUNS_PER_PAGE) return;
      after = rows.at(-1)!.batchId;
    }
  }

  /** Strategies by name, and what is tested on. */
  get subject(): Pick<KeptOutcome, 'strategies' | 'symbols'> {
    const { instances, data } = this.#job;
    return {
      strategies: instances.map(({ bundle }) => bundle.name),
      symbols: data.symbols.filter((symbol) => !data.missing.includes(symbol)),
    };
  }

  /** From all that the backtest depends on. */
  batchIdOf({ values, span }: Evaluation): string {
    const { ranges } = this.#job.plan.optimize;
    const text = JSON.stringify([this.#fingerprint, parametersOf(ranges, values), span]);
    const hex = createHash('sha256').update(text).digest('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
      '-',
    );
  }

  isKnown(evaluation: Evaluation): boolean {
    return this.#known.has(this.batchIdOf(evaluation));
  }

  /** The outcomes in the order of what was asked. Stops when the signal says so, ends the pool, and rejects. */
  async run(
    evaluations: readonly Evaluation[],
    of: { readonly signal: AbortSignal; readonly listener: SessionListener },
  ): Promise<readonly TrialOutcome[]> {
    const outcomes: TrialOutcome[] = [];
    let next = 0;
    const work = async () => {
      while (next < evaluations.length) {
        of.signal.throwIfAborted();
        const index = next;
        next += 1;
        const evaluation = evaluations[index]!;
        const isNew = !this.isKnown(evaluation);
        outcomes[index] = await this.#evaluate(evaluation);
        of.listener.onEnded(isNew);
      }
    };
    const lines = Math.min(evaluations.length, this.#pool.threads * (1 + WAITING_PER_THREAD));
    const working = Array.from({ length: lines }, work);
    try {
      await Promise.all(working);
    } catch (error) {
      // The database closes behind this: what another line has to write must be written by then.
      await this.#pool.close();
      await Promise.allSettled(working);
      throw error;
    }
    return outcomes;
  }

  async #evaluate(evaluation: Evaluation): Promise<TrialOutcome> {
    const batchId = this.batchIdOf(evaluation);
    const known = this.#known.get(batchId);
    if (known !== undefined) return known.outcome;
    const { values, span, stage, fold } = evaluation;
    const outcome = await this.#pool.run({ batchId, values, span });
    const kept: KeptOutcome = { stage, fold, span, outcome, ...this.subject };
    this.#known.set(batchId, kept);
    await this.#stores.recordOptimizerRun({
      sessionId: this.sessionId,
      batchId,
      parameters: parametersOf(this.#job.plan.optimize.ranges, values),
      outcome: kept as unknown as JsonObject,
    });
    KEPT.publish(batchId);
    return outcome;
  }
}

/** The strategy's id, or the scanner's with `scanner:` before it. */
export function ownerOf({ of, id }: ParameterRange): string {
  return of === 'scanner' ? `scanner:${id}` : id;
}

/** `{ "sma-cross": { "fast": 10 } }`, by {@link ownerOf}. */
export function parametersOf(ranges: readonly ParameterRange[], values: Values): JsonObject {
  const byOwner: Record<string, Record<string, number | string | boolean>> = {};
  for (const [index, range] of ranges.entries()) {
    const owner = ownerOf(range);
    byOwner[owner] ??= {};
    byOwner[owner][range.parameter] = values[index]!;
  }
  return byOwner;
}
