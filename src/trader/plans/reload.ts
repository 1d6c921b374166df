/**
 * The plan read again while the daemon runs. It is taken whole or not at all: what is wrong with it, or cannot change
 * without a restart, is told together, and the old one goes on.
 */
import { isDeepStrictEqual } from 'node:util';
import { EXIT_USAGE, UserError, type Violation } from '../../domain/exit.ts';
import type { PositionRow } from '../../models/contract.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import type { Preparation, PreparedInstance } from '../preparation.ts';
import type { Roster, RosterChange } from './roster.ts';

/** Instances that the daemon has had are known until it ends. */
const INSTANCES_MAX = 1_000;

/** What a reload did, by ids. */
export interface ReloadAnswer extends RosterChange {
  /** What strategies that the plan no longer has still hold, with what becomes of it. */
  readonly left: readonly LeftHolding[];
  readonly scanners: { readonly started: readonly string[]; readonly ended: readonly string[] };
  /** Whether the miners are others. */
  readonly miners: boolean;
}

export interface LeftHolding extends Pick<PositionRow, 'symbol' | 'qty'> {
  readonly instanceId: string;
  readonly fate: string;
}

/** Keys of the plan that only a restart changes, by their names in the plan; the others are those of a reload. */
const FIXED = {
  mode: 'mode',
  provider: 'provider',
  feed: 'feed',
  broker: 'broker',
  assetClass: 'asset_class',
  channels: 'channels',
  eventAgeMaxMs: 'max_event_age',
  feedLagMaxMs: 'max_feed_lag',
  feedDelayMs: 'feed_delay',
  consumers: 'consumers',
  marketHours: 'market_hours',
  liquidateBeforeCloseMs: 'liquidate_before_close',
  risk: 'risk',
  unknownHoldings: 'unknown_holdings',
  journal: 'journal',
  alerts: 'alerts',
  metrics: 'metrics',
  record: 'record',
  rebalance: 'rebalance',
  limits: 'limits',
  tradePlan: 'trade_plan',
} as const satisfies Partial<Record<keyof Tradeplan, string>>;

const RESTART = 'the value that the daemon was started with: only a restart changes it';

/**
 * The prepared plan, with what a running daemon keeps of the old one.
 * @throws {UserError} exit 2: everything that cannot change while it runs.
 */
export function requireReloadable(running: Preparation, next: Preparation, roster: Roster): Preparation {
  const violations = [...fixedKeys(running.plan, next.plan), ...strategies(running, next, roster)];
  if (violations.length > 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${next.plan.path} cannot be taken over while the daemon runs`,
      remedy: 'The old plan goes on. Take back what is named, or restart the daemon.',
      violations,
    });
  }
  // The local exchange goes on with what it has.
  return { ...next, plan: { ...next.plan, simulation: running.plan.simulation } };
}

/** What of an instance cannot change while it runs. @param path where it stands. */
export function fixedOf(
  before: PreparedInstance | undefined,
  { instanceId, scope, plan }: PreparedInstance,
  path: string,
): readonly Violation[] {
  if (before === undefined) return [];
  const violations: Violation[] = [];
  if (before.scope !== scope) {
    const allowed = `scope ${before.scope}, as it runs, or another id`;
    violations.push({ path: `${path}.id`, found: `${instanceId}, of scope ${scope}`, allowed });
  }
  if (before.plan.portfolioId !== plan.portfolioId) {
    violations.push({ path: `${path}.portfolio`, found: plan.portfolioId ?? 'nothing', allowed: RESTART });
  }
  return violations;
}

function fixedKeys(before: Tradeplan, after: Tradeplan): readonly Violation[] {
  return Object.entries(FIXED).flatMap(([key, path]) => {
    const [was, is] = [before[key as keyof Tradeplan], after[key as keyof Tradeplan]];
    // Which of its keys it is stands in the plan; some of them are secrets.
    return isDeepStrictEqual(was, is) ? [] : [{ path, found: 'another value', allowed: RESTART }];
  });
}

function strategies(running: Preparation, next: Preparation, roster: Roster): readonly Violation[] {
  const violations: Violation[] = [];
  const known = new Set(running.plan.simulation.symbols);
  for (const [index, instance] of next.instances.entries()) {
    const { symbols } = instance;
    const path = `strategies[${index}]`;
    violations.push(...fixedOf(roster.find(instance.instanceId), instance, path));
    const missing = next.plan.mode === 'simulated' ? symbols.filter((symbol) => !known.has(symbol)) : [];
    if (missing.length > 0) {
      const allowed = 'symbols that the local exchange was started with (simulation.symbols), or a restart';
      violations.push({ path: `${path}.symbols`, found: missing.join(', '), allowed });
    }
  }
  const count = roster.size + roster.changesTo(next.instances).added.length;
  if (count > INSTANCES_MAX) {
    const allowed = `at most ${INSTANCES_MAX} ids of strategies between two restarts`;
    violations.push({ path: 'strategies', found: String(count), allowed });
  }
  return violations;
}
