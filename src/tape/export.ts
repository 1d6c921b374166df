/** A tape's events as CSV or Parquet, in columns whose names {@link importTape} reads back. */
import { CsvFile } from './formats/csvFile.ts';
import {
  EXPORT_KINDS,
  type ExportFile,
  type ExportKind,
  exportedValues,
  exportKindOf,
} from './formats/exported.ts';
import { TapeReader } from './reader.ts';

export { EXPORT_KINDS, type ExportKind } from './formats/exported.ts';

export const EXPORT_FORMATS = ['csv', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions {
  readonly input: string;
  /** With several kinds, `x.csv` stands for `x.trades.csv`, `x.quotes.csv`, `x.bars.csv`. */
  readonly output: string;
  /** Told from the output's name by default: Parquet where it ends in `.parquet`. */
  readonly format?: ExportFormat;
  /** All by default. */
  readonly kinds?: readonly ExportKind[];
  onProgress?(progress: { readonly rows: number }): void;
}

export interface ExportedFile {
  readonly kind: ExportKind;
  readonly path: string;
  readonly rows: number;
}

/** Bars are minutes, at their start. */
export async function exportTape(options: ExportOptions): Promise<readonly ExportedFile[]> {
  const kinds = options.kinds ?? EXPORT_KINDS;
  const format = options.format ?? (options.output.endsWith('.parquet') ? 'parquet' : 'csv');
  const reader = await TapeReader.open({ path: options.input });
  const files: { kind: ExportKind; path: string; rows: number; file: ExportFile }[] = [];
  let total = 0;
  try {
    for (const kind of kinds) {
      const path = kinds.length === 1 ? options.output : pathOf(options.output, kind, format);
      const file = format === 'csv' ? await CsvFile.create(path, kind) : await parquetFile(path, kind);
      files.push({ kind, path, rows: 0, file });
    }
    for await (const batch of reader) {
      for (let row = 0; row < batch.count; row += 1) {
        const kind = exportKindOf(batch.kind[row]!);
        const target = files.find((file) => file.kind === kind);
        if (target === undefined) continue;
        target.file.add(exportedValues(batch, row, reader.symbols));
        target.rows += 1;
        total += 1;
      }
      for (const { file } of files) await file.flush();
      options.onProgress?.({ rows: total });
    }
  } finally {
    await reader.close();
    for (const { file } of files) await file.close();
  }
  return files.map(({ kind, path, rows }) => ({ kind, path, rows }));
}

async function parquetFile(path: string, kind: ExportKind): Promise<ExportFile> {
  // Read in when it is wanted: every other command would wait for it.
  const { ParquetFile } = await import('./formats/parquetFile.ts');
  return new ParquetFile(path, kind);
}

function pathOf(output: string, kind: ExportKind, format: ExportFormat): string {
  const ending = `.${format}`;
  const stem = output.endsWith(ending) ? output.slice(0, -ending.length) : output;
  return `${stem}.${kind}${ending}`;
}
