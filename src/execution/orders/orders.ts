/** The desk's orders, found by our id, by the broker's and by symbol. */
import { add, type Decimal, maximum, minimum, subtract, ZERO } from '../../domain/decimal.ts';
import { Fifo } from '../../domain/fifo.ts';
import type { Side } from '../../domain/order.ts';
import { signed } from '../books/positions.ts';
import type { TrackedOrder } from './orderState.ts';

/** Ended orders that stay known for late events; the oldest are forgotten first. */
export const ENDED_ORDERS_MAX = 100_000;

export class Orders {
  readonly #byClientId = new Map<string, TrackedOrder>();
  readonly #byBrokerId = new Map<string, TrackedOrder>();
  /** Orders that may still change a position, by symbol. */
  readonly #liveBySymbol = new Map<string, Set<TrackedOrder>>();
  /** Client order ids, in the order in which the orders ended. */
  readonly #ended = new Fifo<string>();
  readonly #open = new Set<TrackedOrder>();
  readonly #incomplete = new Set<TrackedOrder>();
  readonly #endedMax: number;

  constructor(endedMax: number = ENDED_ORDERS_MAX) {
    this.#endedMax = endedMax;
  }

  add(tracked: TrackedOrder): void {
    this.#byClientId.set(tracked.order.clientOrderId, tracked);
    this.#link(tracked);
    let live = this.#liveBySymbol.get(tracked.order.symbol);
    if (live === undefined) {
      live = new Set();
      this.#liveBySymbol.set(tracked.order.symbol, live);
    }
    live.add(tracked);
    this.#open.add(tracked);
    this.update(tracked);
  }

  find(clientOrderId: string): TrackedOrder | undefined {
    return this.#byClientId.get(clientOrderId);
  }

  findByBrokerId(brokerOrderId: string): TrackedOrder | undefined {
    return this.#byBrokerId.get(brokerOrderId);
  }

  /** To be called after every change: keeps the indexes. */
  update(tracked: TrackedOrder): void {
    const { brokerOrderId } = tracked.order;
    if (brokerOrderId !== null && !tracked.isIndexed) {
      tracked.isIndexed = true;
      this.#byBrokerId.set(brokerOrderId, tracked);
    }
    const isMissing = tracked.missing > ZERO;
    if (isMissing) this.#incomplete.add(tracked);
    else if (this.#incomplete.size > 0) this.#incomplete.delete(tracked);
    if (tracked.isEnded) {
      const { symbol, clientOrderId } = tracked.order;
      if (this.#open.delete(tracked)) {
        this.#ended.push(clientOrderId);
        if (this.#ended.size > this.#endedMax) this.#forgetOldest();
      }
      const live = this.#liveBySymbol.get(symbol);
      if (isMissing) live?.add(tracked);
      else live?.delete(tracked);
    } else if (!this.#open.has(tracked)) {
      // The broker knows better than we: an order that we had given up is alive.
      this.#open.add(tracked);
      this.#liveBySymbol.get(tracked.order.symbol)?.add(tracked);
    }
  }

  /** How many orders have not ended. */
  get openCount(): number {
    return this.#open.size;
  }

  /** The same without exits, of which one at most is filled after the order that they came with. */
  get openCountWithoutExits(): number {
    let count = 0;
    for (const { parent } of this.#open) if (parent === null) count += 1;
    return count;
  }

  /** Orders that have not ended. */
  open(): readonly TrackedOrder[] {
    return [...this.#open];
  }

  get incompleteCount(): number {
    return this.#incomplete.size;
  }

  /** Orders that were filled further than their executions tell. */
  incomplete(): Iterable<TrackedOrder> {
    return this.#incomplete;
  }

  /** Orders of a symbol that may still change a position: open, or ended with fills that were not told yet. */
  live(symbol: string): Iterable<TrackedOrder> {
    return this.#liveBySymbol.get(symbol) ?? [];
  }

  /** All orders known, ended ones included, in the order in which they came. */
  all(): Iterable<TrackedOrder> {
    return this.#byClientId.values();
  }

  openOf(instanceId: string, symbol: string): readonly TrackedOrder[] {
    return [...this.live(symbol)].filter(
      (tracked) => tracked.order.instanceId === instanceId && !tracked.isEnded,
    );
  }

  #link(tracked: TrackedOrder): void {
    const { replaces, parent: parentId } = tracked.order;
    const parent = parentId === undefined ? undefined : this.find(parentId);
    if (parent !== undefined) {
      tracked.parent = parent;
      parent.exits.push(tracked);
    }
    const old = replaces === undefined ? undefined : this.find(replaces);
    if (old === undefined) return;
    old.successors.push(tracked);
    tracked.predecessor = old;
  }

  #forgetOldest(): void {
    const clientOrderId = this.#ended.shift();
    if (clientOrderId === undefined) return;
    const tracked = this.#byClientId.get(clientOrderId);
    // One that came to life again, or whose fills are missing, is not forgotten.
    if (tracked === undefined || !tracked.isEnded || tracked.missing > ZERO) return;
    this.#byClientId.delete(clientOrderId);
    if (tracked.order.brokerOrderId !== null) this.#byBrokerId.delete(tracked.order.brokerOrderId);
  }
}

const NOTHING_PENDING: Pending = { buys: ZERO, sells: ZERO, cancelingBuys: ZERO, cancelingSells: ZERO };

/** What an instance's orders in a symbol may still buy and sell. Orders that wait to be sent do not count. */
export interface Pending {
  readonly buys: Decimal;
  readonly sells: Decimal;
  /** The part of these whose cancel has been asked for. */
  readonly cancelingBuys: Decimal;
  readonly cancelingSells: Decimal;
}

/** @param without an order that another is to take the place of: it is not counted. */
export function pendingOf(
  orders: Orders,
  instanceId: string,
  symbol: string,
  without?: TrackedOrder,
): Pending {
  let buys = ZERO;
  let sells = ZERO;
  let cancelingBuys = ZERO;
  let cancelingSells = ZERO;
  if (orders.openCount === 0 && orders.incompleteCount === 0) return NOTHING_PENDING;
  const groups = new Set<TrackedOrder>();
  // One that takes an exit's place shares its fate with the other exit.
  const replaced = without === undefined ? null : exitGroupOf(without);
  if (replaced !== null) groups.add(replaced);
  for (const tracked of orders.live(symbol)) {
    if (tracked.order.instanceId !== instanceId || tracked.isWaiting || tracked === without) continue;
    // Counted with the order whose place it is to take, for only one of them can be filled.
    if (tracked.predecessor?.isEnded === false && tracked.predecessor !== without) continue;
    const group = exitGroupOf(tracked);
    if (group !== null && groups.has(group)) continue;
    if (group !== null) groups.add(group);
    const outstanding = group === null ? worstOutstanding(tracked) : worstOfExits(group);
    const isCanceling = tracked.cancelReason !== null && !tracked.isEnded;
    if (tracked.order.side === 'buy') {
      buys = add(buys, outstanding);
      if (isCanceling) cancelingBuys = add(cancelingBuys, outstanding);
    } else {
      sells = add(sells, outstanding);
      if (isCanceling) cancelingSells = add(cancelingSells, outstanding);
    }
  }
  return { buys, sells, cancelingBuys, cancelingSells };
}

/** The order that an exit shares its fate with; null for what is no exit. One-cancels-other is an exit itself. */
function exitGroupOf(tracked: TrackedOrder): TrackedOrder | null {
  if (tracked.parent !== null) return tracked.parent;
  return tracked.order.exits?.orderClass === 'oco' ? tracked : null;
}

/** What the exits of an order may still close: one of them, and no more than it has filled and they have not closed. */
function worstOfExits(parent: TrackedOrder): Decimal {
  const isOco = parent.order.exits?.orderClass === 'oco';
  const members = isOco ? [parent, ...parent.exits] : parent.exits;
  let worst = ZERO;
  let left = isOco ? parent.order.quantity : parent.reportedFilled;
  for (const member of members) {
    left = subtract(left, member.order.filledQuantity);
    worst = maximum(worst, member.outstanding);
  }
  return minimum(worst, maximum(ZERO, left));
}

/** The most of an order and of those that are to take its place. */
function worstOutstanding(tracked: TrackedOrder): Decimal {
  const { outstanding, isEnded, successors } = tracked;
  if (isEnded) return outstanding;
  return successors.map(worstOutstanding).reduce(maximum, outstanding);
}

/**
 * How much of a position an order of that side may still close: what is held against its direction, less what other
 * orders of that side are about to close.
 */
export function reducible(held: Decimal, side: Side, pending: Decimal): Decimal {
  const against = signed(side === 'buy' ? 'sell' : 'buy', held);
  return maximum(ZERO, subtract(maximum(ZERO, against), pending));
}
