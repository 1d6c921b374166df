/** Changes of a position that no order of ours has made, booked as an order of its own that was filled at once. */
import { type Decimal, ZERO } from '../../domain/decimal.ts';
import { deriveClientOrderId, type Order, type Side } from '../../domain/order.ts';
import { announceFill, bookExecution } from '../orders/fills.ts';
import { TrackedOrder } from '../orders/orderState.ts';
import type { DeskState } from '../state.ts';

export interface OutsideDeal {
  readonly instanceId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly reason: string;
}

/** @param word what stands in its id: `adopted`, `split`. Answers whether it was booked. */
export function bookOutside(state: DeskState, word: string, deal: OutsideDeal): boolean {
  const { instanceId, symbol, side, quantity, price } = deal;
  const clientOrderId = freeId(state, `${instanceId}.${word}`, symbol);
  const tracked = new TrackedOrder(outsideOrder(state, clientOrderId, deal), state.config.batchId, quantity);
  state.orders.add(tracked);
  const applied = bookExecution(state, tracked, {
    executionId: `${clientOrderId}.1`,
    brokerOrderId: `${word} ${clientOrderId}`,
    symbol,
    side,
    quantity,
    price,
    fee: ZERO,
    executedAtMicros: state.nowMicros,
  });
  state.recordOrder(tracked);
  // The broker never lists it.
  state.booked.delete(`${clientOrderId}.1`);
  if (applied !== null) announceFill(state, tracked, applied);
  return applied !== null;
}

export function outsideOrder(
  state: DeskState,
  clientOrderId: string,
  terms: Pick<Order, 'instanceId' | 'symbol' | 'side' | 'quantity' | 'reason'>,
): Order {
  const { nowMicros } = state;
  const { instanceId, symbol, side, quantity, reason } = terms;
  const run = state.runOf(instanceId, symbol);
  return {
    ...{ clientOrderId, instanceId, symbol, side, quantity, reason },
    algoRunId: run?.algoRunId ?? '',
    consumer: run?.consumer ?? '',
    brokerOrderId: null,
    type: 'market',
    timeInForce: 'day',
    extendedHours: false,
    limitPrice: null,
    stopPrice: null,
    reduceOnly: false,
    targetPrice: null,
    stopLossPrice: null,
    indicators: {},
    status: 'approved',
    filledQuantity: ZERO,
    averagePrice: null,
    statusReason: null,
    createdAtMicros: nowMicros,
    updatedAtMicros: nowMicros,
  };
}

function freeId({ config, orders }: DeskState, owner: string, symbol: string): string {
  for (let sequence = 1; ; sequence += 1) {
    const id = deriveClientOrderId(config.batchId, owner, symbol, sequence);
    if (orders.find(id) === undefined) return id;
  }
}
