/** Executions: each applied once to its order and its position, written down, and told. */

import type { BrokerOrder, Execution, Revision } from '../../brokers/contract.ts';
import { formatDecimal, ZERO } from '../../domain/decimal.ts';
import type { Fill, Order, Position } from '../../domain/order.ts';
import { tradeRow } from '../books/rows.ts';
import { type DeskState, REVOKED } from '../state.ts';
import type { TrackedOrder } from './orderState.ts';

/** Surplus executions that were alerted once are not alerted again; beyond this many the memory starts anew. */
const SURPLUS_IDS_MAX = 10_000;

/** An execution that was new. The order is told of by {@link announceFill}, after all of the input is merged. */
export interface AppliedFill {
  readonly fill: Fill;
  readonly position: Position;
}

/** Books an execution of a known order. Answers null when it was booked before or cannot be this order's. */
export function bookExecution(
  state: DeskState,
  tracked: TrackedOrder,
  execution: Execution,
): AppliedFill | null {
  if (state.executionIds.has(execution.executionId)) return null;
  if (tracked.applyExecution(execution, state.nowMicros) !== 'applied') {
    // Not remembered: when the broker takes another execution back, there is room for this one.
    alertSurplus(state, tracked.order, execution);
    return null;
  }
  state.executionIds.add(execution.executionId);
  return bookFill(state, tracked, { ...execution, side: tracked.order.side }, null);
}

/**
 * Undoes an execution that the broker has taken back, and books the one that stands instead. What was booked stays in
 * the books: an entry of the other side at the same price sets it off, under an id that the revoked one leads to, so
 * that it is booked once too. Answers what was booked, oldest first; null when the execution cannot be told.
 */
export function bookRevision(
  state: DeskState,
  tracked: TrackedOrder,
  revision: Revision,
  described: BrokerOrder,
): readonly AppliedFill[] | null {
  const { previousExecutionId, revoked: told, corrected } = revision;
  const revisionId = `${previousExecutionId}${REVOKED}`;
  const applied: AppliedFill[] = [];
  tracked.noteRevised(described.filledQuantity, described.updatedAtMicros);
  if (!state.executionIds.has(revisionId)) {
    if (state.executionIds.has(previousExecutionId)) {
      const revoked = tracked.revokeExecution(previousExecutionId, told);
      if (revoked === null) return null;
      state.executionIds.add(revisionId);
      const side = tracked.order.side === 'buy' ? 'sell' : 'buy';
      const entry = { ...revoked, executionId: revisionId, side, fee: ZERO } as const;
      const origin = {
        brokerOrderId: described.brokerOrderId,
        symbol: tracked.order.symbol,
        executedAtMicros: described.updatedAtMicros,
      };
      applied.push(bookFill(state, tracked, { ...entry, ...origin }, `revoked: ${previousExecutionId}`));
    } else {
      // Its own message is lost or late: it must not be booked when it comes.
      const { clientOrderId } = tracked.order;
      for (const executionId of [previousExecutionId, revisionId]) forgo(state, executionId, clientOrderId);
    }
  }
  const instead = corrected === null ? null : bookExecution(state, tracked, corrected);
  return instead === null ? applied : [...applied, instead];
}

/** Changes the position and writes it down. @param reason in place of the order's, for its row. */
function bookFill(
  state: DeskState,
  tracked: TrackedOrder,
  execution: Execution,
  reason: string | null,
): AppliedFill {
  const { order } = tracked;
  const fill: Fill = {
    executionId: execution.executionId,
    clientOrderId: order.clientOrderId,
    brokerOrderId: execution.brokerOrderId,
    instanceId: order.instanceId,
    algoRunId: order.algoRunId,
    symbol: order.symbol,
    side: execution.side,
    quantity: execution.quantity,
    price: execution.price,
    fee: execution.fee,
    executedAtMicros: execution.executedAtMicros,
  };
  const { position, before } = state.positions.apply(fill);
  state.portfolios.onFill(fill);
  if (state.keepsRecords) {
    const row = tradeRow(fill, order, { batchId: tracked.batchId, heldBefore: before, reason });
    // The trade stands before its order in the journal: a torn end may lose the order's line, never the position's.
    const entry = { entry: 'trade', atMicros: state.nowMicros, instanceId: order.instanceId, row } as const;
    state.emit({ type: 'journal', entry });
    state.emit({ type: 'record_trade', row });
  }
  state.rememberFill(fill);
  return { fill, position };
}

/** Tells the strategy of a fill, with the order and the position as they stand now. */
export function announceFill(state: DeskState, tracked: TrackedOrder, { fill, position }: AppliedFill): void {
  const { order } = tracked;
  state.tell(order, { type: 'fill', fill, order, position });
  if (!state.keepsRecords) return;
  state.log('info', 'fill', {
    clientOrderId: order.clientOrderId,
    instanceId: order.instanceId,
    symbol: order.symbol,
    side: fill.side,
    quantity: formatDecimal(fill.quantity),
    price: formatDecimal(fill.price),
    position: formatDecimal(position.quantity),
  });
}

/** Notes an execution that must never be booked. */
function forgo(state: DeskState, executionId: string, clientOrderId: string): void {
  state.executionIds.add(executionId);
  state.emit({
    type: 'journal',
    entry: { entry: 'execution', atMicros: state.nowMicros, executionId, clientOrderId },
  });
}

function alertSurplus(state: DeskState, order: Order, execution: Execution): void {
  const { clientOrderId, symbol } = order;
  if (state.surplusIds.has(execution.executionId)) return;
  if (state.surplusIds.size >= SURPLUS_IDS_MAX) state.surplusIds.clear();
  state.surplusIds.add(execution.executionId);
  const message = `${symbol}: an execution beyond what the broker counts as filled was not booked`;
  state.alert('critical', 'surplus_execution', message, {
    clientOrderId,
    executionId: execution.executionId,
    ordered: formatDecimal(order.quantity),
    filled: formatDecimal(order.filledQuantity),
    execution: formatDecimal(execution.quantity),
  });
  state.emit({ type: 'reconcile', reason: 'a surplus execution', isUrgent: false });
}
