/**
 * The desk's inbox on tape. Its batches of the market stand there as they were taken; each row is an input or none, as
 * `desk/market.ts` reads it, all with the moment at which the batch was taken. Everything else is a note.
 */
import type { EpochMicros } from '../domain/time.ts';
import type { Batch } from '../tape/batch.ts';
import type { RecordingPort } from '../transport/recording.ts';
import type { DeskInput, DeskMachineConfig } from './contract.ts';

type MarketInput = Extract<DeskInput, { type: 'quote' | 'trade' | 'trading_status' }>;

/** What a note of the desk's inbox tape says. */
export type DeskNote =
  /** What the machine was built from. */
  | { readonly type: 'start'; readonly config: DeskMachineConfig }
  | {
      readonly type: 'input';
      readonly input: Exclude<DeskInput, MarketInput>;
      /** It was taken amid the batch before it: when so many of that batch's inputs had been. */
      readonly afterInputs?: number;
    };

/** Records what the machine takes, each before the machine is told. */
export class DeskInbox {
  readonly #recording: RecordingPort;
  /** Inputs of the batch under way; null between batches. */
  #inputs: number | null = null;

  constructor(recording: RecordingPort) {
    this.#recording = recording;
  }

  start(config: DeskMachineConfig, nowMicros: EpochMicros): void {
    this.#note({ type: 'start', config }, nowMicros);
  }

  /** A batch of the market: `feed` has the machine take its rows. */
  batch(batch: Batch, nowMicros: EpochMicros, feed: () => void): void {
    this.#recording.taken(batch, nowMicros);
    this.#inputs = 0;
    feed();
    this.#inputs = null;
  }

  input(input: DeskInput, nowMicros: EpochMicros): void {
    if (input.type === 'quote' || input.type === 'trade' || input.type === 'trading_status') {
      // It stands on the tape as a row of its batch.
      if (this.#inputs !== null) this.#inputs += 1;
    } else if (this.#inputs === null) this.#note({ type: 'input', input }, nowMicros);
    else this.#note({ type: 'input', input, afterInputs: this.#inputs }, nowMicros);
  }

  close(): void {
    this.#recording.close();
  }

  #note(note: DeskNote, nowMicros: EpochMicros): void {
    this.#recording.note(note, nowMicros);
  }
}
