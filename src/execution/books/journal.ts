/**
 * Journal entries as lines of text: `CRC32 number JSON`, the number counting lines over all segments. Amounts are
 * text in the JSON. A line that is torn or damaged does not pass its check sum and is told apart from a good one.
 */
import { crc32 } from 'node:zlib';
import { type Decimal, decimal, formatDecimal } from '../../domain/decimal.ts';
import type { Order, OrderExits } from '../../domain/order.ts';
import type { JournalEntry } from '../contract.ts';

const CRC_HEX_DIGITS = 8;

export interface JournalLine {
  readonly line: number;
  readonly entry: JournalEntry;
}

/** With its line feed. */
export function writeLine(line: number, entry: JournalEntry): string {
  const text = `${line} ${JSON.stringify(entry, amountAsText)}`;
  return `${checksum(text)} ${text}\n`;
}

/** Undefined for a line that is torn, damaged, or of no kind that this version knows. */
export function readLine(text: string): JournalLine | undefined {
  const rest = text.slice(CRC_HEX_DIGITS + 1);
  if (text[CRC_HEX_DIGITS] !== ' ' || checksum(rest) !== text.slice(0, CRC_HEX_DIGITS)) return undefined;
  const space = rest.indexOf(' ');
  const line = Number(rest.slice(0, space));
  const entry = JSON.parse(rest.slice(space + 1)) as JournalEntry;
  return { line, entry: entry.entry === 'order' ? orderEntry(entry) : entry };
}

function orderEntry(entry: Extract<JournalEntry, { entry: 'order' }>): JournalEntry {
  // What was written by amountAsText is text here, whatever its type says.
  const { order, reportedFilled } = entry.kept;
  const kept = { ...entry.kept, order: withAmounts(order), reportedFilled: amount(reportedFilled) };
  return { ...entry, kept };
}

function withAmounts(order: Order): Order {
  return {
    ...order,
    quantity: amount(order.quantity),
    filledQuantity: amount(order.filledQuantity),
    limitPrice: amountOrNull(order.limitPrice),
    stopPrice: amountOrNull(order.stopPrice),
    targetPrice: amountOrNull(order.targetPrice),
    stopLossPrice: amountOrNull(order.stopLossPrice),
    averagePrice: amountOrNull(order.averagePrice),
    ...(order.notional === undefined ? {} : { notional: amount(order.notional) }),
    ...(order.exits === undefined ? {} : { exits: withExitAmounts(order.exits) }),
    ...(order.trailPrice === undefined ? {} : { trailPrice: amount(order.trailPrice) }),
    ...(order.trailPercent === undefined ? {} : { trailPercent: amount(order.trailPercent) }),
  };
}

function withExitAmounts({ orderClass, takeProfit, stopLoss }: OrderExits): OrderExits {
  return {
    orderClass,
    takeProfit: takeProfit === null ? null : { limitPrice: amount(takeProfit.limitPrice) },
    stopLoss:
      stopLoss === null
        ? null
        : { stopPrice: amount(stopLoss.stopPrice), limitPrice: amountOrNull(stopLoss.limitPrice) },
  };
}

function amountAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? formatDecimal(value as Decimal) : value;
}

function amount(text: unknown): Decimal {
  return decimal(String(text));
}

function amountOrNull(text: unknown): Decimal | null {
  return text === null ? null : amount(text);
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(CRC_HEX_DIGITS, '0');
}
