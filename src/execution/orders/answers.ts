/** What the broker says of single orders: answers to requests, answers to questions, events of its stream. */
import type {
  BrokerOrder,
  CancelOutcome,
  Revision,
  SubmitOutcome,
  TradeUpdate,
} from '../../brokers/contract.ts';
import { unreachable } from '../../domain/assert.ts';
import { formatDecimal } from '../../domain/decimal.ts';
import { MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import type { DeskState } from '../state.ts';
import { Exits } from './exits.ts';
import { type AppliedFill, announceFill, bookExecution, bookRevision } from './fills.ts';
import type { TrackedOrder } from './orderState.ts';
import type { Placing } from './placing.ts';
import { Successors } from './successors.ts';

/** Between tries of a cancel that did not get through. */
const CANCEL_RETRY_MS = 1_000;
/** After this many questions for missing fills a person is told. */
const MISSING_FILLS_ALERT = 4;
/** Orders of others that were alerted once are not alerted again; beyond this many the memory starts anew. */
const FOREIGN_ORDERS_MAX = 10_000;
/** The broker changed history: a person must look. */
const ALARMING_EVENTS: ReadonlySet<string> = new Set(['trade_bust', 'trade_correct', 'restated']);
/** Every event of Alpaca's stream (reference: trade updates). Others are merged as well, and logged. */
const KNOWN_EVENTS: ReadonlySet<string> = new Set([
  ...ALARMING_EVENTS,
  'accepted',
  'pending_new',
  'new',
  'partial_fill',
  'fill',
  'canceled',
  'expired',
  'done_for_day',
  'replaced',
  'rejected',
  'stopped',
  'pending_cancel',
  'pending_replace',
  'order_cancel_rejected',
  'order_replace_rejected',
  'calculated',
  'suspended',
  'held',
]);

export class Answers {
  readonly #state: DeskState;
  readonly #placing: Placing;
  readonly exits: Exits;
  readonly #successors: Successors;
  readonly #foreignOrderIds = new Set<string>();

  constructor(state: DeskState, placing: Placing) {
    this.#state = state;
    this.#placing = placing;
    this.exits = new Exits(state, this);
    this.#successors = new Successors(state, this);
  }

  onSubmitted(clientOrderId: string, outcome: SubmitOutcome): void {
    const tracked = this.#state.orders.find(clientOrderId);
    if (tracked === undefined) return;
    tracked.isAnswerDue = false;
    // An order that has ended is only brought back by the broker's own word for it.
    if (tracked.isEnded && outcome.type !== 'accepted') return;
    switch (outcome.type) {
      case 'accepted':
        this.merge(tracked, outcome.order);
        return;
      case 'refused':
        // The refusal of a repeated request may be about the repetition: what became of the first must be asked.
        if (tracked.sends > 1) this.#doubt(tracked, outcome.message);
        else this.#reject(tracked, outcome.message, outcome.httpStatus);
        return;
      case 'not_sent':
        if (tracked.sends > 1) this.#doubt(tracked, outcome.message);
        else this.#end(tracked, 'not_sent', outcome.message);
        return;
      case 'unknown':
        this.#doubt(tracked, outcome.message);
        return;
      default:
        unreachable(outcome);
    }
  }

  onCancelAnswered(clientOrderId: string, outcome: CancelOutcome): void {
    const tracked = this.#state.orders.find(clientOrderId);
    if (tracked === undefined || tracked.isEnded) return;
    switch (outcome.type) {
      case 'requested':
        return;
      case 'not_open':
      case 'refused':
        this.ask(tracked);
        return;
      case 'not_sent':
      case 'unknown':
        tracked.cancelDueMicros = this.#state.nowMicros + CANCEL_RETRY_MS * MICROS_PER_MILLISECOND;
        return;
      default:
        unreachable(outcome);
    }
  }

  onResolved(clientOrderId: string, order: BrokerOrder | null): void {
    const tracked = this.#state.orders.find(clientOrderId);
    if (tracked === undefined) return;
    tracked.isAsked = false;
    if (order !== null) this.merge(tracked, order);
    else if (tracked.isEnded && this.#successors.findByPredecessor(tracked)) return;
    else if (tracked.isEnded) this.#watchEnded(tracked);
    else this.#onAbsent(tracked);
  }

  onResolveFailed(clientOrderId: string): void {
    const tracked = this.#state.orders.find(clientOrderId);
    if (tracked === undefined) return;
    tracked.isAsked = false;
    if (tracked.isEnded) this.#watchEnded(tracked);
    else this.ask(tracked);
  }

  #watchEnded(tracked: TrackedOrder): void {
    this.watchLateArrival(tracked);
    this.exits.tend(tracked);
  }

  onTradeUpdate(update: TradeUpdate): void {
    const state = this.#state;
    const { order: described, event, execution } = update;
    const tracked =
      state.orders.find(described.clientOrderId) ?? state.orders.findByBrokerId(described.brokerOrderId);
    if (tracked === undefined) {
      if (!this.exits.mayBe(described)) this.reportForeign(described);
      return;
    }
    if (!KNOWN_EVENTS.has(event)) {
      state.log('warn', 'an event of the broker that this version does not know', {
        event,
        clientOrderId: described.clientOrderId,
        status: described.rawStatus,
      });
    }
    if (event === 'order_cancel_rejected') this.#onCancelRejected(tracked, event);
    if (event === 'order_replace_rejected') this.#successors.onRefused(tracked);
    const revised = update.revision === undefined ? [] : this.#revise(tracked, update.revision, described);
    tracked.noteReported(described.filledQuantity, described.updatedAtMicros);
    const applied = execution === null ? null : bookExecution(state, tracked, execution);
    const hasChanged = tracked.mergeBroker(described, event, state.nowMicros);
    const fills = applied === null ? revised : [...revised, applied];
    if (fills.length > 0) {
      state.recordOrder(tracked);
      for (const fill of fills) announceFill(state, tracked, fill);
      state.emit({ type: 'refresh_account' });
      state.gate.watchLoss();
    } else if (hasChanged) {
      state.publishOrder(tracked);
    }
    this.#successors.onReplaced(tracked, described);
    this.exits.learn(tracked, described);
    if (event === 'rejected') this.#alertReject(tracked, described.rawStatus);
    if (ALARMING_EVENTS.has(event)) this.#alertHistory(tracked, event);
    this.#settle(tracked);
  }

  /** Merges a description that came as an answer, and does what follows from it. */
  merge(tracked: TrackedOrder, described: BrokerOrder): void {
    if (tracked.mergeBroker(described, null, this.#state.nowMicros)) this.#state.publishOrder(tracked);
    this.#successors.onReplaced(tracked, described);
    this.exits.learn(tracked, described);
    this.#settle(tracked);
  }

  /** Asks the broker what became of an order, later with every question that led to nothing. */
  ask(tracked: TrackedOrder): void {
    if (tracked.isAsked) return;
    const { resolveDelayMs, resolveDelayMaxMs } = this.#state.config.policy;
    const delayMs = Math.min(resolveDelayMs * 2 ** tracked.questions, resolveDelayMaxMs);
    tracked.isAsked = true;
    tracked.questions += 1;
    this.#state.emit({
      type: 'resolve',
      clientOrderId: tracked.order.clientOrderId,
      brokerOrderId: tracked.isNamedByBroker ? tracked.order.brokerOrderId : null,
      atMicros: this.#state.nowMicros + delayMs * MICROS_PER_MILLISECOND,
    });
  }

  /** An order that was given up may reach the broker all the same: it is asked for until that cannot be any more. */
  watchLateArrival(tracked: TrackedOrder): void {
    const { nowMicros, config } = this.#state;
    const { status, createdAtMicros, replaces } = tracked.order;
    const sentAtMicros = tracked.sentAtMicros ?? createdAtMicros;
    // A replacement that is refused because it is there already looks like one that is refused.
    const isInDoubt = status === 'not_sent' || (status === 'rejected' && replaces !== undefined);
    const { lateArrivalMs, absentAfterMs } = config.policy;
    const watchedMs = status === 'not_sent' ? lateArrivalMs : absentAfterMs;
    const isOver = nowMicros - sentAtMicros > watchedMs * MICROS_PER_MILLISECOND;
    if (isInDoubt && !tracked.isKnownToBroker && !isOver) this.ask(tracked);
  }

  /** An order that is not ours is reported once, and left alone. */
  reportForeign(described: BrokerOrder): void {
    if (this.#foreignOrderIds.has(described.brokerOrderId)) return;
    if (this.#foreignOrderIds.size >= FOREIGN_ORDERS_MAX) this.#foreignOrderIds.clear();
    this.#foreignOrderIds.add(described.brokerOrderId);
    const message = `an order for ${described.symbol} that this desk did not send: left alone`;
    this.#state.alert('warning', 'foreign_order', message, {
      brokerOrderId: described.brokerOrderId,
      clientOrderId: described.clientOrderId,
      symbol: described.symbol,
      side: described.side,
      status: described.rawStatus,
    });
  }

  /** Answers that do not come in time: the order's fate is unknown, the cancel is asked for again. */
  onTick(): void {
    const { orders, nowMicros, config } = this.#state;
    for (const tracked of orders.open()) {
      if (tracked.isWaiting) {
        this.#placing.releaseWaiting(tracked.order.symbol);
      } else if (tracked.order.status === 'submitting') {
        const sentAtMicros = tracked.sentAtMicros ?? tracked.order.createdAtMicros;
        if (nowMicros - sentAtMicros > config.submitTimeoutMs * MICROS_PER_MILLISECOND) {
          this.#doubt(tracked, `no answer within ${config.submitTimeoutMs} ms`);
        }
      } else if (tracked.cancelDueMicros !== null && nowMicros >= tracked.cancelDueMicros) {
        this.#onCancelOverdue(tracked);
      }
    }
    this.#watchMissingFills();
  }

  /** An answer may know of fills whose events are still on their way: only those that stay away are asked for. */
  #watchMissingFills(): void {
    const { orders, nowMicros, config } = this.#state;
    const { missingFillsDelayMs, missingFillsDelayMaxMs } = config.policy;
    for (const tracked of orders.incomplete()) {
      const isDue = tracked.missingDueMicros !== null && nowMicros >= tracked.missingDueMicros;
      if (tracked.missingDueMicros !== null && !isDue) continue;
      const delayMs = Math.min(missingFillsDelayMs * 2 ** tracked.missingQuestions, missingFillsDelayMaxMs);
      tracked.missingDueMicros = nowMicros + delayMs * MICROS_PER_MILLISECOND;
      if (!isDue) continue;
      tracked.missingQuestions += 1;
      const { clientOrderId, symbol } = tracked.order;
      const missing = formatDecimal(tracked.missing);
      this.#state.emit({
        type: 'reconcile',
        reason: `${missing} of ${clientOrderId} missing`,
        isUrgent: false,
      });
      if (tracked.missingQuestions !== MISSING_FILLS_ALERT) continue;
      const message = `${symbol}: the broker counts ${missing} more as filled than its executions tell`;
      this.#state.alert('critical', 'fills_missing', message, { clientOrderId, symbol, missing });
    }
  }

  #onCancelOverdue(tracked: TrackedOrder): void {
    if (!tracked.isCancelSent) {
      this.#placing.sendCancel(tracked);
      return;
    }
    if (!tracked.isAlerted) {
      tracked.isAlerted = true;
      const message = `a cancel has not been carried out: ${tracked.order.symbol}`;
      this.#state.alert('warning', 'cancel_overdue', message, {
        clientOrderId: tracked.order.clientOrderId,
        status: tracked.order.status,
      });
    }
    this.#placing.sendCancel(tracked);
    this.ask(tracked);
  }

  #settle(tracked: TrackedOrder): void {
    this.#state.orders.update(tracked);
    this.#placing.sendCancel(tracked);
    this.exits.tend(tracked);
    this.#placing.releaseWaiting(tracked.order.symbol);
  }

  #doubt(tracked: TrackedOrder, why: string): void {
    if (tracked.isKnownToBroker) return;
    if (tracked.setLocal('unknown', why, this.#state.nowMicros)) this.#state.publishOrder(tracked);
    const { clientOrderId, symbol } = tracked.order;
    this.#state.log('warn', 'an order of unknown fate', { clientOrderId, symbol, why });
    this.ask(tracked);
  }

  #onAbsent(tracked: TrackedOrder): void {
    const state = this.#state;
    const { policy } = state.config;
    if (tracked.isKnownToBroker) {
      this.ask(tracked);
      return;
    }
    const sentAtMicros = tracked.sentAtMicros ?? tracked.order.createdAtMicros;
    if (state.nowMicros - sentAtMicros < policy.absentAfterMs * MICROS_PER_MILLISECOND) {
      this.ask(tracked);
      return;
    }
    if (this.#successors.findByPredecessor(tracked)) return;
    const ageMs = (state.nowMicros - tracked.order.createdAtMicros) / MICROS_PER_MILLISECOND;
    const mayTrade = tracked.order.reduceOnly || state.gate.riskState === 'active';
    const isRepeatable = tracked.order.replaces === undefined && !tracked.isRestored;
    const isWanted = tracked.cancelReason === null && !state.isStopping && isRepeatable;
    if (isWanted && mayTrade && ageMs <= policy.resendAgeMaxMs) {
      // Under the same id: should the first have arrived after all, the broker refuses the second.
      tracked.setLocal('submitting', null, state.nowMicros);
      tracked.questions = 0;
      this.#placing.send(tracked, state.risk.resend(tracked.order));
    } else {
      this.#end(tracked, 'not_sent', 'the broker does not know it');
      this.watchLateArrival(tracked);
    }
  }

  #reject(tracked: TrackedOrder, message: string, httpStatus: number): void {
    if (tracked.isKnownToBroker) return;
    this.#end(tracked, 'rejected', message);
    this.#alertReject(tracked, `${httpStatus} ${message}`);
    this.watchLateArrival(tracked);
  }

  #end(tracked: TrackedOrder, status: 'rejected' | 'not_sent', why: string): void {
    if (tracked.setLocal(status, why, this.#state.nowMicros)) this.#state.publishOrder(tracked);
    this.exits.tend(tracked);
    this.#placing.releaseWaiting(tracked.order.symbol);
  }

  #alertReject(tracked: TrackedOrder, why: string): void {
    const { clientOrderId, symbol } = tracked.order;
    // The account may say why: blocked, suspended, its money tied up.
    this.#state.emit({ type: 'refresh_account' });
    this.#state.alert('warning', 'order_rejected', `${symbol}: the broker refused an order: ${why}`, {
      clientOrderId,
      symbol,
      why,
    });
  }

  #onCancelRejected(tracked: TrackedOrder, event: string): void {
    const { clientOrderId, symbol } = tracked.order;
    tracked.cancelReason = null;
    tracked.cancelDueMicros = null;
    this.#state.alert('warning', 'cancel_rejected', `${symbol}: the order lives on, its cancel was refused`, {
      clientOrderId,
      event,
    });
  }

  #revise(tracked: TrackedOrder, revision: Revision, described: BrokerOrder): readonly AppliedFill[] {
    const state = this.#state;
    const revised = bookRevision(state, tracked, revision, described);
    if (revised !== null) return revised;
    const { clientOrderId, symbol } = tracked.order;
    const message = `${symbol}: the broker took an execution back that is not known any more: compare by hand`;
    state.alert('critical', 'revision_unknown', message, {
      clientOrderId,
      executionId: revision.previousExecutionId,
    });
    return [];
  }

  #alertHistory(tracked: TrackedOrder, event: string): void {
    const { clientOrderId, symbol } = tracked.order;
    const message = `${symbol}: the broker changed an order or an execution (${event}); compare by hand`;
    this.#state.alert('critical', 'history_changed', message, { clientOrderId, event });
    this.#state.emit({ type: 'reconcile', reason: event, isUrgent: false });
  }
}
