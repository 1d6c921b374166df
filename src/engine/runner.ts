/** Calls a unit's handlers and deals with what a call leaves behind: faults, denials of our own, changed states. */
import { type Decimal, formatDecimal, isZero } from '../domain/decimal.ts';
import type { Denial, DenialReason, JsonValue } from '../domain/order.ts';
import { formatMicros } from '../domain/time.ts';
import { CALL_DONE, type CallResult, type Guest, type GuestFault } from '../strategies/guest/bridge.ts';
import { ACTIVITY, type ConsumerReport } from '../transport/messages.ts';
import { type HostCore, unitFields } from './core.ts';
import { mapStack } from './faults.ts';
import type { Instance, Unit, UnitSymbol } from './unit.ts';

type HandlerName = 'onFill' | 'onOrder' | 'onDenial' | 'onGap';
type StateRow = Extract<ConsumerReport, { type: 'states' }>['states'][number];

// Copies in this module: V8 folds its constants, and reads an imported one anew at each use.
const ACTIVE_UNIT = ACTIVITY.unit;
const DONE = CALL_DONE;

/** A strategy that answers every denial with an order that is denied again would never end. */
const DENIALS_PER_EVENT_MAX = 100;

/** What is kept of a unit over a restart. */
export interface SavedUnit {
  readonly version: 1;
  readonly state: unknown;
  readonly timers: Readonly<Record<string, number>>;
  /** Symbols that are never to be shown again on that day. */
  readonly rejected?: { readonly date: string; readonly symbols: readonly string[] };
}

export class Runner {
  readonly #core: HostCore;
  /** Cancels what a stopped unit has open. Given later, because proposing needs the runner too. */
  #cancelAll: (viewer: UnitSymbol, reason: string) => void = () => undefined;
  #denials: { readonly viewer: UnitSymbol; readonly denial: Denial }[] = [];
  #proposers: Unit[] = [];

  constructor(core: HostCore) {
    this.#core = core;
  }

  onStopped(cancelAll: (viewer: UnitSymbol, reason: string) => void): void {
    this.#cancelAll = cancelAll;
  }

  /** Trades and quotes name the unit by numbers from the market table: nothing of the host's units is touched. */
  trade(instance: Instance, unitId: number, place: number, row: number): void {
    const { activity } = this.#core;
    activity[ACTIVE_UNIT] = instance.index;
    const result = instance.rowCalls.trade(unitId, place, row);
    activity[ACTIVE_UNIT] = -1;
    if (result !== DONE) this.#failAt(unitId, place);
    if (this.#denials.length > 0 || this.#proposers.length > 0) this.#settle();
  }

  quote(instance: Instance, unitId: number, place: number, row: number): void {
    const { activity } = this.#core;
    activity[ACTIVE_UNIT] = instance.index;
    const result = instance.rowCalls.quote(unitId, place, row);
    activity[ACTIVE_UNIT] = -1;
    if (result !== DONE) this.#failAt(unitId, place);
    if (this.#denials.length > 0 || this.#proposers.length > 0) this.#settle();
  }

  bar(viewer: UnitSymbol): void {
    const { activity } = this.#core;
    const { instance, id } = viewer.unit;
    activity[ACTIVE_UNIT] = instance.index;
    const result = instance.rowCalls.bar(id, viewer.place);
    activity[ACTIVE_UNIT] = -1;
    if (result !== DONE) this.#failAt(id, viewer.place);
    if (this.#denials.length > 0 || this.#proposers.length > 0) this.#settle();
  }

  /** As {@link bar}, for a bar that is not in the unit's series yet. */
  barRow(viewer: UnitSymbol, row: number): void {
    const { activity } = this.#core;
    const { instance, id } = viewer.unit;
    activity[ACTIVE_UNIT] = instance.index;
    const result = instance.rowCalls.barRow(id, viewer.place, row);
    activity[ACTIVE_UNIT] = -1;
    if (result !== DONE) this.#failAt(id, viewer.place);
    if (this.#denials.length > 0 || this.#proposers.length > 0) this.#settle();
  }

  /** As {@link barRow}, for rows of the symbol that follow each other. Answers the row behind the last one shown. */
  barRows(
    viewer: UnitSymbol,
    rows: { readonly from: number; readonly to: number },
    lastPrice: { readonly figures: Float64Array; readonly at: number },
  ): number {
    const { activity } = this.#core;
    const { instance, id } = viewer.unit;
    activity[ACTIVE_UNIT] = instance.index;
    const result = instance.rowCalls.barRows(id, viewer.place, rows, lastPrice);
    activity[ACTIVE_UNIT] = -1;
    if (result < 0) this.#failAt(id, viewer.place);
    if (this.#denials.length > 0 || this.#proposers.length > 0) this.#settle();
    return result < 0 ? ~result + 1 : result;
  }

  start(unit: Unit): void {
    this.#call(unit, unit.symbol, (guest) => guest.start(unit.id));
  }

  fill(viewer: UnitSymbol, fill: JsonValue): void {
    this.#tell(viewer, 'onFill', (guest) => guest.fill(viewer.unit.id, viewer.place, JSON.stringify(fill)));
  }

  order(viewer: UnitSymbol, update: JsonValue): void {
    this.#tell(viewer, 'onOrder', (guest) =>
      guest.order(viewer.unit.id, viewer.place, JSON.stringify(update)),
    );
  }

  gap(viewer: UnitSymbol, gap: JsonValue): void {
    this.#tell(viewer, 'onGap', (guest) => guest.gap(viewer.unit.id, viewer.place, JSON.stringify(gap)));
  }

  timer(unit: Unit, name: string): void {
    if (unit.phase !== 'running' || !unit.instance.handlers.has('onTimer')) return;
    this.#call(unit, unit.symbol, (guest) => guest.timer(unit.id, name));
  }

  /** A denial from the desk, told at once. */
  denial(viewer: UnitSymbol, denial: Denial): void {
    const text = JSON.stringify({
      clientOrderId: denial.clientOrderId,
      symbol: denial.symbol,
      reason: plainReason(denial.reason),
    });
    this.#tell(viewer, 'onDenial', (guest) => guest.denial(viewer.unit.id, viewer.place, text));
  }

  /** A denial of our own, told when the handler that caused it has ended. */
  deny(viewer: UnitSymbol, clientOrderId: string, reason: DenialReason): void {
    const { instanceId } = viewer.unit.instance.config;
    this.#core.output.log('info', `denied: ${reason.code}`, {
      ...unitFields(viewer.unit),
      symbol: viewer.market.symbol,
      clientOrderId,
      reason: plainReason(reason),
    });
    this.#denials.push({
      viewer,
      denial: { clientOrderId, instanceId, symbol: viewer.market.symbol, reason },
    });
  }

  /** An intent left the unit: its state is saved when the handler has ended, so that both survive together. */
  proposed(unit: Unit): void {
    if (unit.hasProposed || this.#core.config.keepsStates === false) return;
    unit.hasProposed = true;
    this.#proposers.push(unit);
  }

  /** Ends the unit: no handler of it is called again. */
  stop(unit: Unit, fault: GuestFault, symbol: string): void {
    unit.become('stopped');
    for (const timer of unit.timers.values()) this.#core.timers.cancel(timer);
    unit.timers.clear();
    const { config } = unit.instance;
    this.#core.output.report({
      type: 'fault',
      unit: { instanceId: config.instanceId, symbol: unit.symbol },
      symbol,
      handler: fault.handler,
      message: fault.message,
      stack: mapStack(config.bundle, fault.message, fault.stack),
    });
    for (const viewer of unit.symbols) {
      if (viewer === undefined) continue;
      this.#cancelAll(viewer, `the strategy failed in ${fault.handler}`);
      if (isZero(viewer.quantity)) continue;
      this.#core.output.log('warn', 'a stopped strategy still holds a position', {
        ...unitFields(unit),
        symbol: viewer.market.symbol,
        quantity: formatDecimal(viewer.quantity),
      });
    }
  }

  /** The unit's state when it has changed since it was saved. */
  checkpoint(unit: Unit): StateRow | undefined {
    if (unit.phase === 'warming') return undefined;
    const state = unit.phase === 'stopped' ? null : unit.instance.guest.saveState(unit.id);
    if (state === null) {
      if (unit.phase === 'running') this.#fail(unit, unit.symbol);
      return undefined;
    }
    const rejected = rejectedText(unit, this.#core.session?.date ?? '');
    const text = `{"version":1,"state":${state},"timers":${timersText(unit)}${rejected}}`;
    if (text === unit.savedState) return undefined;
    const { stateCharactersMax } = this.#core.config.limits;
    if (text.length > stateCharactersMax) {
      const message = `the state has ${text.length} characters of at most ${stateCharactersMax}`;
      this.stop(unit, { handler: 'state', message, stack: '' }, unit.symbol);
      return undefined;
    }
    unit.savedState = text;
    if (this.#core.config.keepsStates === false) return undefined;
    const savedAt = formatMicros(this.#core.clock.nowMicros);
    return { instanceId: unit.instance.config.instanceId, symbol: unit.symbol, state: text, savedAt };
  }

  /** Whether the unit's strategy wants to be told, so that what nobody hears is not put into words. */
  hears(viewer: UnitSymbol, handler: HandlerName): boolean {
    return viewer.isTold && viewer.unit.instance.handlers.has(handler);
  }

  #tell(viewer: UnitSymbol, handler: HandlerName, call: (guest: Guest) => CallResult): void {
    if (!this.hears(viewer, handler)) return;
    this.#call(viewer.unit, viewer.market.symbol, call);
  }

  #call(unit: Unit, symbol: string, call: (guest: Guest) => CallResult): void {
    const { activity } = this.#core;
    activity[ACTIVITY.unit] = unit.instance.index;
    const result = call(unit.instance.guest);
    activity[ACTIVITY.unit] = -1;
    if (result !== CALL_DONE) this.#fail(unit, symbol);
    this.#settle();
  }

  #failAt(unitId: number, place: number): void {
    const unit = this.#core.units[unitId]!;
    this.#fail(unit, unit.symbols[place]!.market.symbol);
  }

  #fail(unit: Unit, symbol: string): void {
    this.stop(unit, JSON.parse(unit.instance.guest.fault()) as GuestFault, symbol);
  }

  #isSettling = false;

  #settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    let told = 0;
    while (this.#proposers.length > 0 || this.#denials.length > 0) {
      const proposers = this.#proposers;
      this.#proposers = [];
      const rows: StateRow[] = [];
      for (const unit of proposers) {
        unit.hasProposed = false;
        const row = this.checkpoint(unit);
        if (row !== undefined) rows.push(row);
      }
      if (rows.length > 0) this.#core.output.report({ type: 'states', states: rows });
      const next = this.#denials.shift();
      if (next === undefined) continue;
      told += 1;
      if (told > DENIALS_PER_EVENT_MAX) {
        const message = `more than ${DENIALS_PER_EVENT_MAX} denied orders in answer to one event`;
        this.stop(next.viewer.unit, { handler: 'onDenial', message, stack: '' }, next.viewer.market.symbol);
        this.#denials = this.#denials.filter(({ viewer }) => viewer.unit !== next.viewer.unit);
      } else this.denial(next.viewer, next.denial);
    }
    this.#isSettling = false;
  }
}

function timersText({ timers }: Unit): string {
  if (timers.size === 0) return '{}';
  return JSON.stringify(Object.fromEntries([...timers].map(([name, { dueMicros }]) => [name, dueMicros])));
}

function rejectedText({ symbols }: Unit, date: string): string {
  const rejected = symbols.flatMap((viewer) => (viewer?.isRejected ? [viewer.market.symbol] : []));
  return rejected.length === 0 ? '' : `,"rejected":${JSON.stringify({ date, symbols: rejected })}`;
}

/** A denial's reason with its exact amounts as text. */
function plainReason(reason: DenialReason): { readonly [key: string]: JsonValue } {
  return Object.fromEntries(
    Object.entries(reason).map(([key, value]): [string, JsonValue] => [
      key,
      typeof value === 'bigint' ? formatDecimal(value as Decimal) : (value as JsonValue),
    ]),
  );
}
