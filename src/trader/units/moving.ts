/**
 * Units on their way from one consumer to another, step by step:
 *
 * 1. preparing: both consumers are told of it and say that they are ready. Until then it can be called off.
 * 2. switching: the producer sets a barrier into both market streams and changes the routes at that place.
 * 3. leaving: the old consumer reads the barrier, and the desk hears of it behind the unit's last intents; what comes
 *    back is the unit with all it had. The new one holds the rows behind the barrier meanwhile.
 * 4. arriving: the new consumer takes it over and shows it what was held.
 *
 * Where a consumer dies on the way, the unit stays, or goes on where it was to go, from its saved state.
 */
import type { Clock, Timer } from '../../clock/clock.ts';
import type { Log } from '../../observability/log.ts';
import type {
  ConsumerCommand,
  ConsumerReport,
  Handover,
  MovedUnit,
  RoutesOf,
  Unit,
} from '../../transport/messages.ts';
import type { Decision } from './rebalance.ts';

type Step = 'preparing' | 'switching' | 'leaving' | 'arriving';

interface Move extends Decision {
  readonly moveId: number;
  readonly beganMs: number;
  readonly ready: Set<string>;
  readonly timer: Timer;
  step: Step;
  /** The old consumer died with the unit. */
  isLost: boolean;
}

export interface MovingParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly prepareTimeoutMs: number;
  readonly tell: (consumer: string, command: ConsumerCommand) => void;
  readonly symbolsOf: (unit: Unit) => readonly string[];
  /** Notes that the unit is to run on that consumer. */
  readonly place: (unit: Unit, consumer: string) => void;
  /** The consumer's routes as its units are placed now. */
  readonly routesOf: (consumer: string) => RoutesOf;
  /** Asks the producer for barriers; {@link Moving.onSwitched} hears of it. */
  readonly switchOver: (moveId: number, from: RoutesOf, to: RoutesOf) => void;
  /** Tells the desk for a consumer that cannot. */
  readonly handOver: (handover: Handover) => void;
  /** Hands the unit to its new consumer, again and again until that has succeeded. `arrival` as in its message. */
  readonly assign: (
    unit: Unit,
    arrival: { readonly moveId: number; readonly moved: MovedUnit | null } | null,
  ) => void;
  /** The move has ended, well or not. */
  readonly onEnd: (decision: Decision, hasMoved: boolean) => void;
}

export class Moving {
  readonly #parts: MovingParts;
  readonly #moves = new Map<number, Move>();
  #lastMoveId = 0;

  constructor(parts: MovingParts) {
    this.#parts = parts;
  }

  get underWay(): number {
    return this.#moves.size;
  }

  isUnderWay(unit: Unit): boolean {
    return this.#find(unit) !== undefined;
  }

  /** Whether another consumer still has the unit, or had it last: it must not be begun anew. */
  isBetween(unit: Unit): boolean {
    const step = this.#find(unit)?.step;
    return step === 'switching' || step === 'leaving';
  }

  begin(decision: Decision): void {
    const { clock, log, prepareTimeoutMs, symbolsOf, tell } = this.#parts;
    if (this.isUnderWay(decision.unit)) return;
    this.#lastMoveId += 1;
    const moveId = this.#lastMoveId;
    const timer = clock.after(prepareTimeoutMs, () => this.#onTimeout(moveId));
    const { unit, from, to } = decision;
    const beganMs = clock.monotonicMs();
    this.#moves.set(moveId, {
      ...decision,
      moveId,
      beganMs,
      ready: new Set(),
      timer,
      step: 'preparing',
      isLost: false,
    });
    log.info(fieldsOf(decision), 'a unit is to move');
    tell(from, { type: 'leave', moveId, unit, to });
    tell(to, { type: 'expect', moveId, unit, symbols: symbolsOf(unit) });
  }

  onReport(
    consumer: string,
    report: Extract<ConsumerReport, { type: 'move_ready' | 'leaving' | 'left' | 'arrived' }>,
  ): void {
    const move = this.#moves.get(report.type === 'leaving' ? report.handover.moveId : report.moveId);
    if (move === undefined) return;
    switch (report.type) {
      case 'move_ready':
        move.ready.add(consumer);
        if (move.step === 'preparing' && move.ready.size === 2) this.#switchOver(move);
        return;
      case 'leaving':
        return;
      case 'left':
        this.#onLeft(move, report.moved);
        return;
      case 'arrived':
        this.#onArrived(move, report);
        return;
    }
  }

  /** The producer has set the barriers, or could not because a consumer was not there. */
  onSwitched(moveId: number, isDone: boolean): void {
    const move = this.#moves.get(moveId);
    if (move?.step !== 'switching') return;
    if (isDone) {
      move.step = 'leaving';
      if (move.isLost) this.#replace(move);
      return;
    }
    if (move.isLost) {
      this.#end(move, true);
      this.#parts.assign(move.unit, null);
    } else this.#callOff(move, 'a consumer has died');
  }

  /** Before its successor is started. */
  onDeath(consumer: string): void {
    for (const move of [...this.#moves.values()]) {
      if (move.from !== consumer && move.to !== consumer) continue;
      if (move.step === 'preparing') this.#callOff(move, `consumer ${consumer} has died`);
      else if (move.step === 'arriving') {
        // All that was to be saved is saved: its successor is given the unit with all others.
        if (move.to === consumer) this.#end(move, true);
      } else if (move.from === consumer) {
        move.isLost = true;
        if (move.step === 'leaving') this.#replace(move);
      }
    }
  }

  /** Nothing follows any more. */
  stop(): void {
    for (const { timer } of this.#moves.values()) timer.cancel();
    this.#moves.clear();
  }

  #switchOver(move: Move): void {
    const { place, routesOf, switchOver } = this.#parts;
    move.step = 'switching';
    place(move.unit, move.to);
    switchOver(move.moveId, routesOf(move.from), routesOf(move.to));
  }

  #onLeft(move: Move, moved: MovedUnit | null): void {
    const { assign, tell } = this.#parts;
    if (moved === null) {
      // It had failed, or was not there: what is still wanted of it begins from its saved state.
      tell(move.to, { type: 'abandon', moveId: move.moveId });
      this.#end(move, true);
      assign(move.unit, null);
      return;
    }
    move.step = 'arriving';
    assign(move.unit, { moveId: move.moveId, moved });
  }

  #onArrived(move: Move, report: Extract<ConsumerReport, { type: 'arrived' }>): void {
    const { clock, log } = this.#parts;
    const { rowsHeld, rowsConflated, rowsDropped } = report;
    const tookMs = Math.round(clock.monotonicMs() - move.beganMs);
    log.info({ ...fieldsOf(move), tookMs, rowsHeld, rowsConflated, rowsDropped }, 'the unit has moved');
    this.#end(move, true);
  }

  /** The unit died with its consumer behind the barrier: it begins from its saved state where it was to go. */
  #replace(move: Move): void {
    const { assign, handOver, log } = this.#parts;
    const { moveId, unit, from, to } = move;
    log.warn(
      fieldsOf(move),
      'the consumer died while the unit was leaving it: it goes on from its saved state',
    );
    handOver({ moveId, unit, from, to });
    move.step = 'arriving';
    assign(unit, { moveId, moved: null });
  }

  #callOff(move: Move, why: string): void {
    const { log, place, tell } = this.#parts;
    const { moveId, unit, from, to, step } = move;
    log.warn({ ...fieldsOf(move), why }, 'the unit does not move');
    for (const consumer of [from, to]) tell(consumer, { type: 'abandon', moveId });
    if (step === 'switching') place(unit, from);
    this.#end(move, false);
  }

  #onTimeout(moveId: number): void {
    const move = this.#moves.get(moveId);
    if (move === undefined) return;
    if (move.step === 'preparing') this.#callOff(move, 'a consumer did not answer in time');
    else this.#parts.log.warn({ ...fieldsOf(move), step: move.step }, 'the unit is still on its way to move');
  }

  #end(move: Move, hasMoved: boolean): void {
    move.timer.cancel();
    this.#moves.delete(move.moveId);
    this.#parts.onEnd(move, hasMoved);
  }

  #find({ instanceId, symbol }: Unit): Move | undefined {
    for (const move of this.#moves.values())
      if (move.unit.instanceId === instanceId && move.unit.symbol === symbol) return move;
    return undefined;
  }
}

function fieldsOf({ unit, from, to }: Decision) {
  return { strategy: unit.instanceId, symbol: unit.symbol, from, to };
}
