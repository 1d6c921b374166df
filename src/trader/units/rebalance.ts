/**
 * Which units leave a consumer that is behind, and where they go. Pure: figures in, decisions out.
 *
 * A unit that makes up most of what its consumer has to do would be too much elsewhere too: it stays, and the others
 * leave it, so that it holds up nobody but itself. Where there is no such unit, as many leave as are too many.
 */
import type { RebalancePlan } from '../../tradeplan/plan.ts';
import type { Unit } from '../../transport/messages.ts';

/** Moves under way at once. Each may hold a bounded number of rows where its unit goes. */
export const MOVES_UNDER_WAY_MAX = 8;

export interface UnitFigures extends Unit {
  /** Of one core: 1 = all of it. */
  readonly load: number;
}

export interface ConsumerFigures {
  readonly name: string;
  /** It answers: not blocked, not starting. */
  readonly isRunning: boolean;
  /** How long it has been behind; null when it is not. */
  readonly behindForMs: number | null;
  /** Of one core, with what its thread does beside its units. */
  readonly load: number;
  /** Of one core: all its units together, also those that may not move now. */
  readonly unitsLoad: number;
  /** Those that may move now. */
  readonly units: readonly UnitFigures[];
}

export interface Decision {
  readonly unit: Unit;
  readonly from: string;
  readonly to: string;
}

/** @param allowed moves that may begin now: {@link movesAllowed}. */
export function decideMoves(
  consumers: readonly ConsumerFigures[],
  settings: RebalancePlan,
  allowed: number,
): readonly Decision[] {
  if (!settings.isEnabled) return [];
  const loads = new Map(consumers.map(({ name, load }) => [name, load]));
  const behind = consumers
    .filter(({ isRunning, behindForMs }) => isRunning && (behindForMs ?? -1) >= settings.patienceMs)
    .toSorted((a, b) => b.load - a.load);
  const takers = consumers.filter(({ isRunning, behindForMs }) => isRunning && behindForMs === null);
  const decisions: Decision[] = [];
  for (const from of behind) {
    for (const unit of leaversOf(from, settings)) {
      if (decisions.length >= allowed) return decisions;
      const to = takers.toSorted((a, b) => loads.get(a.name)! - loads.get(b.name)!)[0];
      if (to === undefined) return decisions;
      if (loads.get(to.name)! + unit.load > settings.loadMax) continue;
      loads.set(to.name, loads.get(to.name)! + unit.load);
      decisions.push({
        unit: { instanceId: unit.instanceId, symbol: unit.symbol },
        from: from.name,
        to: to.name,
      });
    }
  }
  return decisions;
}

/** How many moves may begin now, after those of the newest minute and beside those under way. */
export function movesAllowed(settings: RebalancePlan, newestMinute: number, underWay: number): number {
  return Math.max(0, Math.min(settings.movesPerMinuteMax - newestMinute, MOVES_UNDER_WAY_MAX - underWay));
}

/** The costliest first, until what is left is no more than a consumer should have. */
function leaversOf(from: ConsumerFigures, settings: RebalancePlan): readonly UnitFigures[] {
  const [first, ...others] = from.units.toSorted((a, b) => b.load - a.load);
  // A thread that does more beside its units than in them, compiling just after its start, gains nothing by their leaving,
  // and what they were measured to cost says little yet.
  if (first === undefined || from.unitsLoad < from.load / 2) return [];
  if (first.load > from.unitsLoad / 2) return others;
  const leavers: UnitFigures[] = [];
  let left = from.load;
  for (const unit of [first, ...others]) {
    if (left <= settings.loadMax) break;
    leavers.push(unit);
    left -= unit.load;
  }
  return leavers;
}
