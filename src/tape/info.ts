/** What a tape holds, and whether it is whole. */
import type { EpochMicros } from '../domain/time.ts';
import { EventKind, KIND_NAMES } from './batch.ts';
import { BlockFile, type Damage, jsonOf } from './blocks.ts';
import { BlockType, type Compression, Packing, type TapeMetadata } from './file.ts';
import { TapeReader } from './reader.ts';

export interface TapeInfo {
  readonly path: string;
  readonly fileBytes: number;
  /** Of each segment, in order. */
  readonly segments: readonly TapeMetadata[];
  readonly blocks: number;
  /** How the last block of rows is packed. */
  readonly compression: Compression;
  readonly rows: number;
  /** Rows by the name of their kind, those that there are. */
  readonly rowsByKind: Readonly<Record<string, number>>;
  /** Every symbol that has rows, sorted. */
  readonly symbols: readonly string[];
  /** Earliest and latest event; null when there is none. */
  readonly fromMicros: EpochMicros | null;
  readonly toMicros: EpochMicros | null;
  /** Unfinished bytes at the end: the writer was killed. */
  readonly tornBytes: number;
  readonly damages: readonly Damage[];
}

export interface ReadProgress {
  readonly bytes: number;
  readonly fileBytes: number;
}

export interface TapeVerification {
  readonly path: string;
  /** Every byte is accounted for and every row can be read. A torn end alone is no damage. */
  readonly isWhole: boolean;
  readonly rows: number;
  readonly tornBytes: number;
  readonly damages: readonly Damage[];
  /** Events that are older than the one before them. Feeds deliver some; importers none. */
  readonly rowsOutOfOrder: number;
}

/** Reads the whole tape. Throws a UserError when the file is no tape. */
export async function tapeInfo(
  path: string,
  onProgress?: (progress: ReadProgress) => void,
): Promise<TapeInfo> {
  const { isBegun: _, ...outline } = await outlineOf(path, onProgress);
  const reader = await TapeReader.open({ path, onDamage: 'skip' });
  const rowsByKind = new Map<number, number>();
  const used = new Set<number>();
  let rows = 0;
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for await (const batch of reader) {
    rows += batch.count;
    for (let row = 0; row < batch.count; row += 1) {
      const kind = batch.kind[row]!;
      rowsByKind.set(kind, (rowsByKind.get(kind) ?? 0) + 1);
      if (batch.symbolId[row] !== 0) used.add(batch.symbolId[row]!);
      if (kind === EventKind.none || kind === EventKind.definition) continue;
      const moment = batch.timeMicros(row);
      if (moment < from) from = moment;
      if (moment > to) to = moment;
    }
  }
  return {
    path,
    ...outline,
    damages: reader.damages,
    rows,
    rowsByKind: Object.fromEntries(
      [...rowsByKind].map(([kind, count]) => [KIND_NAMES[kind] ?? `kind ${kind}`, count]),
    ),
    symbols: [...used].map((id) => reader.symbols.textOf(id)).sort(),
    fromMicros: Number.isFinite(from) ? from : null,
    toMicros: Number.isFinite(to) ? to : null,
  };
}

/** Checks every block and row; behind a damaged beginning no row can be read. Throws a UserError when it is no tape. */
export async function verifyTape(
  path: string,
  onProgress?: (progress: ReadProgress) => void,
): Promise<TapeVerification> {
  const outline = await outlineOf(path, onProgress);
  const { blocks, tornBytes, isBegun } = outline;
  if (!isBegun) {
    const isWhole = blocks === 0 && outline.damages.length === 0;
    return { path, isWhole, rows: 0, tornBytes, damages: outline.damages, rowsOutOfOrder: 0 };
  }
  const reader = await TapeReader.open({ path, onDamage: 'skip' });
  let rows = 0;
  let rowsOutOfOrder = 0;
  let previous = Number.NEGATIVE_INFINITY;
  for await (const batch of reader) {
    for (let row = 0; row < batch.count; row += 1) {
      // What was missing, taken or noted has no place in the market's order.
      if (batch.kind[row]! >= EventKind.definition) continue;
      const moment = batch.timeMicros(row);
      if (moment < previous) rowsOutOfOrder += 1;
      previous = moment;
    }
    rows += batch.count;
  }
  const { damages } = reader;
  return { path, isWhole: damages.length === 0, rows, tornBytes, damages, rowsOutOfOrder };
}

async function outlineOf(path: string, onProgress: ((progress: ReadProgress) => void) | undefined) {
  const file = await BlockFile.open(path);
  const segments: TapeMetadata[] = [];
  let blocks = 0;
  /** The first block says what the tape is: nothing can be read without it. */
  let isBegun = false;
  let packing: number = Packing.none;
  try {
    for (let block = await file.next(); block !== undefined; block = await file.next()) {
      blocks += 1;
      const metadata = block.header.type === BlockType.segment ? await jsonOf(block) : undefined;
      if (blocks === 1) isBegun = metadata !== undefined;
      if (metadata !== undefined) segments.push(metadata as TapeMetadata);
      if (block.header.type === BlockType.rows) packing = block.header.packing;
      onProgress?.({ bytes: file.offset, fileBytes: file.fileBytes });
    }
    const compression =
      (Object.keys(Packing) as Compression[]).find((name) => Packing[name] === packing) ?? 'none';
    const { fileBytes, tornBytes, damages } = file;
    return { fileBytes, segments, blocks, compression, tornBytes, damages, isBegun };
  } finally {
    await file.close();
  }
}
