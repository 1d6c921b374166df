/** Watches the consumers' load and lag, and has units moved away from one that is behind. */
import type { Clock } from '../../clock/clock.ts';
import type { RebalancePlan } from '../../tradeplan/plan.ts';
import type { ConsumerReport, Unit } from '../../transport/messages.ts';
import type { ConsumerThread } from '../threads/consumerThread.ts';
import type { Loads } from './loads.ts';
import type { Moving } from './moving.ts';
import type { Placement } from './placement.ts';
import { type ConsumerFigures, type Decision, decideMoves, movesAllowed } from './rebalance.ts';

const MINUTE_MS = 60_000;

export interface RebalancerParts {
  readonly settings: RebalancePlan;
  readonly clock: Clock;
  readonly loads: Loads;
  readonly moving: Moving;
  readonly placement: Placement;
  readonly threads: ReadonlyMap<string, ConsumerThread>;
  /** Whether the unit still runs: one that has failed does not. */
  readonly isWanted: (unit: Unit) => boolean;
}

export class Rebalancer {
  readonly #parts: RebalancerParts;
  /** When moves began, within the newest minute. */
  #beganMs: number[] = [];
  /** When units came to rest. */
  readonly #restingSinceMs = new Map<string, number>();

  constructor(parts: RebalancerParts) {
    this.#parts = parts;
  }

  onHeartbeat(consumer: string, heartbeat: Extract<ConsumerReport, { type: 'heartbeat' }>): void {
    this.#parts.loads.note(consumer, heartbeat, this.#parts.clock.monotonicMs());
  }

  onMoveEnded({ unit }: Decision): void {
    this.#restingSinceMs.set(keyOf(unit), this.#parts.clock.monotonicMs());
  }

  /** Begins what moves are due. */
  look(): void {
    const { clock, loads, moving, settings, threads } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#beganMs = this.#beganMs.filter((moment) => nowMs - moment < MINUTE_MS);
    for (const [unit, sinceMs] of this.#restingSinceMs) {
      if (nowMs - sinceMs >= settings.restMs) this.#restingSinceMs.delete(unit);
    }
    const isAnyBehind = [...threads.keys()].some((name) => loads.behindForMs(name, nowMs) !== null);
    if (!isAnyBehind) return;
    const allowed = movesAllowed(settings, this.#beganMs.length, moving.underWay);
    if (allowed === 0) return;
    const figures = [...threads.values()].map((thread) => this.#figuresOf(thread, nowMs));
    for (const decision of decideMoves(figures, settings, allowed)) {
      this.#beganMs.push(nowMs);
      moving.begin(decision);
    }
  }

  #figuresOf(thread: ConsumerThread, nowMs: number): ConsumerFigures {
    const { isWanted, loads, moving, placement } = this.#parts;
    const { name } = thread;
    const units = placement
      .onConsumer(name)
      .filter((unit) => !moving.isUnderWay(unit) && !this.#restingSinceMs.has(keyOf(unit)) && isWanted(unit))
      .map((unit) => ({
        instanceId: unit.instanceId,
        symbol: unit.symbol,
        load: loads.measured(unit) ?? 0,
      }));
    return {
      name,
      isRunning: thread.isAnswering,
      behindForMs: loads.behindForMs(name, nowMs),
      load: loads.loadOf(name),
      unitsLoad: loads.unitsLoadOf(name),
      units,
    };
  }
}

function keyOf(unit: Unit): string {
  return `${unit.instanceId}\u0000${unit.symbol}`;
}
