/** Reads a tape file back, batch by batch. */
import type { Batch } from './batch.ts';
import type { TapeMetadata } from './file.ts';
import type { SymbolTable } from './symbols.ts';

export interface TapeReaderOptions {
  readonly path: string;
  /** Symbols are defined here, so that several tapes may share ids. A table of the reader's own by default. */
  readonly symbols?: SymbolTable;
}

/** `for await (const batch of reader)`; each batch is valid until the next is asked for. */
export interface TapeReader extends AsyncIterable<Batch> {
  readonly metadata: TapeMetadata;
  readonly symbols: SymbolTable;
  close(): Promise<void>;
}
