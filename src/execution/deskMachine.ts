/**
 * The desk as a machine: one input in, the actions it leads to out. It reads no clock, no file and no socket, so live,
 * paper, backtest and replay run this same code, and the same inputs always lead to the same actions.
 */
import { unreachable } from '../domain/assert.ts';
import { decimal } from '../domain/decimal.ts';
import type { Session } from '../domain/market.ts';
import type { Order } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { HoldingRow } from '../models/contract.ts';
import type { Batch } from '../tape/batch.ts';
import type { DeskEvent, DeskStatus, Unit, UnitState } from '../transport/messages.ts';
import { Reconciliation } from './books/reconciliation.ts';
import { Strays } from './books/strays.ts';
import type { DeskAction, DeskInput, DeskMachineConfig, KeptOrder } from './contract.ts';
import { Answers } from './orders/answers.ts';
import { deskOrderer, Liquidation } from './orders/liquidation.ts';
import { TrackedOrder } from './orders/orderState.ts';
import { Placing } from './orders/placing.ts';
import { Sequences } from './orders/sequences.ts';
import { unrealizedOf } from './risk/dailyLoss.ts';
import { MarketRows } from './risk/marketRows.ts';
import { DeskState } from './state.ts';

/** A universe's unit stands for all its symbols. */
const ALL_SYMBOLS = '*';

export class DeskMachine {
  readonly #state: DeskState;
  readonly #placing: Placing;
  readonly #answers: Answers;
  readonly #reconciliation: Reconciliation;
  readonly #liquidation: Liquidation;
  readonly #sequences = new Sequences();

  constructor(config: DeskMachineConfig) {
    this.#state = new DeskState(config);
    this.#placing = new Placing(this.#state);
    this.#answers = new Answers(this.#state, this.#placing);
    this.#liquidation = new Liquidation(this.#state, this.#placing);
    this.#reconciliation = new Reconciliation(this.#state, {
      placing: this.#placing,
      answers: this.#answers,
      strays: new Strays(this.#state, this.#liquidation),
    });
  }

  /** For the batches of one market port; see {@link takeMarket}. */
  marketRows(): MarketRows {
    return new MarketRows(this.#state.prices);
  }

  /** Takes a batch of the market. Prices lead to nothing by themselves: what they mean is seen at the next input. */
  takeMarket(rows: MarketRows, batch: Batch, nowMicros: EpochMicros): void {
    this.#state.nowMicros = Math.max(this.#state.nowMicros, nowMicros);
    rows.take(batch);
  }

  /** Takes the input and answers what must be done about it, in order. `nowMicros` never goes back. */
  handle(input: DeskInput, nowMicros: EpochMicros): readonly DeskAction[] {
    const state = this.#state;
    state.nowMicros = Math.max(state.nowMicros, nowMicros);
    switch (input.type) {
      case 'quote':
        state.prices.quote(input.symbol, input.bidPrice, input.askPrice, input.atMicros);
        break;
      case 'trade':
        state.prices.trade(input.symbol, input.price, input.atMicros);
        break;
      case 'trading_status':
        state.prices.setStatus(input.symbol, input.status);
        break;
      case 'intents':
        for (const intent of input.intents) this.#sequences.note(intent);
        this.#placing.onIntents(input.consumer, input.intents);
        break;
      case 'handover':
        state.handOver(input.handover);
        break;
      case 'submitted':
        this.#answers.onSubmitted(input.clientOrderId, input.outcome);
        this.#bookOrphansOf(input.clientOrderId);
        break;
      case 'cancel_answered':
        this.#answers.onCancelAnswered(input.clientOrderId, input.outcome);
        break;
      case 'resolved':
        this.#answers.onResolved(input.clientOrderId, input.order);
        if (input.order !== null) this.#reconciliation.lost.onDescribed(input.order);
        this.#bookOrphansOf(input.clientOrderId);
        break;
      case 'resolve_failed':
        this.#answers.onResolveFailed(input.clientOrderId);
        break;
      case 'trade_update':
        this.#answers.onTradeUpdate(input.update);
        this.#bookOrphansOf(input.update.order.clientOrderId, input.update.order.brokerOrderId);
        break;
      case 'account':
        state.account = input.account;
        state.commitments.onAccount(state.orders, input.askedAtMicros);
        state.gate.onAccount();
        state.tellAccount();
        break;
      case 'reconcile':
        this.#reconciliation.onBooks(input);
        break;
      case 'broker_connection':
        this.#onConnection(input.connected, input.detail);
        break;
      case 'session':
        this.#onSession(input.session);
        break;
      case 'instances':
        state.learn(input.instances);
        state.portfolios.begin(input.portfolios);
        break;
      case 'funds':
        state.portfolios.onFunds(input.portfolios);
        break;
      case 'instruments':
        state.instruments = new Map(input.instruments.map((instrument) => [instrument.symbol, instrument]));
        break;
      case 'restore':
        this.#onRestore(input);
        break;
      case 'command':
        this.#onCommand(input);
        break;
      case 'tick':
        this.#answers.onTick();
        this.#liquidation.onTick();
        state.gate.watchLoss();
        break;
      default:
        unreachable(input);
    }
    return state.take();
  }

  /** All of {@link DeskStatus} that the machine knows; rows that wait for the database are the desk's to count. */
  status(): Omit<DeskStatus, 'rowsWaiting'> {
    const state = this.#state;
    return {
      riskState: state.gate.riskState,
      riskReason: state.gate.riskReason,
      brokerConnected: state.isConnected,
      reconciled: state.isReconciled,
      account: state.account,
      positions: state.positions.all().map((position) => ({
        ...position,
        marketPrice: state.prices.mark(position.symbol),
        unrealizedPnl: unrealizedOf(position, state.prices),
      })),
      openOrders: this.#openOrders(),
      recentFills: [...state.recentFills],
      portfolios: state.portfolios.all(state),
      ordersSubmitted: state.ordersSubmitted,
      denials: state.denials,
    };
  }

  /** For a consumer that was just attached; null before the broker has described the account. */
  accountEvent(): DeskEvent | null {
    return this.#state.accountEvent();
  }

  /** What a consumer needs to go on with units where they are. */
  unitStates(units: readonly Unit[]): readonly UnitState[] {
    return units.map((unit) => {
      const isOfUnit = (of: { readonly instanceId: string; readonly symbol: string }) =>
        of.instanceId === unit.instanceId && (unit.symbol === ALL_SYMBOLS || of.symbol === unit.symbol);
      return {
        ...unit,
        orderSequence: this.#sequences.last(unit, this.#state.config.batchId),
        positions: this.#state.positions.all().filter(isOfUnit),
        openOrders: this.#openOrders().filter(isOfUnit),
      };
    });
  }

  /** The broker's books have been compared since the connection is up. */
  get isReconciled(): boolean {
    return this.#state.isReconciled;
  }

  openOrderCount(): number {
    return this.#state.orders.openCount;
  }

  #openOrders(): readonly Order[] {
    return this.#state.orders.open().map((tracked) => tracked.order);
  }

  #bookOrphansOf(clientOrderId: string, brokerOrderId = ''): void {
    if (!this.#reconciliation.hasOrphans) return;
    const { orders } = this.#state;
    const tracked = orders.find(clientOrderId) ?? orders.findByBrokerId(brokerOrderId);
    if (tracked === undefined) return;
    for (const known of [tracked, ...tracked.exits]) this.#reconciliation.onOrderKnown(known);
  }

  #onConnection(isConnected: boolean, detail: string): void {
    const state = this.#state;
    const wasConnected = state.isConnected;
    state.isConnected = isConnected;
    if (isConnected) {
      state.connectedAtMicros = state.nowMicros;
      state.emit({ type: 'reconcile', reason: 'the trade-updates stream is listening', isUrgent: true });
      if (!wasConnected) state.log('info', 'trade updates are connected', {});
      return;
    }
    state.isReconciled = false;
    if (!wasConnected) return;
    state.alert(
      'warning',
      'broker_disconnected',
      `trade updates are down: no new risk is taken. ${detail}`,
      {},
    );
    state.tellAccount();
  }

  #onSession(session: Session): void {
    const state = this.#state;
    const isNew = state.session?.openMicros !== session.openMicros;
    state.session = session;
    if (isNew) state.gate.beginSession();
  }

  #onRestore(input: Extract<DeskInput, { type: 'restore' }>): void {
    const state = this.#state;
    for (const executionId of input.executionIds) state.executionIds.add(executionId);
    state.portfolios.begin(input.portfolios ?? []);
    for (const row of input.holdings) this.#restoreHolding(row);
    for (const kept of input.orders) this.#restoreOrder(kept);
    for (const tracked of state.orders.all()) this.#answers.exits.tend(tracked);
    state.gate.restore(input.risk);
    this.#liquidation.restore(input.closing ?? []);
  }

  #restoreHolding(row: HoldingRow): void {
    const run = this.#state.runOf(row.instanceId, row.symbol);
    if (run === undefined) {
      const message = `${row.qty} ${row.symbol} are held by ${row.instanceId}, which the plan no longer has`;
      this.#state.alert('warning', 'orphan_holding', message, {
        instanceId: row.instanceId,
        symbol: row.symbol,
      });
    }
    this.#state.positions.restore({
      instanceId: row.instanceId,
      algoRunId: run?.algoRunId ?? '',
      symbol: row.symbol,
      quantity: decimal(row.qty),
      averagePrice: decimal(row.avgPrice),
      realizedPnl: decimal(row.realizedPnl),
      fees: decimal('0'),
    });
  }

  #restoreOrder(kept: KeptOrder): void {
    const state = this.#state;
    const { order, batchId } = kept;
    const tracked = new TrackedOrder(order, batchId, kept.reportedFilled);
    tracked.isRestored = true;
    state.portfolios.reserve(order, state.risk.costOf(order, state));
    const isExit = order.parent !== undefined && order.replaces === undefined;
    tracked.isNamedByBroker = isExit && order.brokerOrderId !== null;
    if (kept.isCancelWanted) tracked.cancelReason = 'a cancel was asked for before the restart';
    state.orders.add(tracked);
    this.#sequences.noteOrder(order);
    if (
      batchId === state.config.batchId &&
      order.clientOrderId.includes(`.${deskOrderer(order.instanceId)}.`)
    ) {
      this.#liquidation.restoreSequence(order.instanceId, order.symbol, Sequences.of(order.clientOrderId));
    }
    if (order.status === 'approved') {
      tracked.setLocal('not_sent', 'the desk ended before it was sent', state.nowMicros);
      state.publishOrder(tracked);
    } else if (order.status === 'submitting' || order.status === 'unknown') {
      tracked.sends = 1;
      tracked.sentAtMicros = order.createdAtMicros;
      tracked.setLocal('unknown', 'the desk ended before the answer came', state.nowMicros);
      state.publishOrder(tracked);
      this.#answers.ask(tracked);
    } else {
      this.#answers.watchLateArrival(tracked);
    }
  }

  #onCommand(input: Extract<DeskInput, { type: 'command' }>): void {
    const state = this.#state;
    const { command, reason, instanceIds } = input;
    state.log('warn', command, { reason });
    switch (command) {
      case 'halt':
        state.gate.halt(reason);
        this.#cancelResting(reason);
        return;
      case 'resume':
        state.gate.resume();
        return;
      case 'liquidate':
        state.gate.liquidated(instanceIds ?? [...state.instances.keys()], `liquidated: ${reason}`);
        this.#liquidation.liquidate(instanceIds, reason);
        return;
      case 'stop':
        state.isStopping = true;
        this.#cancelResting(reason);
        return;
      default:
        unreachable(command);
    }
  }

  /** All but closing orders at the market, which end by themselves. */
  #cancelResting(reason: string): void {
    for (const tracked of this.#state.orders.open()) {
      const isClosing = tracked.order.reduceOnly && tracked.order.type === 'market' && !tracked.isWaiting;
      if (!isClosing) this.#placing.requestCancel(tracked, reason);
    }
  }
}
