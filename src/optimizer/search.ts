/** A search from its plan to its result: the trials, the walk-forward, the hold-out. */
import type { JsonObject } from '../domain/order.ts';
import { formatMicros } from '../domain/time.ts';
import { deflatedSharpe, expectedMaximumSharpe, probabilisticSharpe } from '../fincalcs/deflated.ts';
import type { OptimizerStores } from '../models/optimizing.ts';
import type { Objective } from '../tradeplan/plan.ts';
import type { Evaluation, Figures, Span, TrialOutcome, Values, WorkerJob } from './contract.ts';
import { ranked, scoreOf } from './objective.ts';
import { type KeptOutcome, parametersOf, type SearchSession, type SessionListener } from './session.ts';
import { divide, overlap } from './spans.ts';
import { samplerOf } from './trials.ts';

export interface TrialResult {
  readonly parameters: JsonObject;
  /** Of the objective; null where it has no meaning for this trial. */
  readonly score: number | null;
  readonly figures: Figures | null;
  /** Why the strategy did not take these parameters; null otherwise. */
  readonly refused: string | null;
}

/** Written as RFC 3339 in UTC. */
export interface PlainSpan {
  readonly from: string;
  readonly to: string;
}

export interface FoldResult {
  readonly train: PlainSpan;
  readonly test: PlainSpan;
  /** The best of the training; null where no trial had a score. */
  readonly best: TrialResult | null;
  /** The same parameters on what follows. */
  readonly tested: TrialResult | null;
}

/** How much of the best trial's Sharpe ratio is the luck of many trials. Ratios are per session, not annualised. */
export interface Deflation {
  readonly trials: number;
  readonly sharpe: number;
  readonly skewness: number;
  readonly kurtosis: number;
  readonly sessions: number;
  /** To be expected of the best of so many trials without skill. */
  readonly expectedMaximumSharpe: number;
  /** Probability that the true ratio is above zero, as if nothing else had been tried. */
  readonly probabilisticSharpe: number | null;
  /** Probability that it is above what luck would have come to. */
  readonly deflatedSharpe: number | null;
}

export type HoldoutResult =
  | { readonly type: 'shown'; readonly span: PlainSpan; readonly result: TrialResult }
  /** It has been looked at before, for other parameters or by another search: it could prove nothing any more. */
  | { readonly type: 'used'; readonly span: PlainSpan; readonly sessionId: string };

export interface SearchResult {
  readonly sessionId: string;
  readonly objective: Objective;
  readonly search: PlainSpan;
  readonly rows: number;
  /** Backtests that an earlier process of the session had finished. */
  readonly known: number;
  /** Best first. */
  readonly trials: readonly TrialResult[];
  readonly deflation: Deflation | null;
  readonly walkForward: readonly FoldResult[];
  readonly holdout: HoldoutResult | null;
}

export interface SearchOptions {
  readonly job: WorkerJob;
  readonly session: SearchSession;
  readonly stores: OptimizerStores;
  /** Within the data's own. */
  readonly span: Span;
  readonly signal: AbortSignal;
  /** Of `total` backtests `ended` are there, of which `run` were not known before. */
  readonly onProgress: (progress: {
    readonly ended: number;
    readonly run: number;
    readonly total: number;
  }) => void;
}

/** @throws {UserError} exit code 2 for a plan without ranges or with too many; rejects with the signal's reason. */
export async function search(options: SearchOptions): Promise<SearchResult> {
  const { job, session, signal } = options;
  const { optimize } = job.plan;
  const spans = divide(options.span, optimize);
  const trials = samplerOf(optimize).total;
  const total = trials * (1 + spans.folds.length) + spans.folds.length + (spans.holdout === null ? 0 : 1);
  let ended = 0;
  let run = 0;
  const listener: SessionListener = {
    onEnded: (isNew) => {
      ended += 1;
      if (isNew) run += 1;
      options.onProgress({ ended, run, total });
    },
  };
  const runAll = (evaluations: readonly Evaluation[]) => session.run(evaluations, { signal, listener });
  const runTrials = async (of: Omit<Evaluation, 'values'>) => {
    // What is learned is of this stage only: a fold that knew of later ones would prove nothing.
    const sampler = samplerOf(optimize);
    const entries: Entry[] = [];
    for (;;) {
      const trials = sampler.next(entries.map(({ score }) => score));
      if (trials.length === 0) return ranked(entries);
      const outcomes = await runAll(trials.map((values) => ({ ...of, values })));
      entries.push(...trials.map((values, index) => entryOf(job, values, outcomes[index]!)));
    }
  };

  const entries = await runTrials({ stage: 'search', fold: 0, span: spans.search });
  const walkForward: FoldResult[] = [];
  for (const [index, { train, test }] of spans.folds.entries()) {
    const fold = index + 1;
    const [best] = await runTrials({ stage: 'train', fold, span: train });
    const chosen = best?.score == null ? null : best;
    const [outcome] =
      chosen === null ? [] : await runAll([{ stage: 'test', fold, values: chosen.values, span: test }]);
    walkForward.push({
      train: plain(train),
      test: plain(test),
      best: chosen === null ? null : resultOf(chosen),
      tested:
        chosen === null || outcome === undefined ? null : resultOf(entryOf(job, chosen.values, outcome)),
    });
  }
  const [best] = entries;
  const isAny = best?.score != null;
  const holdout =
    spans.holdout === null || !isAny ? null : await holdOut(options, best, { span: spans.holdout, runAll });
  return {
    sessionId: session.sessionId,
    objective: optimize.objective,
    search: plain(spans.search),
    rows: job.data.rows,
    known: ended - run,
    trials: entries.map(resultOf),
    deflation: isAny ? deflationOf(best, entries) : null,
    walkForward,
    holdout,
  };
}

interface Entry {
  readonly values: Values;
  readonly parameters: JsonObject;
  readonly outcome: TrialOutcome;
  readonly score: number | null;
}

function entryOf({ plan }: WorkerJob, values: Values, outcome: TrialOutcome): Entry {
  return {
    values,
    parameters: parametersOf(plan.optimize.ranges, values),
    outcome,
    score: scoreOf(outcome, plan.optimize.objective),
  };
}

function resultOf({ parameters, outcome, score }: Entry): TrialResult {
  return outcome.type === 'refused'
    ? { parameters, score, figures: null, refused: outcome.reason }
    : { parameters, score, figures: outcome.figures, refused: null };
}

function deflationOf(best: Entry, entries: readonly Entry[]): Deflation | null {
  if (best.outcome.type === 'refused') return null;
  const { shape, metrics } = best.outcome.figures;
  if (shape === null) return null;
  const done = entries.filter(({ outcome }) => outcome.type === 'done');
  const sharpes = done.flatMap(({ outcome }) =>
    outcome.type === 'done' && outcome.figures.shape !== null ? [outcome.figures.shape.sharpe] : [],
  );
  const sample = { ...shape, count: metrics.sessions };
  const tried = { trials: done.length, sharpeVariance: varianceOf(sharpes) };
  return {
    trials: tried.trials,
    ...shape,
    sessions: metrics.sessions,
    expectedMaximumSharpe: expectedMaximumSharpe(tried.trials, tried.sharpeVariance),
    probabilisticSharpe: probabilisticSharpe(sample, 0),
    deflatedSharpe: deflatedSharpe(sample, tried),
  };
}

function varianceOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/**
 * Shows the hold-out to the best trial, unless it was shown to anything else before: to other parameters, or by another
 * search with one of these strategies on one of these symbols.
 */
async function holdOut(
  { job, session, stores }: SearchOptions,
  best: Entry,
  of: {
    readonly span: Span;
    readonly runAll: (evaluations: readonly Evaluation[]) => Promise<readonly TrialOutcome[]>;
  },
): Promise<HoldoutResult> {
  const { span } = of;
  const evaluation: Evaluation = { stage: 'holdout', fold: 0, values: best.values, span };
  const batchId = session.batchIdOf(evaluation);
  const { strategies, symbols } = session.subject;
  for (const row of await stores.optimizerRunsOfStage('holdout')) {
    const kept = row.outcome as unknown as KeptOutcome;
    const isOther = row.batchId !== batchId;
    const isSame =
      overlap(kept.span, span) &&
      kept.strategies.some((name) => strategies.includes(name)) &&
      kept.symbols.some((symbol) => symbols.includes(symbol));
    if (isOther && isSame) return { type: 'used', span: plain(span), sessionId: row.sessionId };
  }
  const [outcome] = await of.runAll([evaluation]);
  return { type: 'shown', span: plain(span), result: resultOf(entryOf(job, best.values, outcome!)) };
}

function plain({ fromMicros, toMicros }: Span): PlainSpan {
  return { from: formatMicros(fromMicros), to: formatMicros(toMicros) };
}
