/** Executions: each applied once to its order and its position, written down, and told. */

import type { Execution } from '../brokers/contract.ts';
import { formatDecimal } from '../domain/decimal.ts';
import type { Fill, Order, Position } from '../domain/order.ts';
import type { TrackedOrder } from './orderState.ts';
import { tradeRow } from './rows.ts';
import type { DeskState } from './state.ts';

/** Execution ids kept for recognising what was told before; the oldest are forgotten. */
export const EXECUTION_IDS_MAX = 500_000;

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
  rememberExecution(state, execution.executionId);
  if (tracked.applyExecution(execution, state.nowMicros) !== 'applied') {
    alertSurplus(state, tracked.order, execution);
    return null;
  }
  const { order } = tracked;
  const fill: Fill = {
    executionId: execution.executionId,
    clientOrderId: order.clientOrderId,
    brokerOrderId: execution.brokerOrderId,
    instanceId: order.instanceId,
    algoRunId: order.algoRunId,
    symbol: order.symbol,
    side: order.side,
    quantity: execution.quantity,
    price: execution.price,
    fee: execution.fee,
    executedAtMicros: execution.executedAtMicros,
  };
  const { position, before } = state.positions.apply(fill);
  const row = tradeRow(fill, order, tracked.batchId, before);
  // The trade stands before its order in the journal: a torn end may lose the order's line, never the position's.
  state.emit({
    type: 'journal',
    entry: { entry: 'trade', atMicros: state.nowMicros, instanceId: order.instanceId, row },
  });
  state.emit({ type: 'record_trade', row });
  state.rememberFill(fill);
  return { fill, position };
}

/** Tells the strategy of a fill, with the order and the position as they stand now. */
export function announceFill(state: DeskState, tracked: TrackedOrder, { fill, position }: AppliedFill): void {
  const { order } = tracked;
  state.tell(order, { type: 'fill', fill, order, position });
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

export function rememberExecution(state: DeskState, executionId: string): void {
  state.executionIds.add(executionId);
  if (state.executionIds.size <= EXECUTION_IDS_MAX) return;
  for (const oldest of state.executionIds) {
    state.executionIds.delete(oldest);
    return;
  }
}

function alertSurplus(state: DeskState, order: Order, execution: Execution): void {
  const { clientOrderId, symbol } = order;
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
