/** What the feed sends, handed to the recorder as it comes: once, whoever else wants it. */
import type { StreamNotice } from '../providers/contract.ts';
import { type Batch, GapReason } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { RecordingPort, SymbolName } from '../transport/recording.ts';

const GAP_REASONS = { disconnected: GapReason.disconnected, slow_client: GapReason.slowClient } as const;

const WORD = 2 ** 32;

export class MarketRecording {
  readonly #port: RecordingPort;
  readonly #symbols: SymbolTable;
  /** Symbol ids below this are named. */
  #named = 1;

  constructor(port: RecordingPort, symbols: SymbolTable) {
    this.#port = port;
    this.#symbols = symbols;
  }

  /** Copies the batch's rows, before anybody else gets it, and marks them with their place on the tape. */
  take(batch: Batch): void {
    if (this.#named < this.#symbols.size) this.#name();
    this.#mark(batch);
    this.#port.rows(batch);
  }

  #mark(batch: Batch): void {
    const { count, origin } = batch;
    const { sequence } = this.#port;
    const first = sequence % WORD;
    // Where the numbers begin anew, each row has its own.
    batch.firstOrigin = first + count < WORD ? first : 0;
    if (batch.firstOrigin !== 0) return;
    for (let row = 0; row < count; row += 1) origin[row] = sequence + row;
  }

  gap({ fromMicros, toMicros, reason }: Extract<StreamNotice, { type: 'gap' }>): void {
    this.#port.gap(fromMicros, toMicros, GAP_REASONS[reason]);
  }

  /** Sends what was gathered. */
  flush(): void {
    this.#port.flush();
  }

  close(): void {
    this.#port.close();
  }

  #name(): void {
    const names: SymbolName[] = [];
    for (let id = this.#named; id < this.#symbols.size; id += 1) names.push([id, this.#symbols.textOf(id)]);
    this.#named = this.#symbols.size;
    this.#port.name(names);
  }
}
