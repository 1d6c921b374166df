/** Messages of the trade-updates stream (protocol B): frames in our words. */

import { ZERO } from '../../domain/decimal.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { parseJson } from '../../network/answers.ts';
import type { BrokerOrder, Execution, Revision, TradeUpdate } from '../contract.ts';
import { amountOf, type Fields, isFields, momentOf, textOf } from './fields.ts';
import { readOrder } from './orders.ts';

export type UpdateFrame =
  | { readonly type: 'authorization'; readonly isAuthorized: boolean; readonly action: string }
  | { readonly type: 'listening'; readonly streams: readonly string[] }
  | { readonly type: 'update'; readonly update: TradeUpdate }
  | { readonly type: 'error'; readonly message: string }
  /** Another stream's, or a kind of a later version. */
  | { readonly type: 'other'; readonly stream: string }
  /** A trade update, or a whole frame, that cannot be read. */
  | { readonly type: 'damaged'; readonly detail: string };

const DETAIL_LENGTH_MAX = 200;

/** JSON, in text frames from live and in binary ones from paper. */
export function readFrame(frame: Buffer, nowMicros: EpochMicros): UpdateFrame {
  const text = frame.toString('utf8');
  const parsed = parseJson(text);
  if (!isFields(parsed)) return damaged('not a JSON object', text);
  const data = isFields(parsed.data) ? parsed.data : {};
  if (parsed.action === 'error') return { type: 'error', message: String(data.error_message) };
  switch (parsed.stream) {
    case 'authorization':
      return {
        type: 'authorization',
        isAuthorized: data.status === 'authorized',
        action: textOf(data.action) ?? '',
      };
    case 'listening':
      return { type: 'listening', streams: Array.isArray(data.streams) ? data.streams.map(String) : [] };
    case 'trade_updates': {
      const update = readUpdate(data, nowMicros);
      return update === undefined
        ? damaged('a trade update without an order', text)
        : { type: 'update', update };
    }
    default:
      return { type: 'other', stream: String(parsed.stream) };
  }
}

function readUpdate(data: Fields, nowMicros: EpochMicros): TradeUpdate | undefined {
  const event = textOf(data.event);
  const order = isFields(data.order) ? readOrder(data.order) : undefined;
  if (event === undefined || order === undefined) return undefined;
  // Only some events carry a time stamp of their own.
  const atMicros = momentOf(data.timestamp) ?? (order.updatedAtMicros || nowMicros);
  if (event === 'trade_bust' || event === 'trade_correct') {
    const revision = readRevision(event, data, order, atMicros);
    return { event, order, execution: null, atMicros, ...(revision === undefined ? {} : { revision }) };
  }
  if (event !== 'fill' && event !== 'partial_fill') return { event, order, execution: null, atMicros };
  const execution = readExecution(data, order, atMicros);
  return execution && { event, order, execution, atMicros };
}

/** A bust repeats what it undoes; a correction tells what stands instead. Undefined when it does not say of which. */
function readRevision(
  event: 'trade_bust' | 'trade_correct',
  data: Fields,
  order: BrokerOrder,
  atMicros: EpochMicros,
): Revision | undefined {
  const previousExecutionId = textOf(data.previous_execution_id);
  const told = readExecution(data, order, atMicros) ?? null;
  if (previousExecutionId === undefined) return undefined;
  if (event === 'trade_bust') return { previousExecutionId, revoked: told, corrected: null };
  return told === null ? undefined : { previousExecutionId, revoked: null, corrected: told };
}

/** Price and size are this execution's, not the order's so far. */
function readExecution(data: Fields, order: BrokerOrder, atMicros: EpochMicros): Execution | undefined {
  const executionId = textOf(data.execution_id);
  const quantity = amountOf(data.qty);
  const price = amountOf(data.price);
  if (executionId === undefined || quantity === undefined || price === undefined) return undefined;
  return {
    executionId,
    brokerOrderId: order.brokerOrderId,
    symbol: order.symbol,
    side: order.side,
    quantity,
    price,
    fee: ZERO,
    executedAtMicros: atMicros,
  };
}

function damaged(why: string, text: string): UpdateFrame {
  return { type: 'damaged', detail: `${why}: ${text.slice(0, DETAIL_LENGTH_MAX)}` };
}
