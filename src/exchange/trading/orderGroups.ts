/**
 * Orders that belong together: bracket (entry, take-profit, stop-loss), one-cancels-other, one-triggers-other.
 *
 * The exits wait as `held` until the entry is filled whole. Then the take-profit is worked; the stop-loss stays `held`
 * and is watched, and when its price is touched the take-profit is canceled and the stop-loss worked.
 */
import { newId } from '../../clock/chance.ts';
import { subtract } from '../../domain/decimal.ts';
import { type ExchangeOrder, type FinalStatus, isFinal, type OrderDraft } from './orders.ts';

export interface GroupActions {
  /** Sends a held order to the market. */
  activate(order: ExchangeOrder): void;
  end(order: ExchangeOrder, status: FinalStatus): void;
}

interface Group {
  /** Null for one-cancels-other, whose exits work at once. */
  readonly entry: ExchangeOrder | null;
  takeProfit: ExchangeOrder | null;
  stopLoss: ExchangeOrder | null;
  areExitsLive: boolean;
}

export class OrderGroups {
  readonly #actions: GroupActions;
  readonly #groupByOrder = new WeakMap<ExchangeOrder, Group>();

  constructor(actions: GroupActions) {
    this.#actions = actions;
  }

  /** Makes the exits of a bracket, oco or oto order. `create` stores each as a held leg. */
  attachLegs(order: ExchangeOrder, draft: OrderDraft, create: (leg: OrderDraft) => ExchangeOrder): void {
    if (draft.orderClass === 'simple') return;
    const exitSide = draft.side === 'buy' ? 'sell' : 'buy';
    const isOco = draft.orderClass === 'oco';
    const leg: OrderDraft = {
      ...draft,
      side: isOco ? draft.side : exitSide,
      type: 'limit',
      limitPrice: null,
      stopPrice: null,
      takeProfit: null,
      stopLoss: null,
    };
    const takeProfit =
      isOco || draft.takeProfit === null
        ? null
        : create({ ...leg, clientOrderId: newId(), limitPrice: draft.takeProfit.limitPrice });
    const stopLoss =
      draft.stopLoss === null
        ? null
        : create({
            ...leg,
            clientOrderId: newId(),
            type: draft.stopLoss.limitPrice === null ? 'stop' : 'stop_limit',
            stopPrice: draft.stopLoss.stopPrice,
            limitPrice: draft.stopLoss.limitPrice,
          });
    const group: Group = {
      entry: isOco ? null : order,
      takeProfit: isOco ? order : takeProfit,
      stopLoss,
      areExitsLive: false,
    };
    order.legs = [takeProfit, stopLoss].filter((exit) => exit !== null);
    for (const member of [order, ...order.legs]) this.#groupByOrder.set(member, group);
  }

  /** Whether a held order's stop price is watched. */
  isWatched(order: ExchangeOrder): boolean {
    const group = this.#groupByOrder.get(order);
    return group?.areExitsLive === true && group.stopLoss === order;
  }

  /** The order has reached the venue: one-cancels-other is live from here. */
  afterArrival(order: ExchangeOrder): void {
    const group = this.#groupByOrder.get(order);
    if (group?.entry === null && group.takeProfit === order && !isFinal(order)) group.areExitsLive = true;
  }

  afterFill(order: ExchangeOrder, isComplete: boolean): void {
    const group = this.#groupByOrder.get(order);
    if (group === undefined) return;
    if (order === group.entry) {
      if (isComplete) this.#startExits(group);
      return;
    }
    const other = order === group.takeProfit ? group.stopLoss : group.takeProfit;
    if (other === null || isFinal(other)) return;
    if (isComplete) this.#actions.end(other, 'canceled');
    else if (other.status === 'held' && order.quantity !== null) {
      other.quantity = subtract(order.quantity, order.filledQuantity);
    }
  }

  /** An order was canceled or rejected: with an entry or one exit the rest goes too. */
  afterCancel(order: ExchangeOrder): void {
    const group = this.#groupByOrder.get(order);
    if (group === undefined) return;
    for (const member of [group.takeProfit, group.stopLoss]) {
      if (member !== null && member !== order && !isFinal(member)) this.#actions.end(member, 'canceled');
    }
  }

  afterReplace(order: ExchangeOrder, replacement: ExchangeOrder): void {
    const group = this.#groupByOrder.get(order);
    if (group === undefined) return;
    this.#groupByOrder.set(replacement, group);
    replacement.parentId = order.parentId;
    for (const parent of [group.entry, group.takeProfit]) {
      if (parent !== null) parent.legs = parent.legs.map((leg) => (leg === order ? replacement : leg));
    }
    if (group.takeProfit === order) group.takeProfit = replacement;
    if (group.stopLoss === order) group.stopLoss = replacement;
  }

  /** The watched stop-loss was touched: it takes the take-profit's place. */
  onTriggered(order: ExchangeOrder): void {
    const group = this.#groupByOrder.get(order);
    const takeProfit = group?.takeProfit ?? null;
    if (takeProfit !== null && !isFinal(takeProfit)) this.#actions.end(takeProfit, 'canceled');
    if (!isFinal(order)) this.#actions.activate(order);
  }

  #startExits(group: Group): void {
    group.areExitsLive = true;
    const { takeProfit } = group;
    if (takeProfit !== null && !isFinal(takeProfit)) this.#actions.activate(takeProfit);
  }
}
