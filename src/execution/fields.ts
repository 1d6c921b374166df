/** Decisions as named texts: what must be equal in a replay, and what is shown where it is not. */
import { type Decimal, formatDecimal } from '../domain/decimal.ts';
import type { Intent, OrderExits } from '../domain/order.ts';
import type { DecidedOrder, DeskDecision } from './decisions.ts';

/** In the order in which they are shown. */
export type Fields = Readonly<Record<string, string>>;

/** All that a strategy's decision has to have in common with the recorded one: not when it was made, nor why. */
export function intentFields(intent: Intent): Fields {
  const { kind, clientOrderId, instanceId, symbol } = intent;
  const causedBy = String(intent.causedBy);
  if (kind === 'cancel') return { decision: 'cancel', instanceId, symbol, clientOrderId, causedBy };
  if (kind === 'replace') {
    const { replaces, changes } = intent;
    const what = Object.entries(changes).map(([name, value]) => amount(name, value));
    return Object.assign(
      { decision: 'replace', instanceId, symbol, clientOrderId, replaces, causedBy },
      ...what,
    ) as Fields;
  }
  return { decision: 'order', ...orderFields(intent), causedBy };
}

export function decisionFields(decision: DeskDecision): Fields {
  if (decision.kind === 'order') return { decision: 'order', ...orderFields(decision.order) };
  const { kind, clientOrderId, instanceId, symbol } = decision;
  if (kind === 'cancel') return { decision: 'cancel', instanceId, symbol, clientOrderId };
  return { decision: 'denial', instanceId, symbol, clientOrderId, reason: text(decision.reason) };
}

/** Names of the fields that are not the same. */
export function differingFields(recorded: Fields, replayed: Fields): readonly string[] {
  return [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])].filter(
    (name) => recorded[name] !== replayed[name],
  );
}

function orderFields(order: DecidedOrder): Fields {
  const { instanceId, symbol, clientOrderId, side, type, timeInForce } = order;
  return {
    instanceId,
    symbol,
    clientOrderId,
    side,
    type,
    quantity: formatDecimal(order.quantity),
    ...amount('notional', order.notional),
    ...amount('limitPrice', order.limitPrice),
    ...amount('stopPrice', order.stopPrice),
    ...amount('trailPrice', order.trailPrice),
    ...amount('trailPercent', order.trailPercent),
    ...amount('targetPrice', order.targetPrice),
    ...amount('stopLossPrice', order.stopLossPrice),
    timeInForce,
    ...(order.replaces === undefined ? {} : { replaces: order.replaces }),
    ...exitFields(order.exits),
    ...(order.extendedHours ? { extendedHours: 'yes' } : {}),
    ...(order.reduceOnly ? { reduceOnly: 'yes' } : {}),
  };
}

function exitFields(exits: OrderExits | undefined): Fields {
  if (exits === undefined) return {};
  const { orderClass, takeProfit, stopLoss } = exits;
  return {
    orderClass,
    ...amount('takeProfitLimit', takeProfit?.limitPrice),
    ...amount('stopLossStop', stopLoss?.stopPrice),
    ...amount('stopLossLimit', stopLoss?.limitPrice),
  };
}

function amount(name: string, value: Decimal | null | undefined): Fields {
  return value === null || value === undefined ? {} : { [name]: formatDecimal(value) };
}

function text(reason: unknown): string {
  return JSON.stringify(reason, (_key, value: unknown) =>
    typeof value === 'bigint' ? formatDecimal(value as Decimal) : value,
  );
}
