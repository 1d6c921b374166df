/**
 * All that the desk's machine knows, and the actions that the input at hand has led to. The parts of the machine
 * (placing, answers, reconciliation, liquidation) work on it one after another.
 */
import type { Instrument, Session } from '../domain/market.ts';
import type { Account, Fill, JsonObject, Order, Position } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { DeskEvent, Handover, InstanceRules, Severity } from '../transport/messages.ts';
import { Positions } from './books/positions.ts';
import { orderRow } from './books/rows.ts';
import type { DeskAction, DeskMachineConfig } from './contract.ts';
import type { TrackedOrder } from './orders/orderState.ts';
import { Orders } from './orders/orders.ts';
import { RememberedIds } from './rememberedIds.ts';
import { Commitments } from './risk/commitments.ts';
import { Portfolios } from './risk/portfolios.ts';
import { Prices } from './risk/prices.ts';
import { OrderRate } from './risk/rate.ts';
import { Risk } from './risk/risk.ts';
import { RiskGate } from './risk/riskGate.ts';

/** Execution ids kept for recognising what was told before; the oldest are forgotten. */
export const EXECUTION_IDS_MAX = 500_000;
const RECENT_FILLS_MAX = 50;
/** Far more than a broker lists of the time that it is asked for again. */
const BOOKED_MAX = 10_000;
/** Ends the id of what sets an execution off. */
export const REVOKED = '.revoked';
const ALL_SYMBOLS = '*';

export class DeskState {
  readonly config: DeskMachineConfig;
  readonly orders: Orders;
  readonly positions = new Positions();
  readonly prices = new Prices();
  readonly commitments = new Commitments();
  readonly portfolios = new Portfolios();
  readonly rate = new OrderRate();
  readonly #rates = new Map<string, OrderRate>();
  readonly #symbolRates = new Map<string, OrderRate>();
  readonly risk: Risk;
  readonly gate: RiskGate;
  /** Those of the plan, and those that it no longer has: what they hold goes by their rules. */
  readonly instances: Map<string, InstanceRules>;
  readonly keepsRecords: boolean;
  /** Executions that have been applied, by id. */
  readonly executionIds: RememberedIds;
  /** Executions beyond the broker's count that were alerted. */
  readonly surplusIds = new Set<string>();
  instruments: ReadonlyMap<string, Instrument> = new Map();
  account: Account | null = null;
  session: Session | null;
  isConnected = false;
  /** Since when trade updates are heard without a gap. */
  connectedAtMicros: EpochMicros = 0;
  isReconciled = false;
  /** Reconciliation has been through at least once since the start. */
  hasReconciled = false;
  isStopping = false;
  ordersSubmitted = 0;
  denials = 0;
  recentFills: Fill[] = [];
  /** Executions that stand, with when they were booked, newest last: the oldest are forgotten. */
  readonly booked = new Map<string, { readonly fill: Fill; readonly atMicros: EpochMicros }>();
  /** When the last fill of a symbol was booked, by our clock: the broker's may be off. */
  readonly #bookedMicros = new Map<string, EpochMicros>();
  nowMicros: EpochMicros = 0;
  /** Null while there are none: a list that begins empty takes 150 bytes with its first entry, one made of it 56. */
  #actions: DeskAction[] | null = null;
  /** The consumer that last ordered for an instance and symbol: it holds the unit. By instance, then by symbol. */
  readonly #consumers = new Map<string, Map<string, string>>();

  constructor(config: DeskMachineConfig) {
    this.config = config;
    this.orders = new Orders(config.rememberedMax);
    this.executionIds = new RememberedIds(config.rememberedMax ?? EXECUTION_IDS_MAX);
    this.keepsRecords = config.keepsRecords ?? true;
    this.session = config.session;
    this.risk = new Risk(config.risk, config.assetClass);
    this.gate = new RiskGate(this);
    this.instances = new Map();
    this.learn(config.instances);
  }

  /** Takes the rules of instances: of new ones, or in place of those that it had. */
  learn(instances: readonly InstanceRules[]): void {
    for (const instance of instances) {
      this.instances.set(instance.instanceId, instance);
      this.portfolios.assign(instance.instanceId, instance.portfolioId);
      this.gate.strategies.learn(instance.instanceId, instance.risk ?? null);
      this.risk.bounds.learn(instance.instanceId, instance.risk ?? null);
    }
  }

  /** How often an instance orders. */
  rateOf(instanceId: string): OrderRate {
    return rateIn(this.#rates, instanceId);
  }

  /** How often a symbol is ordered; undefined where no limit asks for it. */
  symbolRateOf(symbol: string): OrderRate | undefined {
    return this.risk.bounds.countsOrdersIn(symbol) ? rateIn(this.#symbolRates, symbol) : undefined;
  }

  emit(action: DeskAction): void {
    if (this.#actions === null) this.#actions = [action];
    else this.#actions.push(action);
  }

  /** The actions since the last call. */
  take(): readonly DeskAction[] {
    const actions = this.#actions ?? NO_ACTIONS;
    this.#actions = null;
    return actions;
  }

  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: JsonObject): void {
    if (this.keepsRecords) this.emit({ type: 'log', level, message, fields });
  }

  alert(severity: Severity, code: string, message: string, fields: JsonObject): void {
    this.emit({ type: 'alert', severity, code, message, fields });
  }

  /** Writes an order down in the journal. */
  journalOrder(tracked: TrackedOrder): void {
    if (!this.keepsRecords) return;
    this.emit({
      type: 'journal',
      entry: {
        entry: 'order',
        atMicros: this.nowMicros,
        kept: {
          order: tracked.order,
          batchId: tracked.batchId,
          reportedFilled: tracked.reportedFilled,
          isCancelWanted: tracked.cancelReason !== null,
        },
      },
    });
  }

  /** Makes a changed order known: to the journal, the table and its strategy. */
  publishOrder(tracked: TrackedOrder): void {
    this.recordOrder(tracked);
    this.tell(tracked.order, { type: 'order', order: tracked.order });
  }

  /** As {@link publishOrder}, where the strategy is told by a fill. */
  recordOrder(tracked: TrackedOrder): void {
    this.orders.update(tracked);
    if (tracked.isEnded && tracked.order.filledQuantity === 0n) this.#releaseCommitment(tracked);
    this.journalOrder(tracked);
    this.recordRow(tracked.order, tracked.batchId);
  }

  #releaseCommitment({ order, successor }: TrackedOrder): void {
    if (order.status === 'replaced' && successor !== null) {
      this.commitments.handOver(order.clientOrderId, successor.order.clientOrderId);
    } else this.commitments.release(order.clientOrderId);
  }

  /** Writes an order's row for the table. */
  recordRow(order: Order, batchId: string): void {
    if (this.keepsRecords) this.emit({ type: 'record_order', row: orderRow(order, batchId) });
  }

  rememberConsumer(instanceId: string, symbol: string, consumer: string): void {
    const ofInstance = this.#consumers.get(instanceId);
    if (ofInstance === undefined) this.#consumers.set(instanceId, new Map([[symbol, consumer]]));
    else ofInstance.set(symbol, consumer);
  }

  /** What concerns the unit is told to its new consumer from now on; both are told from when. */
  handOver(handover: Handover): void {
    const { unit, from, to } = handover;
    this.rememberConsumer(unit.instanceId, unit.symbol, to);
    if (unit.symbol === ALL_SYMBOLS) {
      // A universe's unit stands for all its symbols: they go where it goes.
      const ofInstance = this.#consumers.get(unit.instanceId);
      for (const symbol of ofInstance?.keys() ?? []) ofInstance?.set(symbol, to);
    }
    const event: DeskEvent = { type: 'handover', ...handover };
    this.emit({ type: 'tell', consumer: from, event });
    this.emit({ type: 'tell', consumer: to, event });
  }

  /** Tells the consumer that holds the order's unit; all of them when nobody has ordered for it yet. */
  tell(order: Pick<Order, 'instanceId' | 'symbol'>, event: DeskEvent): void {
    const consumer = this.#consumerOf(order.instanceId, order.symbol);
    if (consumer === undefined) this.emit({ type: 'tell_all', event });
    else this.emit({ type: 'tell', consumer, event });
  }

  #consumerOf(instanceId: string, symbol: string): string | undefined {
    const ofInstance = this.#consumers.get(instanceId);
    return ofInstance?.get(symbol) ?? ofInstance?.get(ALL_SYMBOLS);
  }

  tellAccount(): void {
    const event = this.accountEvent();
    if (event !== null) this.emit({ type: 'tell_all', event });
  }

  /** Null before the broker has described the account. */
  accountEvent(): DeskEvent | null {
    const { account, gate } = this;
    if (account === null) return null;
    const { riskState } = gate;
    if (this.portfolios.isEmpty) return { type: 'account', account, riskState };
    return { type: 'account', account, riskState, portfolios: this.portfolios.shares(this) };
  }

  /** The run under which this instance trades now: of the consumer that holds the unit, else its first. */
  runOf(
    instanceId: string,
    symbol: string,
  ): { readonly consumer: string; readonly algoRunId: string } | undefined {
    const runs = this.instances.get(instanceId)?.runs ?? [];
    const consumer = this.#consumerOf(instanceId, symbol);
    return runs.find((run) => run.consumer === consumer) ?? runs[0];
  }

  #keepBooked(fill: Fill): void {
    const { executionId } = fill;
    if (executionId.endsWith(REVOKED)) {
      this.booked.delete(executionId.slice(0, -REVOKED.length));
      return;
    }
    this.booked.set(executionId, { fill, atMicros: this.nowMicros });
    if (this.booked.size <= Math.min(BOOKED_MAX, this.config.rememberedMax ?? BOOKED_MAX)) return;
    for (const oldest of this.booked.keys()) {
      this.booked.delete(oldest);
      return;
    }
  }

  /** When a fill of the symbol was last booked; undefined when none was since the start. */
  lastBookedMicros(symbol: string): EpochMicros | undefined {
    return this.#bookedMicros.get(symbol);
  }

  rememberFill(fill: Fill): void {
    this.#bookedMicros.set(fill.symbol, this.nowMicros);
    this.#keepBooked(fill);
    this.recentFills.push(fill);
    if (this.recentFills.length > RECENT_FILLS_MAX) this.recentFills.shift();
  }

  /** Positions that are not flat. */
  heldPositions(): readonly Position[] {
    return this.positions.all().filter((position) => position.quantity !== 0n);
  }
}

const NO_ACTIONS: readonly DeskAction[] = [];

function rateIn(rates: Map<string, OrderRate>, key: string): OrderRate {
  let rate = rates.get(key);
  if (rate === undefined) {
    rate = new OrderRate();
    rates.set(key, rate);
  }
  return rate;
}
