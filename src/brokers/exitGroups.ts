/**
 * Orders that belong together at a broker which fills orders itself: exits wait for their order's last share, then both
 * work; what one of them is filled by the other is reduced by, and when one has ended the other ends too.
 */
import { subtract } from '../domain/decimal.ts';
import { exitsOf, type Order, type OrderStatus } from '../domain/order.ts';
import type { WorkingOrder } from './workingOrder.ts';

export interface GroupActions<Kept extends WorkingOrder> {
  /** The exits of a filled order go to the market. */
  activate(exit: Kept): void;
  end(order: Kept, status: Extract<OrderStatus, 'canceled'>): void;
}

interface Group<Kept> {
  /** Null for one-cancels-other, whose exits work at once. */
  readonly entry: Kept | null;
  exits: readonly Kept[];
}

export class ExitGroups<Kept extends WorkingOrder> {
  readonly #actions: GroupActions<Kept>;
  readonly #groups = new WeakMap<Kept, Group<Kept>>();

  constructor(actions: GroupActions<Kept>) {
    this.#actions = actions;
  }

  /** Makes the exits that an order comes with. */
  attach(order: Kept, create: (exit: Order) => Kept): readonly Kept[] {
    const { exits } = order.order;
    if (exits === undefined) return [];
    const isOco = exits.orderClass === 'oco';
    const made = exitsOf(order.order).map((exit) => {
      const kept = create(exit);
      kept.status = isOco ? 'new' : 'held';
      order.exits.push(kept);
      return kept;
    });
    const group = isOco ? { entry: null, exits: [order, ...made] } : { entry: order, exits: made };
    for (const member of [order, ...made]) this.#groups.set(member, group);
    return made;
  }

  /** To be called after a fill, and after a stop was set off: then the other exit is not filled any more. */
  afterFill(order: Kept): void {
    const group = this.#groups.get(order);
    if (group === undefined) return;
    if (order === group.entry) {
      if (order.status === 'filled') for (const exit of group.exits) this.#activate(exit);
      return;
    }
    for (const other of this.#others(group, order)) {
      if (order.status === 'filled') this.#actions.end(other, 'canceled');
      else other.reduceTo(subtract(order.quantity, order.filledQuantity));
    }
  }

  afterTrigger(order: Kept): void {
    const group = this.#groups.get(order);
    if (group === undefined || order === group.entry) return;
    for (const other of this.#others(group, order)) this.#actions.end(other, 'canceled');
  }

  /** An order was canceled or has expired: its exits go with it, or the other exit. */
  afterEnd(order: Kept): void {
    const group = this.#groups.get(order);
    if (group === undefined) return;
    for (const other of this.#others(group, order)) this.#actions.end(other, 'canceled');
  }

  afterReplace(old: Kept, next: Kept): void {
    const group = this.#groups.get(old);
    if (group === undefined) return;
    group.exits = group.exits.map((exit) => (exit === old ? next : exit));
    this.#groups.set(next, group);
    const parent = group.entry ?? group.exits[0];
    parent?.exits.splice(parent.exits.indexOf(old), 1, next);
  }

  #activate(exit: Kept): void {
    if (exit.isOpen) this.#actions.activate(exit);
  }

  #others(group: Group<Kept>, order: Kept): readonly Kept[] {
    return group.exits.filter((exit) => exit !== order && exit.isOpen);
  }
}
