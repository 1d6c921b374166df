/** What of the machine's actions a replay must come to again: orders and replacements, cancels, denials. */
import type { DenialReason, OrderTerms } from '../domain/order.ts';
import type { DeskAction } from './contract.ts';

/** An order without what has no part in what it does: who runs it, and why. */
export type DecidedOrder = Omit<OrderTerms, 'algoRunId' | 'consumer' | 'reason' | 'indicators'>;

export type DeskDecision =
  | { readonly kind: 'order'; readonly order: DecidedOrder }
  | {
      readonly kind: 'cancel';
      readonly clientOrderId: string;
      readonly instanceId: string;
      readonly symbol: string;
    }
  | {
      readonly kind: 'denial';
      readonly clientOrderId: string;
      readonly instanceId: string;
      readonly symbol: string;
      readonly reason: DenialReason;
    };

/** In the order of the actions. */
export function decisionsOf(actions: readonly DeskAction[]): readonly DeskDecision[] {
  return actions.flatMap((action): DeskDecision[] => {
    if (action.type === 'submit' || action.type === 'replace')
      return [{ kind: 'order', order: decidedOrder(action.order) }];
    if (action.type === 'cancel') {
      const { clientOrderId, instanceId, symbol } = action.order;
      return [{ kind: 'cancel', clientOrderId, instanceId, symbol }];
    }
    if (action.type === 'tell' && action.event.type === 'denial') {
      return [{ kind: 'denial', ...action.event.denial }];
    }
    return [];
  });
}

function decidedOrder(order: OrderTerms): DecidedOrder {
  return {
    clientOrderId: order.clientOrderId,
    instanceId: order.instanceId,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    timeInForce: order.timeInForce,
    extendedHours: order.extendedHours,
    quantity: order.quantity,
    ...(order.notional === undefined ? {} : { notional: order.notional }),
    limitPrice: order.limitPrice,
    stopPrice: order.stopPrice,
    ...(order.trailPrice === undefined ? {} : { trailPrice: order.trailPrice }),
    ...(order.trailPercent === undefined ? {} : { trailPercent: order.trailPercent }),
    reduceOnly: order.reduceOnly,
    targetPrice: order.targetPrice,
    stopLossPrice: order.stopLossPrice,
    ...(order.replaces === undefined ? {} : { replaces: order.replaces }),
    ...(order.exits === undefined ? {} : { exits: order.exits }),
  };
}
