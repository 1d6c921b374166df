/** The orders the exchange remembers, and how they are found and listed. */
import { assert } from '../../domain/assert.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { ExchangeLimits } from '../options.ts';
import { type ExchangeOrder, isFinal } from './orders.ts';

export interface OrderQuery {
  readonly status: 'open' | 'closed' | 'all';
  readonly limit: number;
  readonly after: EpochMicros | null;
  readonly until: EpochMicros | null;
  readonly direction: 'asc' | 'desc';
  readonly isNested: boolean;
  readonly symbols: ReadonlySet<string> | null;
  readonly side: string | null;
  readonly assetClass: string | null;
  readonly beforeOrderId: string | null;
  readonly afterOrderId: string | null;
}

export class OrderStore {
  readonly #byId = new Map<string, ExchangeOrder>();
  readonly #byClientOrderId = new Map<string, ExchangeOrder>();
  /** Not final, in order of creation. */
  readonly #open = new Map<string, ExchangeOrder>();
  readonly #openBySymbol = new Map<string, Set<ExchangeOrder>>();
  readonly #ordersMax: number;

  constructor(limits: ExchangeLimits) {
    this.#ordersMax = limits.ordersMax;
  }

  get openCount(): number {
    return this.#open.size;
  }

  add(order: ExchangeOrder): void {
    assert(!this.#byId.has(order.id), `order ${order.id} was added twice`);
    this.#byId.set(order.id, order);
    this.#byClientOrderId.set(order.clientOrderId, order);
    this.#open.set(order.id, order);
    let ofSymbol = this.#openBySymbol.get(order.symbol);
    if (ofSymbol === undefined) {
      ofSymbol = new Set();
      this.#openBySymbol.set(order.symbol, ofSymbol);
    }
    ofSymbol.add(order);
    if (this.#byId.size > this.#ordersMax) this.#forgetOldest();
  }

  /** Called when an order has become final. */
  finish(order: ExchangeOrder): void {
    assert(isFinal(order), `order ${order.id} is still ${order.status}`);
    this.#open.delete(order.id);
    this.#openBySymbol.get(order.symbol)?.delete(order);
  }

  byId(id: string): ExchangeOrder | undefined {
    return this.#byId.get(id);
  }

  byClientOrderId(clientOrderId: string): ExchangeOrder | undefined {
    return this.#byClientOrderId.get(clientOrderId);
  }

  /** A copy, so that orders may end while it is walked. */
  open(): ExchangeOrder[] {
    return [...this.#open.values()];
  }

  hasOpen(symbol: string): boolean {
    return (this.#openBySymbol.get(symbol)?.size ?? 0) > 0;
  }

  openOf(symbol: string): ExchangeOrder[] {
    return [...(this.#openBySymbol.get(symbol) ?? [])];
  }

  list(query: OrderQuery): ExchangeOrder[] {
    const all = query.status === 'open' ? this.open() : [...this.#byId.values()];
    const orders = query.direction === 'asc' ? all : all.reverse();
    const found: ExchangeOrder[] = [];
    const from = this.#positionOf(orders, query);
    for (let index = from; index < orders.length && found.length < query.limit; index += 1) {
      const order = orders[index]!;
      if (order.id === query.afterOrderId && query.direction === 'desc') break;
      if (order.id === query.beforeOrderId && query.direction === 'asc') break;
      if (matches(order, query)) found.push(order);
    }
    return found;
  }

  /** Behind the order that a page begins with, in the direction of the list. */
  #positionOf(orders: readonly ExchangeOrder[], query: OrderQuery): number {
    const id = query.direction === 'asc' ? query.afterOrderId : query.beforeOrderId;
    if (id === null) return 0;
    const mark = this.#byId.get(id);
    if (mark === undefined) return 0;
    const at = orders.indexOf(mark);
    if (at !== -1) return at + 1;
    // An order that is not in this list any more (it has ended): go on where it stood.
    const isBehind = (order: ExchangeOrder) =>
      query.direction === 'asc'
        ? order.createdAtMicros > mark.createdAtMicros
        : order.createdAtMicros < mark.createdAtMicros;
    const behind = orders.findIndex(isBehind);
    return behind === -1 ? orders.length : behind;
  }

  #forgetOldest(): void {
    for (const order of this.#byId.values()) {
      if (!isFinal(order)) continue;
      this.#byId.delete(order.id);
      this.#byClientOrderId.delete(order.clientOrderId);
      return;
    }
  }
}

function matches(order: ExchangeOrder, query: OrderQuery): boolean {
  if (query.status === 'closed' && !isFinal(order)) return false;
  if (query.isNested && order.parentId !== null) return false;
  if (query.after !== null && order.createdAtMicros <= query.after) return false;
  if (query.until !== null && order.createdAtMicros >= query.until) return false;
  if (query.symbols !== null && !query.symbols.has(order.symbol)) return false;
  if (query.side !== null && order.side !== query.side) return false;
  return query.assetClass === null || order.assetClass === query.assetClass;
}
