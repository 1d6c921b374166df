/** What a backtest is told, and what it tells the two machines: the plan's own settings, less what only a wire has. */
import { createHash } from 'node:crypto';
import type { Session } from '../domain/market.ts';
import type { JsonObject } from '../domain/order.ts';
import { DEFAULT_HOST_LIMITS, type HostConfig } from '../engine/config.ts';
import { DEFAULT_DESK_POLICY, type DeskMachineConfig } from '../execution/contract.ts';
import type { StrategyBundle } from '../strategies/bundle.ts';
import type { Channel, StrategyScope } from '../strategies/contract.ts';
import type { StrategyPlan, Tradeplan } from '../tradeplan/plan.ts';

/** One strategy of the plan, bundled and with its parameters checked. */
export interface BacktestInstance {
  readonly instanceId: string;
  readonly scope: StrategyScope;
  readonly channels: readonly Channel[];
  readonly symbols: readonly string[];
  readonly bundle: StrategyBundle;
  readonly parameters: JsonObject;
  readonly warmUp: { readonly minuteBars: number; readonly dailyBars: number };
  readonly plan: StrategyPlan;
}

/** A universe's unit stands for all its symbols. */
export const ALL_SYMBOLS = '*';

/** The one consumer of a backtest: everything runs in one thread. */
export const CONSUMER = 'A';

/** States are looked at this often in the run's time; every intent saves its unit's state anyway. */
const CHECKPOINT_PERIOD_MS = 86_400_000;

/**
 * Ended orders and executions that desk and broker still know. Nothing is told twice here, and what is kept for long
 * is what the garbage collector works on, and what has left the processor's cache when it is forgotten: with 256 a run
 * of 13,806 orders took a sixth longer than with 64.
 */
export const REMEMBERED_MAX = 64;

export function algoRunIdOf(batchId: string, instanceId: string): string {
  return `${batchId}/${instanceId}`;
}

/**
 * An id made of all that the run depends on, so that the same run has the same id: client order ids and strategies'
 * random numbers are derived from it.
 * @param data names and sizes of what is read.
 */
export function batchIdOf(
  plan: Tradeplan,
  instances: readonly BacktestInstance[],
  data: readonly string[],
): string {
  const { risk, backtest, strategies, marketHours, assetClass, liquidateBeforeCloseMs, limits } = plan;
  const versions = instances.map(({ bundle, parameters }) => [bundle.version, parameters]);
  const takesPicks = instances.some((instance) => instance.plan.scanners.length > 0);
  const scanners = takesPicks ? { scanners: plan.scanners } : {};
  const settings = { risk, backtest, strategies, marketHours, assetClass, liquidateBeforeCloseMs, limits };
  const text = JSON.stringify(
    [{ ...settings, ...scanners }, versions, data],
    // Where the plan and its strategies lie is no part of what they do.
    (key, value: unknown) => (key === 'path' ? undefined : typeof value === 'bigint' ? String(value) : value),
  );
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** @param feedHasBars whether the data has minute bars; otherwise they are built from its trades. */
export function hostConfigOf(
  plan: Tradeplan,
  instances: readonly BacktestInstance[],
  run: { readonly batchId: string; readonly session: Session; readonly feedHasBars: boolean },
): HostConfig {
  return {
    consumer: CONSUMER,
    batchId: run.batchId,
    instances: instances.map(({ instanceId, bundle, plan: strategy }) => ({
      instanceId,
      bundle,
      parameters: strategy.parameters,
      windows: strategy.windows,
      isIntraday: strategy.isIntraday,
    })),
    assetClass: plan.assetClass,
    marketHours: plan.marketHours,
    feedHasBars: run.feedHasBars,
    // Nothing waits in a queue here, so nothing can be too old.
    eventAgeMaxMs: Number.POSITIVE_INFINITY,
    feedLagMaxMs: Number.POSITIVE_INFINITY,
    feedDelayMs: 0,
    liquidateBeforeCloseMs: plan.liquidateBeforeCloseMs,
    session: run.session,
    // Units that scanners let go, and pick again, come back with their states.
    keepsStates: instances.some((instance) => instance.plan.scanners.length > 0),
    limits: {
      ...DEFAULT_HOST_LIMITS,
      historyBarsMax: plan.limits.historyBarsMax,
      checkpointPeriodMs: CHECKPOINT_PERIOD_MS,
    },
  };
}

export function deskConfigOf(
  plan: Tradeplan,
  instances: readonly BacktestInstance[],
  run: { readonly batchId: string; readonly session: Session; readonly keepsRecords: boolean },
): DeskMachineConfig {
  return {
    batchId: run.batchId,
    instances: instances.map(({ instanceId, plan: strategy }) => ({
      instanceId,
      isIntraday: strategy.isIntraday,
      ...(strategy.risk === null ? {} : { risk: strategy.risk }),
      runs: [{ consumer: CONSUMER, algoRunId: algoRunIdOf(run.batchId, instanceId) }],
    })),
    risk: plan.risk,
    assetClass: plan.assetClass,
    marketHours: plan.marketHours,
    liquidateBeforeCloseMs: plan.liquidateBeforeCloseMs,
    submitTimeoutMs: plan.limits.submitTimeoutMs,
    session: run.session,
    policy: DEFAULT_DESK_POLICY,
    // Nothing is restored from a backtest's journal, so none is kept unless somebody looks at it.
    keepsRecords: run.keepsRecords,
    rememberedMax: REMEMBERED_MAX,
  };
}

/** The most bars of a symbol's past that any strategy may ask for, and `factor` times as many. */
export function historyNeedOf(
  plan: Tradeplan,
  instances: readonly BacktestInstance[],
  factor = 1,
): { readonly minuteBars: number; readonly dailyBars: number } {
  const most = (name: 'minuteBars' | 'dailyBars') =>
    Math.min(
      plan.limits.historyBarsMax,
      factor * Math.max(0, ...instances.map(({ warmUp }) => warmUp[name])),
    );
  return { minuteBars: most('minuteBars'), dailyBars: most('dailyBars') };
}
