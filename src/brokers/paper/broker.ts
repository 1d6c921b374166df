/**
 * A broker for feeds that have none: it fills orders from the live quotes and trades it is shown.
 *
 * An order never deals with the event that led to it, nor with any that was received before its latency is over. At
 * the market it takes the opposite side of the quote, no more than is displayed, and waits with the rest for the next
 * quote. A limit order deals at the quote when that is good enough, and rests otherwise until a trade goes through its
 * price. A stop is set off by a trade. There are no fees, no market impact and no margin. What it holds ends with it.
 */
import { SessionCalendar, usEquityRules } from '../../clock/calendar.ts';
import { type Decimal, decimal, decimalFromNumber, ONE, ZERO } from '../../domain/decimal.ts';
import type { Instrument, Session } from '../../domain/market.ts';
import type { Account, Order, Side } from '../../domain/order.ts';
import { failed, type Outcome, success } from '../../domain/outcome.ts';
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import { type Batch, EventKind, RowFlag } from '../../tape/batch.ts';
import type { SymbolTable } from '../../tape/symbols.ts';
import { DEFAULT_PAPER_LATENCY_MS, type PaperBrokerConfig } from '../config.ts';
import type {
  Broker,
  BrokerContext,
  BrokerListener,
  BrokerOrder,
  BrokerPosition,
  CancelOutcome,
  Execution,
  SubmitOutcome,
  TradeUpdate,
} from '../contract.ts';
import { ExitGroups } from '../exitGroups.ts';
import { Spending } from '../spending.ts';
import { type Refused, replacementOf, unprocessable, WorkingOrders } from '../workingOrders.ts';
import { PaperAccount } from './account.ts';
import { Book, type Level } from './book.ts';
import { PaperOrder } from './orders.ts';

/** Orders, and executions, remembered. */
const REMEMBERED_MAX = 100_000;

export class PaperBroker implements Broker {
  readonly name = 'paper';
  readonly #context: BrokerContext;
  readonly #latencyMicros: number;
  readonly #idPrefix: string;
  readonly #books = new Map<string, Book>();
  readonly #account: PaperAccount;
  readonly #orders = new WorkingOrders<PaperOrder>(REMEMBERED_MAX);
  readonly #spending: Spending;
  readonly #groups = new ExitGroups<PaperOrder>({
    activate: (exit) => {
      exit.setStatus('new', this.#context.clock.nowMicros());
      this.#tell('new', exit, null);
    },
    end: (order, status) => this.#end(order, status, this.#context.clock.nowMicros()),
  });
  readonly #open = new Map<string, Set<PaperOrder>>();
  readonly #calendar = new SessionCalendar(usEquityRules);
  #listener: BrokerListener | null = null;
  #orderCount = 0;

  constructor(config: PaperBrokerConfig, context: BrokerContext) {
    this.#context = context;
    this.#latencyMicros = (config.latencyMs ?? DEFAULT_PAPER_LATENCY_MS) * MICROS_PER_MILLISECOND;
    this.#idPrefix = `paper-${context.clock.nowMicros()}`;
    this.#account = new PaperAccount(decimal(config.startingCash), config.currency, this.#books);
    this.#spending = new Spending({
      account: this.#account,
      isShown: (symbol) => this.#books.has(symbol),
      priceNow: (symbol, side) => this.#priceNow(symbol, side),
      open: () => this.#openOrders(),
    });
  }

  open(listener: BrokerListener): void {
    this.#listener = listener;
    queueMicrotask(() => this.#listener?.onNotice({ type: 'connected' }));
  }

  account(): Promise<Outcome<Account>> {
    return Promise.resolve(success(this.#spending.account()));
  }

  positions(): Promise<Outcome<readonly BrokerPosition[]>> {
    return Promise.resolve(success(this.#account.positions()));
  }

  openOrders(): Promise<Outcome<readonly BrokerOrder[]>> {
    return Promise.resolve(success(this.#openOrders().map((order) => order.described())));
  }

  orderByClientOrderId(clientOrderId: string): Promise<Outcome<BrokerOrder>> {
    const order = this.#orders.find(clientOrderId);
    if (order !== undefined) return Promise.resolve(success(order.described()));
    return Promise.resolve(failed({ kind: 'not_found', message: `no order ${clientOrderId}` }));
  }

  orderByBrokerId(brokerOrderId: string): Promise<Outcome<BrokerOrder>> {
    const order = this.#orders.findByBrokerId(brokerOrderId);
    if (order !== undefined) return Promise.resolve(success(order.described()));
    return Promise.resolve(failed({ kind: 'not_found', message: `no order ${brokerOrderId}` }));
  }

  executionsSince(moment: EpochMicros): Promise<Outcome<readonly Execution[]>> {
    return Promise.resolve(
      success(this.#orders.executions.filter((execution) => execution.executedAtMicros > moment)),
    );
  }

  /** Those that the market has shown so far. */
  instruments(): Promise<Outcome<readonly Instrument[]>> {
    return Promise.resolve(success([...this.#books.keys()].map(instrumentOf)));
  }

  /** By the rules of the stock exchanges. */
  sessions(fromDate: string, toDate: string): Promise<Outcome<readonly Session[]>> {
    return Promise.resolve(success(this.#calendar.sessions(fromDate, toDate)));
  }

  submit(order: Order): Promise<SubmitOutcome> {
    const known = this.#orders.find(order.clientOrderId);
    if (known !== undefined) return Promise.resolve({ type: 'accepted', order: known.described() });
    const refusal = this.#refusal(order);
    if (refusal !== undefined) return Promise.resolve(refusal);
    const accepted = this.#accept(order);
    const exits = this.#groups.attach(accepted, (exit) => this.#accept(exit));
    for (const each of [accepted, ...exits]) this.#tell(each.status, each, null);
    return Promise.resolve({ type: 'accepted', order: accepted.described() });
  }

  replace(order: Order, replacement: Order): Promise<SubmitOutcome> {
    const known = this.#orders.find(replacement.clientOrderId);
    if (known !== undefined) return Promise.resolve({ type: 'accepted', order: known.described() });
    const asked = replacementOf(this.#orders.find(order.clientOrderId), { order, replacement });
    if ('httpStatus' in asked) return Promise.resolve(asked);
    const { old } = asked;
    const refusal = this.#refusal(asked.order, old);
    if (refusal !== undefined) return Promise.resolve(refusal);
    const accepted = this.#accept(asked.order);
    this.#groups.afterReplace(old, accepted);
    old.replacedBy = accepted.brokerOrderId;
    this.#end(old, 'replaced', this.#context.clock.nowMicros());
    this.#tell('new', accepted, null);
    return Promise.resolve({ type: 'accepted', order: accepted.described() });
  }

  cancel(order: Order): Promise<CancelOutcome> {
    const known = this.#orders.find(order.clientOrderId);
    if (known === undefined || !known.isOpen) {
      const message = known === undefined ? 'the order is not known' : `the order is ${known.status}`;
      return Promise.resolve({ type: 'not_open', message });
    }
    this.#end(known, 'canceled', this.#context.clock.nowMicros());
    return Promise.resolve({ type: 'requested' });
  }

  onMarket(batch: Batch, symbols: SymbolTable): void {
    for (let row = 0; row < batch.count; row += 1) {
      const kind = batch.kind[row]!;
      if (kind === EventKind.quote) this.#onQuote(batch, row, symbols.textOf(batch.symbolId[row]!));
      else if (kind === EventKind.trade) this.#onTrade(batch, row, symbols.textOf(batch.symbolId[row]!));
    }
  }

  close(): Promise<void> {
    this.#listener = null;
    return Promise.resolve();
  }

  #onQuote(batch: Batch, row: number, symbol: string): void {
    const book = this.#book(symbol);
    book.quote({
      bidPrice: batch.n0[row]!,
      bidSize: batch.n1[row]!,
      askPrice: batch.n2[row]!,
      askSize: batch.n3[row]!,
    });
    const atMicros = batch.receivedMicros(row);
    for (const order of this.#active(symbol, atMicros)) {
      if (order.isOpen) this.#matchQuote(order, book, atMicros);
    }
  }

  #onTrade(batch: Batch, row: number, symbol: string): void {
    if ((batch.flags[row]! & RowFlag.notLast) !== 0) return;
    const book = this.#book(symbol);
    const atMicros = batch.receivedMicros(row);
    book.trade(batch.n0[row]!);
    const orders = this.#active(symbol, atMicros);
    if (orders.length === 0) return;
    const price = decimalFromNumber(batch.n0[row]!);
    const size = decimalFromNumber(batch.n1[row]!);
    for (const order of orders) {
      if (!order.isOpen) continue;
      if (order.touch(price)) this.#groups.afterTrigger(order);
      const match = order.matchTrade(price, size);
      if (match !== null) this.#deal(order, match, atMicros);
      else if (order.order.stopPrice !== null) this.#matchQuote(order, book, atMicros);
    }
  }

  #matchQuote(order: PaperOrder, book: Book, atMicros: EpochMicros): void {
    const match = order.matchLevel(book.opposite(order.order.side));
    if (match !== null) {
      book.take(order.order.side, match.size);
      this.#deal(order, match, atMicros);
    }
    if (order.isImmediate && order.isOpen && order.isTriggered) this.#end(order, 'canceled', atMicros);
  }

  #deal(order: PaperOrder, match: Level, atMicros: EpochMicros): void {
    const { symbol, side } = order.order;
    this.#account.deal(symbol, side, match.price, match.size);
    const deal = { price: match.price, quantity: match.size, fee: ZERO, atMicros };
    const execution = this.#orders.deal(order, deal);
    if (!order.isOpen) this.#open.get(symbol)?.delete(order);
    this.#tell(order.isOpen ? 'partial_fill' : 'fill', order, execution);
    this.#groups.afterFill(order);
  }

  #accept(order: Order): PaperOrder {
    const nowMicros = this.#context.clock.nowMicros();
    this.#orderCount += 1;
    const accepted = new PaperOrder(order, {
      brokerOrderId: `${this.#idPrefix}-${this.#orderCount}`,
      nowMicros,
      activeFromMicros: nowMicros + this.#latencyMicros,
      expiresAtMicros: this.#expiry(order, nowMicros),
    });
    this.#remember(accepted);
    return accepted;
  }

  #end(order: PaperOrder, status: 'canceled' | 'expired' | 'replaced', atMicros: EpochMicros): void {
    order.setStatus(status, atMicros);
    this.#open.get(order.order.symbol)?.delete(order);
    this.#tell(status, order, null);
    if (status !== 'replaced') this.#groups.afterEnd(order);
  }

  /** Orders that an event of that moment may fill; day orders whose day is over end here. */
  #active(symbol: string, atMicros: EpochMicros): readonly PaperOrder[] {
    const open = this.#open.get(symbol);
    if (open === undefined || open.size === 0) return NO_ORDERS;
    const active: PaperOrder[] = [];
    for (const order of [...open]) {
      if (order.expiresAtMicros !== null && atMicros >= order.expiresAtMicros)
        this.#end(order, 'expired', atMicros);
      else if (atMicros >= order.activeFromMicros && !order.isHeld) active.push(order);
    }
    return active;
  }

  /** @param without an order whose place it takes. */
  #refusal(order: Order, without?: PaperOrder): Refused | undefined {
    if (order.type === 'trailing_stop') return unprocessable('trailing stops are not offered');
    return this.#spending.refusal(order, without);
  }

  #priceNow(symbol: string, side: Side): Decimal | null {
    const book = this.#books.get(symbol);
    return book?.opposite(side)?.price ?? book?.mark(side === 'buy' ? ZERO : ONE) ?? null;
  }

  #openOrders(): readonly PaperOrder[] {
    return [...this.#open.values()].flatMap((orders) => [...orders]);
  }

  #expiry(order: Order, nowMicros: EpochMicros): EpochMicros | null {
    if (order.timeInForce !== 'day') return null;
    const session = this.#calendar.currentOrNext(nowMicros, order.extendedHours ? 'extended' : 'regular');
    return order.extendedHours ? session.extendedCloseMicros : session.closeMicros;
  }

  #book(symbol: string): Book {
    let book = this.#books.get(symbol);
    if (book === undefined) {
      book = new Book();
      this.#books.set(symbol, book);
    }
    return book;
  }

  #remember(order: PaperOrder): void {
    const { symbol } = order.order;
    this.#orders.add(order);
    const open = this.#open.get(symbol);
    if (open === undefined) this.#open.set(symbol, new Set([order]));
    else open.add(order);
  }

  /** Told after this turn, as a stream would: never before the answer to the request that caused it is on its way. */
  #tell(event: string, order: PaperOrder, execution: Execution | null): void {
    const update: TradeUpdate = {
      event,
      order: order.described(),
      execution,
      atMicros: order.updatedAtMicros,
    };
    queueMicrotask(() => this.#listener?.onTradeUpdate(update));
  }
}

const NO_ORDERS: readonly PaperOrder[] = [];

function instrumentOf(symbol: string): Instrument {
  return {
    symbol,
    name: symbol,
    assetClass: symbol.includes('/') ? 'crypto' : 'us_equity',
    exchange: 'paper',
    tradable: true,
    shortable: true,
    fractionable: true,
  };
}
