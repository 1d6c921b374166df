/**
 * Everything that can be known before anything is started: the plan, the environment, the strategies' bundles and
 * their parameters. What is wrong is said all at once.
 */
import { dirname } from 'node:path';
import { EXIT_USAGE, UserError, type Violation } from '../domain/exit.ts';
import type { JsonObject } from '../domain/order.ts';
import { bundleStrategy, type StrategyBundle } from '../strategies/bundle.ts';
import { checkParameters, describeStrategy } from '../strategies/registry.ts';
import {
  type Environment,
  type EnvironmentVariables,
  requireEnvironment,
  resolveEnvironment,
} from '../tradeplan/environment.ts';
import { loadTradeplan } from '../tradeplan/load.ts';
import type { StrategyPlan, Tradeplan } from '../tradeplan/plan.ts';
import { type PreparedMiner, prepareMiners } from './mining/miners.ts';
import { prepareScanners, withVersions } from './scanning/scanners.ts';
import type { PreparedScanner } from './scanning/scanning.ts';
import type { InstanceShape } from './units/universe.ts';

export interface PreparedInstance extends InstanceShape {
  readonly bundle: StrategyBundle;
  readonly parameters: JsonObject;
  readonly warmUp: { readonly minuteBars: number; readonly dailyBars: number };
  readonly plan: StrategyPlan;
}

export interface Preparation {
  readonly plan: Tradeplan;
  readonly environment: Environment;
  /** In the plan's order. */
  readonly instances: readonly PreparedInstance[];
  readonly scanners: readonly PreparedScanner[];
  readonly miners: readonly PreparedMiner[];
  readonly warnings: readonly string[];
  readonly input: PreparationInput;
}

export interface PreparationInput {
  readonly planPath: string;
  readonly env: EnvironmentVariables;
  readonly isLiveFlagSet: boolean;
  readonly options: { readonly dataDirectory?: string; readonly logLevel?: string };
}

/** @throws {UserError} exit code 2, with every violation of plan, environment, strategies and parameters. */
export async function prepare(input: PreparationInput): Promise<Preparation> {
  const plan = loadTradeplan(input.planPath, input.env);
  const violations: Violation[] = [];
  const resolved = resolveEnvironment({ plan, ...input });
  if (!resolved.ok) violations.push(...resolved.violations);
  const parts = await prepareParts(plan);
  violations.push(...parts.violations);
  if (!resolved.ok || violations.length > 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${input.planPath} cannot be traded: ${violations.length === 1 ? 'one problem' : `${violations.length} problems`}`,
      remedy: 'Correct what is named above; `openbell check` looks again.',
      violations,
    });
  }
  return {
    plan: withVersions(plan, parts.scanners),
    environment: resolved.environment,
    instances: parts.instances,
    scanners: parts.scanners,
    miners: parts.miners,
    warnings: resolved.warnings,
    input,
  };
}

export interface PreparedParts extends Pick<Preparation, 'instances' | 'scanners' | 'miners'> {
  readonly violations: readonly Violation[];
}

/** The plan's strategies, scanners and miners, found and checked; needs no environment. */
export async function prepareParts(plan: Tradeplan): Promise<PreparedParts> {
  const { instances, violations: ofStrategies } = await prepareStrategies(plan);
  const { scanners, violations: ofScanners } = await prepareScanners(plan.scanners);
  const { miners, violations: ofMiners } = prepareMiners(plan.miners);
  return { instances, scanners, miners, violations: [...ofStrategies, ...ofScanners, ...ofMiners] };
}

/** The plan with the parameters that its strategies and scanners have in fact: their own defaults filled in. */
export function completedPlan({
  plan,
  instances,
  scanners,
}: Pick<Preparation, 'plan' | 'instances' | 'scanners'>): Tradeplan {
  return {
    ...plan,
    strategies: instances.map((instance) => ({ ...instance.plan, parameters: instance.parameters })),
    scanners: scanners.map((scanner) => ({ ...scanner.plan, parameters: scanner.parameters })),
  };
}

/** Bundles the plan's strategies and checks their parameters; needs no environment. */
export async function prepareStrategies(
  plan: Tradeplan,
): Promise<{ readonly instances: readonly PreparedInstance[]; readonly violations: readonly Violation[] }> {
  const instances: PreparedInstance[] = [];
  const violations: Violation[] = [];
  for (const [index, strategy] of plan.strategies.entries()) {
    const prepared = await prepareInstance(strategy, `strategies[${index}]`, plan);
    if (Array.isArray(prepared)) violations.push(...prepared);
    else instances.push(prepared);
  }
  return { instances, violations };
}

/** The environment once the local exchange has told its address. */
export function reachExchange(preparation: Preparation, exchangeEnv: EnvironmentVariables): Environment {
  return requireEnvironment({ plan: preparation.plan, ...preparation.input, exchangeEnv }).environment;
}

async function prepareInstance(
  strategy: StrategyPlan,
  path: string,
  plan: Tradeplan,
): Promise<PreparedInstance | Violation[]> {
  let bundle: StrategyBundle;
  try {
    bundle = await bundleStrategy({
      name: strategy.name,
      path: strategy.path,
      baseDirectory: dirname(plan.path),
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const found = strategy.path ?? strategy.name ?? '';
    return [
      {
        path: `${path}.${strategy.path === null ? 'name' : 'path'}`,
        found,
        allowed: `${error.message}; ${error.remedy}`,
      },
      ...error.violations,
    ];
  }
  const description = describeStrategy(bundle);
  const checked = checkParameters(bundle, strategy.parameters, `${path}.parameters`);
  if (!checked.ok) return [...checked.violations];
  const missing = description.channels.filter((channel) => !plan.channels.includes(channel));
  // Bars are built from trades where the feed is not asked for them; the other way round nothing can be done.
  const hopeless = missing.filter((channel) => channel !== 'bars' || !plan.channels.includes('trades'));
  if (hopeless.length > 0) {
    return [
      {
        path: 'channels',
        found: plan.channels.join(', '),
        allowed: `${strategy.instanceId} needs ${hopeless.join(' and ')}: add them`,
      },
    ];
  }
  return {
    instanceId: strategy.instanceId,
    scope: description.scope,
    channels: description.channels,
    symbols: strategy.symbols,
    scanners: strategy.scanners,
    bundle,
    parameters: checked.parameters,
    warmUp: checked.warmUp,
    plan: strategy,
  };
}
