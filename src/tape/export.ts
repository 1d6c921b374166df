/** A tape's events as CSV, in columns that {@link importTape} reads back. */
import { type FileHandle, open } from 'node:fs/promises';
import { formatMicros } from '../domain/time.ts';
import { type Batch, EventKind } from './batch.ts';
import { TapeReader } from './reader.ts';
import { conditionsAt, tradeIdAt } from './rows.ts';
import type { SymbolTable } from './symbols.ts';

export const EXPORT_KINDS = ['trades', 'quotes', 'bars'] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];

export interface ExportOptions {
  readonly input: string;
  /** With several kinds, `x.csv` stands for `x.trades.csv`, `x.quotes.csv`, `x.bars.csv`. */
  readonly output: string;
  /** All by default. */
  readonly kinds?: readonly ExportKind[];
  onProgress?(progress: { readonly rows: number }): void;
}

export interface ExportedFile {
  readonly kind: ExportKind;
  readonly path: string;
  readonly rows: number;
}

const HEADERS: Readonly<Record<ExportKind, string>> = {
  trades: 'time,symbol,price,size,exchange,conditions,tape,id',
  quotes: 'time,symbol,bid_price,bid_size,ask_price,ask_size',
  bars: 'time,symbol,open,high,low,close,volume,vwap,trade_count',
};

/** Times are RFC 3339 in UTC with nine decimals; bars are minutes, at their start. */
export async function exportTape(options: ExportOptions): Promise<readonly ExportedFile[]> {
  const kinds = options.kinds ?? EXPORT_KINDS;
  const reader = await TapeReader.open({ path: options.input });
  const files: { kind: ExportKind; path: string; rows: number; file: FileHandle }[] = [];
  let total = 0;
  try {
    for (const kind of kinds) {
      const path =
        kinds.length === 1 ? options.output : `${options.output.replace(/\.csv$/, '')}.${kind}.csv`;
      const file = await open(path, 'w');
      files.push({ kind, path, rows: 0, file });
      await file.write(`${HEADERS[kind]}\n`);
    }
    for await (const batch of reader) {
      for (const target of files) {
        const lines: string[] = [];
        for (let row = 0; row < batch.count; row += 1) {
          if (exportKindOf(batch.kind[row]!) === target.kind) lines.push(lineOf(batch, row, reader.symbols));
        }
        if (lines.length === 0) continue;
        await target.file.write(`${lines.join('\n')}\n`);
        target.rows += lines.length;
        total += lines.length;
      }
      options.onProgress?.({ rows: total });
    }
  } finally {
    await reader.close();
    for (const { file } of files) await file.close();
  }
  return files.map(({ kind, path, rows }) => ({ kind, path, rows }));
}

function exportKindOf(kind: number): ExportKind | undefined {
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

function lineOf(batch: Batch, row: number, symbols: SymbolTable): string {
  const micros = batch.timeMicros(row);
  const nanos = batch.timeNs[row]! - (micros - batch.baseMicros) * 1_000;
  const time = `${formatMicros(micros).slice(0, -1)}${String(nanos).padStart(3, '0')}Z`;
  const numbers = [batch.n0[row]!, batch.n1[row]!, batch.n2[row]!, batch.n3[row]!];
  const fields: (string | number)[] = [time, quoted(symbols.textOf(batch.symbolId[row]!))];
  switch (batch.kind[row]!) {
    case EventKind.trade:
      fields.push(numbers[0]!, numbers[1]!, characterOf(batch.code0[row]!));
      fields.push(
        quoted(conditionsAt(batch, row).join('|')),
        characterOf(batch.tape[row]!),
        quoted(tradeIdAt(batch, row)),
      );
      break;
    case EventKind.quote:
      fields.push(...numbers);
      break;
    default: {
      const vwap = batch.heapFloat(row, 1);
      fields.push(
        ...numbers,
        batch.heapFloat(row, 0),
        Number.isNaN(vwap) ? '' : vwap,
        batch.heapFloat(row, 2),
      );
    }
  }
  return fields.join(',');
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function characterOf(byte: number): string {
  return byte === 0 ? '' : String.fromCharCode(byte);
}
