/** Events as Parquet: times as UTC timestamps in nanoseconds, numbers as doubles, columns packed with Snappy. */
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import {
  type ColumnType,
  EXPORT_COLUMNS,
  type ExportFile,
  type ExportKind,
  type ExportValue,
} from './exported.ts';

/** Rows that are held in memory until they are written together. */
const ROW_GROUP_ROWS = 100_000;

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

const TYPES: Readonly<Record<ColumnType, Omit<SchemaElement, 'name'>>> = {
  time: {
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' },
    repetition_type: 'REQUIRED',
  },
  number: { type: 'DOUBLE', repetition_type: 'OPTIONAL' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
};

export class ParquetFile implements ExportFile {
  readonly #names: readonly string[];
  readonly #writer: ParquetWriter;
  #columns: (ExportValue | null)[][];

  /** Creates the file, or writes over it. */
  constructor(path: string, kind: ExportKind) {
    const columns = EXPORT_COLUMNS[kind];
    this.#names = columns.map(({ name }) => name);
    this.#columns = columns.map(() => []);
    this.#writer = new ParquetWriter({
      writer: fileWriter(path),
      schema: [
        { name: 'events', num_children: columns.length },
        ...columns.map(({ name, type }) => ({ name, ...TYPES[type] })),
      ],
      createdBy: 'openbell',
    });
  }

  add(values: readonly ExportValue[]): void {
    for (const [index, value] of values.entries()) {
      this.#columns[index]!.push(Number.isNaN(value) ? null : value);
    }
  }

  async flush(): Promise<void> {
    if (this.#columns[0]!.length >= ROW_GROUP_ROWS) await this.#writeGroup();
  }

  async close(): Promise<void> {
    if (this.#columns[0]!.length > 0) await this.#writeGroup();
    await this.#writer.finish();
  }

  async abandon(): Promise<void> {
    this.#columns = [];
  }

  async #writeGroup(): Promise<void> {
    const columnData = this.#columns.map((data, index) => ({ name: this.#names[index]!, data }));
    const rowGroupSize = this.#columns[0]!.length;
    this.#columns = this.#columns.map(() => []);
    await this.#writer.write({ columnData, rowGroupSize });
  }
}
