/** Writes batches to a tape file. */
import type { Batch } from './batch.ts';
import type { TapeMetadata } from './file.ts';
import type { SymbolTable } from './symbols.ts';

export interface TapeWriterOptions {
  readonly path: string;
  /** Names the symbol ids of the batches that will be appended. */
  readonly symbols: SymbolTable;
  readonly metadata: TapeMetadata;
  /** How blocks are packed. Live tapes are written plain and compressed when closed. */
  readonly compression?: 'none' | 'deflate' | 'brotli';
}

export interface TapeWriter {
  /**
   * Copies the batch's rows. Answers false when too much waits for the disk: what is appended is still kept, but
   * wait for {@link drained} before more.
   */
  append(batch: Batch): boolean;
  /** Resolves when all that was appended has been handed to the operating system. */
  flush(): Promise<void>;
  drained(): Promise<void>;
  /** Flushes, syncs and closes. */
  close(): Promise<void>;
}
