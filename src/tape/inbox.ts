/**
 * Reads inbox tapes: what one machine took, in its order. A batch of the market stands on the tape as a row of kind
 * `taken` and then its rows, anything else as a row of kind `note`, or several when its JSON is long.
 */
import type { EpochMicros } from '../domain/time.ts';
import { Batch, EventKind, RowFlag } from './batch.ts';
import { appendRows } from './copy.ts';
import { decodeNote } from './notes.ts';
import { TapeReader } from './reader.ts';
import { SymbolTable } from './symbols.ts';

/** The sequence of a machine's first row. Its rows are counted from its start, those included that were lost. */
export const FIRST_SEQUENCE = 1;

export type InboxEntry =
  /** Valid until the next entry is asked for. Its symbol ids are those of the table that was given. */
  | {
      readonly type: 'batch';
      readonly sequence: number;
      readonly takenMicros: EpochMicros;
      readonly batch: Batch;
    }
  | {
      readonly type: 'note';
      readonly sequence: number;
      readonly atMicros: EpochMicros;
      readonly value: unknown;
    }
  /** The recorder could not keep up, or a tape is missing: from here on the inbox cannot be run again. */
  | { readonly type: 'lost'; readonly sequence: number; readonly rows: number };

/** What has been read of the entry under way. */
class Assembly {
  /** Rows that are still to come; 0 between entries. */
  missing = 0;
  text = '';
  isContinued = false;
  sequence = 0;
  takenMicros: EpochMicros = 0;
  batch = Batch.create({ rows: 0, heapBytes: 0 });
  readonly #texts = new TextDecoder();

  beginBatch(source: Batch, row: number): void {
    this.missing = source.n0[row]!;
    this.sequence = source.firstSequence + row;
    this.takenMicros = source.timeMicros(row);
    this.batch.reset(0, source.baseMicros);
  }

  /** Takes rows of the batch from `row` on and answers how many. */
  takeRows(source: Batch, row: number): number {
    const count = Math.min(this.missing, source.count - row);
    let heapBytes = 0;
    for (let index = row; index < row + count; index += 1) heapBytes += source.heapLength[index]!;
    this.#makeRoom(count, heapBytes);
    appendRows(source, row, count, this.batch);
    this.missing -= count;
    return count;
  }

  takeText(source: Batch, row: number): void {
    if (!this.isContinued) {
      this.text = '';
      this.sequence = source.firstSequence + row;
    }
    this.isContinued = (source.flags[row]! & RowFlag.continued) !== 0;
    // A character may be cut in two by the end of a row.
    this.text += this.#texts.decode(source.heapBytes(row), { stream: this.isContinued });
  }

  drop(): void {
    this.missing = 0;
    this.isContinued = false;
    this.#texts.decode();
  }

  #makeRoom(rows: number, heapBytes: number): void {
    const { batch } = this;
    if (batch.count + rows <= batch.capacity && batch.heapUsed + heapBytes <= batch.heapCapacity) return;
    const size = {
      rows: Math.max((batch.count + this.missing) * 2, batch.capacity),
      heapBytes: (batch.heapUsed + heapBytes) * 2,
    };
    this.batch = Batch.create(size, 0, batch.baseMicros);
    appendRows(batch, 0, batch.count, this.batch);
  }
}

/**
 * The entries of one machine's tapes, which are given in the order in which they were written.
 * @param symbols where the ids of all batches are found, or given.
 * @throws {UserError} at a file that is no tape, or damaged inside; a torn end is no damage.
 */
export async function* readInbox(
  paths: readonly string[],
  symbols = new SymbolTable(),
): AsyncGenerator<InboxEntry, void, undefined> {
  const assembly = new Assembly();
  let next: number | undefined;
  for (const path of paths) {
    const reader = await TapeReader.open({ path, symbols });
    for await (const source of reader) {
      const { firstSequence } = source;
      if (next !== undefined && firstSequence !== next) {
        assembly.drop();
        const isStartedAgain = firstSequence === FIRST_SEQUENCE;
        if (!isStartedAgain) yield { type: 'lost', sequence: next, rows: firstSequence - next };
      }
      next = firstSequence + source.count;
      yield* entriesOf(source, assembly);
    }
  }
}

function* entriesOf(source: Batch, assembly: Assembly): Generator<InboxEntry, void, undefined> {
  let row = 0;
  while (row < source.count) {
    const kind = source.kind[row]!;
    if (assembly.missing > 0) row += assembly.takeRows(source, row);
    else {
      if (kind === EventKind.taken) assembly.beginBatch(source, row);
      else if (kind === EventKind.note) {
        assembly.takeText(source, row);
        if (!assembly.isContinued) yield noteOf(source, row, assembly);
      }
      row += 1;
      if (kind !== EventKind.taken) continue;
    }
    if (assembly.missing === 0) {
      const { sequence, takenMicros, batch } = assembly;
      yield { type: 'batch', sequence, takenMicros, batch };
    }
  }
}

function noteOf(source: Batch, row: number, { sequence, text }: Assembly): InboxEntry {
  return { type: 'note', sequence, atMicros: source.timeMicros(row), value: decodeNote(text) };
}
