/** A desk's machine on a bench: inputs by hand, the actions it answers with, and a small broker's words. */
import type { BrokerOrder, Execution, TradeUpdate } from '../../src/brokers/contract.ts';
import { add, type Decimal, decimal, ZERO } from '../../src/domain/decimal.ts';
import type { StrategyLimits } from '../../src/domain/limits.ts';
import type { Session } from '../../src/domain/market.ts';
import type {
  Account,
  DenialReason,
  Order,
  OrderChanges,
  OrderIntent,
  OrderStatus,
} from '../../src/domain/order.ts';
import {
  DEFAULT_DESK_POLICY,
  type DeskAction,
  type DeskInput,
  type DeskMachineConfig,
  type JournalEntry,
} from '../../src/execution/contract.ts';
import { DeskMachine } from '../../src/execution/deskMachine.ts';
import type { RiskPlan } from '../../src/tradeplan/plan.ts';
import type { DeskEvent } from '../../src/transport/messages.ts';

export const START = Date.UTC(2026, 10, 20, 15) * 1_000;
export const BATCH = 'batch-0001';
export const ONE_SECOND = 1_000_000;

export const SESSION: Session = {
  date: '2026-11-20',
  openMicros: START - 1_800 * ONE_SECOND,
  closeMicros: START + 21_600 * ONE_SECOND,
  extendedOpenMicros: START - 18_000 * ONE_SECOND,
  extendedCloseMicros: START + 36_000 * ONE_SECOND,
};

export const RISK: RiskPlan = {
  orderNotionalMax: '10000',
  orderQuantityMax: '500',
  positionNotionalMax: '20000',
  positionQuantityMax: null,
  grossNotionalMax: null,
  openOrdersMax: 5,
  ordersPerMinuteMax: 20,
  dailyLossMax: '1000',
  drawdownMax: null,
  priceCollarPercent: 5,
  marketAgeMaxMs: 5_000,
  shortAllowed: false,
  fractionAllowed: false,
  symbolOpenOrdersMax: null,
  symbolOrdersPerMinuteMax: null,
  symbols: {},
};

/** Of a strategy that has none of its own. */
export const NO_LIMITS: StrategyLimits = {
  orderNotionalMax: null,
  orderQuantityMax: null,
  positionNotionalMax: null,
  positionQuantityMax: null,
  openOrdersMax: null,
  ordersPerMinuteMax: null,
  priceCollarPercent: null,
  shortAllowed: null,
  fractionAllowed: null,
  notionalMax: null,
  dailyLossMax: null,
  drawdownMax: null,
};

export const ACCOUNT: Account = {
  accountId: 'test',
  currency: 'USD',
  cash: decimal('100000'),
  equity: decimal('100000'),
  lastEquity: decimal('100000'),
  buyingPower: decimal('100000'),
  shortingEnabled: true,
  blockedReason: null,
};

export interface BenchOptions {
  readonly risk?: Partial<RiskPlan>;
  readonly config?: Partial<DeskMachineConfig>;
  /** Connected, reconciled and with a market of 99.99 by 100.01 in X, unless this is false. */
  readonly isReady?: boolean;
}

export class Bench {
  readonly machine: DeskMachine;
  readonly actions: DeskAction[] = [];
  nowMicros = START;
  #sequence = 0;
  #executions = 0;

  constructor(options: BenchOptions = {}) {
    this.machine = new DeskMachine({
      batchId: BATCH,
      instances: ['alpha', 'beta'].map((instanceId) => ({
        instanceId,
        isIntraday: instanceId === 'alpha',
        runs: [{ consumer: 'A', algoRunId: instanceId === 'alpha' ? '1' : '2' }],
      })),
      risk: { ...RISK, ...options.risk },
      assetClass: 'us_equity',
      marketHours: 'regular',
      liquidateBeforeCloseMs: 900_000,
      submitTimeoutMs: 10_000,
      session: SESSION,
      policy: DEFAULT_DESK_POLICY,
      ...options.config,
    });
    if (options.isReady === false) return;
    this.feed({ type: 'account', account: ACCOUNT, askedAtMicros: START });
    this.feed({ type: 'broker_connection', connected: true, detail: '' });
    this.reconcile({});
    this.quote(99.99, 100.01);
    this.actions.length = 0;
  }

  feed(input: DeskInput): readonly DeskAction[] {
    const actions = this.machine.handle(input, this.nowMicros);
    this.actions.push(...actions);
    return actions;
  }

  /** Lets time pass in ticks of a quarter of a second. */
  pass(seconds: number): void {
    for (let tick = 0; tick < seconds * 4; tick += 1) {
      this.nowMicros += ONE_SECOND / 4;
      this.feed({ type: 'tick' });
    }
  }

  /** Moves the time without a tick. */
  skipTo(moment: number): void {
    this.nowMicros = moment;
  }

  quote(bidPrice: number, askPrice: number, symbol = 'X'): void {
    this.feed({ type: 'quote', symbol, bidPrice, askPrice, atMicros: this.nowMicros });
  }

  account(changes: Partial<Account>): void {
    this.feed({ type: 'account', account: { ...ACCOUNT, ...changes }, askedAtMicros: this.nowMicros });
  }

  intent(changes: Partial<OrderIntent> = {}): OrderIntent {
    this.#sequence += 1;
    const instanceId = changes.instanceId ?? 'alpha';
    return {
      kind: 'order',
      clientOrderId: `batch0001.${instanceId}.${changes.symbol ?? 'X'}.${this.#sequence}`,
      instanceId,
      algoRunId: instanceId === 'alpha' ? '1' : '2',
      consumer: 'A',
      symbol: 'X',
      side: 'buy',
      type: 'market',
      timeInForce: 'day',
      extendedHours: false,
      quantity: decimal('10'),
      limitPrice: null,
      stopPrice: null,
      reduceOnly: false,
      targetPrice: null,
      stopLossPrice: null,
      reason: 'a test',
      indicators: {},
      causedBy: 1,
      decidedAtMicros: this.nowMicros,
      ...changes,
    };
  }

  /** Proposes an order and answers its id. */
  order(changes: Partial<OrderIntent> = {}): string {
    const intent = this.intent(changes);
    this.feed({ type: 'intents', consumer: 'A', intents: [intent] });
    return intent.clientOrderId;
  }

  /** Asks for another order in the place of one, and answers its id. */
  replace(replaces: string, changes: OrderChanges, instanceId = 'alpha'): string {
    this.#sequence += 1;
    const clientOrderId = `batch0001.${instanceId}.X.${this.#sequence}`;
    const rest = { symbol: 'X', reason: 'a better one', causedBy: 1, decidedAtMicros: this.nowMicros };
    const intent = { kind: 'replace', clientOrderId, replaces, instanceId, changes, ...rest } as const;
    this.feed({ type: 'intents', consumer: 'A', intents: [intent] });
    return clientOrderId;
  }

  /** Goes on behind what another machine has numbered, connected and reconciled with what that had open. */
  restartedFrom(before: Bench): void {
    this.#sequence = before.#sequence;
    this.#executions = before.#executions;
    this.feed({ type: 'account', account: ACCOUNT, askedAtMicros: this.nowMicros });
    this.feed({ type: 'broker_connection', connected: true, detail: '' });
    this.reconcile({});
    this.quote(99.99, 100.01);
  }

  cancel(clientOrderId: string, instanceId = 'alpha'): void {
    const rest = { symbol: 'X', reason: 'no longer wanted', causedBy: 1, decidedAtMicros: this.nowMicros };
    const intent = { kind: 'cancel', clientOrderId, instanceId, ...rest } as const;
    this.feed({ type: 'intents', consumer: 'A', intents: [intent] });
  }

  /** The order as strategies were last told of it. */
  told(clientOrderId: string): Order {
    const orders = this.events().flatMap((event) => ('order' in event ? [event.order] : []));
    const order = orders.filter((candidate) => candidate.clientOrderId === clientOrderId).at(-1);
    if (order === undefined) throw new Error(`nothing was told of ${clientOrderId}`);
    return order;
  }

  denial(clientOrderId: string): DenialReason | undefined {
    return this.events().flatMap((event) =>
      event.type === 'denial' && event.denial.clientOrderId === clientOrderId ? [event.denial.reason] : [],
    )[0];
  }

  described(clientOrderId: string, status: OrderStatus, filled: Decimal = ZERO): BrokerOrder {
    const { symbol, side, quantity } = this.told(clientOrderId);
    return {
      brokerOrderId: `broker-${clientOrderId}`,
      clientOrderId,
      symbol,
      side,
      quantity,
      filledQuantity: filled,
      averagePrice: null,
      status,
      rawStatus: status,
      createdAtMicros: this.nowMicros,
      updatedAtMicros: this.nowMicros,
    };
  }

  accept(clientOrderId: string): void {
    this.nowMicros += 1;
    const order = this.described(clientOrderId, 'new');
    this.feed({ type: 'submitted', clientOrderId, outcome: { type: 'accepted', order } });
  }

  execution(clientOrderId: string, quantity: string, price = '100'): Execution {
    this.#executions += 1;
    const { symbol, side } = this.told(clientOrderId);
    return {
      executionId: `execution-${this.#executions}`,
      brokerOrderId: `broker-${clientOrderId}`,
      symbol,
      side,
      quantity: decimal(quantity),
      price: decimal(price),
      fee: ZERO,
      executedAtMicros: this.nowMicros,
    };
  }

  /** The stream's message of an execution that brings the order to its filled quantity and `quantity` more. */
  fillUpdate(clientOrderId: string, quantity: string, price = '100'): TradeUpdate {
    this.nowMicros += 1;
    const { filledQuantity, quantity: whole } = this.told(clientOrderId);
    const filled = add(filledQuantity, decimal(quantity));
    const isFilled = filled === whole;
    return {
      event: isFilled ? 'fill' : 'partial_fill',
      order: this.described(clientOrderId, isFilled ? 'filled' : 'partially_filled', filled),
      execution: this.execution(clientOrderId, quantity, price),
      atMicros: this.nowMicros,
    };
  }

  fill(clientOrderId: string, quantity: string, price = '100'): void {
    this.feed({ type: 'trade_update', update: this.fillUpdate(clientOrderId, quantity, price) });
  }

  update(clientOrderId: string, event: string, status: OrderStatus, filled?: Decimal): void {
    this.nowMicros += 1;
    const order = this.described(clientOrderId, status, filled ?? this.told(clientOrderId).filledQuantity);
    this.feed({ type: 'trade_update', update: { event, order, execution: null, atMicros: this.nowMicros } });
  }

  /** Buys and fills at once. */
  buy(quantity: string, price = '100', changes: Partial<OrderIntent> = {}): string {
    const id = this.order({ quantity: decimal(quantity), ...changes });
    this.accept(id);
    this.fill(id, quantity, price);
    return id;
  }

  reconcile(books: Partial<Extract<DeskInput, { type: 'reconcile' }>>): readonly DeskAction[] {
    const empty = { positions: [], openOrders: [], executions: [] };
    return this.feed({ type: 'reconcile', askedAtMicros: this.nowMicros, ...empty, ...books });
  }

  position(instanceId = 'alpha', symbol = 'X'): Decimal {
    const position = this.machine
      .status()
      .positions.find((candidate) => candidate.instanceId === instanceId && candidate.symbol === symbol);
    return position?.quantity ?? ZERO;
  }

  of<Type extends DeskAction['type']>(type: Type): readonly Extract<DeskAction, { type: Type }>[] {
    return this.actions.filter(
      (action): action is Extract<DeskAction, { type: Type }> => action.type === type,
    );
  }

  events(): readonly DeskEvent[] {
    return this.actions.flatMap((action) =>
      action.type === 'tell' || action.type === 'tell_all' ? [action.event] : [],
    );
  }

  alerts(): readonly string[] {
    return this.of('alert').map(({ code }) => code);
  }

  journal(): readonly JournalEntry[] {
    return this.of('journal').map(({ entry }) => entry);
  }
}
