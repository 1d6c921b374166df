/** Events as CSV: a line each, times in RFC 3339, UTC, with nine decimals. */
import { type FileHandle, open } from 'node:fs/promises';
import { formatMicros } from '../../domain/time.ts';
import { EXPORT_COLUMNS, type ExportFile, type ExportKind, type ExportValue } from './exported.ts';

const NANOS_PER_MICRO = 1_000n;

export class CsvFile implements ExportFile {
  readonly #file: FileHandle;
  #lines: string[] = [];

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Creates the file, or writes over it. */
  static async create(path: string, kind: ExportKind): Promise<CsvFile> {
    const csv = new CsvFile(await open(path, 'w'));
    csv.#lines.push(EXPORT_COLUMNS[kind].map(({ name }) => name).join(','));
    return csv;
  }

  add(values: readonly ExportValue[]): void {
    this.#lines.push(values.map(textOf).join(','));
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    await this.#file.write(`${lines.join('\n')}\n`);
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file.close();
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }
}

function textOf(value: ExportValue): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return Number.isNaN(value) ? '' : String(value);
  const nanos = String(value % NANOS_PER_MICRO).padStart(3, '0');
  return `${formatMicros(Number(value / NANOS_PER_MICRO)).slice(0, -1)}${nanos}Z`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
