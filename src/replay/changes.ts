/** A session's own plan and strategies as a backtest takes them, and with other parameters. */
import type { BacktestInstance } from '../backtester/config.ts';
import { EXIT_USAGE, UserError, type Violation } from '../domain/exit.ts';
import type { JsonValue } from '../domain/order.ts';
import type { RecordedPlan } from '../execution/inbox.ts';
import type { StrategyBundle } from '../strategies/bundle.ts';
import { checkParameters, describeStrategy } from '../strategies/registry.ts';
import type { StrategyPlan, Tradeplan } from '../tradeplan/plan.ts';
import type { RecordedSession } from './session.ts';

/** `--set ID.parameter=value`. */
export interface ParameterChange {
  /** Of a strategy; or of a scanner, where no strategy has this id. */
  readonly id: string;
  readonly parameter: string;
  readonly value: JsonValue;
}

export interface Testable {
  readonly plan: Tradeplan;
  readonly instances: readonly BacktestInstance[];
}

/** What the session ran. @throws {UserError} exit code 2 when its strategies do not take their parameters any more. */
export function recordedTestable(recorded: RecordedPlan, session: RecordedSession): Testable {
  const plan: Tradeplan = {
    ...recorded,
    alerts: { webhookUrl: null, command: null, timeoutMs: 0 },
    // What the feed sent is taken as it came: strategies saw it too.
    backtest: { ...recorded.backtest, badData: 'repair' },
  };
  const instances = session.instances.flatMap(({ instanceId, bundle }): BacktestInstance[] => {
    const strategy = plan.strategies.find((one) => one.instanceId === instanceId);
    return strategy === undefined ? [] : [instanceOf(strategy, bundle, session)];
  });
  return { plan, instances };
}

/** Another plan over the same session. */
export function otherTestable(plan: Tradeplan, instances: readonly BacktestInstance[]): Testable {
  return { plan: { ...plan, backtest: { ...plan.backtest, badData: 'repair' } }, instances };
}

/** @throws {UserError} exit code 2, with everything that is wrong with the changes. */
export function withChanges(
  { plan, instances }: Testable,
  changes: readonly ParameterChange[],
  session: RecordedSession,
): Testable {
  const strategyIds = instances.map(({ instanceId }) => instanceId);
  const scannerIds = plan.scanners.map(({ scannerId }) => scannerId);
  const known = [...strategyIds, ...scannerIds];
  const violations: Violation[] = changes
    .filter(({ id }) => !known.includes(id))
    .map(({ id }) => ({
      path: '--set',
      found: id,
      allowed: `a strategy or a scanner of the session: ${known.join(', ')}`,
    }));
  const given = (id: string) =>
    Object.fromEntries(
      changes.filter((change) => change.id === id).map(({ parameter, value }) => [parameter, value]),
    );
  const changed = instances.map((instance) => {
    const { instanceId } = instance;
    if (!changes.some(({ id }) => id === instanceId)) return instance;
    const strategy = { ...instance.plan, parameters: { ...instance.plan.parameters, ...given(instanceId) } };
    const checked = checkParameters(instance.bundle, strategy.parameters, instanceId);
    if (checked.ok) return { ...instanceOf(strategy, instance.bundle, session), symbols: instance.symbols };
    violations.push(...checked.violations);
    return instance;
  });
  if (violations.length > 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: 'the session cannot be run with these changes',
      remedy: 'Name them as `--set STRATEGY.PARAMETER=VALUE` or `--set SCANNER.PARAMETER=VALUE`.',
      violations,
    });
  }
  const scanners = plan.scanners.map((scanner) => {
    const isChanged = changes.some(({ id }) => id === scanner.scannerId && !strategyIds.includes(id));
    if (!isChanged) return scanner;
    return { ...scanner, parameters: { ...scanner.parameters, ...given(scanner.scannerId) } };
  });
  return {
    plan: { ...plan, scanners, strategies: changed.map((instance) => instance.plan) },
    instances: changed,
  };
}

function instanceOf(
  strategy: StrategyPlan,
  bundle: StrategyBundle,
  session: RecordedSession,
): BacktestInstance {
  const { instanceId } = strategy;
  const { scope, channels } = describeStrategy(bundle);
  const checked = checkParameters(bundle, strategy.parameters, instanceId);
  if (!checked.ok) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `the parameters of ${instanceId} were recorded by another version`,
      remedy: 'Name a plan with --plan.',
      violations: checked.violations,
    });
  }
  // What scanners pick comes when they pick it. Without any, what was held from before the session is traded too.
  const symbols =
    strategy.scanners.length > 0
      ? strategy.symbols
      : [...new Set([...strategy.symbols, ...session.symbolsOf(instanceId)])];
  const { parameters, warmUp } = checked;
  return { instanceId, scope, channels, symbols, bundle, parameters, warmUp, plan: strategy };
}
