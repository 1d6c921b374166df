/**
 * Where strategies get their symbols in a "what if". From scanners that are as they were in the session they get what
 * the session's picked, when it did: the market's tape has no more than what was subscribed, so that the same scanner
 * could pick less from it. Scanners that are others look at the tape in their own time, and so do those that the
 * session had in their place: then both have the same to pick from.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OpenScanners, ScanGround, ScannerRuns, ScanPicks } from '../backtester/scans/contract.ts';
import type { ScannerPlan, StrategyPlan, Tradeplan } from '../tradeplan/plan.ts';
import type { Testable } from './changes.ts';
import type { RecordedSession, WantedSymbols } from './session.ts';

/** `session`: what the session's scanners picked, when they did. `tape`: they ran over the session's market. */
export type PickedFrom = 'session' | 'tape';

export interface InstancePicks {
  readonly instanceId: string;
  readonly scanners: readonly string[];
  /** Null where the session, or the plan, has no scanners for it. */
  readonly unchanged: PickedFrom | null;
  readonly changed: PickedFrom | null;
}

/**
 * @param canRunAgain whether a scanner's code can be found, and is that which the session ran.
 */
export async function picksOf(
  recorded: Tradeplan,
  changed: Tradeplan,
  canRunAgain: (scanner: ScannerPlan) => Promise<boolean>,
): Promise<readonly InstancePicks[]> {
  const picks: InstancePicks[] = [];
  for (const strategy of [...recorded.strategies, ...changed.strategies]) {
    const { instanceId } = strategy;
    if (picks.some((known) => known.instanceId === instanceId)) continue;
    const [was, is] = [strategyOf(recorded, instanceId), strategyOf(changed, instanceId)];
    const [before, now] = [scannersOf(recorded, was), scannersOf(changed, is)];
    if (before.length === 0 && now.length === 0) continue;
    const isSame = isDeepStrictEqual(before.map(decidersOf), now.map(decidersOf));
    const isAgain = !isSame && now.length > 0 && (await all(before, canRunAgain));
    picks.push({
      instanceId,
      scanners: (now.length > 0 ? now : before).map(({ scannerId }) => scannerId),
      unchanged: before.length === 0 ? null : isAgain ? 'tape' : 'session',
      changed: now.length === 0 ? null : isSame ? 'session' : 'tape',
    });
  }
  return picks;
}

/** With the session's picks in the place of scanners that are not to run. */
export function withSessionPicks(
  { plan, instances }: Testable,
  picks: readonly InstancePicks[],
  which: 'unchanged' | 'changed',
): Testable {
  const isTaken = (instanceId: string) =>
    picks.some((one) => one.instanceId === instanceId && one[which] === 'session');
  const own = (strategy: StrategyPlan): StrategyPlan =>
    isTaken(strategy.instanceId)
      ? { ...strategy, scanners: [sessionPicksOf(strategy.instanceId)] }
      : strategy;
  return {
    plan: { ...plan, strategies: plan.strategies.map(own) },
    instances: instances.map((instance) => ({ ...instance, plan: own(instance.plan) })),
  };
}

/** Opens what picks for a plan of {@link withSessionPicks}: the session, and the scanners that run. */
export function openPicks(
  { plan }: Testable,
  session: RecordedSession,
  scanners: OpenScanners | undefined,
): OpenScanners | undefined {
  const wanted = plan.strategies.flatMap(({ instanceId, scanners: ids }) =>
    ids.includes(sessionPicksOf(instanceId)) ? session.wantedOf(instanceId) : [],
  );
  if (wanted.length === 0) return scanners;
  wanted.sort((one, other) => one.atMicros - other.atMicros);
  return (ground) => new SessionPicks(wanted, scanners?.(ground), ground);
}

class SessionPicks implements ScannerRuns {
  readonly #wanted: readonly WantedSymbols[];
  readonly #scanners: ScannerRuns | undefined;
  readonly #startMicros: number;
  #next = 0;

  constructor(
    wanted: readonly WantedSymbols[],
    scanners: ScannerRuns | undefined,
    { startMicros }: ScanGround,
  ) {
    this.#wanted = wanted;
    this.#scanners = scanners;
    this.#startMicros = startMicros;
  }

  get nextMicros(): number {
    const { atMicros } = this.#wanted[this.#next] ?? { atMicros: Number.POSITIVE_INFINITY };
    return Math.min(Math.max(atMicros, this.#startMicros), this.#scanners?.nextMicros ?? Infinity);
  }

  async run(nowMicros: number): Promise<readonly ScanPicks[]> {
    const picks = new Map<string, readonly string[]>();
    for (; (this.#wanted[this.#next]?.atMicros ?? Infinity) <= nowMicros; this.#next += 1) {
      const { instanceId, symbols } = this.#wanted[this.#next]!;
      picks.set(sessionPicksOf(instanceId), symbols);
    }
    const own = [...picks].map(([scannerId, symbols]) => ({ scannerId, symbols }));
    const isDue = this.#scanners !== undefined && this.#scanners.nextMicros <= nowMicros;
    return isDue ? [...own, ...(await this.#scanners.run(nowMicros))] : own;
  }

  /** Of the scanners that ran. */
  results(): ReturnType<ScannerRuns['results']> {
    return this.#scanners?.results() ?? [];
  }
}

/** In the place of a scanner's id: no plan can name one so. */
function sessionPicksOf(instanceId: string): string {
  return `session/${instanceId}`;
}

/** All that decides what a scanner picks, and when: where its file lies does not. */
function decidersOf(scanner: ScannerPlan): Omit<ScannerPlan, 'path'> {
  const { path: _, ...deciders } = scanner;
  return deciders;
}

function strategyOf({ strategies }: Tradeplan, instanceId: string): StrategyPlan | undefined {
  return strategies.find((strategy) => strategy.instanceId === instanceId);
}

function scannersOf(plan: Tradeplan, strategy: StrategyPlan | undefined): readonly ScannerPlan[] {
  const ids = strategy?.scanners ?? [];
  return plan.scanners.filter(({ scannerId }) => ids.includes(scannerId));
}

async function all<T>(values: readonly T[], test: (value: T) => Promise<boolean>): Promise<boolean> {
  for (const value of values) if (!(await test(value))) return false;
  return true;
}
