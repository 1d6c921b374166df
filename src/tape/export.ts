/** A tape's events as CSV or Parquet, in columns whose names {@link importTape} reads back. */
import type { Damage } from './blocks.ts';
import { CsvFile } from './formats/csvFile.ts';
import {
  EXPORT_KINDS,
  type ExportFile,
  type ExportKind,
  exportedValues,
  exportKindOf,
} from './formats/exported.ts';
import { OutputFile, writingTo } from './output.ts';
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
  /** Leaves out what is damaged, instead of writing nothing. */
  readonly skipsDamage?: boolean;
  onDamage?(damage: Damage): void;
  onProgress?(progress: { readonly rows: number }): void;
}

export interface ExportedFile {
  readonly kind: ExportKind;
  readonly path: string;
  readonly rows: number;
}

interface Target {
  readonly kind: ExportKind;
  readonly path: string;
  readonly output: OutputFile;
  readonly file: ExportFile;
  rows: number;
}

/**
 * Bars are minutes, at their start. Files are there when all of them are whole; what was there before stays else.
 * @throws {UserError} exit code 2 when the tape cannot be read, or a file not be written.
 */
export async function exportTape(options: ExportOptions): Promise<readonly ExportedFile[]> {
  const reader = await TapeReader.open({
    path: options.input,
    onDamage: options.skipsDamage === true ? 'skip' : 'refuse',
  });
  const targets: Target[] = [];
  try {
    await writingTo(options.output, async () => {
      await openTargets(options, targets);
      await copyRows(reader, targets, options);
      for (const { file } of targets) await file.close();
      for (const { output } of targets) await output.keep();
    });
  } catch (error) {
    for (const { file, output } of targets) {
      await file.abandon();
      await output.discard();
    }
    throw error;
  } finally {
    await reader.close();
  }
  for (const damage of reader.damages) options.onDamage?.(damage);
  return targets.map(({ kind, path, rows }) => ({ kind, path, rows }));
}

async function openTargets(options: ExportOptions, targets: Target[]): Promise<void> {
  const kinds = options.kinds ?? EXPORT_KINDS;
  const format = options.format ?? (options.output.endsWith('.parquet') ? 'parquet' : 'csv');
  for (const kind of kinds) {
    const path = kinds.length === 1 ? options.output : pathOf(options.output, kind, format);
    const output = await OutputFile.begin(path, [options.input]);
    const { writing } = output;
    const file = format === 'csv' ? await CsvFile.create(writing, kind) : await parquetFile(writing, kind);
    targets.push({ kind, path, output, file, rows: 0 });
  }
}

async function copyRows(
  reader: TapeReader,
  targets: readonly Target[],
  options: ExportOptions,
): Promise<void> {
  let total = 0;
  for await (const batch of reader) {
    for (let row = 0; row < batch.count; row += 1) {
      const kind = exportKindOf(batch.kind[row]!);
      const target = targets.find((each) => each.kind === kind);
      if (target === undefined) continue;
      target.file.add(exportedValues(batch, row, reader.symbols));
      target.rows += 1;
      total += 1;
    }
    for (const { file } of targets) await file.flush();
    options.onProgress?.({ rows: total });
  }
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
