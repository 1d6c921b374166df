/**
 * The broker of a backtest: it answers the desk as a broker does, at once instead of by a network, and fills orders
 * from the rows that the run shows it. A row never fills an order that was decided on it or after it.
 */
import type {
  BrokerOrder,
  BrokerPosition,
  CancelOutcome,
  Execution,
  SubmitOutcome,
  TradeUpdate,
} from '../brokers/contract.ts';
import { ExitGroups } from '../brokers/exitGroups.ts';
import { Spending } from '../brokers/spending.ts';
import { replacementOf, WorkingOrders } from '../brokers/workingOrders.ts';
import { type Decimal, decimalFromNumber, numberFromDecimal, ZERO } from '../domain/decimal.ts';
import type { AssetClass, TradingStatus } from '../domain/market.ts';
import type { Account, Order, Side } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { Batch } from '../tape/batch.ts';
import type { SimulatedAccount } from './account.ts';
import { REMEMBERED_MAX } from './config.ts';
import { type BarPrices, isSetOff, isThrough, priceAtOpen, priceOfStop } from './fills/bars.ts';
import { SymbolState } from './fills/market.ts';
import type { FillModel } from './fills/model.ts';
import { type OrderTimes, SimulatedOrder } from './fills/order.ts';
import { notePlaceInQueue, type Offer, offerOfQuote, offerOfTrade, restingOffer } from './fills/ticks.ts';

export interface BrokerOptions {
  readonly model: FillModel;
  readonly account: SimulatedAccount;
  readonly assetClass: AssetClass;
  /** Told what the exchange has done, and when. */
  readonly onUpdate: (update: TradeUpdate) => void;
}

export class SimulatedBroker {
  readonly #options: BrokerOptions;
  /** By the stream's symbol ids. */
  readonly #markets: SymbolState[] = [];
  readonly #bySymbol = new Map<string, SymbolState>();
  readonly #orders = new WorkingOrders<SimulatedOrder>(REMEMBERED_MAX);
  #orderCount = 0;
  #openCount = 0;
  readonly #spending: Spending;
  readonly #groups = new ExitGroups<SimulatedOrder>({
    activate: (exit) => exit.setStatus('new', exit.updatedAtMicros),
    end: (order, status) => this.#end(order, status, this.#atMicros),
  });
  /** The moment of what is being done. */
  #atMicros: EpochMicros = 0;
  /** When the next day order ends. */
  nextExpiryMicros: EpochMicros = Number.POSITIVE_INFINITY;
  /** What bars and trades of this symbol and moment have given already. */
  readonly #bar: BarPrices = { open: 0, high: 0, low: 0, close: 0 };

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#spending = new Spending({
      account: options.account,
      isShown: (symbol) => this.#bySymbol.has(symbol),
      priceNow: (symbol, side) => this.#priceNow(symbol, side),
      open: () => this.#open(),
    });
  }

  get openCount(): number {
    return this.#openCount;
  }

  define(id: number, symbol: string): void {
    const market = this.#bySymbol.get(symbol) ?? new SymbolState(symbol);
    this.#bySymbol.set(symbol, market);
    this.#markets[id] = market;
  }

  market(id: number): SymbolState {
    return this.#markets[id]!;
  }

  find(symbol: string): SymbolState | undefined {
    return this.#bySymbol.get(symbol);
  }

  account(): Account {
    return this.#spending.account();
  }

  positions(): readonly BrokerPosition[] {
    return this.#options.account.positions();
  }

  openOrders(): readonly BrokerOrder[] {
    return this.#open().map((order) => order.described());
  }

  /** By the broker's own id where one is given. */
  order(of: { readonly clientOrderId: string; readonly brokerOrderId: string | null }): BrokerOrder | null {
    const { clientOrderId, brokerOrderId } = of;
    const found =
      brokerOrderId === null ? this.#orders.find(clientOrderId) : this.#orders.findByBrokerId(brokerOrderId);
    return found?.described() ?? null;
  }

  recentExecutions(): readonly Execution[] {
    return this.#orders.executions;
  }

  /** @param expiresMicros when the session ends that a day order is for. */
  submit(order: Order, nowMicros: EpochMicros, expiresMicros: EpochMicros): SubmitOutcome {
    const known = this.#orders.find(order.clientOrderId);
    if (known !== undefined) return { type: 'accepted', order: known.described() };
    const refusal = this.#spending.refusal(order);
    if (refusal !== undefined) return refusal;
    const accepted = this.#accept(order, {
      decidedMicros: nowMicros,
      arrivesMicros: nowMicros + this.#options.model.latencyMicros,
      expiresMicros: order.timeInForce === 'day' ? expiresMicros : Number.POSITIVE_INFINITY,
    });
    this.#groups.attach(accepted, (exit) => this.#accept(exit, accepted));
    return { type: 'accepted', order: accepted.described() };
  }

  /** As {@link cancel}, with another order in its place. */
  replace(
    asked: { readonly order: Order; readonly replaced: Order; readonly decidedMicros: EpochMicros },
    nowMicros: EpochMicros,
  ): SubmitOutcome {
    const { order: replacement, replaced: order, decidedMicros } = asked;
    const found = replacementOf(this.#orders.find(order.clientOrderId), { order, replacement });
    if ('httpStatus' in found) return found;
    const { old } = found;
    const refusal = this.#spending.refusal(found.order, old);
    if (refusal !== undefined) return refusal;
    const times = { decidedMicros, arrivesMicros: nowMicros, expiresMicros: old.expiresMicros };
    const accepted = this.#accept(found.order, times);
    this.#groups.afterReplace(old, accepted);
    old.replacedBy = accepted.brokerOrderId;
    this.#end(old, 'replaced', nowMicros);
    return { type: 'accepted', order: accepted.described() };
  }

  #accept(order: Order, times: OrderTimes): SimulatedOrder {
    this.#orderCount += 1;
    const accepted = new SimulatedOrder(order, `backtest-${this.#orderCount}`, times);
    this.nextExpiryMicros = Math.min(this.nextExpiryMicros, accepted.expiresMicros);
    this.#orders.add(accepted);
    this.#openCount += 1;
    const market = this.#bySymbol.get(order.symbol)!;
    if (!Number.isNaN(market.last)) accepted.follow(market.last);
    market.orders = market.orders.length === 0 ? [accepted] : [...market.orders, accepted];
    return accepted;
  }

  /** The cancel works when it has reached the exchange: the run calls this then. */
  cancel(order: Order, nowMicros: EpochMicros): CancelOutcome {
    const known = this.#orders.find(order.clientOrderId);
    if (known === undefined || !known.isOpen) {
      const message = known === undefined ? 'the order is not known' : `the order is ${known.status}`;
      return { type: 'not_open', message };
    }
    this.#end(known, 'canceled', nowMicros);
    return { type: 'requested' };
  }

  /** Ends the day orders whose session is over. */
  expire(nowMicros: EpochMicros): void {
    this.nextExpiryMicros = Number.POSITIVE_INFINITY;
    for (const order of this.#open()) {
      if (order.isOpen && order.expiresMicros <= nowMicros) this.#end(order, 'expired', order.expiresMicros);
      else this.nextExpiryMicros = Math.min(this.nextExpiryMicros, order.expiresMicros);
    }
  }

  setStatus(id: number, status: TradingStatus): void {
    this.#markets[id]!.isHalted = status === 'halted' || status === 'quotation_only';
  }

  /** A bar that began at `startMicros`. Its close is not taken as the last price yet. */
  onBar(batch: Batch, row: number, startMicros: EpochMicros): void {
    const market = this.#markets[batch.symbolId[row]!]!;
    const isFinest = !market.hasQuotes && !market.hasTrades;
    if (market.orders.length > 0 && isFinest && !market.isHalted)
      this.#matchBar(market, batch, row, startMicros);
  }

  onTrade(market: SymbolState, price: number, size: number, atMicros: EpochMicros): void {
    market.hasTrades = true;
    market.last = price;
    if (market.orders.length === 0 || market.isHalted) return;
    const { model } = this.#options;
    const trade = { price, size };
    let left = size;
    for (const order of market.orders) {
      if (!order.isWorking(atMicros)) continue;
      if (!order.isTriggered && order.reaches(price)) this.#trigger(order, atMicros);
      else if (!order.isTriggered) order.follow(price);
      let offer: Offer | null;
      if (!market.hasQuotes) offer = offerOfTrade(order, trade, model);
      else if (Number.isNaN(order.limit)) offer = offerOfQuote(order, market, model);
      else offer = restingOffer(order, trade);
      if (offer === null) continue;
      const isDisplayed = market.hasQuotes && Number.isNaN(order.limit);
      left -= this.#give(
        order,
        market,
        { ...offer, size: isDisplayed ? offer.size : Math.min(offer.size, left) },
        atMicros,
      );
    }
    this.#endImmediate(market, atMicros);
  }

  onQuote(market: SymbolState, batch: Batch, row: number, atMicros: EpochMicros): void {
    market.quote(batch.n0[row]!, batch.n1[row]!, batch.n2[row]!, batch.n3[row]!);
    if (market.orders.length === 0 || market.isHalted) return;
    for (const order of market.orders) {
      if (!order.isWorking(atMicros)) continue;
      notePlaceInQueue(order, market);
      const offer = offerOfQuote(order, market, this.#options.model);
      if (offer === null) continue;
      const given = this.#give(order, market, offer, atMicros);
      market.take(order.order.side, given);
    }
    this.#endImmediate(market, atMicros);
  }

  #matchBar(market: SymbolState, batch: Batch, row: number, startMicros: EpochMicros): void {
    const { model } = this.#options;
    const bar = this.#bar;
    bar.open = batch.n0[row]!;
    bar.high = batch.n1[row]!;
    bar.low = batch.n2[row]!;
    bar.close = batch.n3[row]!;
    let left = model.shareOf(batch.heapFloat(row, 0));
    const here = () =>
      market.orders.filter(
        (order) =>
          startMicros >= order.decidedMicros + model.latencyBarsMicros &&
          startMicros < order.expiresMicros &&
          !order.isHeld,
      );
    const openMicros = startMicros + model.latencyMicros - model.latencyBarsMicros;
    for (const order of here()) {
      if (!order.isOpen) continue;
      const wasTriggered = order.isTriggered;
      const price = priceAtOpen(order, bar, model);
      if (order.isTriggered && !wasTriggered) this.#trigger(order, openMicros);
      if (price !== null) left -= this.#give(order, market, { price, size: left }, openMicros);
    }
    const endMicros = startMicros + model.barMicros;
    // Usually all that was there has dealt.
    if (market.orders.length === 0) return;
    // With the exits of orders that dealt at the open.
    const orders = here();
    let isBuySetOff = false;
    let isSaleSetOff = false;
    for (const order of orders) {
      if (!order.isOpen || !isSetOff(order, bar)) continue;
      this.#trigger(order, endMicros);
      if (order.order.side === 'buy') isBuySetOff = true;
      else isSaleSetOff = true;
      // A stop-limit becomes a limit that rests from the next bar on.
      if (!Number.isNaN(order.limit)) continue;
      left -= this.#give(order, market, { price: priceOfStop(order, model), size: left }, endMicros);
    }
    for (const order of orders) {
      if (!order.isOpen || order.isImmediate || !isThrough(order, bar)) continue;
      if (order.order.side === 'buy' ? isBuySetOff : isSaleSetOff) continue;
      left -= this.#give(order, market, { price: order.order.limitPrice!, size: left }, endMicros);
    }
    // Of orders that dealt inside the bar nobody knows what came after: their stops are set off, their gains wait.
    for (const order of here()) {
      if (orders.includes(order) || !order.isOpen || !isSetOff(order, bar)) continue;
      this.#trigger(order, endMicros);
      if (!Number.isNaN(order.limit)) continue;
      left -= this.#give(order, market, { price: priceOfStop(order, model), size: left }, endMicros);
    }
    for (const order of orders) {
      if (order.isOpen && order.isImmediate) this.#end(order, 'canceled', endMicros);
    }
  }

  #trigger(order: SimulatedOrder, atMicros: EpochMicros): void {
    this.#atMicros = atMicros;
    order.isTriggered = true;
    this.#groups.afterTrigger(order);
  }

  /** Deals as much as there is, in whole shares where the order is for such. Answers how much it was. */
  #give(order: SimulatedOrder, market: SymbolState, offer: Offer, atMicros: EpochMicros): number {
    const exact = order.wantedAt(offer.price);
    // What is left of an amount may be less than the smallest fraction.
    if (exact === ZERO) return 0;
    const wanted = numberFromDecimal(exact);
    if (offer.size >= wanted) {
      this.#deal(order, market, offer.price, exact, atMicros);
      return wanted;
    }
    const isWhole = this.#options.assetClass === 'us_equity' && Number.isInteger(wanted);
    const size = isWhole ? Math.floor(offer.size) : offer.size;
    if (!(size > 0) || order.order.timeInForce === 'fok') return 0;
    const quantity = decimalFromNumber(size);
    if (quantity <= ZERO) return 0;
    this.#deal(order, market, offer.price, quantity, atMicros);
    return size;
  }

  #deal(
    order: SimulatedOrder,
    market: SymbolState,
    price: Decimal,
    quantity: Decimal,
    atMicros: EpochMicros,
  ): void {
    const { model, account, onUpdate } = this.#options;
    const { side } = order.order;
    const fee = model.feeOf(side, price, quantity);
    account.deal(market, side, { price, quantity, fee });
    const execution = this.#orders.deal(order, { price, quantity, fee, atMicros });
    if (!order.isOpen) this.#remove(order, market);
    onUpdate({
      event: order.isOpen ? 'partial_fill' : 'fill',
      order: order.described(),
      execution,
      atMicros,
    });
    this.#atMicros = atMicros;
    this.#groups.afterFill(order);
  }

  #endImmediate(market: SymbolState, atMicros: EpochMicros): void {
    for (const order of market.orders) {
      if (order.isImmediate && order.isTriggered && atMicros >= order.arrivesMicros) {
        this.#end(order, 'canceled', atMicros);
      }
    }
  }

  #end(order: SimulatedOrder, status: 'canceled' | 'expired' | 'replaced', atMicros: EpochMicros): void {
    order.setStatus(status, atMicros);
    this.#remove(order, this.#bySymbol.get(order.order.symbol)!);
    this.#options.onUpdate({ event: status, order: order.described(), execution: null, atMicros });
    this.#atMicros = atMicros;
    if (status !== 'replaced') this.#groups.afterEnd(order);
  }

  #remove(order: SimulatedOrder, market: SymbolState): void {
    const { orders } = market;
    market.orders = orders.length === 1 ? NO_ORDERS : orders.filter((other) => other !== order);
    this.#openCount -= 1;
  }

  #priceNow(symbol: string, side: Side): Decimal | null {
    const market = this.#bySymbol.get(symbol);
    const shown = market?.opposite(side) ?? 0;
    const price = shown > 0 ? shown : (market?.last ?? Number.NaN);
    return Number.isNaN(price) ? null : decimalFromNumber(price);
  }

  #open(): readonly SimulatedOrder[] {
    if (this.#openCount === 0) return NO_ORDERS;
    return [...this.#bySymbol.values()].flatMap(({ orders }) => orders);
  }
}

const NO_ORDERS: readonly SimulatedOrder[] = [];
