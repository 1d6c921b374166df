/** From the bytes of an Alpaca market-data frame straight into the columns of a batch. */
import type { AssetClass } from '../../domain/market.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { Batch, type BatchSize, DEFAULT_BATCH_SIZE } from '../batch.ts';
import type { SymbolTable } from '../symbols.ts';
import type { AlpacaControl } from './control.ts';
import type { DamagedElement } from './damage.ts';

export interface AlpacaDecoderOptions {
  readonly symbols: SymbolTable;
  readonly assetClass: AssetClass;
  /** Written to each batch: whose symbol ids it uses. */
  readonly streamId?: number;
  readonly batchSize?: BatchSize;
  /** Events in order. The batch is the decoder's own and is written again after the call: copy rows out of it. */
  onBatch(batch: Batch): void;
  onControl(message: AlpacaControl): void;
  onDamaged(damaged: DamagedElement): void;
}

/** What was decoded so far; all counts only grow. `eventsByKind` is indexed by `EventKind`. */
export interface DecoderCounters {
  frames: number;
  bytes: number;
  events: number;
  damagedElements: number;
  unknownKinds: number;
  unknownFields: number;
  readonly eventsByKind: Float64Array;
}

export class AlpacaDecoder {
  readonly counters: DecoderCounters;
  readonly #options: AlpacaDecoderOptions;
  readonly #batch: Batch;

  constructor(options: AlpacaDecoderOptions) {
    this.#options = options;
    this.#batch = Batch.create(options.batchSize ?? DEFAULT_BATCH_SIZE, options.streamId ?? 0);
    this.counters = {
      frames: 0,
      bytes: 0,
      events: 0,
      damagedElements: 0,
      unknownKinds: 0,
      unknownFields: 0,
      eventsByKind: new Float64Array(64),
    };
  }

  /** Decodes one frame (JSON text). Never throws, whatever the bytes. */
  decode(frame: Uint8Array, receivedMicros: EpochMicros): void {
    this.counters.frames += 1;
    this.counters.bytes += frame.length;
    this.#batch.reset(this.#options.streamId ?? 0, receivedMicros, this.counters.events);
  }
}
