/**
 * The desk's side of the broker: requests are started and their outcomes come back as inputs, questions are put when
 * they are due, the account and the books are asked for when something happened and from time to time.
 */
import type { Broker, BrokerNotice, SubmitOutcome } from '../brokers/contract.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import type { Order } from '../domain/order.ts';
import type { Outcome } from '../domain/outcome.ts';
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../domain/time.ts';
import type { ApprovedOrder, DeskInput } from '../execution/contract.ts';
import type { Log } from '../observability/log.ts';
import type { StageTimer } from '../observability/stages.ts';
import type { DeskLimits } from './config.ts';
import type { BrokerRequests } from './executor.ts';
import { ClockSkew } from './skew.ts';
import type { Reach } from './steps.ts';

export interface BrokerLinkOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: DeskLimits;
  /** Executions are asked for from here on at first, by our clock. */
  readonly executionsFromMicros: EpochMicros;
  /** Told how long the broker took to answer each order. */
  readonly stage: StageTimer;
  readonly reach: Reach;
  /** Our clock and the broker's are too far apart; positive where the broker's is ahead. */
  onSkewed(skewMs: number): void;
  feed(input: DeskInput): void;
  /** The broker will not have us: wrong keys, a blocked stream. */
  onRefused(cause: string, remedy: string): void;
}

export class BrokerLink implements BrokerRequests {
  readonly #options: BrokerLinkOptions;
  readonly #skew: ClockSkew;
  #executionsFromMicros: EpochMicros;
  /** Until an execution has been told it is a moment of our clock. */
  #isByBroker = false;
  #isClosed = false;
  readonly #timers = new Set<Timer>();
  #isAccountDue = false;
  #reconcileTimer: Timer | null = null;
  #isReconciling = false;
  #reconciledAtMs = Number.NEGATIVE_INFINITY;
  #isReconcileWanted = false;
  #reconcileFailures = 0;

  constructor(options: BrokerLinkOptions) {
    this.#options = options;
    this.#executionsFromMicros = options.executionsFromMicros;
    const { broker, clock, limits } = options;
    this.#skew = new ClockSkew({
      ...{ broker, clock, skewMaxMs: limits.clockSkewMaxMs },
      onSkewed: (skewMs) => options.onSkewed(skewMs),
    });
  }

  /** Listens to the trade updates; the first `connected` leads to the first reconciliation. */
  open(): void {
    const { broker, clock, limits } = this.#options;
    broker.open({
      onTradeUpdate: (update) => {
        this.#options.reach('update_before');
        this.#feed({ type: 'trade_update', update });
        this.#options.reach('update_after');
      },
      onNotice: (notice) => this.#onNotice(notice),
    });
    this.#timers.add(clock.every(limits.accountPeriodMs, () => void this.#askAccount()));
    this.#timers.add(clock.every(limits.reconcilePeriodMs, () => this.reconcile('timer', 'soon')));
  }

  submit(order: ApprovedOrder): void {
    this.#send(order, (broker) => broker.submit(order));
  }

  replace(order: ApprovedOrder, replaced: Order): void {
    this.#send(order, (broker) => broker.replace(replaced, order));
  }

  #send({ clientOrderId }: ApprovedOrder, ask: (broker: Broker) => Promise<SubmitOutcome>): void {
    const { broker, clock, stage, reach } = this.#options;
    const startMs = clock.monotonicMs();
    reach('send_before');
    const answer = ask(broker);
    // By then the request's bytes are on their way.
    this.#later(0, () => reach('send_after'));
    answer.then(
      (outcome) => {
        if (outcome.type !== 'not_sent') {
          stage.record((clock.monotonicMs() - startMs) * MICROS_PER_MILLISECOND);
        }
        reach('answer_before');
        this.#feed({ type: 'submitted', clientOrderId, outcome });
        reach('answer_after');
      },
      (error: unknown) => {
        // An adapter that throws has broken its contract; the order may be anywhere.
        const outcome: SubmitOutcome = { type: 'unknown', message: messageOf(error) };
        this.#feed({ type: 'submitted', clientOrderId, outcome });
      },
    );
  }

  cancel(order: Order): void {
    const { clientOrderId } = order;
    this.#options.broker.cancel(order).then(
      (outcome) => this.#feed({ type: 'cancel_answered', clientOrderId, outcome }),
      (error: unknown) => {
        const message = messageOf(error);
        this.#feed({ type: 'cancel_answered', clientOrderId, outcome: { type: 'unknown', message } });
      },
    );
  }

  resolve(of: { clientOrderId: string; brokerOrderId: string | null }, atMicros: EpochMicros): void {
    const { clock } = this.#options;
    this.#later((atMicros - clock.nowMicros()) / MICROS_PER_MILLISECOND, () => void this.#resolve(of));
  }

  /** What happens within the same moment is answered by one question. */
  refreshAccount(): void {
    if (this.#isAccountDue) return;
    this.#isAccountDue = true;
    this.#later(this.#options.limits.accountAfterFillMs, () => {
      this.#isAccountDue = false;
      void this.#askAccount();
    });
  }

  /** Asks for the broker's books; while that is under way, once more afterwards. */
  reconcile(reason: string, when: 'now' | 'soon'): void {
    if (this.#isClosed) return;
    const { clock, limits, log } = this.#options;
    log.debug({ reason, when }, 'reconciliation is wanted');
    if (this.#isReconciling) {
      this.#isReconcileWanted = true;
      return;
    }
    const sinceMs = clock.monotonicMs() - this.#reconciledAtMs;
    if (when === 'soon' && sinceMs < limits.reconcileSpacingMs) {
      this.#reconcileIn(limits.reconcileSpacingMs - sinceMs);
      return;
    }
    void this.#reconcile();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    return this.#options.broker.close();
  }

  #onNotice(notice: BrokerNotice): void {
    switch (notice.type) {
      case 'connected':
        this.#feed({ type: 'broker_connection', connected: true, detail: '' });
        return;
      case 'disconnected':
        this.#feed({ type: 'broker_connection', connected: false, detail: notice.detail });
        return;
      case 'fatal':
        this.#options.onRefused(notice.detail, notice.remedy);
        this.#feed({ type: 'broker_connection', connected: false, detail: notice.detail });
        return;
    }
  }

  async #resolve(of: { clientOrderId: string; brokerOrderId: string | null }): Promise<void> {
    const { clientOrderId, brokerOrderId } = of;
    const { broker } = this.#options;
    const outcome = await answered(() =>
      brokerOrderId === null
        ? broker.orderByClientOrderId(clientOrderId)
        : broker.orderByBrokerId(brokerOrderId),
    );
    if (outcome.ok) this.#feed({ type: 'resolved', clientOrderId, order: outcome.value });
    else if (outcome.failure.kind === 'not_found')
      this.#feed({ type: 'resolved', clientOrderId, order: null });
    else this.#feed({ type: 'resolve_failed', clientOrderId, message: outcome.failure.message });
  }

  async #askAccount(): Promise<void> {
    const { broker, clock, log } = this.#options;
    const askedAtMicros = clock.nowMicros();
    const outcome = await answered(() => broker.account());
    if (outcome.ok) this.#feed({ type: 'account', account: outcome.value, askedAtMicros });
    else log.warn({ why: outcome.failure.message }, 'the account could not be asked for');
  }

  async #reconcile(): Promise<void> {
    const { clock, limits, log } = this.#options;
    if (this.#reconcileTimer !== null) {
      this.#reconcileTimer.cancel();
      this.#timers.delete(this.#reconcileTimer);
      this.#reconcileTimer = null;
    }
    this.#isReconciling = true;
    this.#isReconcileWanted = false;
    const outcome = await answered(() => this.#readBooks());
    this.#isReconciling = false;
    this.#reconciledAtMs = clock.monotonicMs();
    if (this.#isClosed) return;
    if (outcome.ok) {
      this.#reconcileFailures = 0;
      this.#feed(outcome.value);
      if (this.#isReconcileWanted) this.#reconcileIn(limits.reconcileSpacingMs);
      return;
    }
    log.warn({ why: outcome.failure.message }, 'reconciliation is not through');
    this.#reconcileIn(
      Math.min(limits.reconcileRetryMs * 2 ** this.#reconcileFailures, limits.reconcileRetryMaxMs),
    );
    this.#reconcileFailures += 1;
  }

  #reconcileIn(delayMs: number): void {
    this.#reconcileTimer ??= this.#later(delayMs, () => {
      this.#reconcileTimer = null;
      if (!this.#isReconciling) void this.#reconcile();
    });
  }

  /** Orders, then positions, then executions: what happens between the questions is in the later answers. */
  async #readBooks(): Promise<Outcome<Extract<DeskInput, { type: 'reconcile' }>>> {
    const { broker, clock, limits } = this.#options;
    const askedAtMicros = clock.nowMicros();
    await this.#skew.measure();
    const openOrders = await broker.openOrders();
    if (!openOrders.ok) return openOrders;
    const positions = await broker.positions();
    if (!positions.ok) return positions;
    const ours = this.#executionsFromMicros;
    const fromMicros = this.#isByBroker ? ours : this.#skew.byBroker(ours);
    const executions = await broker.executionsSince(fromMicros);
    if (!executions.ok) return executions;
    const last = executions.value.at(-1);
    if (last !== undefined) {
      const marginMicros = limits.executionsMarginMs * MICROS_PER_MILLISECOND;
      this.#executionsFromMicros = Math.max(fromMicros, last.executedAtMicros - marginMicros);
      this.#isByBroker = true;
    }
    return {
      ok: true,
      value: {
        type: 'reconcile',
        openOrders: openOrders.value,
        positions: positions.value,
        executions: executions.value,
        executionsFromMicros: fromMicros,
        askedAtMicros,
      },
    };
  }

  #feed(input: DeskInput): void {
    if (!this.#isClosed) this.#options.feed(input);
  }

  #later(delayMs: number, call: () => void): Timer {
    const timer = this.#options.clock.after(Math.max(0, delayMs), () => {
      this.#timers.delete(timer);
      if (!this.#isClosed) call();
    });
    this.#timers.add(timer);
    return timer;
  }
}

/** An adapter's broken promise is a failed answer too: the desk goes on asking. */
async function answered<T>(ask: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await ask();
  } catch (error) {
    return { ok: false, failure: { kind: 'malformed_answer', message: messageOf(error) } };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
