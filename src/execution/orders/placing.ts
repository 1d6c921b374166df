/** Intents become orders: judged by risk, written down, sent; or denied, and the strategy told why. */
import { ZERO } from '../../domain/decimal.ts';
import {
  type CancelIntent,
  type DenialReason,
  exitsOf,
  type Intent,
  type OrderIntent,
  type ReplaceIntent,
} from '../../domain/order.ts';
import { MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import type { ApprovedOrder } from '../contract.ts';
import { OrderRate } from '../risk/rate.ts';
import type { RiskView } from '../risk/risk.ts';
import type { DeskState } from '../state.ts';
import { denialText } from './denials.ts';
import { TrackedOrder } from './orderState.ts';
import { pendingOf } from './orders.ts';
import { barredStatus, changeFault, replacementOf } from './replacing.ts';
import { inTheWayOf } from './washTrade.ts';

/** Denied orders written to the table; a strategy in a loop would otherwise fill it. The log has them all. */
export const DENIED_ROWS_PER_MINUTE_MAX = 600;

/** Exits that the broker cancels with another order are canceled by themselves when they are still there after this. */
const CANCEL_ALONG_MS = 1_000;

export class Placing {
  readonly #state: DeskState;
  readonly #deniedRows = new OrderRate();

  constructor(state: DeskState) {
    this.#state = state;
  }

  onIntents(consumer: string, intents: readonly Intent[]): void {
    for (const intent of intents) {
      this.#state.rememberConsumer(intent.instanceId, intent.symbol, consumer);
      if (intent.kind === 'order') this.place(intent);
      else if (intent.kind === 'replace') this.#replace(intent);
      else this.#cancel(intent);
    }
  }

  /** Answers whether it became an order. */
  place(intent: OrderIntent): boolean {
    const state = this.#state;
    const verdict = state.risk.check(intent, this.#view(intent), state.nowMicros);
    switch (verdict.type) {
      case 'denied':
        this.#deny(intent, verdict.reason);
        return false;
      case 'wait': {
        const tracked = new TrackedOrder(verdict.order, state.config.batchId);
        tracked.isWaiting = true;
        state.orders.add(tracked);
        state.publishOrder(tracked);
        for (const other of verdict.inTheWay) {
          // One that closes a position too ends by itself: two that canceled each other would never come to an end.
          if (other.order.reduceOnly && other.order.type === 'market') continue;
          this.requestCancel(other, `in the way of ${intent.clientOrderId}, which reduces a position`);
        }
        return true;
      }
      case 'approved': {
        const tracked = new TrackedOrder(verdict.order, state.config.batchId);
        state.orders.add(tracked);
        if (verdict.committed > ZERO) state.commitments.commit(intent.clientOrderId, verdict.committed);
        state.portfolios.reserve(verdict.order, verdict.reserved);
        this.send(tracked, verdict.order);
        return true;
      }
    }
  }

  /** Writes the order down and sends it, or asks for it in the place of another. */
  send(tracked: TrackedOrder, order: ApprovedOrder): void {
    const state = this.#state;
    tracked.sends += 1;
    tracked.sentAtMicros = state.nowMicros;
    state.rate.add(state.nowMicros);
    state.rateOf(tracked.order.instanceId).add(state.nowMicros);
    state.symbolRateOf(tracked.order.symbol)?.add(state.nowMicros);
    state.ordersSubmitted += 1;
    tracked.isAnswerDue = true;
    state.orders.update(tracked);
    state.journalOrder(tracked);
    const exits = tracked.exits.length === 0 ? this.#addExits(tracked) : NO_EXITS;
    const replaced = tracked.predecessor;
    if (replaced === null) state.emit({ type: 'submit', order });
    else state.emit({ type: 'replace', order, replaced: replaced.order });
    state.recordRow(tracked.order, tracked.batchId);
    state.tell(tracked.order, { type: 'order', order: tracked.order });
    for (const exit of exits) {
      state.recordRow(exit.order, exit.batchId);
      state.tell(exit.order, { type: 'order', order: exit.order });
    }
  }

  /** The exits that an order comes with are known, and written down, before it is sent. */
  #addExits(tracked: TrackedOrder): readonly TrackedOrder[] {
    const state = this.#state;
    if (tracked.order.exits === undefined) return NO_EXITS;
    return exitsOf(tracked.order).map((order) => {
      const exit = new TrackedOrder(order, tracked.batchId);
      state.orders.add(exit);
      state.journalOrder(exit);
      return exit;
    });
  }

  /** Wants an order gone: at once when it was never sent, else as soon as the broker knows it. */
  requestCancel(tracked: TrackedOrder, reason: string): void {
    if (tracked.isEnded || tracked.cancelReason !== null) return;
    tracked.cancelReason = reason;
    // While one takes the other's place they are one order under two ids.
    for (const other of [tracked.predecessor, ...tracked.successors, ...tracked.exits]) {
      if (other !== null) this.requestCancel(other, reason);
    }
    if (tracked.isWaiting) {
      tracked.isWaiting = false;
      tracked.setLocal('canceled', reason, this.#state.nowMicros);
      this.#state.publishOrder(tracked);
      return;
    }
    this.#state.journalOrder(tracked);
    this.sendCancel(tracked);
  }

  /** Sends a wanted cancel when the broker knows the order and it was not sent yet, or is due again. */
  sendCancel(tracked: TrackedOrder): void {
    const { nowMicros, config } = this.#state;
    if (tracked.cancelReason === null || tracked.isEnded || !tracked.isKnownToBroker) return;
    if (tracked.cancelDueMicros !== null && nowMicros < tracked.cancelDueMicros) return;
    if (goesAlong(tracked)) {
      tracked.cancelDueMicros = nowMicros + CANCEL_ALONG_MS * MICROS_PER_MILLISECOND;
      return;
    }
    tracked.isCancelSent = true;
    tracked.cancelDueMicros = nowMicros + config.policy.cancelOverdueMs * MICROS_PER_MILLISECOND;
    this.#state.emit({ type: 'cancel', order: tracked.order });
  }

  /** Lets reducing orders go whose way has become free, or that have waited long enough. */
  releaseWaiting(symbol: string): void {
    const state = this.#state;
    if (!hasWaiting(state.orders.live(symbol))) return;
    for (const tracked of [...state.orders.live(symbol)]) {
      if (!tracked.isWaiting) continue;
      const pending = pendingOf(state.orders, tracked.order.instanceId, symbol);
      const isCanceling =
        pending.cancelingBuys > ZERO ||
        pending.cancelingSells > ZERO ||
        inTheWayOf(tracked.order, state.orders).length > 0;
      const waitedMs = (state.nowMicros - tracked.order.createdAtMicros) / MICROS_PER_MILLISECOND;
      if (isCanceling && waitedMs < state.config.policy.cancelWaitMs) continue;
      const order = state.risk.release(tracked.order, state);
      if (order !== null) {
        tracked.release(order);
        this.send(tracked, order);
      } else if (!isCanceling) {
        tracked.isWaiting = false;
        tracked.setLocal('canceled', 'nothing is left to close', state.nowMicros);
        state.publishOrder(tracked);
      }
    }
  }

  #replace(intent: ReplaceIntent): void {
    const { replaces } = intent;
    const old = this.#state.orders.find(replaces);
    if (old === undefined || old.order.instanceId !== intent.instanceId) {
      this.#tellDenial(intent, { code: 'unknown_order', clientOrderId: replaces });
      return;
    }
    const asked = replacementOf(old.order, intent);
    const status = barredStatus(old);
    const fault = changeFault(old.order, intent.changes);
    if (fault !== undefined) this.#deny(asked, { code: 'invalid', detail: fault });
    else if (status === null) this.place(asked);
    else this.#deny(asked, { code: 'not_replaceable', clientOrderId: replaces, status });
  }

  #cancel(intent: CancelIntent): void {
    const tracked = this.#state.orders.find(intent.clientOrderId);
    if (tracked === undefined || tracked.order.instanceId !== intent.instanceId) {
      this.#tellDenial(intent, { code: 'unknown_order', clientOrderId: intent.clientOrderId });
    } else if (tracked.isEnded) {
      // The strategy did not know yet.
      this.#state.tell(tracked.order, { type: 'order', order: tracked.order });
    } else {
      this.requestCancel(tracked, intent.reason);
    }
  }

  #view(intent: OrderIntent): RiskView {
    const state = this.#state;
    return {
      orders: state.orders,
      positions: state.positions,
      prices: state.prices,
      account: state.account,
      instruments: state.instruments,
      committed: state.commitments.total,
      ordersLastMinute: state.rate.count(state.nowMicros),
      riskState: state.gate.riskState,
      riskReason: state.gate.riskReason,
      dailyLoss: state.gate.barringLoss,
      isStopping: state.isStopping,
      isReconciled: state.hasReconciled,
      gate: state.gate.gateOf(intent.instanceId),
      drawdown: state.gate.drawdown,
      portfolio: state.portfolios.viewOf(intent.instanceId, state),
      symbolOrdersLastMinute: state.symbolRateOf(intent.symbol)?.count(state.nowMicros) ?? 0,
      strategyOrdersLastMinute: state.rateOf(intent.instanceId).count(state.nowMicros),
    };
  }

  #deny(intent: OrderIntent, reason: DenialReason): void {
    const state = this.#state;
    this.#tellDenial(intent, reason);
    // A duplicate's row is that of the order it repeats.
    if (reason.code === 'duplicate') return;
    if (this.#deniedRows.count(state.nowMicros) >= DENIED_ROWS_PER_MINUTE_MAX) return;
    this.#deniedRows.add(state.nowMicros);
    const order = state.risk.denied(intent, denialText(reason), state.nowMicros);
    state.recordRow(order, state.config.batchId);
  }

  #tellDenial(intent: Intent, reason: DenialReason): void {
    const state = this.#state;
    const { clientOrderId, instanceId, symbol } = intent;
    state.denials += 1;
    state.tell(intent, { type: 'denial', denial: { clientOrderId, instanceId, symbol, reason } });
    state.log('info', 'intent denied', { clientOrderId, instanceId, symbol, reason: denialText(reason) });
  }
}

/** Asked twice an order, and seldom so: the list to go through is only made then. */
function hasWaiting(orders: Iterable<TrackedOrder>): boolean {
  for (const { isWaiting } of orders) if (isWaiting) return true;
  return false;
}

const NO_EXITS: readonly TrackedOrder[] = [];

/** Whether the broker cancels the order with another one, whose cancel is under way. */
function goesAlong({ parent, order }: TrackedOrder): boolean {
  if (parent === null) return false;
  if (!parent.isEnded && parent.cancelReason !== null) return true;
  const others = parent.exits.filter(
    (exit) => exit.order !== order && !exit.isEnded && exit.cancelReason !== null,
  );
  return order.status === 'held' && others.some((exit) => exit.order.status !== 'held');
}
