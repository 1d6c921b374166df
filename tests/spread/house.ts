/**
 * A router, two strategy hosts, the trader's moves and what stands between them, in one process and at any speed: every
 * port is a line of its own that moves on only when the test says so. A consumer may die at any moment.
 */
import { SimulatedClock } from '../../src/clock/simulated.ts';
import type { Denial } from '../../src/domain/order.ts';
import { DEFAULT_HOST_LIMITS } from '../../src/engine/config.ts';
import { type HostCommand, StrategyHost } from '../../src/engine/host.ts';
import { silentLog } from '../../src/observability/log.ts';
import type { ProducerLimits } from '../../src/producer/config.ts';
import { Router } from '../../src/producer/router.ts';
import type { StrategyBundle } from '../../src/strategies/bundle.ts';
import { Batch, EventKind } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { Moving } from '../../src/trader/units/moving.ts';
import type { ConsumerReport, DeskEvent, Handover, MovedUnit, Unit } from '../../src/transport/messages.ts';
import { assignment, hostConfig, instance, OPEN } from '../engine/inbox.ts';
import { scripted } from '../engine/scripts.ts';

export const CONSUMERS = ['A', 'B'] as const;
export type Name = (typeof CONSUMERS)[number];
export const NOON = OPEN + 3_600_000_000;

const HANDLERS = `
  initialState: () => ({ count: 0 }),
  onStart(context) { context.log('info', 'start'); },
  onTrade(context, trade) { say(context, 'trade', trade.symbol, trade.price); },
  onQuote(context, quote) { say(context, 'quote', quote.symbol, quote.bidPrice); },
  onBar(context, bar) { say(context, 'bar', bar.symbol, bar.close); },
  onDenial(context, denial) { say(context, 'denial', denial.symbol, Number(denial.clientOrderId)); },
  onGap(context, gap) { context.log('info', 'gap', { symbol: gap.symbol, count: gap.count, reason: gap.reason }); },`;
const SAY = `
function say(context: any, what: string, symbol: string, serial: number) {
  context.state.count += 1;
  context.log('info', what, { symbol, serial, count: context.state.count });
}`;

/** Three strategies: two by symbol, one over all. Each says every event it is shown, and how many those were. */
export async function bundles(): Promise<readonly StrategyBundle[]> {
  return Promise.all([
    scripted('one', HANDLERS, SAY),
    scripted('two', HANDLERS, SAY),
    scripted('all', `  scope: 'universe',${HANDLERS}`, SAY),
  ]);
}

export interface PlacedUnit extends Unit {
  readonly symbols: readonly string[];
}

export const UNITS: readonly PlacedUnit[] = [
  { instanceId: 'one', symbol: 'AAPL', symbols: ['AAPL'] },
  { instanceId: 'one', symbol: 'MSFT', symbols: ['MSFT'] },
  { instanceId: 'two', symbol: 'AAPL', symbols: ['AAPL'] },
  { instanceId: 'two', symbol: 'GOOG', symbols: ['GOOG'] },
  { instanceId: 'all', symbol: '*', symbols: ['AAPL', 'GOOG'] },
];

export type Told = Readonly<Record<string, unknown>> & { readonly message: string; readonly unit: string };

type Kind = 'trade' | 'quote' | 'bar';
export const KINDS: Readonly<Record<Kind, EventKind>> = {
  trade: EventKind.trade,
  quote: EventKind.quote,
  bar: EventKind.minuteBar,
};

interface Side {
  readonly host: StrategyHost;
  /** Batches posted to the consumer and not read yet; buffers on their way back. */
  readonly sent: ArrayBuffer[];
  readonly back: ArrayBuffer[];
  readonly deskEvents: DeskEvent[];
}

export function nameOf({ instanceId, symbol }: Unit): string {
  return `${instanceId}/${symbol}`;
}

export class House {
  readonly router: Router;
  readonly told: Told[] = [];
  /** Serials of what was routed to each unit, by kind, and of what the desk told it. */
  readonly routed = new Map<string, { serial: number; what: string; symbol: string }[]>();
  readonly places = new Map<string, Name>();
  moves = 0;
  readonly arrivals: Extract<ConsumerReport, { type: 'arrived' }>[] = [];
  readonly #symbols = new SymbolTable();
  readonly #strategies: readonly StrategyBundle[];
  readonly #hostLimits: { readonly heldRowsMax?: number };
  readonly #sides: Record<Name, Side>;
  readonly #moving: Moving;
  /** Handovers on their way to the desk; reports of consumers and of the producer on their way to the trader. */
  readonly #handovers: Handover[] = [];
  readonly #left: { readonly from: Name; readonly report: Extract<ConsumerReport, { type: 'left' }> }[] = [];
  readonly #switched: { readonly moveId: number; readonly isDone: boolean }[] = [];
  readonly #owners = new Map<string, Name>();
  #serial = 0;

  constructor(
    strategies: readonly StrategyBundle[],
    limits: ProducerLimits,
    changes: { readonly heldRowsMax?: number } = {},
  ) {
    this.router = new Router(this.#symbols, limits);
    this.#strategies = strategies;
    this.#hostLimits = changes;
    this.#sides = { A: this.#begin('A'), B: this.#begin('B') };
    this.#moving = new Moving({
      clock: new SimulatedClock(0),
      log: silentLog,
      prepareTimeoutMs: 1_000,
      tell: (consumer, command) => {
        if (command.type !== 'attach') this.#command(consumer as Name, command);
      },
      symbolsOf: (unit) => placedUnit(unit).symbols,
      place: (unit, consumer) => this.places.set(nameOf(unit), consumer as Name),
      routesOf: (receiver) => ({ receiver, routes: this.#routesOf(receiver as Name) }),
      switchOver: (moveId, from, to) => {
        const isDone = this.router.move(moveId, { from, to }, this.nowMicros);
        this.#switched.push({ moveId, isDone });
      },
      handOver: (handover) => this.#handovers.push(handover),
      assign: (unit, arrival) => this.#assign(unit, arrival),
      onEnd: () => undefined,
    });
    for (const [index, unit] of UNITS.entries()) this.#place(unit, index % 2 === 0 ? 'A' : 'B');
    for (const name of CONSUMERS) this.router.route(name, this.#routesOf(name));
  }

  get nowMicros(): number {
    return NOON + this.#serial;
  }

  feed(events: readonly { readonly symbol: string; readonly what: Kind }[]): void {
    const batch = Batch.create({ rows: Math.max(1, events.length), heapBytes: 24 * events.length }, 0);
    batch.reset(0, this.nowMicros);
    for (const { symbol, what } of events) {
      this.#serial += 1;
      const row = batch.count;
      batch.clearRow(row, KINDS[what], this.#symbols.intern(symbol));
      batch.timeNs[row] = (this.nowMicros - batch.baseMicros) * 1_000;
      batch.receivedNs[row] = batch.timeNs[row]!;
      batch.n0[row] = this.#serial;
      batch.n3[row] = this.#serial;
      if (what === 'bar') batch.setBarTail(row, 1, 1, 1);
      batch.count += 1;
      for (const unit of UNITS) {
        if (!unit.symbols.includes(symbol)) continue;
        this.#note(unit, { serial: this.#serial, what, symbol });
      }
    }
    this.router.distribute(batch);
  }

  endTurn(): void {
    this.router.endTurn(0);
  }

  /** The consumer takes one batch; its buffer goes on its way back. */
  read(name: Name): boolean {
    const side = this.#sides[name];
    const buffer = side.sent.shift();
    if (buffer === undefined) return false;
    side.host.handleBatch(new Batch(buffer), this.nowMicros);
    side.back.push(buffer);
    return true;
  }

  credit(name: Name): boolean {
    const buffer = this.#sides[name].back.shift();
    if (buffer !== undefined) this.router.credit(name, buffer);
    return buffer !== undefined;
  }

  /** Begins to move a unit to the other consumer, unless it is moving. */
  move(unit: PlacedUnit): void {
    if (this.#moving.isUnderWay(unit)) return;
    const from = this.places.get(nameOf(unit))!;
    this.moves += 1;
    this.#moving.begin({ unit, from, to: from === 'A' ? 'B' : 'A' });
  }

  /** The consumer dies, with all it had and was sent, and another takes its place. Its reports still arrive. */
  die(name: Name): void {
    while (this.#left.some(({ from }) => from === name)) this.sendOn();
    this.router.detach(name, this.nowMicros);
    this.#moving.onDeath(name);
    this.#sides[name] = this.#begin(name);
    for (const unit of UNITS)
      if (this.places.get(nameOf(unit)) === name && !this.#moving.isBetween(unit)) this.#assign(unit, null);
  }

  /** The desk has something to tell a unit: a denial, which carries a number as well as anything. */
  tell(unit: PlacedUnit): void {
    this.#serial += 1;
    const symbol = unit.symbols[0]!;
    this.#note(unit, { serial: this.#serial, what: 'denial', symbol });
    const denial: Denial = {
      clientOrderId: String(this.#serial),
      instanceId: unit.instanceId,
      symbol,
      reason: { code: 'stopping' },
    };
    this.#sides[this.#owners.get(nameOf(unit))!].deskEvents.push({ type: 'denial', denial });
  }

  /** The consumer takes what the desk told first of what it has not taken. */
  hear(name: Name): boolean {
    const { host, deskEvents } = this.#sides[name];
    const event = deskEvents.shift();
    if (event !== undefined) host.handleDesk([event], this.nowMicros);
    return event !== undefined;
  }

  /** The desk takes word of a unit that has left. */
  handOver(): boolean {
    const handover = this.#handovers.shift();
    if (handover === undefined) return false;
    this.#owners.set(nameOf(handover.unit), handover.to as Name);
    for (const name of [handover.from, handover.to] as const)
      this.#sides[name as Name].deskEvents.push({ type: 'handover', ...handover });
    return true;
  }

  /** The trader sends a unit that has left on to where it goes. */
  sendOn(): boolean {
    const left = this.#left.shift();
    if (left !== undefined) this.#moving.onReport(left.from, left.report);
    return left !== undefined;
  }

  /** The trader hears that the producer has set barriers. */
  hearSwitched(): boolean {
    const switched = this.#switched.shift();
    if (switched !== undefined) this.#moving.onSwitched(switched.moveId, switched.isDone);
    return switched !== undefined;
  }

  /** Lets everything that is under way arrive. */
  settle(): void {
    for (let isMoving = true; isMoving; ) {
      this.endTurn();
      const steps = CONSUMERS.flatMap((name) => [this.read(name), this.credit(name), this.hear(name)]);
      isMoving = [...steps, this.handOver(), this.sendOn(), this.hearSwitched()].some((moved) => moved);
    }
  }

  #begin(consumer: Name): Side {
    const instances = this.#strategies.map((bundle) => instance(bundle));
    const limits = { ...DEFAULT_HOST_LIMITS, ...this.#hostLimits };
    const host = new StrategyHost(
      hostConfig(instances, { consumer, feedHasBars: true, eventAgeMaxMs: 86_400_000, limits }),
      {
        intent: () => {
          throw new Error('these strategies order nothing');
        },
        report: (report) => this.#onReport(consumer, report),
        log: () => undefined,
      },
    );
    const side: Side = { host, sent: [], back: [], deskEvents: [] };
    const { sent, back } = side;
    const sink = { post: (buffer: ArrayBuffer) => sent.push(buffer), takeReturned: () => back.shift() };
    this.router.attach(consumer, sink, this.nowMicros);
    return side;
  }

  #command(name: Name, command: HostCommand): void {
    this.#sides[name].host.handleCommand(command, this.nowMicros);
  }

  #place(unit: PlacedUnit, name: Name): void {
    this.places.set(nameOf(unit), name);
    this.#owners.set(nameOf(unit), name);
    this.routed.set(nameOf(unit), []);
    this.#assign(unit, null);
  }

  #assign(unit: Unit, arrival: { readonly moveId: number; readonly moved: MovedUnit | null } | null): void {
    const { instanceId, symbol } = unit;
    const { symbols } = placedUnit(unit);
    const state = arrival?.moved?.state ?? null;
    const came = arrival === null ? {} : { arrival };
    const units = [assignment(instanceId, symbol, { symbols, state, ...came })];
    this.#command(this.places.get(nameOf(unit))!, { type: 'assign', units });
  }

  #note(unit: PlacedUnit, event: { serial: number; what: string; symbol: string }): void {
    this.routed.get(nameOf(unit))!.push(event);
  }

  #routesOf(name: Name) {
    const units = UNITS.filter((unit) => this.places.get(nameOf(unit)) === name);
    const symbols = new Set(units.flatMap((unit) => unit.symbols));
    return [...symbols].map((symbol) => ({ symbol, trades: true, quotes: true, bars: true }));
  }

  #onReport(from: Name, report: ConsumerReport): void {
    if (report.type === 'log') {
      this.told.push({ ...report.fields, message: report.message, unit: nameOf(report.unit) });
    } else if (report.type === 'leaving') this.#handovers.push(report.handover);
    else if (report.type === 'left') this.#left.push({ from, report });
    else if (report.type === 'move_ready') this.#moving.onReport(from, report);
    else if (report.type === 'arrived') {
      this.arrivals.push(report);
      this.#moving.onReport(from, report);
    } else if (report.type === 'fault') throw new Error(report.message);
  }
}

function placedUnit(unit: Unit): PlacedUnit {
  return UNITS.find((each) => nameOf(each) === nameOf(unit))!;
}
