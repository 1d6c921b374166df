/**
 * Reads inbox tapes: what one machine took, in its order. A batch of the market stands on the tape as a row of kind
 * `taken`, which names its rows on the market's tape or is followed by them; anything else as a row of kind `note`, or
 * several when its JSON is long.
 */
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { EpochMicros } from '../domain/time.ts';
import { Batch, EventKind, RowFlag } from './batch.ts';
import { appendRows } from './copy.ts';
import { MarketRows } from './market.ts';
import { decodeNote } from './notes.ts';
import { TapeReader } from './reader.ts';
import { isReferring, type Run, runsOf } from './references.ts';
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

export interface InboxTapes {
  /** One machine's tapes, in the order in which they were written. */
  readonly inbox: readonly string[];
  /** The same daemon's tapes of the market, likewise; not needed where the market was not recorded. */
  readonly market?: readonly string[];
  /** Where the ids of all batches are found, or given. */
  readonly symbols?: SymbolTable;
}

interface TakenHead {
  readonly sequence: number;
  readonly takenMicros: EpochMicros;
  readonly rows: number;
  /** Null: all rows follow. */
  readonly runs: readonly Run[] | null;
}

/** @throws {UserError} at a file that is no tape, or damaged inside; a torn end is no damage. */
export async function* readInbox(tapes: InboxTapes): AsyncGenerator<InboxEntry, void, undefined> {
  const symbols = tapes.symbols ?? new SymbolTable();
  const market = tapes.market === undefined ? undefined : new MarketRows(tapes.market, symbols);
  const assembly = new Assembly(market);
  let next = FIRST_SEQUENCE;
  try {
    for (const path of tapes.inbox) {
      const reader = await TapeReader.open({ path, symbols });
      for await (const source of reader) {
        const { firstSequence } = source;
        if (firstSequence !== next) {
          assembly.drop();
          const isStartedAgain = firstSequence === FIRST_SEQUENCE;
          if (!isStartedAgain) yield { type: 'lost', sequence: next, rows: firstSequence - next };
        }
        next = firstSequence + source.count;
        yield* assembly.take(source);
      }
    }
  } finally {
    await market?.close();
  }
}

/** Puts entries together, whatever blocks their rows stand in. */
class Assembly {
  readonly #market: MarketRows | undefined;
  readonly #texts = new TextDecoder();
  #head: TakenHead | null = null;
  /** Rows of the batch under way that are still to come. */
  #missing = 0;
  /** Those that have. */
  #followed = Batch.create({ rows: 0, heapBytes: 0 });
  #text = '';
  #isContinued = false;
  #noteSequence = 0;

  constructor(market: MarketRows | undefined) {
    this.#market = market;
  }

  async *take(source: Batch): AsyncGenerator<InboxEntry, void, undefined> {
    for (let row = 0; row < source.count; ) {
      const kind = source.kind[row]!;
      if (this.#missing > 0) row += this.#takeRows(source, row);
      else {
        if (kind === EventKind.taken) this.#begin(source, row);
        else if (kind === EventKind.note) {
          this.#takeText(source, row);
          if (!this.#isContinued) yield this.#note(source.timeMicros(row));
        }
        row += 1;
      }
      if (this.#head === null || this.#missing > 0) continue;
      const entry = await this.#batch(this.#head);
      this.#head = null;
      yield entry;
    }
  }

  /** Rows are missing: what was under way can never be whole. */
  drop(): void {
    this.#head = null;
    this.#missing = 0;
    this.#isContinued = false;
    this.#texts.decode();
  }

  #begin(source: Batch, row: number): void {
    const runs = isReferring(source, row) ? runsOf(source, row) : null;
    const rows = source.n0[row]!;
    const takenMicros = source.timeMicros(row);
    this.#head = { sequence: source.firstSequence + row, takenMicros, rows, runs };
    this.#missing = runs === null ? rows : source.n2[row]!;
    this.#followed.reset(0, takenMicros);
  }

  #takeRows(source: Batch, row: number): number {
    const count = Math.min(this.#missing, source.count - row);
    let heapBytes = 0;
    for (let index = row; index < row + count; index += 1) heapBytes += source.heapLength[index]!;
    this.#followed = roomFor(this.#followed, this.#missing, heapBytes);
    appendRows(source, row, count, this.#followed);
    this.#missing -= count;
    return count;
  }

  async #batch(head: TakenHead): Promise<InboxEntry> {
    const { sequence, takenMicros, rows, runs } = head;
    if (runs === null) return { type: 'batch', sequence, takenMicros, batch: this.#followed };
    const batch = await this.#resolve(runs, head);
    if (batch === undefined) return { type: 'lost', sequence, rows };
    return { type: 'batch', sequence, takenMicros, batch };
  }

  async #resolve(runs: readonly Run[], { takenMicros, rows }: TakenHead): Promise<Batch | undefined> {
    const market = this.#market;
    let batch = Batch.create({ rows, heapBytes: 4_096 }, 0, takenMicros);
    let followed = 0;
    for (const { count, sequence } of runs) {
      if (sequence === null) {
        batch = roomFor(batch, count, this.#followed.heapUsed);
        appendRows(this.#followed, followed, count, batch);
        followed += count;
        continue;
      }
      if (market === undefined) throw withoutMarket();
      batch = roomFor(batch, count, await market.heapBytesOf(sequence, count));
      if (!(await market.append(sequence, count, batch))) return undefined;
    }
    return batch;
  }

  #takeText(source: Batch, row: number): void {
    if (!this.#isContinued) {
      this.#text = '';
      this.#noteSequence = source.firstSequence + row;
    }
    this.#isContinued = (source.flags[row]! & RowFlag.continued) !== 0;
    // A character may be cut in two by the end of a row.
    this.#text += this.#texts.decode(source.heapBytes(row), { stream: this.#isContinued });
  }

  #note(atMicros: EpochMicros): InboxEntry {
    return { type: 'note', sequence: this.#noteSequence, atMicros, value: decodeNote(this.#text) };
  }
}

/** The batch, or a larger one with its rows. */
function roomFor(batch: Batch, rows: number, heapBytes: number): Batch {
  if (batch.count + rows <= batch.capacity && batch.heapUsed + heapBytes <= batch.heapCapacity) return batch;
  const size = {
    rows: Math.max((batch.count + rows) * 2, batch.capacity),
    heapBytes: Math.max((batch.heapUsed + heapBytes) * 2, batch.heapCapacity),
  };
  const larger = Batch.create(size, 0, batch.baseMicros);
  appendRows(batch, 0, batch.count, larger);
  return larger;
}

function withoutMarket(): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: 'the inbox tape names rows of the tape of its market, which was not given',
    remedy: 'Give the market tapes of the same batch.',
  });
}
