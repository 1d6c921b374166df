/**
 * The desk's machine and the broker, joined without a wire: what the machine asks for is done at once, and what the
 * broker answers is on its way for the plan's latency.
 */
import type { TradeUpdate } from '../brokers/contract.ts';
import { Fifo } from '../domain/fifo.ts';
import type { Session } from '../domain/market.ts';
import type { Fill, JsonObject, Position } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { DeskAction, DeskInput } from '../execution/contract.ts';
import type { DeskMachine } from '../execution/deskMachine.ts';
import type { NewTrade, OrderRow } from '../models/contract.ts';
import type { DeskEvent } from '../transport/messages.ts';
import type { SimulatedBroker } from './broker.ts';
import { Deliveries, type ExchangeRequest } from './deliveries.ts';

export interface DeskListener {
  /** Told after what the machine has to say about it has been queued. */
  onFill(fill: Fill, position: Position): void;
  onAlert(code: string, message: string, atMicros: EpochMicros): void;
  /** The order as a row of the database, whenever it has changed. */
  onOrder(row: OrderRow): void;
  /** The fill as a row of the database, with the order's reason. */
  onTrade(row: NewTrade): void;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: JsonObject): void;
}

export class DeskSide {
  readonly deliveries = new Deliveries();
  readonly #machine: DeskMachine;
  readonly #broker: SimulatedBroker;
  readonly #latencyMicros: number;
  readonly #listener: DeskListener;
  readonly #inputs = new Fifo<DeskInput>();
  /** Null while there are none; see {@link DeskState.emit} for why. */
  #events: DeskEvent[] | null = null;
  #session: Session;

  constructor(
    parts: {
      readonly machine: DeskMachine;
      readonly broker: SimulatedBroker;
      readonly latencyMicros: number;
      readonly session: Session;
    },
    listener: DeskListener,
  ) {
    this.#machine = parts.machine;
    this.#broker = parts.broker;
    this.#latencyMicros = parts.latencyMicros;
    this.#session = parts.session;
    this.#listener = listener;
  }

  /** What a desk does when it starts: nothing is restored, the account is asked for, the books are compared. */
  start(nowMicros: EpochMicros): void {
    this.feed({ type: 'restore', orders: [], executionIds: [], holdings: [], risk: null });
    this.feed({ type: 'account', account: this.#broker.account(), askedAtMicros: nowMicros });
    this.feed({ type: 'broker_connection', connected: true, detail: '' });
    this.work(nowMicros);
  }

  feed(input: DeskInput): void {
    this.#inputs.push(input);
  }

  get hasWork(): boolean {
    return this.#inputs.size > 0;
  }

  beginSession(session: Session, nowMicros: EpochMicros): void {
    this.#session = session;
    this.feed({ type: 'account', account: this.#broker.account(), askedAtMicros: nowMicros });
    this.feed({ type: 'session', session });
  }

  /** Hands everything fed so far to the machine, and does what it asks for. */
  work(nowMicros: EpochMicros): void {
    for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) {
      for (const action of this.#machine.handle(input, nowMicros)) this.#perform(action, nowMicros);
    }
  }

  /** What the strategies are to be told since the last call. */
  takeEvents(): readonly DeskEvent[] {
    const events = this.#events ?? NO_EVENTS;
    this.#events = null;
    return events;
  }

  /** The exchange has done something; word of it is on its way. */
  onUpdate(update: TradeUpdate): void {
    this.#send(update.atMicros + this.#latencyMicros, { type: 'trade_update', update });
  }

  /** Delivers what is due: to the desk, or to the exchange. False when nothing was. */
  deliver(nowMicros: EpochMicros): boolean {
    const delivery = this.deliveries.takeDue(nowMicros);
    if (delivery === undefined) return false;
    if (delivery.to === 'desk') this.feed(delivery.input);
    else this.#send(nowMicros + this.#latencyMicros, this.#answer(delivery.request, nowMicros));
    return true;
  }

  #answer(request: ExchangeRequest, nowMicros: EpochMicros): DeskInput {
    const { clientOrderId } = request.order;
    if (request.type === 'cancel') {
      return {
        type: 'cancel_answered',
        clientOrderId,
        outcome: this.#broker.cancel(request.order, nowMicros),
      };
    }
    return { type: 'submitted', clientOrderId, outcome: this.#broker.replace(request, nowMicros) };
  }

  #send(dueMicros: EpochMicros, input: DeskInput): void {
    this.deliveries.add({ dueMicros, to: 'desk', input });
  }

  #request(request: ExchangeRequest, nowMicros: EpochMicros): void {
    this.deliveries.add({ dueMicros: nowMicros + this.#latencyMicros, to: 'exchange', request });
  }

  #perform(action: DeskAction, nowMicros: EpochMicros): void {
    switch (action.type) {
      case 'journal':
        return;
      case 'record_order':
        this.#listener.onOrder(action.row);
        return;
      case 'record_trade':
        this.#listener.onTrade(action.row);
        return;
      case 'submit': {
        const { order } = action;
        const expiresMicros = order.extendedHours
          ? this.#session.extendedCloseMicros
          : this.#session.closeMicros;
        const outcome = this.#broker.submit(order, nowMicros, expiresMicros);
        const input = { type: 'submitted', clientOrderId: order.clientOrderId, outcome } as const;
        if (this.#latencyMicros === 0) this.feed(input);
        else this.#send(nowMicros + 2 * this.#latencyMicros, input);
        return;
      }
      case 'cancel':
        this.#request({ type: 'cancel', order: action.order }, nowMicros);
        return;
      case 'replace':
        this.#request({ ...action, decidedMicros: nowMicros }, nowMicros);
        return;
      case 'resolve':
        this.#send(action.atMicros, {
          type: 'resolved',
          clientOrderId: action.clientOrderId,
          order: this.#broker.order(action),
        });
        return;
      case 'refresh_account':
        this.feed({ type: 'account', account: this.#broker.account(), askedAtMicros: nowMicros });
        return;
      case 'reconcile':
        this.feed({
          type: 'reconcile',
          positions: this.#broker.positions(),
          openOrders: this.#broker.openOrders(),
          executions: this.#broker.recentExecutions(),
          askedAtMicros: nowMicros,
        });
        return;
      case 'tell':
      case 'tell_all':
        if (this.#events === null) this.#events = [action.event];
        else this.#events.push(action.event);
        if (action.event.type === 'fill') this.#listener.onFill(action.event.fill, action.event.position);
        return;
      case 'alert':
        this.#listener.onAlert(action.code, action.message, nowMicros);
        return;
      case 'log':
        this.#listener.log(action.level, action.message, action.fields);
        return;
    }
  }
}

const NO_EVENTS: readonly DeskEvent[] = [];
