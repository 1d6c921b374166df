/**
 * The broker's books against ours. Executions that were missed are booked once; open orders are merged; orders of ours
 * that the broker no longer lists are asked for one by one; positions are compared. What nobody knows is reported and
 * treated as the plan says. Doing it again changes nothing.
 */
import type { BrokerOrder, BrokerPosition, Execution } from '../../brokers/contract.ts';
import { type Decimal, formatDecimal, subtract, ZERO } from '../../domain/decimal.ts';
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import type { Answers } from '../orders/answers.ts';
import { announceFill, bookExecution } from '../orders/fills.ts';
import type { TrackedOrder } from '../orders/orderState.ts';
import type { Placing } from '../orders/placing.ts';
import type { DeskState } from '../state.ts';
import { LostRevisions } from './lostRevisions.ts';
import { applySplit, heldTogether, splitOf } from './splits.ts';
import type { Strays } from './strays.ts';

/** Executions that cannot be booked yet (the order's answer was lost) are kept; the oldest are dropped first. */
export const ORPHANS_MAX = 10_000;
/** More than a minute of questions that led to nothing. */
const QUESTIONS_IN_DOUBT_MAX = 10;
/** Fills this shortly before the question may be missing in its answer. */
const ANSWER_LAG_MS = 2_000;

export interface BrokerBooks {
  readonly positions: readonly BrokerPosition[];
  readonly openOrders: readonly BrokerOrder[];
  readonly executions: readonly Execution[];
  readonly executionsFromMicros?: EpochMicros;
  readonly askedAtMicros: EpochMicros;
}

export class Reconciliation {
  readonly #state: DeskState;
  readonly #placing: Placing;
  readonly #answers: Answers;
  readonly #strays: Strays;
  readonly lost: LostRevisions;
  readonly #orphans = new Map<string, Execution>();
  /** Differences of positions seen last time, and whether they were alerted. */
  #breaks = new Map<string, { readonly difference: Decimal; readonly isAlerted: boolean }>();

  constructor(
    state: DeskState,
    parts: { readonly placing: Placing; readonly answers: Answers; readonly strays: Strays },
  ) {
    this.#state = state;
    this.#strays = parts.strays;
    this.#placing = parts.placing;
    this.#answers = parts.answers;
    this.lost = new LostRevisions(state, parts.answers);
  }

  /** Executions wait for their orders to become known. */
  get hasOrphans(): boolean {
    return this.#orphans.size > 0;
  }

  onBooks(books: BrokerBooks): void {
    const state = this.#state;
    const listed = this.#mergeOpenOrders(books.openOrders);
    this.#bookExecutions(books.executions);
    this.lost.onBooks(books);
    this.#askForUnlisted(listed, books.askedAtMicros);
    this.#comparePositions(books);
    // Books that were asked for before the stream listened may lack what happened in between.
    if (!state.isConnected || books.askedAtMicros < state.connectedAtMicros) return;
    const wasReconciled = state.isReconciled;
    state.isReconciled = true;
    state.hasReconciled = true;
    if (!wasReconciled) {
      state.log('info', 'reconciled with the broker', {
        openOrders: books.openOrders.length,
        positions: books.positions.length,
        executions: books.executions.length,
      });
      state.tellAccount();
    }
    state.gate.watchLoss();
  }

  /** Books what was kept for an order, when the broker's count has room for it by now. */
  onOrderKnown(tracked: TrackedOrder): void {
    const { brokerOrderId } = tracked.order;
    for (const [executionId, execution] of this.#orphans) {
      if (execution.brokerOrderId !== brokerOrderId) continue;
      const isKnown = this.#state.executionIds.has(executionId);
      if (!isKnown && execution.quantity <= tracked.missing) this.#book(tracked, execution);
      else if (!isKnown && !tracked.isEnded) continue;
      this.#orphans.delete(executionId);
    }
  }

  #mergeOpenOrders(openOrders: readonly BrokerOrder[]): ReadonlySet<TrackedOrder> {
    const listed = new Set<TrackedOrder>();
    for (const described of openOrders) {
      const { orders } = this.#state;
      const tracked = orders.find(described.clientOrderId) ?? orders.findByBrokerId(described.brokerOrderId);
      if (tracked === undefined) {
        if (this.#answers.exits.mayBe(described)) continue;
        this.#answers.reportForeign(described);
        this.#strays.onOrder(described);
        continue;
      }
      listed.add(tracked);
      if (tracked.mergeBroker(described, null, this.#state.nowMicros)) this.#state.publishOrder(tracked);
      this.#state.orders.update(tracked);
      this.#placing.sendCancel(tracked);
    }
    return listed;
  }

  #bookExecutions(executions: readonly Execution[]): void {
    const state = this.#state;
    for (const execution of executions) {
      if (state.executionIds.has(execution.executionId)) continue;
      const tracked = state.orders.findByBrokerId(execution.brokerOrderId);
      if (tracked === undefined) this.#keepOrphan(execution);
      else if (execution.quantity <= tracked.missing) this.#book(tracked, execution);
      else if (!tracked.isEnded) {
        // Newer than the order's description, or told before under another id: the broker's count will say.
        this.#keepOrphan(execution);
        this.#answers.ask(tracked);
      }
    }
  }

  #book(tracked: TrackedOrder, execution: Execution): void {
    const state = this.#state;
    const applied = bookExecution(state, tracked, execution);
    if (applied === null) return;
    state.recordOrder(tracked);
    announceFill(state, tracked, applied);
    state.log('warn', 'a fill that the stream had not told', {
      clientOrderId: tracked.order.clientOrderId,
      executionId: execution.executionId,
    });
    state.emit({ type: 'refresh_account' });
    this.#placing.releaseWaiting(tracked.order.symbol);
  }

  #keepOrphan(execution: Execution): void {
    this.#orphans.set(execution.executionId, execution);
    if (this.#orphans.size <= ORPHANS_MAX) return;
    for (const oldest of this.#orphans.keys()) {
      this.#orphans.delete(oldest);
      return;
    }
  }

  /** Orders that we think open and that the list lacks have ended, or were never taken: their own answer says which. */
  #askForUnlisted(listed: ReadonlySet<TrackedOrder>, askedAtMicros: EpochMicros): void {
    for (const tracked of this.#state.orders.open()) {
      if (listed.has(tracked) || tracked.isWaiting) continue;
      const knownAtMicros = tracked.confirmedAtMicros ?? tracked.sentAtMicros ?? 0;
      const isOlder = knownAtMicros < askedAtMicros;
      if (isOlder && (tracked.isKnownToBroker || tracked.order.status === 'unknown'))
        this.#answers.ask(tracked);
    }
  }

  #comparePositions(books: BrokerBooks): void {
    const state = this.#state;
    const actual = new Map(books.positions.map((position) => [position.symbol, position.quantity]));
    const symbols = new Set([...actual.keys(), ...state.positions.symbols()]);
    const breaks = new Map<string, { difference: Decimal; isAlerted: boolean }>();
    for (const symbol of symbols) {
      const difference = subtract(actual.get(symbol) ?? ZERO, state.positions.net(symbol));
      if (difference === ZERO) continue;
      const before = this.#breaks.get(symbol);
      const isSame = before?.difference === difference;
      const isAlerted = isSame && before.isAlerted;
      // Fills may be on their way: a difference that stays is one, unless an order of ours may still explain it.
      const isSettled = isSame || this.#isQuiet(symbol, books.askedAtMicros);
      const isCertain = isSettled && !this.#isInDoubt(symbol);
      if (isCertain && !isAlerted && this.#isSplit(symbol, books)) continue;
      if (isCertain && !isAlerted) {
        this.#alertBreak(symbol, actual.get(symbol) ?? ZERO);
        const averagePrice =
          books.positions.find((position) => position.symbol === symbol)?.averagePrice ?? null;
        this.#strays.onPosition(symbol, difference, averagePrice);
      }
      if (!isCertain)
        state.emit({ type: 'reconcile', reason: `the position in ${symbol} differs`, isUrgent: false });
      breaks.set(symbol, { difference, isAlerted: isCertain });
    }
    this.#breaks = breaks;
  }

  /** Whether it is a split, which is booked then. */
  #isSplit(symbol: string, { positions }: BrokerBooks): boolean {
    const theirs = positions.find((position) => position.symbol === symbol);
    if (theirs === undefined) return false;
    const split = splitOf(heldTogether(this.#state.positions.inSymbol(symbol)), theirs);
    return split !== undefined && applySplit(this.#state, symbol, split);
  }

  #isQuiet(symbol: string, askedAtMicros: EpochMicros): boolean {
    for (const _live of this.#state.orders.live(symbol)) return false;
    const fromMicros = askedAtMicros - ANSWER_LAG_MS * MICROS_PER_MILLISECOND;
    return (this.#state.lastBookedMicros(symbol) ?? 0) < fromMicros;
  }

  /** Orders that are asked for, given up ones among them, and fills that were counted but not told. */
  #isInDoubt(symbol: string): boolean {
    for (const tracked of this.#state.orders.all()) {
      if (tracked.order.symbol !== symbol) continue;
      if (tracked.missing > ZERO) return true;
      // One that the broker does not answer for in the end explains nothing: an account that was reset, say.
      if (tracked.isAsked && tracked.questions <= QUESTIONS_IN_DOUBT_MAX) return true;
    }
    return false;
  }

  #alertBreak(symbol: string, actual: Decimal): void {
    const ours = this.#state.positions.net(symbol);
    const isForeign = ours === ZERO;
    const fate = this.#strays.fateOf(symbol);
    const message = isForeign
      ? `the account holds ${formatDecimal(actual)} ${symbol} that no strategy here has bought: ${fate}`
      : `the account holds ${formatDecimal(actual)} ${symbol}, our fills make ${formatDecimal(ours)}: ${fate}`;
    this.#state.alert(
      isForeign ? 'warning' : 'critical',
      isForeign ? 'foreign_position' : 'position_break',
      message,
      {
        symbol,
        broker: formatDecimal(actual),
        ours: formatDecimal(ours),
      },
    );
  }
}
