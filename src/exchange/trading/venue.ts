/** Where orders are worked: they arrive after a latency, wait, are matched, canceled, replaced, and end. */
import { newId, type Random } from '../../clock/chance.ts';
import type { Clock } from '../../clock/clock.ts';
import { add, multiply, subtract } from '../../domain/decimal.ts';
import { type EpochMicros, MICROS_PER_DAY } from '../../domain/time.ts';
import type { FaultSwitches } from '../faults.ts';
import type { TickEvent, TradeEvent } from '../market/events.ts';
import type { Market } from '../market/market.ts';
import type { TradingSession } from '../market/sessions.ts';
import type { Activities } from './activities.ts';
import type { Ledger } from './ledger.ts';
import {
  type Book,
  bookOf,
  isActive,
  type Match,
  matchDisplayed,
  matchTrade,
  takeFrom,
  touchesStop,
  updateQueue,
} from './matching.ts';
import { OrderGroups } from './orderGroups.ts';
import type { OrderStore } from './orderStore.ts';
import { type ExchangeOrder, type FinalStatus, isFinal, newOrder, type OrderDraft } from './orders.ts';
import { legIntent } from './positionIntent.ts';
import type { ExecutionReport, OrderUpdate, ReplaceChanges } from './reports.ts';
import { Revisions } from './revisions.ts';

const GTC_DAYS = 90;

export interface VenueOptions {
  readonly market: Market;
  readonly ledger: Ledger;
  readonly store: OrderStore;
  readonly activities: Activities;
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: FaultSwitches;
  readonly latencyMs: readonly [number, number];
}

export class Venue {
  readonly counts = { accepted: 0, fills: 0 };
  readonly #options: VenueOptions;
  readonly #books = new Map<string, Book>();
  readonly #groups: OrderGroups;
  /** Orders whose cancel was taken and never carried out. */
  readonly #stuck = new Map<ExchangeOrder, ExchangeOrder['status']>();
  readonly #revisions: Revisions;
  #listener: (update: OrderUpdate) => void = () => {};

  constructor(options: VenueOptions) {
    this.#options = options;
    this.#revisions = new Revisions(options, (event, order, execution) =>
      this.#tell(event, order, execution),
    );
    this.#groups = new OrderGroups({
      activate: (order) => this.#activate(order),
      end: (order, status) => this.#end(order, status, status),
    });
  }

  listen(listener: (update: OrderUpdate) => void): void {
    this.#listener = listener;
  }

  /** Takes over the market as it stands, before the first tick is listened to. */
  begin(): void {
    for (const [symbol, record] of this.#options.market.records) {
      if (record.lastQuote !== undefined) this.#books.set(symbol, bookOf(record.lastQuote));
    }
  }

  /** Takes an order that has passed every check, and sends it on its way. */
  submit(draft: OrderDraft, intent: string): ExchangeOrder {
    const order = this.#createOrder(draft, intent, null);
    this.counts.accepted += 1;
    this.#groups.attachLegs(order, draft, (leg) => this.#createOrder(leg, legIntent(leg), order));
    order.status = this.#canRoute(order) ? 'pending_new' : 'accepted';
    this.#tell(order.status, order);
    if (order.status === 'pending_new') this.#later(() => this.#arrive(order));
    return order;
  }

  /** Whether an order is held, and its stop price watched: such a one can be replaced. */
  isWatched(order: ExchangeOrder): boolean {
    return order.status === 'held' && this.#groups.isWatched(order);
  }

  /** Puts through at once what is on its way, as when a fill overtakes the answer to the order. */
  hurry(order: ExchangeOrder): void {
    if (order.status === 'pending_new') this.#arrive(order);
  }

  /** Takes a cancel request; the order lives on until it is carried out, and may be filled before. */
  requestCancel(order: ExchangeOrder): void {
    // One is under way: only where it was never carried out does another ask anew.
    const stuckFrom = this.#stuck.get(order);
    if (order.status === 'pending_cancel' && stuckFrom === undefined) return;
    this.#stuck.delete(order);
    const before = stuckFrom ?? order.status;
    order.cancelRequestedAtMicros = this.#now();
    order.status = 'pending_cancel';
    this.#tell('pending_cancel', order);
    if (this.#options.faults.current.stuckPendingCancel) {
      this.#stuck.set(order, before);
      return;
    }
    this.#later(() => {
      if (order.status !== 'pending_cancel') return;
      if (this.#options.faults.current.cancelRejected) {
        this.#liveOn(order, before, 'order_cancel_rejected');
        return;
      }
      this.#end(order, 'canceled', 'canceled');
      this.#groups.afterCancel(order);
    });
  }

  /**
   * Takes a replace request and answers the new order. The old one may still be filled; then the new one is rejected.
   * What the old order had filled by then is taken off the new order's quantity, so that both together fill no more
   * than was asked for.
   */
  requestReplace(order: ExchangeOrder, changes: ReplaceChanges): ExchangeOrder {
    const draft: OrderDraft = {
      ...order,
      clientOrderId: changes.clientOrderId ?? newId(),
      quantity: changes.quantity ?? order.quantity,
      limitPrice: changes.limitPrice ?? order.limitPrice,
      stopPrice: changes.stopPrice ?? order.stopPrice,
      trailPrice: order.trailPrice === null ? null : (changes.trail ?? order.trailPrice),
      trailPercent: order.trailPercent === null ? null : (changes.trail ?? order.trailPercent),
      timeInForce: changes.timeInForce ?? order.timeInForce,
      takeProfit: null,
      stopLoss: null,
    };
    const replacement = this.#createOrder(draft, order.positionIntent, null, order.id);
    replacement.status = 'pending_new';
    const before = order.status;
    order.status = 'pending_replace';
    this.#tell('pending_replace', order);
    this.#later(() => this.#carryOutReplace(order, replacement, before));
    return replacement;
  }

  onTick(event: TickEvent): void {
    const { store } = this.#options;
    if (event.kind === 'quote') {
      const book = bookOf(event);
      this.#books.set(event.symbol, book);
      if (!store.hasOpen(event.symbol)) return;
      for (const order of store.openOf(event.symbol)) {
        if (!order.isAtVenue) continue;
        this.#work(order);
        if (!isFinal(order)) updateQueue(order, book);
      }
      return;
    }
    if (event.kind !== 'trade' || !store.hasOpen(event.symbol)) return;
    for (const order of store.openOf(event.symbol)) this.#workTrade(order, event);
  }

  onSessionOpen(session: TradingSession): void {
    for (const order of this.#options.store.open()) {
      if (order.assetClass !== 'us_equity' || order.status !== 'accepted') continue;
      if (order.timeInForce === 'cls') continue;
      if (session.openMicros < order.createdAtMicros) continue;
      order.status = 'pending_new';
      this.#tell('pending_new', order);
      this.#later(() => this.#arrive(order));
    }
  }

  /** Closing orders get the last quote; day orders expire. */
  onSessionClose(session: TradingSession): void {
    for (const order of this.#options.store.open()) {
      if (order.assetClass !== 'us_equity' || isFinal(order)) continue;
      if (order.timeInForce === 'cls' && order.status === 'accepted') {
        order.isAtVenue = true;
        order.status = 'new';
        this.#tell('new', order);
        this.#match(order);
      }
      const isOver = order.expiresAtMicros !== null && order.expiresAtMicros <= session.closeMicros;
      if (isOver && !isFinal(order)) this.#end(order, 'expired', 'expired');
    }
    for (const [symbol, record] of this.#options.market.records) {
      if (record.listing.assetClass === 'us_equity') this.#books.delete(symbol);
    }
  }

  #createOrder(
    draft: OrderDraft,
    intent: string,
    parent: ExchangeOrder | null,
    replaces: string | null = null,
  ): ExchangeOrder {
    const now = this.#now();
    const { market } = this.#options;
    const listing = market.records.get(draft.symbol)!.listing;
    const order = newOrder(draft, {
      listing,
      positionIntent: intent,
      createdAtMicros: now,
      expiresAtMicros: this.#expiry(draft, listing.assetClass, now),
      replaces,
      parentId: parent?.id ?? null,
    });
    this.#options.store.add(order);
    return order;
  }

  #expiry(draft: OrderDraft, assetClass: string, now: EpochMicros): EpochMicros | null {
    if (draft.timeInForce === 'gtc') return now + GTC_DAYS * MICROS_PER_DAY;
    if (assetClass === 'crypto') return null;
    const { schedule } = this.#options.market;
    return draft.timeInForce === 'opg'
      ? schedule.nextOpen(now).closeMicros
      : schedule.nextClose(now).closeMicros;
  }

  /** Whether an order can go to the venue now, or waits for the open (or the closing auction). */
  #canRoute(order: ExchangeOrder): boolean {
    if (order.assetClass === 'crypto') return true;
    if (order.timeInForce === 'opg' || order.timeInForce === 'cls') return false;
    return this.#options.market.schedule.running(this.#now()) !== undefined;
  }

  /** The order is to be neither canceled nor replaced after all: it goes on from where it was, or would be by now. */
  #liveOn(
    order: ExchangeOrder,
    before: ExchangeOrder['status'],
    event: 'order_cancel_rejected' | 'order_replace_rejected',
  ): void {
    const isFilledInPart = order.filledQuantity > 0n && before !== 'held';
    order.status = isFilledInPart ? 'partially_filled' : before;
    this.#tell(event, order);
    if (order.status === 'accepted' && this.#canRoute(order)) {
      order.status = 'pending_new';
      this.#tell('pending_new', order);
    }
    this.#arrive(order);
  }

  #arrive(order: ExchangeOrder): void {
    if (order.status !== 'pending_new') return;
    if (this.#options.random() < this.#options.faults.current.rejectProbability) {
      this.#end(order, 'rejected', 'rejected');
      this.#groups.afterCancel(order);
      return;
    }
    this.#activate(order);
    this.#groups.afterArrival(order);
  }

  /** From here on the order is matched. */
  #activate(order: ExchangeOrder): void {
    order.isAtVenue = true;
    order.status = 'new';
    this.#tell('new', order);
    this.#work(order);
    const book = this.#books.get(order.symbol);
    if (!isFinal(order) && book !== undefined) updateQueue(order, book);
  }

  /** Tries the displayed market; orders that may not rest end with what they got. */
  #work(order: ExchangeOrder): void {
    if (isFinal(order) || order.status === 'held') return;
    this.#match(order);
    if (isFinal(order)) return;
    const isImmediate = order.timeInForce === 'ioc' || order.timeInForce === 'fok';
    if (isImmediate) this.#end(order, 'canceled', 'canceled');
    else if (order.timeInForce === 'opg' && this.#books.has(order.symbol))
      this.#end(order, 'expired', 'expired');
  }

  #match(order: ExchangeOrder): void {
    const book = this.#books.get(order.symbol);
    if (book === undefined || !isActive(order) || !this.#isOpen(order)) return;
    const match = matchDisplayed(order, book);
    if (match === null || (order.timeInForce === 'fok' && !match.isComplete)) return;
    takeFrom(book, order, match);
    this.#fill(order, match);
  }

  #workTrade(order: ExchangeOrder, trade: TradeEvent): void {
    if (isFinal(order) || !this.#isOpen(order)) return;
    const isHeld = order.status === 'held' || order.status === 'pending_replace';
    const isWatched = order.isAtVenue || (isHeld && this.#groups.isWatched(order));
    if (!isWatched) return;
    if (!isActive(order)) {
      if (!touchesStop(order, trade)) return;
      order.isTriggered = true;
      if (order.isAtVenue) this.#work(order);
      else this.#groups.onTriggered(order);
      return;
    }
    const match = matchTrade(order, trade);
    if (match !== null) this.#fill(order, match);
  }

  #isOpen(order: ExchangeOrder): boolean {
    // A closing order is matched on the mark of the close itself.
    const moment = order.timeInForce === 'cls' ? this.#now() - 1 : this.#now();
    return this.#options.market.isTradable(order.symbol, moment) || order.timeInForce === 'cls';
  }

  #fill(order: ExchangeOrder, match: Match): void {
    const now = this.#now();
    const { ledger, activities, faults } = this.#options;
    order.filledQuantity = add(order.filledQuantity, match.quantity);
    order.filledNotional = add(order.filledNotional, multiply(match.price, match.quantity));
    order.updatedAtMicros = now;
    if (match.isComplete) {
      order.status = 'filled';
      order.filledAtMicros = now;
      this.#options.store.finish(order);
    } else if (order.status !== 'pending_cancel' && order.status !== 'pending_replace') {
      order.status = 'partially_filled';
    }
    const positionQuantity = ledger.book({
      symbol: order.symbol,
      side: order.side,
      quantity: match.quantity,
      price: match.price,
      atMicros: now,
    });
    const execution = { id: newId(), price: match.price, quantity: match.quantity, positionQuantity };
    this.counts.fills += 1;
    activities.add(order, execution, now);
    const event = match.isComplete ? 'fill' : 'partial_fill';
    if (!faults.current.missingExecutions) this.#tell(event, order, execution);
    if (faults.current.duplicateExecutions) this.#tell(event, order, execution);
    this.#groups.afterFill(order, match.isComplete);
    this.#revisions.after(order, execution);
  }

  #end(order: ExchangeOrder, status: FinalStatus, event: string): void {
    if (isFinal(order)) return;
    const now = this.#now();
    order.status = status;
    if (status === 'canceled') order.canceledAtMicros = now;
    if (status === 'expired') order.expiredAtMicros = now;
    if (status === 'rejected') order.failedAtMicros = now;
    if (status === 'replaced') order.replacedAtMicros = now;
    this.#options.store.finish(order);
    this.#tell(event, order);
  }

  #carryOutReplace(order: ExchangeOrder, replacement: ExchangeOrder, before: ExchangeOrder['status']): void {
    if (isFinal(order) || order.status !== 'pending_replace') {
      this.#end(replacement, 'rejected', 'rejected');
      return;
    }
    if (replacement.quantity !== null) {
      const left = subtract(replacement.quantity, order.filledQuantity);
      if (left <= 0n) {
        this.#liveOn(order, before, 'order_replace_rejected');
        this.#end(replacement, 'rejected', 'rejected');
        return;
      }
      replacement.quantity = left;
    }
    order.replacedBy = replacement.id;
    this.#end(order, 'replaced', 'replaced');
    this.#groups.afterReplace(order, replacement);
    if (isFinal(replacement)) this.#groups.afterCancel(replacement);
    if (replacement.status !== 'pending_new') return;
    if (before !== 'held') {
      this.#arrive(replacement);
      return;
    }
    replacement.status = 'held';
    this.#tell('held', replacement);
  }

  #tell(event: string, order: ExchangeOrder, execution: ExecutionReport | null = null): void {
    order.updatedAtMicros = this.#now();
    this.#listener({ event, order, execution, atMicros: order.updatedAtMicros });
  }

  #later(call: () => void): void {
    const [low, high] = this.#options.latencyMs;
    this.#options.clock.after(low + (high - low) * this.#options.random(), call);
  }

  #now(): EpochMicros {
    return this.#options.clock.nowMicros();
  }
}
