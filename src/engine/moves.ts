/**
 * Units that leave for another consumer and units that come from one. Both happen at a barrier: a row that stands at
 * the same place of both consumers' market streams. The one that is left shows the unit exactly the rows before it;
 * the one that is reached holds the rows after it until the unit is there. The desk does the same for orders and
 * fills: what it tells before it knows of the move is collected here and goes along, what it tells after goes there.
 */
import { assert } from '../domain/assert.ts';
import type { BuiltBar } from '../fincalcs/bars.ts';
import { type Batch, EventKind } from '../tape/batch.ts';
import type {
  DeskEvent,
  Handover,
  MovedUnit,
  UnitAssignment,
  Unit as UnitName,
} from '../transport/messages.ts';
import type { Assignments } from './assignments.ts';
import type { HostCore } from './core.ts';
import { HeldRows } from './hold.ts';

const ALL_SYMBOLS = '*';
/** What a unit is shown, or what changes its bars. */
const HELD_KINDS: ReadonlySet<number> = new Set([
  EventKind.trade,
  EventKind.quote,
  EventKind.minuteBar,
  EventKind.updatedBar,
  EventKind.correction,
  EventKind.cancel,
  EventKind.gap,
]);

interface Leaving {
  readonly unit: UnitName;
  readonly to: string;
}

/** It has left, and the desk does not know yet. */
interface Left {
  readonly unit: UnitName;
  readonly moved: MovedUnit;
  readonly deskEvents: DeskEvent[];
}

interface Expected {
  readonly unit: UnitName;
  readonly symbols: ReadonlySet<string>;
  /** Null before the barrier. */
  held: HeldRows | null;
  /** It came before the barrier was read here: it is let in there. */
  early: UnitAssignment | null;
  /** Null before the desk tells the unit's events here. */
  deskEvents: DeskEvent[] | null;
}

/** What waited for a unit. */
export interface Waiting {
  /** It was expected: nothing that followed its barrier is missing. */
  readonly isWhole: boolean;
  readonly held: HeldRows | null;
  readonly deskEvents: readonly DeskEvent[];
}

export class Moves {
  readonly #core: HostCore;
  readonly #assignments: Assignments;
  readonly #letIn: (assignment: UnitAssignment) => void;
  readonly #leaving = new Map<number, Leaving>();
  readonly #left = new Map<number, Left>();
  readonly #expected = new Map<number, Expected>();
  /** Rows are being held: asked for every row of a batch. */
  isHolding = false;

  /** @param letIn takes a unit over that has come before its barrier. */
  constructor(core: HostCore, assignments: Assignments, letIn: (assignment: UnitAssignment) => void) {
    this.#core = core;
    this.#assignments = assignments;
    this.#letIn = letIn;
  }

  leave(moveId: number, leaving: Leaving): void {
    this.#leaving.set(moveId, leaving);
    this.#core.output.report({ type: 'move_ready', moveId });
  }

  expect(moveId: number, unit: UnitName, symbols: readonly string[]): void {
    this.#expected.set(moveId, {
      unit,
      symbols: new Set(symbols),
      held: null,
      early: null,
      deskEvents: null,
    });
    this.#core.output.report({ type: 'move_ready', moveId });
  }

  abandon(moveId: number): void {
    this.#leaving.delete(moveId);
    this.#expected.delete(moveId);
    this.#look();
  }

  /** Whether the unit must wait for its barrier: rows before it were shown to it where it comes from. */
  postpones(moveId: number, assignment: UnitAssignment): boolean {
    const expected = this.#expected.get(moveId);
    if (expected === undefined || expected.held !== null) return false;
    expected.early = assignment;
    return true;
  }

  /** The barrier's place in the market stream. Answers whether a unit has left or come by it. */
  barrier(batch: Batch, row: number): boolean {
    const moveId = batch.n0[row]!;
    const expected = this.#expected.get(moveId);
    const early = expected?.early ?? null;
    if (early !== null) {
      this.#letIn(early);
      return true;
    }
    if (expected !== undefined) {
      const { heldRowsMax } = this.#core.config.limits;
      expected.held = new HeldRows(heldRowsMax, batch.streamId, batch.receivedMicros(row));
      this.#look();
    }
    const leaving = this.#leaving.get(moveId);
    if (leaving === undefined) return false;
    this.#leaving.delete(moveId);
    this.#depart(moveId, leaving);
    return true;
  }

  /** Holds the row for whoever is expected and looks at its symbol; without one it is a gap of all symbols. */
  hold(batch: Batch, row: number, symbol: string | undefined): void {
    if (!HELD_KINDS.has(batch.kind[row]!)) return;
    for (const { held, symbols } of this.#expected.values()) {
      if (symbol === undefined || symbols.has(symbol)) held?.push(batch, row);
    }
  }

  /** Holds a minute that was closed here, where bars are built from trades. */
  holdBar(symbolId: number, symbol: string, bar: BuiltBar): void {
    for (const { held, symbols } of this.#expected.values()) {
      if (symbols.has(symbol)) held?.pushBar(symbolId, bar, this.#core.clock.nowMicros);
    }
  }

  /** Whether the event belongs to a unit on its way: then it is kept for it. */
  claims(event: DeskEvent): boolean {
    if (event.type === 'handover') {
      this.#handover(event);
      return true;
    }
    if (this.#left.size === 0 && this.#expected.size === 0) return false;
    const subject = subjectOf(event);
    if (subject === undefined) return false;
    for (const { unit, deskEvents } of [...this.#left.values(), ...this.#expected.values()]) {
      if (!isOf(unit, subject)) continue;
      deskEvents?.push(event);
      return true;
    }
    return false;
  }

  /** The unit has come: what waited for it. */
  take(moveId: number): Waiting {
    const expected = this.#expected.get(moveId);
    this.#expected.delete(moveId);
    this.#look();
    const isWhole = expected !== undefined;
    return { isWhole, held: expected?.held ?? null, deskEvents: expected?.deskEvents ?? [] };
  }

  #depart(moveId: number, { unit, to }: Leaving): void {
    const { config, output } = this.#core;
    const moved = this.#assignments.depart(moveId, unit);
    if (moved === null) {
      output.report({ type: 'left', moveId, moved: null });
      return;
    }
    const handover: Handover = { moveId, unit, from: config.consumer, to };
    this.#left.set(moveId, { unit, moved, deskEvents: [] });
    output.report({ type: 'leaving', handover });
  }

  #handover({ moveId, from, to }: Handover): void {
    const { config, output } = this.#core;
    const left = this.#left.get(moveId);
    if (from === config.consumer && left !== undefined) {
      this.#left.delete(moveId);
      output.report({ type: 'left', moveId, moved: { ...left.moved, deskEvents: left.deskEvents } });
    }
    const expected = this.#expected.get(moveId);
    if (to === config.consumer && expected !== undefined) expected.deskEvents = [];
  }

  #look(): void {
    this.isHolding = [...this.#expected.values()].some(({ held }) => held !== null);
  }
}

function subjectOf(event: DeskEvent): UnitName | undefined {
  switch (event.type) {
    case 'order':
      return event.order;
    case 'fill':
      return event.fill;
    case 'denial':
      return event.denial;
    case 'position':
      return event.position;
    case 'account':
    case 'handover':
      return undefined;
  }
}

function isOf(unit: UnitName, subject: UnitName): boolean {
  assert(subject.symbol !== '', 'an order without a symbol');
  return (
    unit.instanceId === subject.instanceId && (unit.symbol === ALL_SYMBOLS || unit.symbol === subject.symbol)
  );
}
