/** What a machine took, in words. */
import type { EpochMicros } from '../domain/time.ts';
import { formatMicros } from '../domain/time.ts';
import type { HostNote } from '../engine/inbox.ts';
import type { DeskInput } from '../execution/contract.ts';
import { type Batch, EventKind, KIND_NAMES } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { DeskEvent } from '../transport/messages.ts';

/** `trade of AAPL at 187.32 of 2026-11-20T14:31:07.412000Z`. */
export function rowInWords(batch: Batch, row: number, symbols: SymbolTable): string {
  const kind = batch.kind[row]!;
  const symbol = batch.symbolId[row] === 0 ? 'all symbols' : symbols.textOf(batch.symbolId[row]!);
  const name = (KIND_NAMES[kind] ?? `row of kind ${kind}`).replace(
    /[A-Z]/g,
    (letter) => ` ${letter.toLowerCase()}`,
  );
  return `${name} of ${symbol}${priceOf(batch, row)} of ${formatMicros(batch.timeMicros(row))}`;
}

export function timerInWords(dueMicros: EpochMicros): string {
  return `a timer that was due at ${formatMicros(dueMicros)}`;
}

export function commandInWords(note: Extract<HostNote, { type: 'command' | 'history' }>): string {
  if (note.type === 'history') return `history of ${note.symbol}`;
  const { command } = note;
  if (command.type === 'assign' || command.type === 'unassign') {
    const units = command.units.map(({ instanceId, symbol }) => `${instanceId} ${symbol}`).join(', ');
    return `${command.type} ${units}`;
  }
  return command.type === 'session' ? `session of ${command.session.date}` : `command ${command.type}`;
}

export function deskEventInWords(event: DeskEvent): string {
  if (event.type === 'fill') return `fill of ${event.fill.clientOrderId}`;
  if (event.type === 'order') return `order ${event.order.clientOrderId} is ${event.order.status}`;
  if (event.type === 'denial') return `denial of ${event.denial.clientOrderId}`;
  return event.type === 'position' ? `position in ${event.position.symbol}` : event.type;
}

export function inputInWords(input: DeskInput): string {
  if (input.type === 'intents') {
    const ids = input.intents.map(({ clientOrderId }) => clientOrderId).join(', ');
    return `intents of consumer ${input.consumer}: ${ids}`;
  }
  if (input.type === 'trade_update') return `trade update of ${input.update.order.clientOrderId}`;
  if (input.type === 'command') return `command ${input.command}`;
  return 'clientOrderId' in input ? `${words(input.type)} ${input.clientOrderId}` : words(input.type);
}

function words(type: string): string {
  return type.replaceAll('_', ' ');
}

function priceOf(batch: Batch, row: number): string {
  switch (batch.kind[row]!) {
    case EventKind.trade:
      return ` at ${batch.n0[row]!}`;
    case EventKind.quote:
      return ` at ${batch.n0[row]!} / ${batch.n2[row]!}`;
    case EventKind.minuteBar:
    case EventKind.updatedBar:
    case EventKind.dailyBar:
      return ` closing at ${batch.n3[row]!}`;
    default:
      return '';
  }
}
