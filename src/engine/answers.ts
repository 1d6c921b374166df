/** What the desk tells: fills, orders, denials, positions, the account. */
import { formatDecimal, numberFromDecimal } from '../domain/decimal.ts';
import { isTerminal, type Order } from '../domain/order.ts';
import type { DeskEvent } from '../transport/messages.ts';
import type { HostCore } from './core.ts';
import type { Moves } from './moves.ts';
import type { Proposals } from './proposals.ts';
import type { Runner } from './runner.ts';
import type { UnitSymbol } from './unit.ts';

type Told<Type extends DeskEvent['type']> = Extract<DeskEvent, { type: Type }>;

export class DeskAnswers {
  readonly #core: HostCore;
  readonly #runner: Runner;
  readonly #proposals: Proposals;
  readonly #moves: Moves;

  constructor(core: HostCore, runner: Runner, proposals: Proposals, moves: Moves) {
    this.#core = core;
    this.#runner = runner;
    this.#proposals = proposals;
    this.#moves = moves;
  }

  handle(event: DeskEvent): void {
    if (this.#moves.claims(event)) return;
    this.tell(event);
  }

  /** As {@link handle}, for a unit that has come with what the desk had told. */
  tell(event: DeskEvent): void {
    switch (event.type) {
      case 'order':
        this.#order(event.order);
        return;
      case 'fill':
        this.#fill(event);
        return;
      case 'denial':
        this.#denial(event);
        return;
      case 'position': {
        const viewer = this.#core.findViewer(event.position.instanceId, event.position.symbol);
        if (viewer === undefined) return;
        this.#core.setPosition(viewer, event.position);
        this.#proposals.continueClosing(viewer);
        return;
      }
      case 'account':
        this.account(event);
        return;
      case 'handover':
        return;
    }
  }

  account({ account, riskState, portfolios = [] }: Omit<Told<'account'>, 'type'>): void {
    for (const { guest, config } of this.#core.instances) {
      const share = portfolios.find(({ instanceIds }) => instanceIds.includes(config.instanceId)) ?? account;
      guest.setAccount(
        numberFromDecimal(share.equity),
        numberFromDecimal(share.cash),
        numberFromDecimal(share.buyingPower),
        riskState,
      );
    }
  }

  #order(order: Order): void {
    const viewer = this.#core.findViewer(order.instanceId, order.symbol);
    if (viewer === undefined) return;
    this.#keep(viewer, order);
    if (this.#runner.hears(viewer, 'onOrder')) {
      this.#runner.order(viewer, {
        clientOrderId: order.clientOrderId,
        symbol: order.symbol,
        side: order.side,
        status: order.status,
        filledQuantity: numberFromDecimal(order.filledQuantity),
        reason: order.statusReason,
      });
    }
    this.#proposals.continueClosing(viewer);
  }

  #fill({ fill, order, position }: Told<'fill'>): void {
    const viewer = this.#core.findViewer(fill.instanceId, fill.symbol);
    if (viewer === undefined) {
      this.#core.output.log('warn', 'a fill of a symbol that no unit here runs', {
        strategy: fill.instanceId,
        symbol: fill.symbol,
        clientOrderId: fill.clientOrderId,
        quantity: formatDecimal(fill.quantity),
      });
      return;
    }
    this.#core.setPosition(viewer, position);
    this.#keep(viewer, order);
    if (this.#runner.hears(viewer, 'onFill')) {
      this.#runner.fill(viewer, {
        clientOrderId: fill.clientOrderId,
        symbol: fill.symbol,
        side: fill.side,
        quantity: numberFromDecimal(fill.quantity),
        price: numberFromDecimal(fill.price),
        timeMicros: fill.executedAtMicros,
        // How much an amount comes to is known when the broker says that it is filled.
        isComplete:
          order.filledQuantity >= order.quantity &&
          (order.notional === undefined || order.status === 'filled'),
      });
    }
    this.#proposals.continueClosing(viewer);
  }

  #denial({ denial }: Told<'denial'>): void {
    const viewer = this.#core.findViewer(denial.instanceId, denial.symbol);
    if (viewer === undefined) return;
    // A refused cancel says nothing about the order: what became of it is told by an event of its own.
    const isCancel = viewer.cancelling.delete(denial.clientOrderId);
    if (!isCancel || denial.reason.code === 'unknown_order') {
      viewer.openOrders.delete(denial.clientOrderId);
      this.#core.showOpenOrders(viewer);
    }
    this.#runner.denial(viewer, denial);
    this.#proposals.continueClosing(viewer);
  }

  #keep(viewer: UnitSymbol, order: Order): void {
    if (isTerminal(order.status)) {
      viewer.openOrders.delete(order.clientOrderId);
      viewer.cancelling.delete(order.clientOrderId);
    } else viewer.openOrders.set(order.clientOrderId, order);
    this.#core.showOpenOrders(viewer);
  }
}
