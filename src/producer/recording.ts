/** What the feed sends, handed to the recorder as it comes: once, whoever else wants it. */
import type { StreamNotice } from '../providers/contract.ts';
import { type Batch, GapReason } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { RecordingPort, SymbolName } from '../transport/recording.ts';

const GAP_REASONS = { disconnected: GapReason.disconnected, slow_client: GapReason.slowClient } as const;

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
    const { count, origin } = batch;
    const { sequence } = this.#port;
    for (let row = 0; row < count; row += 1) origin[row] = sequence + row;
    this.#port.rows(batch);
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
