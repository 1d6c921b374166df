/** A record of a file as a row of a batch. */
import { appendBar, appendQuote, appendTrade } from '../append.ts';
import { type Batch, EventKind } from '../batch.ts';
import type { SymbolTable } from '../symbols.ts';
import type { TapeRecord } from './record.ts';

/** Answers false, and writes nothing, when the batch is full. */
export function appendRecord(batch: Batch, record: TapeRecord, symbols: SymbolTable): boolean {
  switch (record.kind) {
    case 'trade':
      return appendTrade(batch, record.value, {
        symbols,
        nanos: record.nanos,
        ...(record.flags === undefined ? {} : { flags: record.flags }),
      });
    case 'quote':
      return appendQuote(batch, record.value, { symbols, nanos: record.nanos });
    case 'minuteBar':
    case 'dailyBar':
      return appendBar(batch, record.value, { symbols, kind: EventKind[record.kind] });
  }
}
