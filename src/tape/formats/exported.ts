/** What an export writes, whatever the format: which events, and their columns. */
import { type Batch, EventKind } from '../batch.ts';
import { conditionsAt, tradeIdAt } from '../rows.ts';
import type { SymbolTable } from '../symbols.ts';

export const EXPORT_KINDS = ['trades', 'quotes', 'bars'] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];

/** `time`: nanoseconds since the epoch. A number that is NaN is none. */
export type ColumnType = 'time' | 'number' | 'text';

export interface ExportColumn {
  readonly name: string;
  readonly type: ColumnType;
}

const column = (type: ColumnType) => (name: string) => ({ name, type });
const KEY: readonly ExportColumn[] = [column('time')('time'), column('text')('symbol')];
const numbers = (...names: string[]) => names.map(column('number'));

/** {@link importTape} reads these names back. */
export const EXPORT_COLUMNS: Readonly<Record<ExportKind, readonly ExportColumn[]>> = {
  trades: [
    ...KEY,
    ...numbers('price', 'size'),
    ...['exchange', 'conditions', 'tape', 'id'].map(column('text')),
  ],
  quotes: [...KEY, ...numbers('bid_price', 'bid_size', 'ask_price', 'ask_size')],
  bars: [...KEY, ...numbers('open', 'high', 'low', 'close', 'volume', 'vwap', 'trade_count')],
};

export type ExportValue = bigint | number | string;

/** A file of one kind of events. */
export interface ExportFile {
  /** Values in the order of {@link EXPORT_COLUMNS}. */
  add(values: readonly ExportValue[]): void;
  /** Resolves when more may be added. */
  flush(): Promise<void>;
  close(): Promise<void>;
  /** What was written will be removed: lets go of it. */
  abandon(): Promise<void>;
}

/** Undefined for a row that exports leave out. */
export function exportKindOf(kind: number): ExportKind | undefined {
  switch (kind) {
    case EventKind.trade:
      return 'trades';
    case EventKind.quote:
      return 'quotes';
    case EventKind.minuteBar:
      return 'bars';
    default:
      return undefined;
  }
}

export function exportedValues(batch: Batch, row: number, symbols: SymbolTable): readonly ExportValue[] {
  const time = BigInt(batch.baseMicros) * 1_000n + BigInt(batch.timeNs[row]!);
  const key = [time, symbols.textOf(batch.symbolId[row]!)];
  const figures = [batch.n0[row]!, batch.n1[row]!, batch.n2[row]!, batch.n3[row]!];
  switch (batch.kind[row]!) {
    case EventKind.trade:
      return [
        ...key,
        ...figures.slice(0, 2),
        characterOf(batch.code0[row]!),
        conditionsAt(batch, row).join('|'),
        characterOf(batch.tape[row]!),
        tradeIdAt(batch, row),
      ];
    case EventKind.quote:
      return [...key, ...figures];
    default:
      return [...key, ...figures, ...[0, 1, 2].map((index) => batch.heapFloat(row, index))];
  }
}

function characterOf(byte: number): string {
  return byte === 0 ? '' : String.fromCharCode(byte);
}
