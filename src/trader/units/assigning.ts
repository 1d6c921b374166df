/**
 * Hands units to consumers with everything that they need to go on: positions and open orders from the desk, the saved
 * state, the run's row, the last sequence of the client order ids, and what a unit that moves brings along.
 */
import type { Clock } from '../../clock/clock.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { Log } from '../../observability/log.ts';
import type { ConsumerCommand, Unit, UnitAssignment } from '../../transport/messages.ts';
import type { RunSubject, Runs } from '../runs.ts';
import type { DeskThread } from '../threads/deskThread.ts';
import type { Placed, Placement } from './placement.ts';
import type { Decision } from './rebalance.ts';
import type { States } from './states.ts';
import type { Universe } from './universe.ts';

const RETRY_MS = 1_000;

export type Arrival = NonNullable<UnitAssignment['arrival']>;

export interface AssigningParts {
  readonly desk: DeskThread;
  readonly runs: Runs;
  readonly states: States;
  subjectOf(instanceId: string): RunSubject | undefined;
  readonly universe: Universe;
  readonly placement: Placement;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (consumer: string, command: ConsumerCommand) => void;
}

export class Assigning {
  readonly #parts: AssigningParts;
  #isStopping = false;

  constructor(parts: AssigningParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#isStopping = true;
  }

  /** Rejects where the desk or the database does not answer. */
  async assign(consumer: string, units: readonly Placed[], arrival?: Arrival): Promise<void> {
    const { desk, runs, states, tell, universe } = this.#parts;
    const held = await desk.unitStates(units.map(unitOf));
    const assignments = await Promise.all(
      units.map(async (unit) => {
        const state = held.find(
          (other) => other.instanceId === unit.instanceId && other.symbol === unit.symbol,
        );
        return {
          ...unitOf(unit),
          algoRunId: await runs.idOf(this.#subjectOf(unit), consumer),
          symbols: unit.symbols,
          state: arrival?.moved == null ? states.of(unit) : arrival.moved.state,
          orderSequence: state?.orderSequence ?? 0,
          positions: state?.positions ?? [],
          openOrders: state?.openOrders ?? [],
          rejectedSymbols: universe.rejectedSymbols(unit),
          ...(arrival === undefined ? {} : { arrival }),
        };
      }),
    );
    tell(consumer, { type: 'assign', units: assignments });
  }

  /** Hands over a unit that has left its consumer, until that has succeeded: meanwhile nobody has it. */
  async hand(unit: Unit, arrival: Arrival | null): Promise<void> {
    const { clock, log, placement, universe } = this.#parts;
    while (!this.#isStopping) {
      const placed = placement.find(unit);
      if (placed === undefined || !universe.isRunning(unit)) return;
      try {
        await this.assign(placed.consumer, [placed], arrival ?? undefined);
        return;
      } catch (error) {
        const fields = { strategy: unit.instanceId, symbol: unit.symbol, why: String(error) };
        log.warn(fields, 'the unit could not be handed to its new consumer; trying again');
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
  }

  /** Closes the instance's row on a consumer when nothing of it is left there. */
  async endRun({ unit, from, to }: Decision): Promise<void> {
    const { log, placement, runs } = this.#parts;
    const isLeft = placement.onConsumer(from).some(({ instanceId }) => instanceId === unit.instanceId);
    if (isLeft) return;
    try {
      await runs.endOne(this.#subjectOf(unit), from, `moved to consumer ${to}: ${from} was behind`);
    } catch (error) {
      // It is closed with the batch, at the latest.
      log.warn({ strategy: unit.instanceId, consumer: from, why: String(error) }, 'a run was not closed');
    }
  }

  /** The rows of instances that begin anew tell what runs now. */
  async renewRuns(instanceIds: readonly string[], sinceMicros: EpochMicros): Promise<void> {
    const { placement, runs } = this.#parts;
    const placed = placement.all().filter(({ instanceId }) => instanceIds.includes(instanceId));
    for (const unit of new Map(placed.map((one) => [`${one.instanceId} ${one.consumer}`, one])).values()) {
      await runs.renew(this.#subjectOf(unit), unit.consumer, sinceMicros);
    }
  }

  /** Closes the row of an instance on a consumer that the plan no longer has, when nothing of it is left there. */
  async endRemoved(unit: Unit, consumer: string): Promise<void> {
    const { log, placement, runs } = this.#parts;
    if (placement.onConsumer(consumer).some(({ instanceId }) => instanceId === unit.instanceId)) return;
    const fields = { strategy: unit.instanceId, consumer };
    log.info(fields, 'the strategy has ended: the plan no longer has it');
    try {
      await runs.endOne(this.#subjectOf(unit), consumer, 'the plan no longer has it');
    } catch (error) {
      log.warn({ ...fields, why: String(error) }, 'a run was not closed');
    }
  }

  #subjectOf(unit: Unit): RunSubject {
    const subject = this.#parts.subjectOf(unit.instanceId);
    if (subject === undefined) throw new RangeError(`no strategy instance ${unit.instanceId}`);
    return subject;
  }
}

/** Its name alone. */
export function unitOf(unit: Unit): Unit {
  return { instanceId: unit.instanceId, symbol: unit.symbol };
}
