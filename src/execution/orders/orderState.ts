/**
 * One order, from approval to its end.
 *
 * What the broker says arrives late, twice and out of order, by stream and by answer. So its word is merged, never
 * replayed: of all descriptions of the order the greatest counts, by (has it ended, time of the broker's update, rank
 * of the status), and executions are a set by id. Any order of arrival comes to the same state.
 */
import type { BrokerOrder, Execution } from '../../brokers/contract.ts';
import {
  add,
  type Decimal,
  maximum,
  minimum,
  subtract,
  weightedAverage,
  ZERO,
} from '../../domain/decimal.ts';
import {
  changedOrder,
  isTerminal,
  type Order,
  type OrderChange,
  type OrderStatus,
} from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';

/** What the broker's status was at its greatest, or null before its first word. */
interface BrokerWord {
  readonly status: OrderStatus;
  readonly isTerminal: boolean;
  readonly atMicros: EpochMicros;
  readonly rank: number;
  readonly quantity: Decimal | null;
}

// Among words of the same moment the later stage wins.
const RANK: Readonly<Partial<Record<OrderStatus, number>>> = {
  accepted: 1,
  pending_new: 2,
  held: 3,
  new: 4,
  suspended: 5,
  stopped: 6,
  partially_filled: 7,
  calculated: 8,
  done_for_day: 9,
  pending_replace: 10,
  pending_cancel: 11,
  replaced: 20,
  rejected: 21,
  expired: 22,
  canceled: 23,
  filled: 24,
};
/** A refused cancel sets `pending_cancel` of the same moment aside. */
const RANK_REQUEST_REJECTED = 12;

/** Broker statuses that say nothing of the fills so far: with a fill they read `partially_filled`. */
const BEFORE_FILLS: ReadonlySet<OrderStatus> = new Set(['accepted', 'pending_new', 'held', 'new', 'unknown']);

/** One execution, or what a restored order was filled with before (then without an id). */
interface OrderFill {
  readonly executionId: string | null;
  readonly price: Decimal;
  readonly quantity: Decimal;
}

interface BrokerCount {
  readonly atMicros: EpochMicros;
  readonly filled: Decimal;
}

const NO_COUNT: readonly BrokerCount[] = [{ atMicros: 0, filled: ZERO }];

/** What was just told of an order. */
type Told = Pick<OrderChange, 'brokerOrderId' | 'filledQuantity' | 'averagePrice'>;

/** What an execution did to the order. */
export type ExecutionEffect = 'applied' | 'known' | 'surplus';

export class TrackedOrder {
  readonly batchId: string;
  #order: Order;
  #local: OrderStatus;
  #word: BrokerWord | null = null;
  #fills: OrderFill[] = [];
  /** Ids of executions that were applied, taken back ones too: most orders have one, and a set takes 200 bytes. */
  #firstExecutionId: string | null = null;
  #otherExecutionIds: Set<string> | null = null;
  /** What the broker counted as filled, and when; only what no later count surpasses. One, unless there are revisions. */
  #counts: readonly BrokerCount[] = NO_COUNT;
  /** When the broker last took an execution back: what it counted before does not count. */
  #revisedAtMicros: EpochMicros = 0;
  /** Why a cancel was asked for; null while none is wanted. It stands until the order ends or the broker refuses. */
  cancelReason: string | null = null;
  /** When to ask for the cancel again; null while it waits for the order to become known to the broker. */
  cancelDueMicros: EpochMicros | null = null;
  /** When the request was last sent; null before. */
  sentAtMicros: EpochMicros | null = null;
  /** How often it was sent, and how often its fate was asked for since it was last heard of. */
  sends = 0;
  questions = 0;
  /** A question is under way or set for later. */
  isAsked = false;
  isAlerted = false;
  /** It is found by the broker's id too. */
  isIndexed = false;
  /** When to ask for missing fills, and how often that was done; null while none are missing. */
  missingDueMicros: EpochMicros | null = null;
  missingQuestions = 0;
  /** Taken over from the journal: what it was decided on is gone, so it is never sent again. */
  isRestored = false;
  /** Approved, and held back until cancels of the same position have ended. */
  isWaiting = false;
  /** Orders that were to take its place, one after another, and the one whose place it is to take. */
  readonly successors: TrackedOrder[] = [];
  /** Under which id the broker says that one of them has taken it. */
  replacedBy: string | null = null;
  predecessor: TrackedOrder | null = null;
  /** The order that it came with as an exit, and the exits that came with it. */
  parent: TrackedOrder | null = null;
  readonly exits: TrackedOrder[] = [];
  /** A request for it is under way, whose answer tells of its exits too. */
  isAnswerDue = false;
  exitQuestions = 0;
  isCancelSent = false;
  /** The broker knows it under another client order id than ours: it must be asked for by the broker's own. */
  isNamedByBroker = false;
  /** When the broker first confirmed it, null before: from then on the account's buying power contains it. */
  confirmedAtMicros: EpochMicros | null = null;

  constructor(order: Order, batchId: string, reportedFilled: Decimal = ZERO) {
    this.#order = order;
    this.#local = order.status;
    this.batchId = batchId;
    this.#counts = reportedFilled === ZERO ? NO_COUNT : [{ atMicros: 0, filled: reportedFilled }];
    // What a restored order was filled with before counts as one fill at its average.
    if (order.averagePrice !== null) {
      this.#fills.push({ executionId: null, price: order.averagePrice, quantity: order.filledQuantity });
    }
    // A restored status of the broker's is its oldest word: anything that it says now is newer.
    if (RANK[order.status] !== undefined && order.brokerOrderId !== null) {
      const { status, quantity } = order;
      this.#word = { status, isTerminal: isTerminal(status), atMicros: 0, rank: 0, quantity };
    }
  }

  get order(): Order {
    return this.#order;
  }

  get isEnded(): boolean {
    return isTerminal(this.#order.status);
  }

  /** One of them may still take its place, or has. */
  get successor(): TrackedOrder | null {
    if (this.successors.length === 0) return null;
    return this.successors.find((other) => !other.isEnded) ?? null;
  }

  /** The broker has named its id: it can be canceled, and is known to exist. */
  get isKnownToBroker(): boolean {
    return this.#order.brokerOrderId !== null;
  }

  /** Shares that were filled by the broker's count and whose executions have not come. */
  get missing(): Decimal {
    return maximum(ZERO, subtract(this.reportedFilled, this.#order.filledQuantity));
  }

  get reportedFilled(): Decimal {
    if (this.#counts.length === 1) return maximum(ZERO, this.#counts[0]!.filled);
    let most = ZERO;
    for (const { filled } of this.#counts) most = maximum(most, filled);
    return most;
  }

  /** Exits that it came with and that the broker has not named yet. */
  get lacksExits(): boolean {
    return this.exits.length > 0 && this.exits.some((exit) => !exit.isKnownToBroker && !exit.isEnded);
  }

  /** What may still be added to the position: the rest of a living order, or fills that were not told one by one. */
  get outstanding(): Decimal {
    const rest = subtract(this.#order.quantity, this.#order.filledQuantity);
    return this.isEnded ? this.missing : maximum(rest, ZERO);
  }

  /** The broker has said which of its orders this is, and no more. */
  learnBrokerId(brokerOrderId: string): void {
    if (this.#order.brokerOrderId === null) this.#order = changedOrder(this.#order, { brokerOrderId });
  }

  /** Sets a status of ours (`submitting`, `unknown`, `not_sent`, ...). The broker's word stands above it. */
  setLocal(status: OrderStatus, reason: string | null, nowMicros: EpochMicros): boolean {
    this.#local = status;
    return this.#refresh(nowMicros, this.#word === null ? reason : this.#order.statusReason);
  }

  /** A reducing order that waited goes out, with what is still to be reduced. */
  release(order: Order): void {
    this.isWaiting = false;
    this.#order = order;
    this.#local = order.status;
  }

  /**
   * Merges the broker's description. Answers whether anything that others see has changed.
   * @param event the stream's word for what happened, null for an answer to a request.
   */
  mergeBroker(described: BrokerOrder, event: string | null, nowMicros: EpochMicros): boolean {
    const isRequestRejected = event === 'order_cancel_rejected' || event === 'order_replace_rejected';
    const word = wordOf(described, isRequestRejected);
    if (this.#word === null || isGreater(word, this.#word)) this.#word = word;
    this.confirmedAtMicros ??= nowMicros;
    this.questions = 0;
    this.noteReported(described.filledQuantity, described.updatedAtMicros);
    const isNewlyKnown = this.#order.brokerOrderId === null;
    const told = isNewlyKnown ? { brokerOrderId: described.brokerOrderId } : undefined;
    this.isNamedByBroker ||= described.clientOrderId !== this.#order.clientOrderId;
    const reason = this.#word.isTerminal
      ? (this.cancelReason ?? `the broker says ${described.rawStatus}`)
      : null;
    return this.#refresh(nowMicros, reason, told) || isNewlyKnown;
  }

  /**
   * The broker counted this much as filled at that moment. The count only falls by a revision: any other lower one is
   * older, and so is every count from before the last revision.
   */
  noteReported(filledQuantity: Decimal, atMicros: EpochMicros): void {
    if (atMicros < this.#revisedAtMicros) return;
    const [only, another] = this.#counts;
    if (another === undefined && only !== undefined) {
      // One count that stands, or is surpassed: the usual case, without lists being made.
      if (only.atMicros >= atMicros && only.filled >= filledQuantity) return;
      if (only.atMicros <= atMicros && only.filled <= filledQuantity) {
        this.#counts = [{ atMicros, filled: filledQuantity }];
        return;
      }
    }
    const counts = this.#counts.filter((other) => other.atMicros > atMicros || other.filled > filledQuantity);
    const isSurpassed = counts.some((other) => other.atMicros >= atMicros && other.filled >= filledQuantity);
    this.#counts = isSurpassed ? counts : [...counts, { atMicros, filled: filledQuantity }];
  }

  /**
   * Adds an execution once. The broker's count contains every execution, so one beyond the count (`surplus`) is one
   * that was told before under another id: counting it would double the position.
   */
  applyExecution(execution: Execution, nowMicros: EpochMicros): ExecutionEffect {
    if (this.#knowsExecution(execution.executionId)) return 'known';
    const filledQuantity = add(this.#order.filledQuantity, execution.quantity);
    if (filledQuantity > minimum(this.reportedFilled, this.#mostFilled())) return 'surplus';
    if (this.#fills.length === 0) this.#fills = [execution];
    else this.#fills.push(execution);
    this.#noteExecution(execution.executionId);
    const averagePrice = weightedAverage(this.#fills);
    const brokerOrderId = this.#order.brokerOrderId ?? execution.brokerOrderId;
    this.confirmedAtMicros ??= nowMicros;
    this.#refresh(nowMicros, this.#order.statusReason, { filledQuantity, averagePrice, brokerOrderId });
    return 'applied';
  }

  #knowsExecution(executionId: string): boolean {
    return executionId === this.#firstExecutionId || this.#otherExecutionIds?.has(executionId) === true;
  }

  #noteExecution(executionId: string): void {
    if (this.#firstExecutionId === null) this.#firstExecutionId = executionId;
    else {
      this.#otherExecutionIds ??= new Set();
      this.#otherExecutionIds.add(executionId);
    }
  }

  /**
   * Takes an execution back that was applied before, and answers its price and size; null when it is not known here.
   * @param told what the broker repeats of it, for orders whose single executions were forgotten over a restart.
   */
  revokeExecution(
    executionId: string,
    told: Pick<OrderFill, 'price' | 'quantity'> | null,
  ): Pick<OrderFill, 'price' | 'quantity'> | null {
    const fill = this.#fills.find((candidate) => candidate.executionId === executionId);
    const forgotten = this.#fills[0]?.executionId === null ? told : null;
    const revoked = fill ?? forgotten;
    if (revoked === null || revoked.quantity > this.#order.filledQuantity) return null;
    const filledQuantity = subtract(this.#order.filledQuantity, revoked.quantity);
    this.#fills =
      fill === undefined
        ? [{ executionId: null, price: this.#order.averagePrice ?? ZERO, quantity: filledQuantity }]
        : this.#fills.filter((candidate) => candidate !== fill);
    const averagePrice = filledQuantity === ZERO ? null : weightedAverage(this.#fills);
    this.#order = changedOrder(this.#order, { filledQuantity, averagePrice });
    return revoked;
  }

  /** The broker has revised its executions: its count of that moment is in force, though it be lower. */
  noteRevised(filledQuantity: Decimal, atMicros: EpochMicros): void {
    if (atMicros < this.#revisedAtMicros) return;
    this.#revisedAtMicros = atMicros;
    this.#counts = this.#counts.filter((other) => other.atMicros > atMicros);
    this.noteReported(filledQuantity, atMicros);
  }

  /**
   * Works out what follows from what is known, with what was just told of the order, in one copy of it. Answers whether
   * quantity, status or their reason are others.
   */
  #refresh(nowMicros: EpochMicros, reason: string | null, told?: Told): boolean {
    const before = this.#order;
    const filledQuantity = told?.filledQuantity ?? before.filledQuantity;
    const quantity = this.#quantity(filledQuantity);
    const status = this.#status(filledQuantity, quantity);
    const statusReason = status === 'filled' ? null : reason;
    const isSame = status === before.status && statusReason === before.statusReason;
    if (isSame && quantity === before.quantity) {
      if (told !== undefined) this.#order = changedOrder(before, told);
      return false;
    }
    this.#order = changedOrder(before, {
      brokerOrderId: told?.brokerOrderId ?? before.brokerOrderId,
      filledQuantity,
      averagePrice: told?.averagePrice ?? before.averagePrice,
      quantity,
      status,
      statusReason,
      updatedAtMicros: nowMicros,
    });
    return true;
  }

  /** How much of an amount is filled only the broker can say. */
  #mostFilled(): Decimal {
    return this.#order.notional === undefined ? this.#order.quantity : this.reportedFilled;
  }

  /**
   * Of one that takes another's place the broker takes off what the other has filled by then, of an exit what the
   * other exit has.
   */
  #quantity(filledQuantity: Decimal): Decimal {
    const { quantity, replaces, parent, notional } = this.#order;
    if (notional !== undefined) {
      return this.#word?.isTerminal === true ? this.reportedFilled : maximum(quantity, filledQuantity);
    }
    if (replaces === undefined && parent === undefined) return quantity;
    return this.#word?.quantity ?? quantity;
  }

  #status(filledQuantity: Decimal, quantity: Decimal): OrderStatus {
    // Of an exit nothing is left when the other one was filled: that is no fill of its own.
    const isByQuantity = this.#order.notional === undefined;
    if (isByQuantity && filledQuantity === quantity && quantity > ZERO) return 'filled';
    if (this.#word === null) {
      // A fill is the broker's word too, even before it has described the order.
      return filledQuantity > ZERO ? 'partially_filled' : this.#local;
    }
    if (filledQuantity > ZERO && BEFORE_FILLS.has(this.#word.status)) return 'partially_filled';
    return this.#word.status;
  }
}

function wordOf(described: BrokerOrder, isRequestRejected: boolean): BrokerWord {
  const rank = RANK[described.status];
  // A status that this version does not know says that the order exists, and no more.
  const { quantity } = described;
  if (rank === undefined) return { status: 'accepted', isTerminal: false, atMicros: 0, rank: 0, quantity };
  const isStillPending = described.status === 'pending_cancel' || described.status === 'pending_replace';
  return {
    status: isRequestRejected && isStillPending ? 'new' : described.status,
    isTerminal: isTerminal(described.status),
    atMicros: described.updatedAtMicros,
    rank: isRequestRejected ? RANK_REQUEST_REJECTED : rank,
    quantity,
  };
}

function isGreater(a: BrokerWord, b: BrokerWord): boolean {
  if (a.isTerminal !== b.isTerminal) return a.isTerminal;
  if (a.atMicros !== b.atMicros) return a.atMicros > b.atMicros;
  return a.rank > b.rank;
}
