/**
 * The desk's inbox on tape. Its batches of the market stand there as they were taken; their rows are
 * the machine's prices (`marketRows.ts`), taken at the moment that stands there. Everything else is a note.
 */
import type { EpochMicros } from '../domain/time.ts';
import type { Batch } from '../tape/batch.ts';
import type { RecordingPort } from '../transport/recording.ts';
import type { DeskInput, DeskMachineConfig } from './contract.ts';

/** What a note of the desk's inbox tape says. */
export type DeskNote =
  /** What the machine was built from. */
  | { readonly type: 'start'; readonly config: DeskMachineConfig }
  | {
      readonly type: 'input';
      readonly input: DeskInput;
    };

/** Records what the machine takes, each before the machine is told. */
export class DeskInbox {
  readonly #recording: RecordingPort;

  constructor(recording: RecordingPort) {
    this.#recording = recording;
  }

  start(config: DeskMachineConfig, nowMicros: EpochMicros): void {
    this.#note({ type: 'start', config }, nowMicros);
  }

  batch(batch: Batch, nowMicros: EpochMicros): void {
    this.#recording.taken(batch, nowMicros);
  }

  input(input: DeskInput, nowMicros: EpochMicros): void {
    this.#note({ type: 'input', input }, nowMicros);
  }

  close(): void {
    this.#recording.close();
  }

  #note(note: DeskNote, nowMicros: EpochMicros): void {
    this.#recording.note(note, nowMicros);
  }
}
