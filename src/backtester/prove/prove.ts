/**
 * Whether strategies know what they cannot know. The run is repeated with everything changed that happened after some
 * moment, and no decision up to the moment may change; half of the moments are those of decisions, where a look ahead
 * shows. Then with histories longer than asked for: a warm-up that is too short decides otherwise.
 */
import { seededRandom, seedFromText } from '../../clock/chance.ts';
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import {
  type EpochMicros,
  formatMicros,
  MICROS_PER_MILLISECOND,
  MICROS_PER_SECOND,
} from '../../domain/time.ts';
import type { Batch } from '../../tape/batch.ts';
import type { SymbolTable } from '../../tape/symbols.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import { showBatch } from '../backtest.ts';
import type { BacktestInstance } from '../config.ts';
import type { Dividend } from '../data/actions.ts';
import { BacktestRun } from '../run.ts';
import type { OpenScanners } from '../scans/contract.ts';
import { openScans, showScanned } from '../scans/scans.ts';
import { RunSessions } from '../sessions.ts';
import type { MomentProof, ProofResult, WarmUpProof } from './contract.ts';
import { DECISIONS_MAX, type Decision, decisionOf, firstChange } from './decisions.ts';
import { type Poison, poisoned } from './poison.ts';
import { DataSurvey } from './survey.ts';

/** So many times the history asked for: beyond that averages have forgotten what was before. */
const WARM_UP_FACTOR = 4;
/** Without `--from` the first part of the data is history for the look at warm-ups. */
const HISTORY_SHARE = 1 / 3;

/** What is run again and again: the same rows each time that they are asked for. */
export interface ProofData {
  readonly symbols: SymbolTable;
  readonly hasBars: boolean;
  readonly dividends?: readonly Dividend[];
  readonly firstMicros: EpochMicros;
  readonly lastMicros: EpochMicros;
  batches(): AsyncIterable<Batch>;
}

export interface ProofOptions {
  readonly plan: Tradeplan;
  readonly instances: readonly BacktestInstance[];
  readonly batchId: string;
  readonly data: ProofData;
  readonly fromMicros?: EpochMicros;
  readonly toMicros?: EpochMicros;
  /** How many moments are tried. */
  readonly moments: number;
  readonly seed: number;
  /** The plan's scanners: each run has its own. */
  readonly scanners?: OpenScanners;
  readonly onProgress?: (share: number, text: string) => void;
}

interface Pass {
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  readonly batches: AsyncIterable<Batch>;
  readonly warmUpFactor?: number;
}

interface Passed {
  readonly decisions: readonly Decision[];
  readonly isCut: boolean;
  readonly short: readonly string[];
}

export async function prove(options: ProofOptions): Promise<ProofResult> {
  const { data, plan, seed } = options;
  const fromMicros = Math.max(options.fromMicros ?? data.firstMicros, data.firstMicros);
  const toMicros = Math.min(options.toMicros ?? data.lastMicros, data.lastMicros);
  if (fromMicros >= toMicros) throw nothingThere(fromMicros, toMicros);
  const sessions = new RunSessions(plan, fromMicros);
  const survey = new DataSurvey({
    calendar: sessions.calendar,
    momentsMax: options.moments,
    random: seededRandom(seedFromText(`${seed}/moments`)),
  });
  const steps = options.moments + 3;
  let done = 0;
  const step = (text: string) => {
    options.onProgress?.(done / steps, text);
    done += 1;
  };
  step('as it is');
  const batches = surveyed(data.batches(), survey);
  const base = await pass(options, { fromMicros, toMicros, batches });
  const plannedMicros = plan.backtest.barIntervalMs * MICROS_PER_MILLISECOND;
  const barMicros = Math.max(survey.barMicros, plannedMicros);
  const moments: MomentProof[] = [];
  for (const [index, moment] of momentsOf(base.decisions, survey, {
    ...options,
    fromMicros,
    toMicros,
  }).entries()) {
    step(`everything after ${formatMicros(moment.atMicros).slice(0, 19)} changed`);
    const poison: Poison = {
      momentMicros: moment.atMicros,
      barMicros,
      direction: index % 2 === 0 ? 'up' : 'down',
      random: seededRandom(seedFromText(`${seed}/${index}`)),
    };
    const changed = await pass(options, {
      fromMicros,
      // Bars are known late, and fills in them are told of earlier moments.
      toMicros: Math.min(toMicros, moment.atMicros + 2 * barMicros),
      batches: poisoned(data.batches(), poison),
    });
    const until = (decisions: readonly Decision[]) =>
      decisions.filter(({ atMicros }) => atMicros <= moment.atMicros);
    const before = until(base.decisions);
    const change = firstChange(before, until(changed.decisions));
    moments.push({ at: formatMicros(moment.atMicros), of: moment.of, decisions: before.length, change });
  }
  const warmUp = await proveWarmUp(options, { fromMicros, toMicros, step });
  const causes = causesOf(options, survey, plannedMicros);
  const changes = [...moments.map(({ change }) => change), ...(warmUp?.changes ?? [])];
  const isClean = causes.length === 0 && changes.every((change) => change === null);
  return {
    batchId: options.batchId,
    isClean,
    seed,
    decisions: base.decisions.length,
    from: formatMicros(fromMicros),
    to: formatMicros(toMicros),
    moments,
    warmUp,
    causes,
    remarks: remarksOf(base),
  };
}

/** Null where no strategy asks for history. */
async function proveWarmUp(
  options: ProofOptions,
  of: {
    readonly fromMicros: EpochMicros;
    readonly toMicros: EpochMicros;
    readonly step: (text: string) => void;
  },
): Promise<WarmUpProof | null> {
  const { data, instances } = options;
  if (instances.every(({ warmUp }) => warmUp.minuteBars === 0 && warmUp.dailyBars === 0)) return null;
  const { toMicros } = of;
  const laterMicros = Math.round(data.firstMicros + (toMicros - data.firstMicros) * HISTORY_SHARE);
  const fromMicros = options.fromMicros === undefined ? laterMicros : of.fromMicros;
  of.step('the history that is asked for');
  const asked = await pass(options, { fromMicros, toMicros, batches: data.batches() });
  of.step('a longer history');
  const warmUpFactor = WARM_UP_FACTOR;
  const longer = await pass(options, { fromMicros, toMicros, batches: data.batches(), warmUpFactor });
  const changes = instances.flatMap(({ instanceId }) => {
    const own = ({ decisions }: Passed) => decisions.filter((decision) => decision.instanceId === instanceId);
    const change = firstChange(own(asked), own(longer));
    return change === null ? [] : [{ instanceId, ...change }];
  });
  return {
    factor: warmUpFactor,
    from: formatMicros(fromMicros),
    decisions: asked.decisions.length,
    changes,
    short: asked.short,
  };
}

async function pass(options: ProofOptions, of: Pass): Promise<Passed> {
  const { plan, instances, batchId, data } = options;
  const decisions: Decision[] = [];
  let isCut = false;
  const run = new BacktestRun({
    batchId,
    plan,
    instances,
    symbols: data.symbols,
    feedHasBars: data.hasBars,
    startMicros: of.fromMicros,
    ...(data.dividends === undefined ? {} : { dividends: data.dividends }),
    ...(of.warmUpFactor === undefined ? {} : { warmUpFactor: of.warmUpFactor }),
    onIntent: (intent) => {
      if (decisions.length < DECISIONS_MAX) decisions.push(decisionOf(intent));
      else isCut = true;
    },
  });
  const scans = openScans(options, { symbols: data.symbols, fromMicros: of.fromMicros, sessions: [] });
  for await (const batch of of.batches) {
    const isOver =
      scans === null ? showBatch(run, batch, of) : await showScanned(run, batch, { span: of, scans });
    if (isOver) break;
  }
  run.finish();
  return { decisions, isCut, short: [...new Set(run.warmUps.map(({ symbol }) => symbol))] };
}

async function* surveyed(batches: AsyncIterable<Batch>, survey: DataSurvey): AsyncGenerator<Batch> {
  for await (const batch of batches) {
    survey.look(batch);
    yield batch;
  }
}

interface Moment {
  readonly atMicros: EpochMicros;
  readonly of: MomentProof['of'];
}

/** Moments of decisions, spread over the run, and of rows: half of each as far as there are any. In order. */
function momentsOf(
  decisions: readonly Decision[],
  survey: DataSurvey,
  of: Pick<ProofOptions, 'moments' | 'seed'> & {
    readonly fromMicros: EpochMicros;
    readonly toMicros: EpochMicros;
  },
): readonly Moment[] {
  const random = seededRandom(seedFromText(`${of.seed}/decisions`));
  const strata = Math.min(Math.ceil(of.moments / 2), decisions.length);
  const ofDecisions = Array.from({ length: strata }, (_, stratum): Moment => {
    const place = Math.floor(((stratum + random()) * decisions.length) / strata);
    return { atMicros: decisions[place]!.atMicros, of: 'decision' };
  });
  const ofRows = survey.moments
    .filter((atMicros) => atMicros >= of.fromMicros && atMicros < of.toMicros)
    .slice(0, of.moments - strata)
    .map((atMicros): Moment => ({ atMicros, of: 'row' }));
  return [...ofDecisions, ...ofRows].sort((a, b) => a.atMicros - b.atMicros);
}

function causesOf({ plan }: ProofOptions, survey: DataSurvey, plannedMicros: number): readonly string[] {
  const causes: string[] = [];
  const seconds = (micros: number) => micros / MICROS_PER_SECOND;
  if (survey.barMicros > plannedMicros) {
    causes.push(
      `the data has a bar every ${seconds(survey.barMicros)} s, and backtest.bar_interval says ${seconds(plannedMicros)} s: each bar is known before it is over`,
    );
  }
  if (plan.assetClass !== 'crypto' && survey.startsLookLikeEnds(plannedMicros)) {
    causes.push(
      "bars begin one bar before the session's open, and none in its last: times that are starts were read as ends (--bar-time end), and each bar is known one bar too early",
    );
  }
  return causes;
}

function remarksOf(base: Passed): readonly string[] {
  const remarks: string[] = [];
  if (base.decisions.length === 0) remarks.push('the strategies decided nothing, so nothing is proved');
  if (base.isCut) remarks.push(`only the first ${DECISIONS_MAX} decisions were compared`);
  return remarks;
}

function nothingThere(fromMicros: EpochMicros, toMicros: EpochMicros): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `there is no data from ${formatMicros(fromMicros)} to ${formatMicros(toMicros)}`,
    remedy: 'Choose --from and --to within the data.',
  });
}
